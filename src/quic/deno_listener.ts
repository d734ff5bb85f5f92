/**
 * A listener on Deno's QUIC API: the accept loop and the handshakes.
 *
 * @module
 */

import { formatAuthority } from "../address.ts";
import type { NetAddress } from "../exchange.ts";
import { MAX_TIMER_DELAY_MS } from "../limits.ts";
import { type Backend, type BackendName, DenoQuicConnection } from "./deno_connection.ts";
import { identityError, ignore, messageOf } from "./deno_errors.ts";
import type { QuicConnection, QuicIdentity, QuicListener, QuicListenOptions } from "./transport.ts";

/** Milliseconds that the runtime gets to send what `close` queued. */
const FLUSH_DELAY = 10;

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
  readonly #ready: QuicConnection[] = [];
  #waiting: ((connection: QuicConnection | null) => void) | null = null;
  #refusing: string | null = null;
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
    this.#refusing = "The server is stopping";
  }

  /** Closes everything. */
  close(code: number, reason: string): Promise<void> {
    return this.#closing ??= this.#closeAll(code, reason);
  }

  async #closeAll(code: number, reason: string): Promise<void> {
    this.#refusing = "The server is stopping";
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
    let refusal = this.#refusal();
    try {
      if (refusal === null) this.#start(incoming.accept({ zeroRtt: true }));
      else incoming.refuse();
    } catch (error) {
      refusal ??= messageOf(error); // e.g. no common protocol
    }
    if (refusal !== null) this.#options.onRefused(refusal, null);
  }

  #refusal(): string | null {
    const { maxHandshakes, maxConnections } = this.#options;
    if (this.#refusing !== null) return this.#refusing;
    if (this.#handshakes.size >= maxHandshakes) return `${maxHandshakes} handshakes are open`;
    const connections = this.#open.size + this.#handshakes.size;
    return connections >= maxConnections ? `${maxConnections} connections are open` : null;
  }

  #start(connection: Deno.QuicConn): void {
    const { hostname, port } = connection.remoteAddr;
    const done = this.#handshake(connection).then((failure) => {
      this.#handshakes.delete(connection);
      if (failure === null) this.#offer(connection);
      else this.#options.onRefused(failure, formatAuthority(hostname, port));
    });
    this.#handshakes.set(connection, done);
  }

  /** Waits for the end of the handshake: `null`, or why it failed. */
  async #handshake(connection: Deno.QuicConn): Promise<string | null> {
    const { handshakeTimeout } = this.#options;
    let failure: string | null = null;
    const timer = setTimeout(() => {
      failure = `The handshake took more than ${handshakeTimeout} s`;
      connection.close({ closeCode: 0, reason: "handshake timeout" });
    }, Math.min(handshakeTimeout * 1000, MAX_TIMER_DELAY_MS));
    const ended = connection.closed.then(
      ({ reason }) => reason || "The connection was closed",
      messageOf,
    ).then((reason) => failure ??= reason);
    await Promise.race([connection.handshake, ended]).catch(ignore);
    // `handshake` also fulfils when it failed; there is no protocol then, and the end is near.
    if (connection.protocol === undefined) await ended;
    clearTimeout(timer);
    return failure;
  }

  #offer(native: Deno.QuicConn): void {
    const connection = new DenoQuicConnection(native, this.#backend, this.addr);
    this.#open.add(connection);
    connection.closed.then(() => this.#open.delete(connection));
    if (this.#closing !== null) return connection.close(0, "");
    const waiting = this.#waiting;
    if (waiting === null) return void this.#ready.push(connection);
    this.#waiting = null;
    waiting(connection);
  }
}
