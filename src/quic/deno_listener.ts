/**
 * A listener on Deno's QUIC API: the accept loop and the handshakes.
 *
 * @module
 */

import { formatAuthority } from "../address.ts";
import { Admission } from "../admission.ts";
import type { NetAddress } from "../exchange.ts";
import { MAX_TIMER_DELAY_MS } from "../limits.ts";
import { type Backend, type BackendName, DenoQuicConnection } from "./deno_connection.ts";
import { identityError, ignore, messageOf } from "./deno_errors.ts";
import type {
  QuicConnection,
  QuicIdentity,
  QuicListener,
  QuicListenOptions,
  QuicRefusal,
} from "./transport.ts";

/** Milliseconds that the runtime gets to send what `close` queued. */
const FLUSH_DELAY = 10;

/** A refusal, whoever it is about. */
type Failure = Pick<QuicRefusal, "cause" | "reason">;

/** A bound UDP socket. */
export class DenoQuicListener implements QuicListener {
  /** The real address. */
  readonly addr: NetAddress;
  /** `null` once closed: the runtime gives the port back when it collects the endpoint. */
  #endpoint: Deno.QuicEndpoint | null;
  readonly #options: QuicListenOptions;
  readonly #backend: Backend;
  /** One per identity. All stay: a collected one would stop the endpoint from accepting. */
  readonly #listeners: Deno.QuicListener[] = [];
  readonly #handshakes = new Map<Deno.QuicConn, Promise<void>>();
  readonly #open = new Set<DenoQuicConnection>();
  readonly #admission: Admission;
  readonly #ready: QuicConnection[] = [];
  #waiting: ((connection: QuicConnection | null) => void) | null = null;
  #refusing = false;
  #closing: Promise<void> | null = null;
  readonly #accepting: Promise<void>;

