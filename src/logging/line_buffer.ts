/**
 * Lines on their way to an output.
 *
 * @module
 */

import { describe } from "../misuse.ts";
import type { LossWatch } from "./loss_notice.ts";
import type { Output } from "./output.ts";
import { WaitingBytes } from "./waiting_bytes.ts";

/** Characters that are written at once: a system call costs as much as a few lines, and a pipe holds four of these. */
const BATCH_CHARACTERS = 16 * 1024;

/** Milliseconds a line waits for others; a person who follows the log does not notice. */
const DELAY_MS = 20;

/** Bytes that wait for a pipe whose reader is slow; what comes after them is lost, rather than the server's memory. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Milliseconds that the end of a log waits for a pipe that is full: as long as a reader takes that is alive. */
const LAST_WAIT_MS = 1_000;

/** Milliseconds between looks at it. */
const LAST_LOOK_MS = 5;

const LINE_FEED = 0x0a;

const UTF8 = new TextEncoder();

/** Where batches are encoded, one at a time; a new array for each would cost as much as the encoding. */
const SCRATCH = new Uint8Array(4 * BATCH_CHARACTERS);

/**
 * Collects lines and writes them in batches: when there are 16 KiB, after 20 ms, and when it is closed.
 *
 * No method throws. A line is written whole or, when the disk is full or the pipe closed, lost, which `losses` is told.
 * A line after a broken one begins on a new line. A pipe that does not block and is full gets the rest later.
 */
export class LineBuffer {
  readonly #output: Output;
  readonly #losses: LossWatch | null;
  #text = "";
  /** What a full pipe did not take. */
  readonly #waiting = new WaitingBytes();
  /** Whether the output ends in the midst of a line. */
  #torn = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** Takes over `output`. `losses` is told of lines that are lost; it may add others. */
  constructor(output: Output, losses: LossWatch | null = null) {
    this.#output = output;
    this.#losses = losses;
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

  /** Writes everything, for the process ends: waits up to a second for the reader of a full pipe. */
  finish(): void {
    this.flush();
    const expired = performance.now() + LAST_WAIT_MS;
    while (this.#waiting.size > 0 && performance.now() < expired) {
      Atomics.wait(CLOCK, 0, 0, LAST_LOOK_MS);
      this.flush();
    }
  }

  /** Writes everything as {@link finish} does and closes the output; later lines are lost. */
  close(): void {
    if (this.#closed) return;
    this.finish();
    if (this.#waiting.size > 0) this.#losses?.lost(linesIn(this.#waiting.view), SLOW_READER);
    this.#losses?.closed();
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
    if (waiting.size === 0) return encode(this.#torn ? `\n${text}` : text);
    const added = encode(text);
    if (waiting.size + added.length <= MAX_WAITING_BYTES) waiting.add(added);
    else this.#losses?.lost(linesIn(added), SLOW_READER);
    return waiting.view;
  }

  #write(bytes: Uint8Array): void {
    let rest = bytes;
    try {
      while (rest.length > 0) rest = rest.subarray(this.#output.writeSync(rest));
      this.#torn = false;
    } catch (error) {
      return this.#onFailure(error, rest, bytes);
    }
    this.#waiting.clear();
    this.#losses?.written();
  }

  #onFailure(error: unknown, rest: Uint8Array, bytes: Uint8Array): void {
    if (error instanceof Deno.errors.WouldBlock) {
      if (this.#waiting.size > 0) this.#waiting.drop(bytes.length - rest.length);
      else this.#waiting.add(rest);
      this.#wait();
      return;
    }
    const isWhole = rest.length === bytes.length;
    // The line feed before a line that follows a broken one is no line.
    const prefix = isWhole && this.#torn && rest[0] === LINE_FEED ? 1 : 0;
    this.#torn ||= !isWhole;
    const lines = linesIn(rest) - prefix;
    this.#waiting.clear();
    this.#losses?.lost(lines, error instanceof Error ? error.message : describe(error));
  }
}

/** Why lines are lost that a pipe has no room for. */
const SLOW_READER = "its reader takes nothing more";

/** Nothing ever changes it, so that a wait for that takes its whole time. */
const CLOCK = new Int32Array(new SharedArrayBuffer(4));

/** How many lines end in these bytes. */
function linesIn(bytes: Uint8Array): number {
  let lines = 0;
  for (const byte of bytes) if (byte === LINE_FEED) lines++;
  return lines;
}

/** The bytes are good until the next call. */
function encode(text: string): Uint8Array {
  const { read, written } = UTF8.encodeInto(text, SCRATCH);
  return read === text.length ? SCRATCH.subarray(0, written) : UTF8.encode(text);
}
