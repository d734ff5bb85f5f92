/**
 * WebTransport on one HTTP/3 connection: its sessions, and whose the streams and datagrams of the client are.
 *
 * @module
 */

import type { H3RequestHead, HttpDatagram, WebTransportStart } from "../h3/mod.ts";
import { WEBTRANSPORT_EARLY_MS } from "../limits.ts";
import type {
  QuicBidirectionalStream,
  QuicConnection,
  QuicReceiveStream,
  QuicSendStream,
} from "../quic/transport.ts";
import type { Refusal } from "./serve_context.ts";
import { EarlyArrivals } from "./webtransport_early.ts";
import { StreamOpener } from "./webtransport_opener.ts";
import { refusalOfSession } from "./webtransport_refusal.ts";
import type { H3WebTransportSession, SessionOwner } from "./webtransport_session.ts";
import type { WebTransportSettings } from "./webtransport_settings.ts";
import type { IncomingStream } from "./webtransport_streams.ts";

/** The connection, as WebTransport sees it. */
export interface WebTransportOwner {
  /** Whether a request that is served may yet come on this stream, or came and was not judged. */
  awaits(streamId: number): boolean;
  /** Decodes a datagram of the client. @throws {H3Error} When there can be no request that it is for. */
  datagram(bytes: Uint8Array): HttpDatagram;
  /** Has the connection look in `milliseconds` at the latest; returns when that is. */
  within(milliseconds: number): number;
  /** Charges the client for what did nothing, in the plural; ends the connection when it is too much. */
  spend(what: string): void;
  /** Ends the connection because of `error`. */
  fail(error: unknown): void;
  /** Ends the connection, soon, because of a client that leaves us no other way to get rid of something. */
  giveUp(reason: string): void;
}

/** WebTransport on one connection. */
export class WebTransportConnection implements SessionOwner {
  readonly quic: QuicConnection;
  readonly bidirectional: StreamOpener<QuicBidirectionalStream>;
  readonly unidirectional: StreamOpener<QuicSendStream>;
  readonly #settings: WebTransportSettings;
  readonly #owner: WebTransportOwner;
  readonly #earlyStreams = new EarlyArrivals<IncomingStream>();
  readonly #earlyDatagrams = new EarlyArrivals<Uint8Array>();
  /** Requests that are sessions, or may become ones: what is limited. */
  readonly #places = new Set<number>();
  /** Sessions of which something is left. */
  readonly #sessions = new Map<number, H3WebTransportSession>();
  /** Whether the client has WebTransport; `null` until its SETTINGS are there. */
  #supported: boolean | null = null;
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
    let streams = this.#earlyStreams.size;
    for (const session of this.#sessions.values()) streams += session.streams;
    return streams;
  }

  /** The client's SETTINGS are there. @param supported Whether it has WebTransport, datagrams included. */
  onSettings(supported: boolean): void {
    this.#supported = supported;
    if (supported) void this.#readDatagrams().catch((error) => this.#owner.fail(error));
    else for (const stream of this.#earlyStreams.takeDue(Infinity)) this.#drop(stream);
  }

  /** Judges a request for a session: why it is refused, or `null` when it has a place from now on. */
  admit(streamId: number, head: H3RequestHead): Refusal | null {
    const refusal = refusalOfSession(head, {
      settings: this.#settings,
      supported: this.#supported === true,
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
    for (const stream of this.#earlyStreams.take(streamId)) this.#drop(stream);
    this.#earlyDatagrams.take(streamId);
  }

  /** A session was accepted: it gets what came for it. */
  onSession(session: H3WebTransportSession): void {
    this.#sessions.set(session.id, session);
    for (const stream of this.#earlyStreams.take(session.id)) session.onStream(stream);
    for (const datagram of this.#earlyDatagrams.take(session.id)) session.onDatagram(datagram);
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

  /** Drops what has waited for its session for too long by `now`; returns when to look again. */
  look(now: number): number {
    for (const stream of this.#earlyStreams.takeDue(now)) this.#reject(stream);
    this.#earlyDatagrams.takeDue(now);
    return Math.min(this.#earlyStreams.due, this.#earlyDatagrams.due);
  }

  /** The connection is to end: its sessions should, too, those included that are accepted yet. */
  leave(): void {
    this.#leaving = true;
    for (const session of this.#sessions.values()) session.leave();
  }

  /** Closes the sessions that are left before the connection is. Says whether there were any. */
  cut(): boolean {
    const { active } = this;
    for (const session of this.#sessions.values()) session.cut("Connection closing");
    return active;
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
    this.#owner.giveUp("the client does not let go of the streams of a session that is over");
  }

  #onStream(stream: IncomingStream, sessionId: number): void {
    const session = this.#sessions.get(sessionId);
    if (session) return session.onStream(stream);
    if (!this.#mayBecome(sessionId)) return this.#drop(stream);
    if (this.#earlyStreams.full) return this.#reject(stream);
    this.#earlyStreams.add(sessionId, stream, this.#owner.within(WEBTRANSPORT_EARLY_MS));
  }

  /** Ends a stream whose session may yet come: then FIN would look like an empty answer. */
  #reject({ receive, send }: IncomingStream): void {
    receive.stop();
    send?.abandon();
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
    if (this.#supported === false) return false;
    return this.#places.has(sessionId) || this.#owner.awaits(sessionId);
  }

  async #readDatagrams(): Promise<void> {
    const { quic } = this;
    for (let bytes = await quic.readDatagram(); bytes; bytes = await quic.readDatagram()) {
      const { streamId, payload } = this.#owner.datagram(bytes);
      const session = this.#sessions.get(streamId);
      if (session) session.onDatagram(payload);
      else if (this.#mayBecome(streamId)) this.#holdDatagram(streamId, payload);
    }
  }

  #holdDatagram(sessionId: number, payload: Uint8Array): void {
    if (this.#earlyDatagrams.full) return;
    this.#earlyDatagrams.add(sessionId, payload, this.#owner.within(WEBTRANSPORT_EARLY_MS));
  }
}

const USELESS_STREAMS = "streams without a session";
