/**
 * Datagrams of a WebTransport session as web streams.
 *
 * @see {@link https://www.w3.org/TR/webtransport/#duplex-stream | WebTransport, datagrams}
 * @module
 */

import { WEBTRANSPORT_DATAGRAM_QUEUE } from "../limits.ts";
import type { WebTransportEnd, WebTransportSession } from "../webtransport_exchange.ts";
import type { ServerWebTransportDatagrams } from "../webtransport_types.ts";
import { CarefulReadable, CarefulWritable } from "./careful_streams.ts";
import { DatagramPace } from "./datagram_pace.ts";
import { noGroups, sessionOver } from "./webtransport_error.ts";
import { type OpenParts, type SessionPart, SessionSource } from "./webtransport_parts.ts";
import { copyOfBytes } from "./webtransport_streams.ts";

/** Size that every path takes; it is told until the session is there. */
const SAFE_SIZE = 1024;

/**
 * Datagrams in both directions. Ages and high water marks are kept and have no effect: what comes waits below, the newest
 * so many, and what goes does not wait.
 */
export class SessionDatagrams implements ServerWebTransportDatagrams {
  readonly readable: WebTransportReceiveStream;
  readonly writable: WebTransportSendStream;
  incomingMaxAge: number | null = null;
  outgoingMaxAge: number | null = null;
  incomingHighWaterMark = WEBTRANSPORT_DATAGRAM_QUEUE;
  outgoingHighWaterMark = 1;
  readonly #session: Promise<WebTransportSession>;
  readonly #open: OpenParts;
  readonly #sink: DatagramSink;
  #isOver = false;

  /**
   * @param session The session, once it is accepted.
   * @param open Where both directions are noted.
   */
  constructor(session: Promise<WebTransportSession>, open: OpenParts) {
    this.#session = session;
    this.#open = open;
    this.#sink = new DatagramSink(session, open);
    this.readable = new DatagramReadable(new DatagramSource(session, open));
    this.writable = new DatagramWritable(this.#sink);
    open.add({ over: () => this.#isOver = true });
  }

  createWritable(
    { sendGroup, sendOrder = 0 }: WebTransportSendStreamOptions = {},
  ): WebTransportSendStream {
    if (sendGroup) throw noGroups();
    if (this.#isOver) {
      throw new DOMException("Cannot send datagrams: the session is over", "InvalidStateError");
    }
    const writable = new DatagramWritable(new DatagramSink(this.#session, this.#open));
    writable.sendOrder = sendOrder;
    return writable;
  }

  get maxDatagramSize(): number {
    return this.#sink.session?.maxDatagramSize ?? SAFE_SIZE;
  }
}

/** A stream of datagrams, not of bytes: where they begin and end matters, and they may be empty. */
class DatagramReadable extends CarefulReadable implements WebTransportReceiveStream {
  readonly #source: DatagramSource;

  constructor(source: DatagramSource) {
    super(source, { highWaterMark: 0 });
    this.#source = source;
  }

  getStats(): Promise<WebTransportReceiveStreamStats> {
    const { bytes } = this.#source;
    return Promise.resolve({ bytesReceived: bytes, bytesRead: bytes });
  }
}

class DatagramSource extends SessionSource<Uint8Array> {
  /** Bytes the application got. */
  bytes = 0;

  constructor(session: Promise<WebTransportSession>, open: OpenParts) {
    super(session, open, async (session) => {
      const datagram = await session.readDatagram();
      this.bytes += datagram?.length ?? 0;
      return datagram;
    }, () => {});
  }
}

class DatagramWritable extends CarefulWritable implements WebTransportSendStream {
  /** Has no effect: datagrams do not wait. */
  sendOrder = 0;
  readonly #sink: DatagramSink;

  constructor(sink: DatagramSink) {
    super(sink);
    this.#sink = sink;
  }

  getStats(): Promise<WebTransportSendStreamStats> {
    const { bytes } = this.#sink;
    return Promise.resolve({ bytesWritten: bytes, bytesSent: bytes, bytesAcknowledged: 0 });
  }
}

class DatagramSink implements UnderlyingSink<Uint8Array>, SessionPart {
  /** Bytes the application sent. */
  bytes = 0;
  /** The session, once it is accepted. */
  session: WebTransportSession | undefined;
  readonly #accepted: Promise<WebTransportSession>;
  readonly #open: OpenParts;
  readonly #pace = new DatagramPace();
  #controller: WritableStreamDefaultController | undefined;

  constructor(session: Promise<WebTransportSession>, open: OpenParts) {
    this.#accepted = session;
    this.#open = open;
  }

  async start(controller: WritableStreamDefaultController): Promise<void> {
    this.#controller = controller;
    this.#open.add(this);
    this.session = await this.#accepted;
  }

  // deno-lint-ignore require-await -- errors are to be rejections
  async write(chunk: Uint8Array): Promise<void> {
    const datagram = copyOfBytes(chunk);
    this.bytes += datagram.length;
    this.session!.sendDatagram(datagram); // there it is, since start() has settled
    return this.#pace.next();
  }

  close(): void {
    this.#open.delete(this);
  }

  abort(): void {
    this.#open.delete(this);
  }

  over(end: WebTransportEnd): void {
    this.#controller?.error(sessionOver(end));
  }
}
