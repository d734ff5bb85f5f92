/**
 * {@link Client} that speaks HTTP/3: our frames and QPACK over Deno's own QUIC.
 *
 * @module
 */

import type { Client, ClientRequest } from "./client.ts";
import { H3ClientConnection } from "./h3_client_connection.ts";
import { H3ClientExchange } from "./h3_client_stream.ts";

/** Makes all requests on one connection, and connects again when that is over or going away. */
export class H3Client implements Client {
  readonly #url: string;
  readonly #serverName: string | undefined;
  readonly #connections: Promise<H3ClientConnection>[] = [];

  /**
   * @param url The server's; its host is an address.
   * @param serverName Name to ask for in TLS; none by default.
   */
  constructor(url: string, serverName?: string) {
    this.#url = url;
    this.#serverName = serverName;
  }

  async open(request: ClientRequest): Promise<H3ClientExchange> {
    return await H3ClientExchange.open(await this.connection(), new URL(this.#url).host, request);
  }

  /** The connection that the next request is made on. */
  async connection(): Promise<H3ClientConnection> {
    const last = this.#connections.at(-1);
    if ((await last)?.usable) return await last!;
    // Another request may have connected meanwhile.
    if (this.#connections.at(-1) !== last) return await this.connection();
    const connecting = H3ClientConnection.open(this.#url, this.#serverName);
    this.#connections.push(connecting);
    return await connecting;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connecting of this.#connections) await (await connecting).close();
  }
}
