/**
 * A `WebTransport`-shaped session for fetch applications.
 *
 * @see {@link https://www.w3.org/TR/webtransport/#web-transport | WebTransport, the interface}
 * @module
 */

import type * as transport from "../webtransport_exchange.ts";
import type {
  ServerWebTransport,
  ServerWebTransportDatagrams,
  ServerWebTransportStats,
} from "../webtransport_types.ts";
import { SessionDatagrams } from "./webtransport_datagrams.ts";
import { asTransportError, noGroups, sessionOver, transportError } from "./webtransport_error.ts";
import { type OpenParts, SessionSource } from "./webtransport_parts.ts";
import { ReceiveStream, SendStream } from "./webtransport_streams.ts";

/** The session handed to the application. */
export class FetchSession implements ServerWebTransport {
  readonly protocol: string;
  readonly reliability = "supports-unreliable";
  readonly ready: Promise<void>;
  readonly closed: Promise<WebTransportCloseInfo>;
  readonly draining: Promise<void>;
  readonly datagrams: ServerWebTransportDatagrams;
  readonly incomingBidirectionalStreams: ReadableStream<WebTransportBidirectionalStream>;
  readonly incomingUnidirectionalStreams: ReadableStream<WebTransportReceiveStream>;
  readonly #accepted = Promise.withResolvers<transport.WebTransportSession>();
  readonly #closed = Promise.withResolvers<WebTransportCloseInfo>();
  readonly #draining = Promise.withResolvers<void>();
  readonly #open: OpenParts = new Set();
  #session: transport.WebTransportSession | undefined;

  /** @param protocol Application protocol that is chosen, `""` for none. */
  constructor(protocol: string) {
    const accepted = this.#accepted.promise;
    this.protocol = protocol;
    this.ready = accepted.then(() => {});
    this.closed = this.#closed.promise;
    this.draining = this.#draining.promise;
    for (const promise of [accepted, this.ready, this.closed]) {
      promise.catch(() => {}); // nobody has to look at it
    }
    this.datagrams = new SessionDatagrams(accepted, this.#open);
    this.incomingBidirectionalStreams = this.#incoming(async (session) => {
      const stream = await session.acceptBidirectional();
      return stream && this.#bidirectional(stream);
    }, ({ readable, writable }) => {
      readable.cancel();
      writable.abort();
    });
    this.incomingUnidirectionalStreams = this.#incoming(async (session) => {
      const stream = await session.acceptUnidirectional();
      return stream && new ReceiveStream(stream, this.#open);
    }, (stream) => stream.cancel());
  }

  async createBidirectionalStream(
    options?: WebTransportSendStreamOptions,
  ): Promise<WebTransportBidirectionalStream> {
    const stream = await this.#opened(options, (session) => session.openBidirectional());
    return this.#bidirectional(stream, options);
  }

  async createUnidirectionalStream(
    options?: WebTransportSendStreamOptions,
  ): Promise<WebTransportSendStream> {
    const stream = await this.#opened(options, (session) => session.openUnidirectional());
    return this.#sending(stream, options);
  }

  /** Is refused: the runtime has one order for all streams of a connection. */
  createSendGroup(): WebTransportSendGroup {
    throw noGroups();
  }

  drain(): void {
    this.#tell((session) => session.drain());
  }

  getStats(): Promise<ServerWebTransportStats> {
    const droppedIncoming = this.#session?.droppedDatagrams ?? 0;
    return Promise.resolve({ datagrams: { droppedIncoming } });
  }

  /** Closes the session. A second call does nothing. */
  close({ closeCode = 0, reason = "" }: WebTransportCloseInfo = {}): void {
    const [code, text] = [closeCode >>> 0, String(reason)]; // as the web converts them: none is refused
    this.#tell((session) => session.close(code, text));
  }

  /** The handshake was accepted. Settles when the session is over. */
  async run(session: transport.WebTransportSession): Promise<void> {
    this.#session = session;
    session.draining.then(this.#draining.resolve);
    this.#accepted.resolve(session);
    const end = await session.closed;
    for (const part of this.#open) part.over(end);
    this.#open.clear();
    if (end.clean) this.#closed.resolve({ closeCode: end.code, reason: end.reason });
    else this.#closed.reject(sessionOver(end));
  }

  /** The handshake was not accepted. */
  fail(error: unknown): void {
    const reason = transportError("The session was not accepted", "session");
    reason.cause = error;
    this.#accepted.reject(reason);
    this.#closed.reject(reason);
  }

  /** Calls now, or in turn when the session is there. */
  #tell(call: (session: transport.WebTransportSession) => void): void {
    if (this.#session) call(this.#session);
    else this.#accepted.promise.then(call, () => {}); // where it never is, there is nobody to tell
  }

  #incoming<T>(
    next: (session: transport.WebTransportSession) => Promise<T | null>,
    drop: (item: T) => unknown,
  ): ReadableStream<T> {
    const source = new SessionSource(this.#accepted.promise, this.#open, next, drop);
    return new ReadableStream<T>(source, { highWaterMark: 0 });
  }

  async #opened<T>(
    options: WebTransportSendStreamOptions | undefined,
    open: (session: transport.WebTransportSession) => Promise<T>,
  ): Promise<T> {
    if (options?.sendGroup) throw noGroups();
    const session = await this.#accepted.promise;
    try {
      return await open(session);
    } catch (error) {
      throw asTransportError(error);
    }
  }

  #bidirectional(
    { receive, send }: transport.WebTransportBidirectionalStream,
    options?: WebTransportSendStreamOptions,
  ): WebTransportBidirectionalStream {
    const readable = new ReceiveStream(receive, this.#open);
    return { readable, writable: this.#sending(send, options) };
  }

  #sending(
    stream: transport.WebTransportSendStream,
    { sendOrder }: WebTransportSendStreamOptions = {},
  ): WebTransportSendStream {
    const sending = new SendStream(stream, this.#open);
    if (sendOrder !== undefined) sending.sendOrder = sendOrder;
    return sending;
  }
}
