/**
 * WebTransport on one HTTP/3 connection: its sessions, and whose the streams and datagrams of the client are.
 *
 * @module
 */

import { decodeDatagram, type H3RequestHead, type WebTransportStart } from "../h3/mod.ts";
import type {
  QuicBidirectionalStream,
  QuicConnection,
  QuicReceiveStream,
  QuicSendStream,
} from "../quic/transport.ts";
import type { Refusal } from "./serve_context.ts";
import { EarlyQueue } from "./webtransport_early.ts";
import { StreamOpener } from "./webtransport_opener.ts";
import { refusalOfSession } from "./webtransport_refusal.ts";
import type { H3WebTransportSession, SessionOwner } from "./webtransport_session.ts";
import type { WebTransportSettings } from "./webtransport_settings.ts";
import type { IncomingStream } from "./webtransport_streams.ts";

/** The connection, as WebTransport sees it. */
export interface WebTransportOwner {
  /** Whether a request may yet come on this stream, or came and was not judged. */
  awaits(streamId: number): boolean;
  /** Charges the client for what did nothing, in the plural; ends the connection when it is too much. */
  spend(what: string): void;
  /** Ends the connection because of `error`. */
  fail(error: unknown): void;
  /** Ends the connection when its other streams are over, as streams are left that cannot be ended. */
  breakOff(reason: string): void;
}

/** WebTransport on one connection. */
export class WebTransportConnection implements SessionOwner {
  readonly quic: QuicConnection;
  readonly bidirectional: StreamOpener<QuicBidirectionalStream>;
  readonly unidirectional: StreamOpener<QuicSendStream>;
  readonly #settings: WebTransportSettings;
  readonly #owner: WebTransportOwner;
  readonly #early = new EarlyQueue();
  /** Requests that are sessions, or may become ones: what is limited. */
  readonly #places = new Set<number>();
  /** Sessions of which something is left. */
  readonly #sessions = new Map<number, H3WebTransportSession>();
  /** Whether the client has WebTransport; known when its SETTINGS are there. */
  #supported = false;
  #leaving = false;

  /** Does nothing before the client's SETTINGS are there. */
  constructor(quic: QuicConnection, settings: WebTransportSettings, owner: WebTransportOwner) {
    this.quic = quic;
    this.#settings = settings;
    this.#owner = owner;
    this.bidirectional = new StreamOpener(() => quic.openBidirectional());
    this.unidirectional = new StreamOpener(() => quic.openUnidirectional());
  }

  /** Whether a session is open or asked for. */
  get active(): boolean {
    return this.#places.size > 0;
  }

  /** Halves of streams of sessions that are not over, and streams that wait for theirs. */
  get streams(): number {
    let streams = this.#early.streams;
    for (const session of this.#sessions.values()) streams += session.streams;
    return streams;
  }

  /** The client's SETTINGS are there. @param supported Whether it has WebTransport, datagrams included. */
  onSettings(supported: boolean): void {
    this.#supported = supported;
    if (supported) void this.#readDatagrams().catch((error) => this.#owner.fail(error));
  }

  /** Judges a request for a session: why it is refused, or `null` when it has a place from now on. */
  admit(streamId: number, head: H3RequestHead): Refusal | null {
    const refusal = refusalOfSession(head, {
      settings: this.#settings,
      supported: this.#supported,
      sessions: this.#places.size,
    });
    if (refusal === null) this.#places.add(streamId);
    return refusal;
  }

  /** A request is no session any more, or will not become one. */
  onNoSession(streamId: number): void {
    this.#places.delete(streamId);
    this.dropEarly(streamId);
  }

  /** Drops what came for something that is no session. */
  dropEarly(streamId: number): void {
    for (const stream of this.#early.take(streamId).streams) this.#drop(stream);
  }

  /** A session was accepted: it gets what came for it. */
  onSession(session: H3WebTransportSession): void {
    this.#sessions.set(session.id, session);
    const { streams, datagrams } = this.#early.take(session.id);
    for (const stream of streams) session.onStream(stream);
    for (const datagram of datagrams) session.onDatagram(datagram);
    if (this.#leaving) session.leave();
  }

  /** A stream in both directions that begins like one of a session. */
  onBidirectional({ receive, send }: QuicBidirectionalStream, start: WebTransportStart): void {
    this.#onStream({ receive, send, rest: start.rest }, start.sessionId);
  }

  /** A stream to us that does. */
  onUnidirectional(receive: QuicReceiveStream, start: WebTransportStart): void {
    this.#onStream({ receive, send: null, rest: start.rest }, start.sessionId);
  }

  /** The connection is to end: its sessions should, too, those included that are accepted yet. */
  leave(): void {
    this.#leaving = true;
    for (const session of this.#sessions.values()) session.leave();
  }

  /** The connection is over, or just about to be closed: no stream is complete by that. */
  lose(): void {
    for (const session of [...this.#sessions.values()]) session.lose();
  }

  onSessionOver({ id }: H3WebTransportSession): void {
    this.#places.delete(id);
  }

  onSessionGone({ id }: H3WebTransportSession): void {
    this.#sessions.delete(id);
  }

  onStreamsStuck(): void {
    this.#owner.breakOff("the client does not let go of the streams of a session that is over");
  }

  #onStream(stream: IncomingStream, sessionId: number): void {
    const session = this.#sessions.get(sessionId);
    if (session) return session.onStream(stream);
    if (!this.#mayBecome(sessionId)) return this.#drop(stream);
    if (this.#early.addStream(sessionId, stream)) return;
    stream.receive.stop();
    stream.send?.abandon(); // FIN would look like an empty answer once the session is there
    this.#owner.spend(USELESS_STREAMS);
  }

  /** Ends a stream for which there is no session, and never will be: so FIN deceives nobody. */
  #drop({ receive, send }: IncomingStream): void {
    receive.stop();
    void send?.finish();
    this.#owner.spend(USELESS_STREAMS);
  }

  /** Whether there may yet be such a session. */
  #mayBecome(sessionId: number): boolean {
    return this.#places.has(sessionId) || this.#owner.awaits(sessionId);
  }

  async #readDatagrams(): Promise<void> {
    const { quic } = this;
    for (let bytes = await quic.readDatagram(); bytes; bytes = await quic.readDatagram()) {
      const { streamId, payload } = decodeDatagram(bytes);
      const session = this.#sessions.get(streamId);
      if (session) session.onDatagram(payload);
      else if (this.#mayBecome(streamId)) this.#early.addDatagram(streamId, payload);
    }
  }
}

const USELESS_STREAMS = "streams without a session";
