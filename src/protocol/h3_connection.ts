/**
 * One HTTP/3 connection: its critical streams, its requests, and every way it can end.
 *
 * @module
 */

import { formatAuthority } from "../address.ts";
import type { Application, PeerInfo } from "../exchange.ts";
import {
  type ConnectionEvent,
  errorName,
  H3,
  H3Connection,
  H3Error,
  type HttpDatagram,
  sendOrder,
  type WebTransportStart,
} from "../h3/mod.ts";
import { MAX_TIMER_DELAY_MS, QPACK_BLOCKED_STREAMS, QPACK_TABLE_BYTES } from "../limits.ts";
import {
  ConnectionLostError,
  type QuicBidirectionalStream,
  type QuicConnection,
  type QuicReceiveStream,
} from "../quic/transport.ts";
import type { H3Owner, H3Settings, StreamEvents } from "./h3_context.ts";
import { H3CriticalStreams } from "./h3_critical_streams.ts";
import { H3Deadlines, type TimedConnection } from "./h3_deadlines.ts";
import { H3Gate } from "./h3_gate.ts";
import { H3Request } from "./h3_request.ts";
import { readUnidirectional, type UnidirectionalOwner } from "./h3_unidirectional.ts";
import { WebTransportConnection, type WebTransportOwner } from "./webtransport_connection.ts";

/**
 * Milliseconds a client has to close the connection itself after the last response. The transport does not tell what
 * has arrived, and closing drops what has not.
 */
const LINGER_MS = 1_000;

/**
 * Milliseconds between a reset of a request and the STOP_SENDING for its response, which may come in another packet, or
 * be lost and sent again.
 */
const LATE_STOP_MS = 1_000;

/** QUIC has no other (RFC 9001 §4.2). */
const TLS_1_3 = 0x0304;

/** What a connection is to the parts it is made of. */
interface Roles
  extends H3Owner, StreamEvents, TimedConnection, UnidirectionalOwner, WebTransportOwner {}

/** Drives one connection. */
export class H3ConnectionDriver implements Roles {
  readonly settings: H3Settings;
  readonly gate: H3Gate;
  readonly webtransport: WebTransportConnection | null;
  taken = 0;
  /** Settles when the connection and all its streams are over; handlers that were told so may run on. Never rejects. */
  readonly finished: Promise<void>;
  readonly #quic: QuicConnection;
  readonly #application: Application;
  readonly #machine: H3Connection;
  readonly #critical: H3CriticalStreams;
  readonly #peer: PeerInfo;
  readonly #streams = new Map<number, H3Request>();
  readonly #deadlines: H3Deadlines;
  /** Id of the last bidirectional stream of the client. */
  #lastStream = -1;
  /** When the last request stream with a whole response ended, by the clock of the settings. */
  #lastEnd = -Infinity;
  /** When the last request ended, or the connection began. */
  #idleSince: number;
  #idle: PromiseWithResolvers<void> | undefined;
  /** What the connection is going to be closed with, other than H3_NO_ERROR. */
  #fault: H3Error | null = null;
  #over = false;

