/**
 * The guarded TCP driver: accepts connections itself, so that it can count them, wait for them, and cut them.
 *
 * Nothing a single connection does ends the loop that accepts the others.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import { formatAuthority } from "../address.ts";
import { Admission, type AdmissionLimits } from "../admission.ts";
import { ACCEPT_RETRY_MS } from "../limits.ts";
import type { ObservedProtocol, Observer } from "../observation.ts";
import type { ServeConnection } from "./guarded.ts";
import { DeadlineClock, type Expiring } from "./deadline_clock.ts";
import {
  type AcceptedConnection,
  type ConnectionSettings,
  GuardedConnection,
} from "./guarded_connection.ts";
import { RareReport } from "./rare_report.ts";
import type { Reporter } from "./serve_context.ts";

/** What a guarded listener needs. */
export interface GuardedOptions {
  /** Bound, and nobody else's. */
  readonly listener: Deno.Listener | Deno.TlsListener;
  /** The hook. */
  readonly serve: ServeConnection;
  /** How connections are served. */
  readonly connections: Omit<ConnectionSettings, "clock" | "onStall">;
  /** Milliseconds for a TLS handshake. */
  readonly handshakeMs: number;
  /** Caps. */
  readonly limits: AdmissionLimits;
  /** Tells the operator that the system does not let us accept connections. */
  warn(message: string): void;
  /** Where connections are reported that end otherwise than they should. */
  readonly reporter: Pick<Reporter, "connectionClosed">;
  /** Is told of connections. */
  readonly observer: Observer | null;
}

/**
 * Turns of the event loop without a new connection before a listener is closed, for the system resets what is queued
 * then; and turns in which what was accepted is read.
 */
const LAST_TURNS = 5;

/** Milliseconds after which a listener is closed even if connections come without a pause. */
const LAST_CONNECTIONS_MS = 250;

/** Accepts and guards the connections of one listener. */
export class GuardedListener {
  /** Settles when the listener and all its connections are closed, but for WebSockets, which others see to. */
  readonly finished: Promise<void>;
  readonly #options: GuardedOptions;
  readonly #settings: ConnectionSettings;
  readonly #clock = new DeadlineClock();
  readonly #admission: Admission;
  readonly #refusals: RareReport;
  readonly #warnings: RareReport;
  readonly #connections = new Set<GuardedConnection>();
  readonly #handshakes = new Set<Handshake>();
  readonly #over = Promise.withResolvers<void>();
  readonly #closing = new AbortController();
  #open = true;
  /** Connections ever. */
  #accepted = 0;
  #stopped: Promise<void> | undefined;

