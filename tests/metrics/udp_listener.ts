/**
 * A UDP service on loopback that keeps what it is sent.
 *
 * @module
 */

import { createSocket, type Socket } from "node:dgram";
import { eventually } from "../_support/waiting.ts";

/** Receives datagrams as text. */
export class UDPListener implements AsyncDisposable {
  /** What has come, in order. */
  readonly received: string[] = [];
  /** Where to send, `host:port`. */
  readonly authority: string;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const { address, port } = socket.address();
    this.authority = `${address.includes(":") ? `[${address}]` : address}:${port}`;
    socket.on("message", (datagram) => this.received.push(datagram.toString()));
  }

  /** Opens a port of the system's choice. */
  static async open(hostname = "127.0.0.1"): Promise<UDPListener> {
    const socket = createSocket(hostname.includes(":") ? "udp6" : "udp4");
    const bound = Promise.withResolvers<void>();
    socket.bind(0, hostname, () => bound.resolve());
    await bound.promise;
    return new UDPListener(socket);
  }

  /** The first `count` datagrams. */
  async take(count: number): Promise<string[]> {
    await eventually(() => this.received.length >= count, `${count} datagrams`);
    return this.received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#socket.close(() => closed.resolve());
    await closed.promise;
  }
}