  /**
   * Starts to accept on an endpoint, and takes it over.
   *
   * @throws {ConfigError} When the runtime does not take the identity; closing the endpoint is up to the caller then.
   */
  constructor(endpoint: Deno.QuicEndpoint, options: QuicListenOptions, backend: Backend) {
    const { hostname, port } = endpoint.addr;
    this.addr = { hostname, port };
    this.#endpoint = endpoint;
    this.#options = options;
    this.#backend = backend;
    this.#admission = new Admission({
      total: options.maxConnections,
      perClient: options.maxConnectionsPerClient,
    });
    this.setIdentity(options);
    this.#accepting = this.#acceptAll(this.#listeners[0]!);
  }

  /** How streams are read and written. */
  get backend(): BackendName {
    return this.#backend.name;
  }

  /** Connections that are open, accepted or not, and those whose handshake is not done. */
  get counts(): { readonly open: number; readonly handshakes: number } {
    return { open: this.#open.size, handshakes: this.#handshakes.size };
  }

  /** Next connection. */
  accept(): Promise<QuicConnection | null> {
    const connection = this.#ready.shift();
    if (connection !== undefined) return Promise.resolve(connection);
    if (this.#closing !== null) return Promise.resolve(null);
    return new Promise((resolve) => this.#waiting = resolve);
  }

  /**
   * Uses another certificate for new connections.
   *
   * @throws {ConfigError} When the runtime does not take it; the one before stays in use.
   */
  setIdentity({ cert, key }: QuicIdentity): void {
    const options = this.#options;
    if (this.#endpoint === null) return;
    try {
      this.#listeners.push(this.#endpoint.listen({
        cert,
        key,
        alpnProtocols: [...options.alpnProtocols],
        maxConcurrentBidirectionalStreams: options.maxBidirectionalStreams,
        maxConcurrentUnidirectionalStreams: options.maxUnidirectionalStreams,
        maxIdleTimeout: Math.round(options.idleTimeout * 1000),
      }));
    } catch (error) {
      throw identityError(error);
    }
  }

  /** Refuses new connections. */
  refuseNew(): void {
    this.#refusing = true;
  }

  /** Closes everything. */
  close(code: number, reason: string): Promise<void> {
    return this.#closing ??= this.#closeAll(code, reason);
  }

  async #closeAll(code: number, reason: string): Promise<void> {
    this.#refusing = true;
    this.#ready.length = 0;
    this.#waiting?.(null);
    const handshakes = [...this.#handshakes.values()];
    for (const connection of this.#handshakes.keys()) connection.close({ closeCode: code, reason });
    const connections = [...this.#open];
    for (const connection of connections) connection.close(code, reason);
    this.#endpoint?.close({ closeCode: code, reason });
    this.#endpoint = null;
    this.#listeners.length = 0;
    const closed = connections.map((connection) => connection.closed);
    await Promise.all([this.#accepting, ...handshakes, ...closed]);
    await new Promise((resolve) => setTimeout(resolve, FLUSH_DELAY)); // a program may exit right after
  }

  /** Ends when the endpoint is closed. One listener gets the connections of all. */
  async #acceptAll(listener: Deno.QuicListener): Promise<void> {
    for (;;) {
      let incoming: Deno.QuicIncoming;
      try {
        incoming = await listener.incoming();
      } catch {
        return;
      }
      this.#admit(incoming);
    }
  }

  #admit(incoming: Deno.QuicIncoming): void {
    // Nothing may be asked of `incoming` before: each of its getters uses it up.
    const refusal = this.#refusal();
    if (refusal !== null) return this.#refuse(incoming, refusal);
    try {
      this.#start(incoming.accept({ zeroRtt: true }));
    } catch (error) { // e.g. no common protocol
      this.#tell("handshake", messageOf(error), null);
    }
  }

  /** Why nobody gets in now, whoever it is. */
  #refusal(): Failure | null {
    const { maxHandshakes } = this.#options;
    if (this.#refusing) return { cause: "stopping", reason: "the server is stopping" };
    const reason = this.#handshakes.size < maxHandshakes
      ? this.#admission.full
      : `${maxHandshakes} handshakes are open, which is the limit`;
    return reason === null ? null : { cause: "limit", reason };
  }

  #refuse(incoming: Deno.QuicIncoming, { cause, reason }: Failure): void {
    try {
      incoming.refuse();
    } catch { /* nobody waits for it any more */ }
    this.#tell(cause, reason, null);
  }

  #tell(cause: QuicRefusal["cause"], reason: string, client: string | null): void {
    this.#options.onRefused({ cause, reason, client });
  }

  #start(connection: Deno.QuicConn): void {
    const { hostname, port } = connection.remoteAddr; // which changes when the client moves
    const client = formatAuthority(hostname, port);
    const refusal = this.#admission.admit(hostname);
    if (refusal !== null) {
      connection.close({ closeCode: 0, reason: "" });
      return this.#tell("limit", refusal, client);
    }
    const handshake = this.#handshake(connection).then((failure) => {
      this.#handshakes.delete(connection);
      if (failure === null) return this.#offer(connection, hostname);
      this.#admission.release(hostname);
      this.#tell(failure.cause, failure.reason, client);
    });
    this.#handshakes.set(connection, handshake);
  }

  /** Waits for the end of the handshake: `null`, or why it failed. */
  async #handshake(
    connection: Deno.QuicConn,
  ): Promise<Failure | null> {
    const { handshakeTimeout } = this.#options;
    let failure: Failure | null = null;
    const timer = setTimeout(() => {
      const reason = `it did not complete the handshake within ${handshakeTimeout} s`;
      failure = { cause: "limit", reason };
      connection.close({ closeCode: 0, reason: "handshake timeout" });
    }, Math.min(handshakeTimeout * 1000, MAX_TIMER_DELAY_MS));
    const ended = connection.closed.then(
      ({ reason }) => reason || "the connection was closed",
      messageOf,
    ).then((reason) => {
      const cause = this.#refusing ? "stopping" : "handshake";
      failure ??= { cause, reason };
    });
    await Promise.race([connection.handshake, ended]).catch(ignore);
    // `handshake` also fulfils when it failed; there is no protocol then, and the end is near.
    if (connection.protocol === undefined) await ended;
    clearTimeout(timer);
    return failure;
  }

  /** @param admitted Address that a place was taken for. */
  #offer(native: Deno.QuicConn, admitted: string): void {
    const connection = new DenoQuicConnection(native, this.#backend, this.addr);
    this.#open.add(connection);
    connection.closed.then(() => {
      this.#open.delete(connection);
      this.#admission.release(admitted);
    });
    if (this.#closing !== null) return connection.close(0, "");
    const waiting = this.#waiting;
    if (waiting === null) return void this.#ready.push(connection);
    this.#waiting = null;
    waiting(connection);
  }
}