  constructor(options: GuardedOptions) {
    this.#options = options;
    const { reporter } = options;
    this.#admission = new Admission(options.limits);
    this.#warnings = new RareReport((_client, message) => options.warn(message));
    this.#refusals = new RareReport((client, reason) => reporter.connectionClosed(client, reason));
    this.#settings = {
      ...options.connections,
      clock: this.#clock,
      onStall: (client, reason) => this.#refusals.report(addressText(client), reason),
    };
    this.finished = this.#over.promise;
    this.#accept();
  }

  /** Connections that count, WebSockets and those in their handshake included. */
  get connections(): number {
    return this.#admission.total;
  }

  /**
   * Closes the listener, after what is queued was accepted, and then has clients leave, so that they do not come back to
   * it. What they still send is served. Settles when it is closed.
   */
  goaway(): Promise<void> {
    return this.#stopped ??= this.#stopAccepting();
  }

  /** Closes the listener, then every connection as soon as nothing is in progress on it. */
  async shutdown(): Promise<void> {
    await this.goaway();
    for (const handshake of this.#handshakes) handshake.drop();
    for (const connection of this.#connections) connection.leave();
    await this.finished;
  }

  /** Closes the listener, and cuts all that can be cut. */
  abort(): void {
    this.#close();
    for (const handshake of this.#handshakes) handshake.drop();
    for (const connection of this.#connections) connection.cut();
  }

  async #stopAccepting(): Promise<void> {
    const end = this.#clock.now() + LAST_CONNECTIONS_MS;
    for (let quiet = 0; quiet < LAST_TURNS && this.#open && this.#clock.now() < end; quiet++) {
      const before = this.#accepted;
      await delay(0);
      if (this.#accepted !== before) quiet = -1;
    }
    this.#close();
    for (const connection of this.#connections) connection.announceEnd();
    for (let turn = 0; turn < LAST_TURNS; turn++) await delay(0);
  }

  #close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#closing.abort();
    this.#options.listener.close();
    this.#checkOver();
  }

  #checkOver(): void {
    if (!this.#open && this.#connections.size + this.#handshakes.size === 0) this.#over.resolve();
  }

  async #accept(): Promise<void> {
    const { listener } = this.#options;
    while (this.#open) {
      try {
        const conn = await listener.accept();
        this.#accepted++;
        this.#admit(conn);
      } catch (error) {
        if (!this.#open) return;
        if (isClients(error)) continue;
        this.#warnings.report("", `Cannot accept connections: ${error}; trying again`);
        await delay(ACCEPT_RETRY_MS, { signal: this.#closing.signal }).catch(() => {}); // closed meanwhile
      }
    }
  }

  #admit(conn: Deno.Conn): void {
    const client = conn.remoteAddr;
    const refusal = this.#admission.admit(hostnameOf(client));
    if (refusal !== null) {
      conn.close();
      return this.#refusals.report(addressText(client), refusal);
    }
    if ("handshake" in conn) this.#shakeHands(conn as Deno.TlsConn);
    else this.#serve({ conn, alpn: null });
  }

  async #shakeHands(conn: Deno.TlsConn): Promise<void> {
    const handshake = new Handshake(conn, () => this.#reportSlow(conn));
    this.#handshakes.add(handshake);
    this.#clock.add(handshake, this.#options.handshakeMs);
    const { remoteAddr } = conn;
    const alpn = await handshake.done;
    this.#clock.delete(handshake);
    this.#handshakes.delete(handshake);
    if (alpn === null) {
      handshake.drop();
      this.#admission.release(hostnameOf(remoteAddr));
    } else this.#serve({ conn, alpn });
    this.#checkOver();
  }

  #reportSlow({ remoteAddr }: Deno.TlsConn): void {
    const reason = "it did not complete the TLS handshake in time (ssl_handshake_timeout)";
    this.#refusals.report(addressText(remoteAddr), reason);
  }

  #serve(accepted: AcceptedConnection): void {
    const { observer, serve } = this.#options;
    const { remoteAddr } = accepted.conn;
    const protocol: ObservedProtocol = accepted.alpn === "h2" ? "h2" : "h11";
    let connection: GuardedConnection;
    try {
      connection = new GuardedConnection(accepted, serve, this.#settings);
    } catch (error) { // the client is gone already
      this.#admission.release(hostnameOf(remoteAddr));
      return this.#refusals.report(addressText(remoteAddr), `it cannot be served: ${error}`);
    }
    this.#connections.add(connection);
    if (!this.#open) connection.announceEnd();
    observer?.connected?.(protocol);
    const closed = () => {
      this.#admission.release(hostnameOf(remoteAddr));
      observer?.disconnected?.(protocol);
    };
    connection.finished.then(() => {
      this.#connections.delete(connection);
      this.#checkOver();
      this.#whenSocketCloses(connection, closed);
    });
  }

  async #whenSocketCloses({ websocket }: GuardedConnection, closed: () => void): Promise<void> {
    if (websocket?.readyState === WebSocket.CONNECTING) await delay(0); // its event may be under way
    const state = websocket?.readyState ?? WebSocket.CLOSED;
    // It never opens when its client left before; there is no event for that.
    if (state === WebSocket.CONNECTING || state === WebSocket.CLOSED) return closed();
    websocket!.addEventListener("close", closed, { once: true });
  }
}

/** A TLS handshake under a time-out. */
class Handshake implements Expiring {
  deadline = Infinity;
  /** Settles with what was agreed on, or `null` when that comes too late or not at all. Never rejects. */
  readonly done: Promise<"h2" | "http/1.1" | null>;
  readonly #conn: Deno.TlsConn;
  readonly #onSlow: () => void;
  #late = false;

  constructor(conn: Deno.TlsConn, onSlow: () => void) {
    this.#conn = conn;
    this.#onSlow = onSlow;
    this.done = conn.handshake().then(
      ({ alpnProtocol }) => this.#late ? null : alpnProtocol === "h2" ? "h2" : "http/1.1",
      () => null, // no news: port scanners do it all day
    );
  }

  /**
   * Too late. The runtime does not let go of a socket before its handshake is over, not even when it is closed; it would
   * only stop telling us. So the connection goes on to count against the limits until its client leaves.
   */
  expire(): void {
    this.#late = true;
    this.#onSlow();
  }

  /** Closes the connection as far as the runtime does that. */
  drop(): void {
    this.#late = true;
    try {
      this.#conn.close();
    } catch { /* it is closed */ }
  }
}

/** Whether `accept()` failed for a client that is gone already: the next one must not wait for that. */
function isClients(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.ConnectionReset;
}

function addressText(address: Deno.Addr): string {
  return "hostname" in address ? formatAuthority(address.hostname, address.port) : "unix";
}

function hostnameOf(address: Deno.Addr): string | null {
  return "hostname" in address ? address.hostname : null;
}
