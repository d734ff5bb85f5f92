/**
 * Opening a file as response content.
 *
 * @module
 */

import { ApplicationError } from "../errors.ts";

/**
 * Largest file handed to the runtime on HTTP/1, in bytes: the buffers of a connection hold that much, so it is sent
 * whether the client reads or not.
 */
export const UNSTOPPABLE_BYTES = 1024 * 1024;

/** Says what is wrong with sending a file after other content. */
export const FILE_AFTER_CONTENT =
  "Cannot send a file: content was written already, and a file is all of it";

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
 * @param declared Size that content-length promised; `null` for none.
 * @throws {ApplicationError} When it cannot be opened, is not a regular file, or has another size; `cause` is the
 * runtime's error.
 */
export async function openFile(path: string, declared: number | null = null): Promise<OpenFile> {
  const file = await Deno.open(path).catch((cause) => {
    throw refused(path, "it cannot be opened", cause);
  });
  const { isFile, size } = await file.stat();
  if (isFile && (declared === null || declared === size)) return { size, readable: file.readable };
  file.close();
  throw refused(
    path,
    isFile
      ? `content-length declared ${declared}, its size is ${size}`
      : "it is not a regular file",
  );
}

function refused(path: string, reason: string, cause?: unknown): ApplicationError {
  return new ApplicationError(
    `Cannot send file "${path}": ${reason}`,
    cause === undefined ? {} : { cause },
  );
}
