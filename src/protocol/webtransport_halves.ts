/**
 * The halves of a session's streams: bytes of the application on QUIC, its errors as the application's.
 *
 * @module
 */

import { ApplicationError, DisconnectError } from "../errors.ts";
import {
  type QuicReceiveStream,
  type QuicSendStream,
  StreamResetError,
  StreamStoppedError,
} from "../quic/transport.ts";
import { applicationCode } from "../webtransport/mod.ts";
import {
  type WebTransportReceiveStream,
  type WebTransportSendStream,
  WebTransportStreamError,
} from "../webtransport_exchange.ts";
import { unsendable } from "./h3_response.ts";
import { ownBytes } from "./response_head.ts";

/** What a half tells the session. */
export interface HalfEvents {
  /** The half is over for the transport as well. Once. */
  onOver(half: SessionReceiveStream | SessionSendStream): void;
  /** The transport took so many bytes. */
  onSent(bytes: number): void;
}

/**
 * A receiving half. It is read when the application reads: all else waits in the transport, and the client at last.
 *
 * When it is stopped, or lost with its session, while the application waits for bytes, reading ends at once; but the
 * client is only asked to stop (STOP_SENDING) when it sends something more, since the transport cannot call off a read
 * that waits. A client that has nothing to send misses nothing by that.
 */
export class SessionReceiveStream implements WebTransportReceiveStream {
  readonly id: number;
  readonly #stream: QuicReceiveStream;
  readonly #events: HalfEvents;
  /** What came with the id of the session. */
  #rest: Uint8Array | null;
  #over = false;
  /** What reading fails with. */
  #failure: Error | null = null;

  /** @param rest What was read of it already. */
  constructor(stream: QuicReceiveStream, rest: Uint8Array | null, events: HalfEvents) {
    this.id = stream.id;
    this.#stream = stream;
    this.#rest = rest;
    this.#events = events;
  }

  async read(): Promise<Uint8Array | null> {
    if (this.#over) return this.#ended();
    const rest = this.#rest;
    this.#rest = null;
    if (rest !== null && rest.length > 0) return rest;
    let bytes: Uint8Array | null = null;
    try {
      bytes = await this.#stream.read();
    } catch (error) {
      this.#end(receiveFailure(error));
    }
    if (this.#over) return this.#ended(); // maybe since the read began
    if (bytes === null) this.#end(null);
    return bytes;
  }

  stop(): void {
    if (this.#over) return;
    this.#stream.stop();
    this.#end(null);
  }

  /** The session is over: reading fails from now on, unless the client had ended the stream. */
  lose(reason: DisconnectError): void {
    if (this.#over) return;
    this.#stream.stop();
    this.#end(reason);
  }

  #ended(): null {
    if (this.#failure) throw this.#failure;
    return null;
  }

  #end(failure: Error | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#rest = null;
    this.#failure = failure;
    this.#events.onOver(this);
  }
}

/**
 * A sending half.
 *
 * The transport cannot reset a stream, and FIN says that all was sent. So what is not to look complete stays open until
 * the session is over, and the client knows: only then it gets FIN, for a stream left open would cost the client its
 * place among those that it may open for as long as the connection lasts. One that the client has stopped is reset by
 * the transport itself.
 */
export class SessionSendStream implements WebTransportSendStream {
  readonly id: number;
  readonly #stream: QuicSendStream;
  readonly #events: HalfEvents;
  /** Calls that wait for the transport. */
  readonly #waiting = new Set<(reason: Error) => void>();
  #aborted = false;
  #ending: Promise<void> | null = null;
  #finishing = false;
  /** What writing fails with. */
  #failure: Error | null = null;

  /** Takes a half over. */
  constructor(stream: QuicSendStream, events: HalfEvents) {
    this.id = stream.id;
    this.#stream = stream;
    this.#events = events;
  }

  write(bytes: Uint8Array): Promise<void> {
    return handled(this.#write(bytes));
  }

  end(): Promise<void> {
    return handled(this.#end());
  }

  abort(): void {
    this.#aborted = true;
  }

  setSendOrder(order: number): void {
    this.#stream.setSendOrder(clampOrder(order));
  }

  /** The session is over: what waits fails, and so does what comes. */
  lose(reason: DisconnectError): void {
    this.#failure ??= reason;
    for (const reject of this.#waiting) reject(reason);
    this.#waiting.clear();
  }

  /** The client knows that the session is over: FIN misleads nobody any more. */
  release(): void {
    void handled(this.#finish());
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#checkOpen();
    if (this.#ending) throw new ApplicationError("Cannot write: the stream was ended");
    const { length } = bytes;
    if (length === 0) return;
    await this.#wait(() => this.#stream.write(ownBytes(bytes)));
    this.#events.onSent(length);
  }

  async #end(): Promise<void> {
    if (this.#ending) return await this.#ending;
    this.#checkOpen();
    this.#ending = this.#wait(() => this.#finish());
    await this.#ending;
  }

  #checkOpen(): void {
    if (this.#failure) throw this.#failure;
    if (this.#aborted) throw new ApplicationError("Cannot go on: the stream was aborted");
  }

  /** Waits for the transport, or the end of the session. */
  #wait(act: () => Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.add(reject);
    const settle = () => this.#waiting.delete(reject);
    started(act).then(() => {
      settle();
      resolve();
    }, (error) => {
      settle();
      reject(this.#fail(error));
    });
    return promise;
  }

  #fail(error: unknown): Error {
    if (this.#failure) return this.#failure;
    if (error instanceof ApplicationError) return error;
    this.#failure = sendFailure(error);
    if (error instanceof StreamStoppedError) this.release(); // it is reset by that
    return this.#failure;
  }

  #finish(): Promise<void> {
    const finished = this.#stream.finish();
    if (this.#finishing) return finished;
    this.#finishing = true;
    const onOver = () => this.#events.onOver(this);
    finished.then(onOver, onOver);
    return finished;
  }
}

/** Before streams of sessions go those that all of HTTP/3 needs. */
const MAX_ORDER = 2 ** 29;

function clampOrder(order: number): number {
  if (Number.isNaN(order)) return 0;
  return Math.trunc(Math.max(-MAX_ORDER, Math.min(MAX_ORDER, order)));
}

/** Does what the transport may refuse at once. */
async function started(act: () => Promise<void>): Promise<void> {
  let work: Promise<void>;
  try {
    work = act();
  } catch (cause) {
    throw cause instanceof ApplicationError ? cause : unsendable(cause);
  }
  await work;
}

function receiveFailure(cause: unknown): Error {
  if (!(cause instanceof StreamResetError)) return new DisconnectError(undefined, { cause });
  const code = applicationCode(cause.code);
  return new WebTransportStreamError(`The client reset the stream${named(code)}`, code, { cause });
}

function sendFailure(cause: unknown): Error {
  if (!(cause instanceof StreamStoppedError)) return new DisconnectError(undefined, { cause });
  const code = applicationCode(cause.code);
  return new WebTransportStreamError(`The client wants no more of the stream${named(code)}`, code, {
    cause,
  });
}

function named(code: number | null): string {
  return code === null ? "" : ` (code ${code})`;
}

/** A promise that may reject although nobody waits for it. */
function handled(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}
