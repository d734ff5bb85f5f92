/**
 * Opening a file as response content.
 *
 * @module
 */

import { ApplicationError } from "../errors.ts";

/** An open file; its descriptor is closed when the stream was read to its end or cancelled. */
export interface OpenFile {
  /** Size in bytes when it was opened. */
  readonly size: number;
  /** The content, read by the runtime itself. */
  readonly readable: ReadableStream<Uint8Array>;
}

/**
 * Opens a regular file.
 *
 * @throws {ApplicationError} When it cannot be opened or is not a regular file; `cause` is the runtime's error.
 */
export async function openFile(path: string): Promise<OpenFile> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    throw new ApplicationError(`Cannot send file "${path}": it cannot be opened`, { cause: error });
  }
  const { isFile, size } = await file.stat();
  if (isFile) return { size, readable: file.readable };
  file.close();
  throw new ApplicationError(`Cannot send file "${path}": it is not a regular file`);
}
