/**
 * A QUIC listener in memory: the test says who connects.
 *
 * @module
 */

import type { QuicConnection, QuicListener } from "../../src/quic/transport.ts";
import { fakeQuic, type FakeQuicClient, type FakeQuicOptions } from "./fake_quic.ts";
import { Queue } from "./fake_quic_network.ts";

/** The port's listener on `fakeQuic()`. */
export class FakeQuicListener implements QuicListener {
  readonly addr = { hostname: "127.0.0.1", port: 8443 };
  /** Whether the server refuses new connections. Those whose handshake was done before still come out of `accept`. */
  refusing = false;
  /** How the server closed it; `null` while it listens. */
  closedWith: { readonly code: number; readonly reason: string } | null = null;
  readonly #waiting = new Queue<QuicConnection>();
  readonly #connections: QuicConnection[] = [];

  /** A client whose handshake is done. */
  connect(options: FakeQuicOptions = {}): FakeQuicClient {
    const { connection, client } = fakeQuic(options);
    this.#connections.push(connection);
    this.#waiting.push(connection);
    return client;
  }

  accept(): Promise<QuicConnection | null> {
    return this.#waiting.next();
  }

  setIdentity(): void {}

  refuseNew(): void {
    this.refusing = true;
  }

  close(code: number, reason: string): Promise<void> {
    if (this.closedWith === null) {
      this.closedWith = { code, reason };
      for (const connection of this.#connections) connection.close(code, reason);
      this.#waiting.close();
    }
    return Promise.resolve();
  }
}
