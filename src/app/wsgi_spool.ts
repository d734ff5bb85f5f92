/**
 * Large WSGI request content in a temporary file, as in Waitress and Python's `SpooledTemporaryFile`.
 *
 * @see {@link https://peps.python.org/pep-3333/#input-and-error-streams | PEP 3333, Input and Error Streams}
 * @module
 */

import { ApplicationError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { type Bytes, ContentInput, LINE_FEED } from "./wsgi_input.ts";

/** Bytes of the file that an input holds: what one system call reads. */
const WINDOW_BYTES = 64 * 1024;

const NOTHING: Bytes = new Uint8Array(0);

/** A file that nobody else uses and that is gone once closed. */
export interface TemporaryFile {
  /** Appends some of the bytes and returns how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Reads at most `into.length` bytes from `offset` on; `null` at the end of the file. */
  readAt(offset: number, into: Uint8Array): number | null;
  /** Closes the file, which removes it. */
  close(): void;
}

/** Opens the temporary files of one application. */
export class Spool {
  readonly #logError: (message: string) => void;
  readonly #openFile: () => Promise<TemporaryFile>;
  #logged = false;

  /**
   * Opens nothing yet.
   *
   * @param logError Receives one line the first time that no file can be made.
   * @param openFile Makes a file; in the system's folder by default.
   */
  constructor(logError: (message: string) => void, openFile = () => openTemporaryFile()) {
    this.#logError = logError;
    this.#openFile = openFile;
  }

  /** A new empty file, or `null` when none can be made: the content has to stay in memory. */
  async open(): Promise<SpoolFile | null> {
    try {
      return new SpoolFile(await this.#openFile());
    } catch (error) {
      if (!this.#logged) this.#logError(describeFailure(error));
      this.#logged = true;
      return null;
    }
  }
}

function describeFailure(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  const advice = error instanceof Deno.errors.NotCapable
    ? ". Run with --allow-write and --allow-read for the temporary folder"
    : "";
  return `Cannot spool WSGI content to a temporary file (${reason}): keeping it in memory${advice}`;
}

/** The file of one request while its content arrives. */
export class SpoolFile {
  readonly #file: TemporaryFile;
  #length = 0;

  /** Takes over an empty file. @param file Closed by {@link collect} unless that succeeds. */
  constructor(file: TemporaryFile) {
    this.#file = file;
  }

  /**
   * Writes what has arrived and what is still to come; nothing is read from the client meanwhile.
   *
   * @param first Pieces that were read already.
   * @param maxBytes Largest acceptable content, in bytes.
   * @returns The input, to be closed; `null` when the content is larger than `maxBytes`.
   * @throws {DisconnectError} When the client left before the end.
   * @throws {Error} When the file cannot be written.
   */
  async collect(
    exchange: Exchange,
    first: readonly Uint8Array[],
    maxBytes: number,
  ): Promise<SpooledInput | null> {
    let complete = false;
    try {
      for (const piece of first) await this.#append(piece);
      for (;;) {
        const piece = await exchange.read();
        if (piece === null) break;
        if (this.#length + piece.length > maxBytes) return null;
        await this.#append(piece);
      }
      complete = true;
    } finally {
      if (!complete) this.#file.close();
    }
    return new SpooledInput(this.#file, this.#length);
  }

  async #append(piece: Uint8Array): Promise<void> {
    this.#length += piece.length;
    for (let rest = piece; rest.length > 0;) {
      rest = rest.subarray(await this.#file.write(rest).catch(failWriting));
    }
  }
}

/** Says which file the system's error (a full disk, most of the time) is about. */
function failWriting(cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new Error(`Cannot spool WSGI content to a temporary file: ${reason}`, { cause });
}

/** `wsgi.input` over content in a temporary file. What it returns are copies. */
export class SpooledInput extends ContentInput {
  #file: TemporaryFile | null;
  #buffer = NOTHING;
  /** What {@link #buffer} holds of the file, and where that begins. */
  #window = NOTHING;
  #windowStart = 0;

  /** Makes an input that stands at its start. @param length Bytes of the file. */
  constructor(file: TemporaryFile, length: number) {
    super(length);
    this.#file = file;
  }

  /** Closes the file: later reads throw `ApplicationError`. */
  close(): void {
    this.#file?.close();
    this.#file = null;
    this.#buffer = this.#window = NOTHING;
  }

  protected override slice(start: number, end: number): Bytes {
    const file = this.#opened();
    fillYoungHeap(end - start);
    const bytes = new Uint8Array(end - start);
    for (let at = start; at < end;) {
      const piece = this.#windowAt(file, at).subarray(0, end - at);
      bytes.set(piece, at - start);
      at += piece.length;
    }
    return bytes;
  }

  protected override sliceLine(start: number, end: number): Bytes {
    const file = this.#opened();
    // A line is searched first and copied then: one that spans windows is read twice, which is rare.
    for (let at = start; at < end;) {
      const piece = this.#windowAt(file, at).subarray(0, end - at);
      const feed = piece.indexOf(LINE_FEED);
      if (feed !== -1) return this.slice(start, at + feed + 1);
      at += piece.length;
    }
    return this.slice(start, end);
  }

  #opened(): TemporaryFile {
    if (this.#file !== null) return this.#file;
    throw new ApplicationError(
      "Cannot read wsgi.input: the request is over and its temporary file is closed. " +
        "Read what you need before the response ends",
    );
  }

  /** The window from `offset` on, at least one byte. */
  #windowAt(file: TemporaryFile, offset: number): Bytes {
    const skipped = offset - this.#windowStart;
    if (skipped >= 0 && skipped < this.#window.length) return this.#window.subarray(skipped);
    if (this.#buffer.length === 0) this.#buffer = new Uint8Array(WINDOW_BYTES);
    const count = file.readAt(offset, this.#buffer);
    if (count === null) {
      throw new Error(`Cannot read wsgi.input: its temporary file ends at ${offset} bytes`);
    }
    this.#windowStart = offset;
    return this.#window = this.#buffer.subarray(0, count);
  }
}

/**
 * Lets V8 see what a read costs: about as much garbage in its own heap as `bytes`, at most a window.
 *
 * It collects when that heap is full, but the memory of arrays of bytes is outside, where some 64 MB of
 * them may pile up. A synchronous application that reads in a loop makes next to no other garbage: without
 * this, `deno task load:transfer` measures 45 to 90 MB for a WSGI upload instead of 10 to 45.
 */
function fillYoungHeap(bytes: number): void {
  new Array<number>(Math.min(bytes, WINDOW_BYTES) >> 3).fill(0);
}

/**
 * Makes a file that only this process knows: its name is removed at once, so that nothing is left even
 * when the process is killed.
 *
 * @param folder Where; `null` is where the system has them.
 * @throws {Deno.errors.NotCapable} Without permission; it never asks, which would block the server.
 */
export async function openTemporaryFile(folder = temporaryFolder()): Promise<TemporaryFile> {
  assertPermitted("write", folder);
  assertPermitted("read", folder);
  const where = folder === null ? {} : { dir: folder };
  const path = await Deno.makeTempFile({ ...where, prefix: "hypercorn-" });
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true, write: true });
  } catch (error) {
    await Deno.remove(path);
    throw error;
  }
  // Windows may refuse to remove an open file.
  const removed = await Deno.remove(path).then(() => true, () => false);
  return {
    write: (bytes) => file.write(bytes),
    readAt: (offset, into) => {
      file.seekSync(offset, Deno.SeekMode.Start);
      return file.readSync(into);
    },
    close: () => {
      file.close();
      if (!removed) removeQuietly(path);
    },
  };
}

/** A file that stays is for the system's cleaning: the response is not to fail for it. */
function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Nothing else can be done.
  }
}

function assertPermitted(name: "read" | "write", folder: string | null): void {
  const { state } = Deno.permissions.querySync(folder === null ? { name } : { name, path: folder });
  if (state === "granted") return;
  throw new Deno.errors.NotCapable(`no ${name} access to "${folder ?? "the temporary folder"}"`);
}

/** The system's folder for temporary files; `null` when only the runtime can tell. */
function temporaryFolder(): string | null {
  for (const variable of ["TMPDIR", "TEMP", "TMP"]) {
    if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") continue;
    const folder = Deno.env.get(variable);
    if (folder) return folder;
  }
  return Deno.build.os === "windows" ? null : "/tmp";
}
