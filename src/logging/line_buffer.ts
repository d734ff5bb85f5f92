/**
 * Lines on their way to an output.
 *
 * @module
 */

import type { Output } from "./output.ts";

/** Characters that are written at once: a system call costs as much as a few lines, and a pipe holds four of these. */
const BATCH_CHARACTERS = 16 * 1024;

/** Milliseconds a line waits for others; a person who follows the log does not notice. */
const DELAY_MS = 20;

/** Bytes that wait for a pipe whose reader is slow; what comes after them is lost, rather than the server's memory. */
const MAX_WAITING_BYTES = 1024 * 1024;

const UTF8 = new TextEncoder();

/** Where batches are encoded, one at a time; a new array for each would cost as much as the encoding. */
const SCRATCH = new Uint8Array(4 * BATCH_CHARACTERS);

/**
 * Collects lines and writes them in batches: when there are 16 KiB, after 20 ms, and when it is closed.
 *
 * No method throws. A line is written whole or, when the disk is full or the pipe closed, lost: there is no other place
 * to tell. A line after a broken one begins on a new line. A pipe that does not block and is full gets the rest later.
 */
export class LineBuffer {
  readonly #output: Output;
  #text = "";
  /** Bytes that a full pipe did not take. */
  #waiting: Uint8Array | null = null;
  /** Whether the output ends in the midst of a line. */
  #torn = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** Takes over `output`. */
  constructor(output: Output) {
    this.#output = output;
  }

  /** Adds a line, given without its end. */
  add(line: string): void {
    this.#text += `${line}\n`;
    if (this.#text.length >= BATCH_CHARACTERS) this.flush();
    else if (this.#timer === undefined) this.#wait();
  }

  /** Writes everything now. */
  flush(): void {
    this.#clearTimer();
    if (this.#closed) return;
    const bytes = this.#take();
    if (bytes.length > 0) this.#write(bytes);
  }

  /** Opens the output anew. @throws When it cannot; lines go on into the old one. */
  reopen(): void {
    this.flush();
    this.#output.reopen();
    this.#torn = false;
  }

  /** Writes everything and closes the output; later lines are lost. */
  close(): void {
    this.flush();
    this.#clearTimer();
    this.#closed = true;
    this.#output.close();
  }

  #wait(): void {
    if (this.#closed) return;
    const timer = setTimeout(() => this.flush(), DELAY_MS);
    Deno.unrefTimer(timer); // a log is no reason for a process to stay
    this.#timer = timer;
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Everything that is to be written; more than a slow reader may leave behind is dropped, by whole lines. */
  #take(): Uint8Array {
    const text = this.#text;
    this.#text = "";
    const waiting = this.#waiting;
    if (waiting === null) return encode(this.#torn ? `\n${text}` : text);
    if (waiting.length + text.length > MAX_WAITING_BYTES) return waiting;
    const added = encode(text);
    const bytes = new Uint8Array(waiting.length + added.length);
    bytes.set(waiting);
    bytes.set(added, waiting.length);
    return bytes;
  }

  #write(bytes: Uint8Array): void {
    let rest = bytes;
    this.#waiting = null;
    try {
      while (rest.length > 0) rest = rest.subarray(this.#output.writeSync(rest));
      this.#torn = false;
    } catch (error) {
      if (error instanceof Deno.errors.WouldBlock) {
        this.#waiting = rest.slice();
        this.#wait();
      } else {
        this.#torn ||= rest.length < bytes.length;
      }
    }
  }
}

/** The bytes are good until the next call. */
function encode(text: string): Uint8Array {
  const { read, written } = UTF8.encodeInto(text, SCRATCH);
  return read === text.length ? SCRATCH.subarray(0, written) : UTF8.encode(text);
}