  constructor(quic: QuicConnection, application: Application, settings: H3Settings) {
    this.#quic = quic;
    this.#application = application;
    this.settings = settings;
    const offers = settings.webtransport.maxSessions > 0 && application.webtransport !== undefined;
    this.#machine = newMachine(settings, offers);
    this.gate = new H3Gate(settings.maxConcurrentRequests);
    this.webtransport = offers
      ? new WebTransportConnection(quic, settings.webtransport, this)
      : null;
    this.#critical = new H3CriticalStreams(quic, this.#machine, (error) => this.fail(error));
    const { peer, serverName } = quic;
    this.#peer = {
      client: peer.client,
      server: peer.server,
      tls: { version: TLS_1_3, serverName },
    };
    const { clock } = settings.limits;
    this.#idleSince = clock.now();
    this.#deadlines = new H3Deadlines(this, clock, settings.timeouts);
    settings.observer?.connected?.("h3");
    this.finished = this.#run();
  }

  /** Handlers that run. */
  get requests(): number {
    return this.gate.taken;
  }

  /** Streams with a half that is not over, see `H3Counts`. */
  get streams(): number {
    return this.#streams.size + (this.webtransport?.streams ?? 0);
  }

  get over(): boolean {
    return this.#over;
  }

  get idleSince(): number | null {
    return this.#streams.size === 0 ? this.#idleSince : null;
  }

  flush(): void {
    this.#critical.writeNow();
  }

  acknowledge(): void {
    this.#critical.acknowledge();
  }

  spend(what: string): void {
    if (!this.#over) this.#try(() => this.#machine.spend(what));
  }

  fail(error: unknown): void {
    if (this.#over || error instanceof ConnectionLostError) return; // the transport says so itself
    if (error instanceof H3Error) {
      this.#report(`${errorName(error.code)}: ${error.message}`);
      this.close(error.code, error.message);
    } else {
      this.settings.reporter.failed(error, "", "");
      this.close(H3.INTERNAL_ERROR, "internal error");
    }
  }

  breakOff(reason: string): void {
    const message = "a response was broken off";
    this.#endSoon(new H3Error(H3.INTERNAL_ERROR, message), `${message}: ${reason}`);
  }

  giveUp(reason: string): void {
    const error = new H3Error(H3.EXCESSIVE_LOAD, `Cannot go on: ${reason}`);
    this.#endSoon(error, `${errorName(error.code)}: ${error.message}`);
  }

  within(milliseconds: number): number {
    return this.#deadlines.within(milliseconds);
  }

  look(now: number): number {
    let next = Infinity;
    this.#try(() => {
      for (const request of [...this.#streams.values()]) next = Math.min(next, request.look(now));
      if (this.webtransport) next = Math.min(next, this.webtransport.look(now));
    });
    return next;
  }

  untilStopped(): Promise<void> {
    return within(this.#quic.closed, LATE_STOP_MS);
  }

  /** Announces the end (RFC 9114 §5.2): first without a limit, then with what was accepted so far. */
  goaway(final: boolean): void {
    if (this.#over) return;
    this.#machine.goaway(final);
    this.flush();
    this.webtransport?.leave();
    if (!final) return;
    for (const request of [...this.#streams.values()]) request.stopAnswered();
  }

  /** Lets what is in progress finish, then closes with H3_NO_ERROR, or an error when something was given up. */
  async shutdown(): Promise<void> {
    this.goaway(true);
    await this.#closeWhenIdle();
    await this.finished;
  }

  /** Closes the connection at once. */
  close(code: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.webtransport?.lose(); // before the transport ends their streams as if they were complete
    this.#quic.close(code, reason);
  }

  async #run(): Promise<void> {
    void this.#critical.open().catch((error) => this.fail(error));
    void readUnidirectional(this.#quic, this.#machine, this).catch((error) => this.fail(error));
    void this.#acceptRequests().catch((error) => this.fail(error));
    const end = await this.#quic.closed;
    this.#over = true;
    this.#deadlines.stop();
    this.settings.observer?.disconnected?.("h3");
    const lost = new ConnectionLostError(`The connection is over: ${end.reason || "closed"}`);
    if (end.by === "transport") this.settings.reporter.disconnected(lost, "", ""); // clients vanish all the time
    this.webtransport?.lose();
    for (const request of [...this.#streams.values()]) request.lose(lost);
    await this.#untilIdle();
  }

  #try(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.fail(error);
    }
  }

  onConnectionEvent(event: ConnectionEvent): void {
    if (event.type === "unblocked") this.#streams.get(event.streamId)?.unblock();
    else if (event.type === "priority") {
      const { streamId, priority } = event;
      this.#streams.get(streamId)?.stream.send.setSendOrder(sendOrder(priority, streamId));
    } else if (event.type === "settings") {
      this.webtransport?.onSettings(event.settings.webTransportSessions > 0);
      this.gate.settle();
    }
  }

  async #acceptRequests(): Promise<void> {
    for (;;) {
      const stream = await this.#quic.acceptBidirectional();
      if (stream === null) return;
      this.#lastStream = stream.id;
      // After GOAWAY sessions may still get streams: which it is, its first bytes say.
      if (this.accepts(stream.id) || this.webtransport?.active) this.#serve(stream);
      else {
        stream.receive.stop(); // the client may send it again elsewhere
        stream.send.abandon();
        this.#machine.turnAway(stream.id);
        this.webtransport?.dropEarly(stream.id);
      }
    }
  }

  #serve(stream: QuicBidirectionalStream): void {
    const machine = this.#machine.request(stream.id);
    const request = new H3Request(stream, machine, this, this.#peer, this.#application);
    this.#streams.set(stream.id, request);
    request.start();
  }

  accepts(streamId: number): boolean {
    return this.#machine.accepts(streamId);
  }

  awaits(streamId: number): boolean {
    if (!this.accepts(streamId)) return false;
    return streamId > this.#lastStream || this.#streams.get(streamId)?.judged === false;
  }

  datagram(bytes: Uint8Array): HttpDatagram {
    return this.#machine.datagram(bytes);
  }

  onSessionStream(stream: QuicBidirectionalStream, start: WebTransportStart): void {
    this.#forget(stream.id); // an open session has its request, and others keep no connection from being idle
    this.webtransport!.onBidirectional(stream, start);
  }

  onUnidirectional(stream: QuicReceiveStream, start: WebTransportStart): void {
    this.webtransport!.onUnidirectional(stream, start);
  }

  onOver(streamId: number, truncated: boolean): void {
    const now = this.settings.limits.clock.now();
    if (!truncated) this.#lastEnd = now;
    this.#idleSince = now;
    this.#forget(streamId);
  }

  /** A stream carries no request any more, or never did. */
  #forget(streamId: number): void {
    this.webtransport?.onNoSession(streamId);
    this.#streams.delete(streamId);
    if (this.#streams.size > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** As long as other requests last, but no longer than the graceful time. */
  #endSoon(fault: H3Error, report: string): void {
    if (this.#over || this.#fault) return;
    this.#fault = fault;
    this.#report(report);
    this.goaway(true);
    void this.#closeWhenIdle(this.settings.gracefulTimeout * 1000);
  }

  async #closeWhenIdle(milliseconds?: number): Promise<void> {
    await this.#untilIdle(milliseconds);
    if (this.webtransport?.cut()) await this.#untilIdle(LINGER_MS);
    const left = this.#lastEnd + LINGER_MS - this.settings.limits.clock.now();
    if (left > 0 && !this.#over) await within(this.#quic.closed, left);
    this.close(this.#fault?.code ?? H3.NO_ERROR, this.#fault?.message ?? "");
  }

  /** Settles when no request stream is open, or after `milliseconds`. */
  async #untilIdle(milliseconds?: number): Promise<void> {
    if (this.#streams.size === 0) return;
    this.#idle ??= Promise.withResolvers();
    const { promise } = this.#idle;
    await (milliseconds === undefined ? promise : within(promise, milliseconds));
  }

  #report(reason: string): void {
    const { client } = this.#quic.peer;
    const name = client ? formatAuthority(client.hostname, client.port) : "an unknown client";
    this.settings.reporter.connectionClosed(name, reason);
  }
}

function newMachine(settings: H3Settings, offers: boolean): H3Connection {
  const { maxConcurrentRequests, webtransport: { maxSessions, maxStreams } } = settings;
  return new H3Connection({
    qpackTableCapacity: QPACK_TABLE_BYTES,
    qpackBlockedStreams: QPACK_BLOCKED_STREAMS,
    maxFieldSectionSize: settings.maxFieldSectionSize,
    maxRequestStreams: maxConcurrentRequests + maxStreams,
    enableConnectProtocol: true,
    enableDatagrams: offers,
    webTransportSessions: offers ? maxSessions : 0,
    random: Math.random(),
  });
}

/** Settles with `promise`, or after `milliseconds`. */
async function within(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const delay = Math.min(milliseconds, MAX_TIMER_DELAY_MS);
  const late = new Promise((resolve) => timer = setTimeout(resolve, delay));
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
