/**
 * Streams of a WebTransport session as web streams.
 *
 * Back-pressure goes through: nothing is read before somebody asks for it, and a write settles when the transport wants
 * more.
 *
 * @see {@link https://www.w3.org/TR/webtransport/#send-stream | WebTransport, streams}
 * @module
 */

import { describe } from "../misuse.ts";
import type * as transport from "../webtransport_exchange.ts";
import { CarefulReadable, CarefulWritable } from "./careful_streams.ts";
import { asTransportError, sessionOver } from "./webtransport_error.ts";
import type { OpenParts, SessionPart } from "./webtransport_parts.ts";

/** Receiving half of a stream, a readable stream of bytes. */
export class ReceiveStream extends CarefulReadable implements WebTransportReceiveStream {
  readonly #source: ReceiveSource;

  /** @param open Where it is noted while it is open. */
  constructor(stream: transport.WebTransportReceiveStream, open: OpenParts) {
    const source = new ReceiveSource(stream, open);
    // Its types know byte streams of `Uint8Array<ArrayBuffer>` alone; those of `WebTransport` are wider.
    super(source as UnderlyingSource<Uint8Array>, { highWaterMark: 0 });
    this.#source = source;
  }

  /** Bytes so far. What the transport holds is not counted, so that both figures are the same. */
  getStats(): Promise<WebTransportReceiveStreamStats> {
    const { bytes } = this.#source;
    return Promise.resolve({ bytesReceived: bytes, bytesRead: bytes });
  }
}

class ReceiveSource implements UnderlyingByteSource, SessionPart {
  readonly type = "bytes";
  /** Bytes the application got. */
  bytes = 0;
  readonly #stream: transport.WebTransportReceiveStream;
  readonly #open: OpenParts;
  #controller: ReadableByteStreamController | undefined;
  #pulling = false;
  #cancelled = false;

  constructor(stream: transport.WebTransportReceiveStream, open: OpenParts) {
    this.#stream = stream;
    this.#open = open;
  }

  start(controller: ReadableByteStreamController): void {
    this.#controller = controller;
    this.#open.add(this);
  }

  async pull(controller: ReadableByteStreamController): Promise<void> {
    this.#pulling = true;
    try {
      const chunk = await this.#stream.read();
      if (this.#cancelled) return;
      if (chunk === null) this.#end(controller);
      else this.#deliver(chunk, controller);
    } catch (error) {
      this.#open.delete(this);
      throw asTransportError(error);
    } finally {
      this.#pulling = false;
    }
  }

  cancel(): void {
    this.#cancelled = true;
    this.#open.delete(this);
    this.#stream.stop();
  }

  /** A read that waits learns of it by itself, and may get what came before. */
  over(end: transport.WebTransportEnd): void {
    if (!this.#pulling) this.#controller?.error(sessionOver(end));
  }

  #deliver(chunk: Uint8Array, controller: ReadableByteStreamController): void {
    this.bytes += chunk.length;
    // What is enqueued takes the whole buffer along: somebody else may own the rest of it.
    const isWhole = chunk.length === chunk.buffer.byteLength;
    controller.enqueue(isWhole ? chunk as Uint8Array<ArrayBuffer> : chunk.slice());
  }

  #end(controller: ReadableByteStreamController): void {
    this.#open.delete(this);
    controller.close();
    controller.byobRequest?.respond(0); // gives the view back
  }
}

/** Sending half of a stream. */
export class SendStream extends CarefulWritable implements WebTransportSendStream {
  readonly #sink: SendSink;
  readonly #stream: transport.WebTransportSendStream;
  #sendOrder = 0;

  /** @param open Where it is noted while it is open. */
  constructor(stream: transport.WebTransportSendStream, open: OpenParts) {
    const sink = new SendSink(stream, open);
    super(sink);
    this.#sink = sink;
    this.#stream = stream;
  }

  /** Priority among the streams of the connection; larger goes first. */
  get sendOrder(): number {
    return this.#sendOrder;
  }

  set sendOrder(order: number) {
    const number = Math.trunc(Number(order));
    this.#sendOrder = Number.isSafeInteger(number) ? number : 0;
    this.#stream.setSendOrder(this.#sendOrder);
  }

  /** Bytes so far. What the client has acknowledged is not known, and 0. */
  getStats(): Promise<WebTransportSendStreamStats> {
    const { written, sent } = this.#sink;
    return Promise.resolve({ bytesWritten: written, bytesSent: sent, bytesAcknowledged: 0 });
  }
}

class SendSink implements UnderlyingSink<Uint8Array>, SessionPart {
  /** Bytes the application wrote. */
  written = 0;
  /** Bytes the transport took. */
  sent = 0;
  readonly #stream: transport.WebTransportSendStream;
  readonly #open: OpenParts;
  #controller: WritableStreamDefaultController | undefined;
  #stopWaiting: ((reason: unknown) => void) | undefined;

  constructor(stream: transport.WebTransportSendStream, open: OpenParts) {
    this.#stream = stream;
    this.#open = open;
  }

  start(controller: WritableStreamDefaultController): void {
    this.#controller = controller;
    this.#open.add(this);
    // Not in abort(), which waits for a write that may never end when the client does not read.
    const { signal } = controller;
    signal.addEventListener("abort", () => this.#giveUp(signal.reason), { once: true });
  }

  async write(chunk: Uint8Array): Promise<void> {
    const bytes = this.#bytesOf(chunk);
    if (bytes.length === 0) return;
    this.written += bytes.length;
    await this.#call(() => this.#stream.write(bytes));
    this.sent += bytes.length;
  }

  async close(): Promise<void> {
    await this.#call(() => this.#stream.end());
    this.#open.delete(this);
  }

  over(end: transport.WebTransportEnd): void {
    this.#controller?.error(sessionOver(end));
  }

  async #call(call: () => Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#stopWaiting = reject;
    call().then(resolve, reject);
    try {
      await promise;
    } catch (error) {
      this.#open.delete(this);
      throw asTransportError(error);
    }
  }

  #bytesOf(chunk: unknown): Uint8Array {
    try {
      return copyOfBytes(chunk);
    } catch (error) {
      this.#giveUp(error); // nobody can write any more, and what was written is not complete
      throw error;
    }
  }

  #giveUp(reason: unknown): void {
    this.#open.delete(this);
    this.#stream.abort();
    this.#stopWaiting?.(reason);
  }
}

/**
 * Copies what an application writes, for it may use its buffer again once the write has settled. One that was given up
 * settles at once, while the transport may hold its bytes until the client reads: what another client is to get must not
 * come there. Of the time that sending takes the copy is some 3 %.
 *
 * @throws {TypeError} When it is no bytes.
 */
export function copyOfBytes(chunk: unknown): Uint8Array {
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice();
  }
  if (chunk instanceof ArrayBuffer || chunk instanceof SharedArrayBuffer) {
    return new Uint8Array(chunk).slice();
  }
  throw new TypeError(
    `Cannot write to WebTransport: expected bytes, such as a Uint8Array, received ${
      describe(chunk)
    }`,
  );
}
