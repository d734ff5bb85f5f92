/**
 * The HTTP/3 driver: one QUIC listener, every connection on it, and its graceful end.
 *
 * @module
 */

import type { Application } from "../exchange.ts";
import { H3 } from "../h3/mod.ts";
import type { QuicIdentity, QuicListener } from "../quic/transport.ts";
import { H3ConnectionDriver } from "./h3_connection.ts";
import type { H3Counts, H3Settings } from "./h3_context.ts";

/** Serves one application over HTTP/3 on one UDP socket. */
export class H3Listener {
  /** Settles when the listener is closed and every connection over. Never rejects. */
  readonly finished: Promise<void>;
  readonly #listener: QuicListener;
  readonly #application: Application;
  readonly #settings: H3Settings;
  readonly #connections = new Set<H3ConnectionDriver>();
  #leaving = false;

  /** Starts accepting at once. */
  constructor(listener: QuicListener, application: Application, settings: H3Settings) {
    this.#listener = listener;
    this.#application = application;
    this.#settings = settings;
    this.finished = this.#acceptAll();
  }

  /** Refuses new connections and asks clients to send no new requests (GOAWAY, RFC 9114 §5.2); those that still come are served. */
  goaway(): void {
    this.#leaving = true;
    this.#listener.refuseNew();
    for (const connection of this.#connections) connection.goaway(false);
  }

  /** The graceful end: GOAWAY, then what is in progress finishes, then every connection closes with H3_NO_ERROR. */
  async shutdown(): Promise<void> {
    this.goaway();
    while (this.#connections.size > 0) {
      await Promise.all([...this.#connections].map((connection) => connection.shutdown()));
    }
    await this.#listener.close(H3.NO_ERROR, "");
    await this.finished;
  }

  /**
   * Shows new connections another certificate; those that are open live on with theirs.
   *
   * @throws {ConfigError} When it cannot be used; then the old one stays.
   */
  setIdentity(identity: QuicIdentity): void {
    this.#listener.setIdentity(identity);
  }

  /** Closes every connection at once, whatever is in progress. Also after `shutdown()`. */
  abort(): void {
    for (const connection of this.#connections) connection.close(H3.NO_ERROR, "shutting down");
    void this.#listener.close(H3.NO_ERROR, "shutting down");
  }

  /** What is in memory now. */
  counts(): H3Counts {
    let requests = 0;
    let streams = 0;
    for (const connection of this.#connections) {
      requests += connection.requests;
      streams += connection.streams;
    }
    return { connections: this.#connections.size, requests, streams };
  }

  async #acceptAll(): Promise<void> {
    for (;;) {
      const connection = await this.#listener.accept();
      if (connection === null) break;
      const driver = new H3ConnectionDriver(connection, this.#application, this.#settings);
      this.#connections.add(driver);
      if (this.#leaving) driver.goaway(false); // its handshake was done just before
      void driver.finished.then(() => this.#connections.delete(driver));
    }
    await Promise.all([...this.#connections].map((connection) => connection.finished));
  }
}
