/**
 * Streams of `fake_webtransport.ts`. Import that file, not this one.
 *
 * @module
 */

import { DisconnectError } from "../../src/errors.ts";
import {
  type WebTransportBidirectionalStream,
  type WebTransportReceiveStream,
  type WebTransportSendStream,
  WebTransportStreamError,
} from "../../src/webtransport_exchange.ts";
import { toBytes } from "./response_recorder.ts";

/** A stream; of one in one direction the other half is not used. */
export class FakeStream implements WebTransportBidirectionalStream {
  readonly id: number;
  readonly receive: FakeReceive;
  readonly send: FakeSend;

  constructor(id: number) {
    this.id = id;
    this.receive = new FakeReceive(id);
    this.send = new FakeSend(id);
  }

  /** The client sends something. */
  feed(piece: string | Uint8Array): void {
    this.receive.deliver(toBytes(piece));
  }

  /** The client ends what it sends. */
  finish(): void {
    this.receive.deliver(null);
  }

  /** The client gives up what it sends. */
  reset(code: number | null): void {
    this.receive.fail(new WebTransportStreamError("The client reset the stream", code));
  }

  /** The client wants no more. */
  stop(code: number | null): void {
    this.send.fail(new WebTransportStreamError("The client stopped the stream", code));
  }

  /** The session of the stream is over. */
  sessionOver(): void {
    this.receive.fail(new DisconnectError());
    this.send.fail(new DisconnectError());
  }
}

class FakeReceive implements WebTransportReceiveStream {
  readonly id: number;
  /** Whether `stop` was called. */
  stopped = false;
  readonly #pieces: (Uint8Array | null)[] = [];
  #error: Error | undefined;
  #waiting: PromiseWithResolvers<Uint8Array | null> | undefined;

  constructor(id: number) {
    this.id = id;
  }

  /** Pieces that nobody has read, the end included. */
  get unread(): number {
    return this.#pieces.length;
  }

  /** Whether a read waits. */
  get isAwaited(): boolean {
    return this.#waiting !== undefined;
  }

  deliver(piece: Uint8Array | null): void {
    if (this.#waiting === undefined) this.#pieces.push(piece);
    else this.#waiting.resolve(piece);
    this.#waiting = undefined;
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.#waiting?.reject(this.#error);
    this.#waiting = undefined;
  }

  // deno-lint-ignore require-await -- errors are to be rejections
  async read(): Promise<Uint8Array | null> {
    if (this.#waiting) throw new Error("Cannot read twice at a time");
    if (this.#error) throw this.#error; // what was not read is lost
    if (this.stopped) return null;
    const piece = this.#pieces.shift();
    if (piece !== undefined) return piece;
    return (this.#waiting = Promise.withResolvers()).promise;
  }

  stop(): void {
    this.stopped = true;
    this.#waiting?.resolve(null);
    this.#waiting = undefined;
  }
}

class FakeSend implements WebTransportSendStream {
  readonly id: number;
  /** What `write` was given, the same objects. */
  readonly written: Uint8Array[] = [];
  /** What was called last of `end` and `abort`; `null` before. */
  endedBy: "end" | "abort" | null = null;
  /** What `setSendOrder` was given last. */
  order = 0;
  readonly #held: PromiseWithResolvers<void>[] = [];
  #holding = false;
  #error: Error | undefined;

  constructor(id: number) {
    this.id = id;
  }

  /** What was written, decoded. */
  get text(): string {
    return this.written.map((piece) => new TextDecoder().decode(piece)).join("");
  }

  /** From now on writes stay pending: the client does not read. */
  hold(): void {
    this.#holding = true;
  }

  /** Settles what is pending and holds no more. */
  release(): void {
    this.#holding = false;
    for (const held of this.#held.splice(0)) held.resolve();
  }

  fail(error: Error): void {
    this.#error ??= error;
    for (const held of this.#held.splice(0)) held.reject(this.#error);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#error) throw this.#error;
    if (this.endedBy) throw new Error(`Cannot write after ${this.endedBy}()`);
    this.written.push(bytes);
    if (!this.#holding) return;
    const held = Promise.withResolvers<void>();
    this.#held.push(held);
    await held.promise;
  }

  // deno-lint-ignore require-await -- errors are to be rejections
  async end(): Promise<void> {
    if (this.#error) throw this.#error;
    this.endedBy ??= "end";
  }

  abort(): void {
    this.endedBy ??= "abort"; // and a write that is pending stays so: nothing says that it settles
  }

  setSendOrder(order: number): void {
    this.order = order;
  }
}
