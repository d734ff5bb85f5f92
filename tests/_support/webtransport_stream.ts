/**
 * A stream of a WebTransport client over Deno's QUIC, and the queue in which things wait for a test.
 *
 * @module
 */

import { decodeVarint, INCOMPLETE, varintLength } from "../../src/h3/mod.ts";
import { concat } from "./bytes.ts";
import { withDeadline } from "./deadline.ts";
import { pause } from "./waiting.ts";

/** Milliseconds that anything may take before it counts as hanging; a loaded machine needs a few of them. */
export const HANG_MS = 20_000;

/** Things in the order in which they came. */
export class Mailbox<T> {
  readonly #values: T[] = [];
  readonly #waiting: ((value: T) => void)[] = [];

  /** Those that nobody took. */
  get left(): readonly T[] {
    return this.#values;
  }

  /** Adds one. */
  add(value: T): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(value);
    else this.#values.push(value);
  }

  /** Takes the next one. `what` completes "… did not come". */
  async next(what: string): Promise<T> {
    if (this.#values.length > 0) return this.#values.shift()!;
    const coming = new Promise<T>((resolve) => this.#waiting.push(resolve));
    return await withDeadline(coming, what, HANG_MS);
  }
}

/** One stream; a half that it does not have must not be asked for. */
export class SessionStream {
  /** Id of the QUIC stream. */
  readonly id: number;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** Bytes that came and were not asked for yet. */
  #ahead: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(
    { readable, writable }: {
      readonly readable?: Deno.QuicReceiveStream;
      readonly writable?: Deno.QuicSendStream;
    },
  ) {
    this.id = Number((readable ?? writable)!.id);
    this.#writer = writable?.getWriter();
    this.#writer?.closed.catch(() => {}); // the server stopped it, or the connection is over
    this.#reader = readable?.getReader();
    this.#reader?.closed.catch(() => {}); // likewise
  }

  /** Sends bytes, or text as UTF-8; says whether the server still takes them. */
  async send(content: Uint8Array | string): Promise<boolean> {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    try {
      await this.#writer!.write(bytes.slice());
      return true;
    } catch {
      return false;
    }
  }

  /** Sends FIN. */
  finish(): void {
    this.#writer!.close().catch(() => {}); // the server stopped it
  }

  /** Settles when the server has stopped the stream, or the connection is over; sends single bytes until then. */
  async stopped(): Promise<void> {
    const trying = async () => {
      while (await this.send("x")) await pause(1); // a client learns of it when it sends, not before
    };
    await withDeadline(trying(), "the stop of a stream", HANG_MS);
  }

  /** Next bytes, however long they take; `null` at FIN. @throws {Error} When the stream breaks. */
  async read(): Promise<Uint8Array | null> {
    const ahead = this.#ahead;
    if (ahead.length === 0) return await this.#more();
    this.#ahead = new Uint8Array(0);
    return ahead;
  }

  /** Everything up to FIN. @throws {Error} When the stream breaks. */
  async readAll(): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    const reading = async () => {
      for (let bytes = await this.read(); bytes !== null; bytes = await this.read()) {
        parts.push(bytes);
      }
      return concat(parts);
    };
    return await withDeadline(reading(), "the end of a stream", HANG_MS);
  }

  /** Everything up to FIN, as text. @throws {Error} When the stream breaks. */
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.readAll());
  }

  /** Exactly so many bytes, as text. @throws {Error} When the stream ends before, or breaks. */
  async textOf(count: number): Promise<string> {
    const coming = this.#until(() => this.#ahead.length >= count);
    await withDeadline(coming, `${count} bytes of a stream`, HANG_MS);
    const taken = this.#ahead.subarray(0, count);
    if (taken.length < count) throw new Error(`The stream ended after ${taken.length} bytes`);
    this.#ahead = this.#ahead.subarray(count);
    return new TextDecoder().decode(taken);
  }

  /** An integer that comes next, however long it takes; `null` when the stream ends before it is there. */
  async varint(): Promise<number | null> {
    await this.#until(() => decodeVarint(this.#ahead, 0) !== INCOMPLETE);
    const value = decodeVarint(this.#ahead, 0);
    if (value === INCOMPLETE) return null;
    this.#ahead = this.#ahead.subarray(varintLength(this.#ahead[0]!));
    return value;
  }

  /** Asks the server to stop sending (STOP_SENDING). */
  stop(): void {
    this.#reader!.cancel().catch(() => {}); // it is over
  }

  /** How the receiving half ends: with FIN, or broken; what comes is dropped. */
  async end(): Promise<"fin" | "broken"> {
    const reading = async () => {
      while (await this.read() !== null);
      return "fin" as const;
    };
    const ending = reading().catch(() => "broken" as const);
    return await withDeadline(ending, "the end of a stream", HANG_MS);
  }

  async #until(enough: () => boolean): Promise<void> {
    while (!enough() && !this.#ended) {
      const bytes = await this.#more();
      if (bytes !== null) this.#ahead = concat([this.#ahead, bytes]);
    }
  }

  async #more(): Promise<Uint8Array | null> {
    if (this.#ended) return null;
    const { done, value } = await this.#reader!.read();
    this.#ended = done;
    return value ?? null;
  }
}
