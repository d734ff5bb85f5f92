/**
 * What open WebSockets weigh that have nothing to say.
 *
 * @module
 */

import { H3ClientConnection } from "../../_support/h3_client_connection.ts";
import { type ServerCommand, ServerProcess } from "../../_support/server_process.ts";
import { WebSocketClient } from "../../_support/websocket_client.ts";
import { openWebSocketH3 } from "../../_support/websocket_h3_client.ts";
import type { MemoryReport } from "./apps.ts";
import { secure } from "./load.ts";

/** WebSockets that share a connection over HTTP/3; servers allow 100 streams. */
const SOCKETS_OF_A_CONNECTION = 100;

/** WebSockets that come first and stay, so that what a process needs once is not counted. */
const FIRST_SOCKETS = 100;

/** Handshakes at the same time. */
const BATCH = 50;

/** What each socket adds to its server's process, in bytes. */
export interface SocketWeight {
  /** Resident memory. */
  readonly resident: number;
  /** JavaScript objects and what they own. */
  readonly heap: number;
}

/** Asks for compression, which a server accepts or not; tests of it are elsewhere. */
const OFFER = { fields: { "sec-websocket-extensions": "permessage-deflate" } };

/** Opens sockets of one server and holds them. */
class Sockets implements AsyncDisposable {
  readonly #url: string;
  readonly #http3: boolean;
  readonly #clients: WebSocketClient[] = [];
  readonly #connections: H3ClientConnection[] = [];

  constructor(url: string, http3: boolean) {
    this.#url = url;
    this.#http3 = http3;
  }

  /** Opens more of them; each has had one message back and is idle since. */
  async open(count: number): Promise<void> {
    for (let opened = 0; opened < count; opened += BATCH) {
      const size = Math.min(BATCH, count - opened);
      const connection = this.#http3 ? await this.#connection() : null;
      await Promise.all(Array.from({ length: size }, () => this.#openOne(connection)));
    }
  }

  async #openOne(connection: H3ClientConnection | null): Promise<void> {
    const client = connection
      ? await openWebSocketH3(connection, OFFER)
      : await WebSocketClient.open(this.#url, OFFER);
    this.#clients.push(client);
    await client.send("hello");
    await client.next();
  }

  /** A connection with room for a batch. */
  async #connection(): Promise<H3ClientConnection> {
    if (this.#clients.length % SOCKETS_OF_A_CONNECTION === 0) {
      this.#connections.push(await H3ClientConnection.open(secure(this.#url)));
    }
    return this.#connections.at(-1)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#http3) { for (const client of this.#clients) client[Symbol.dispose](); }
    for (const connection of this.#connections) await connection.close();
  }
}

/** Weighs `count` sockets of a server that is started for it. */
export async function weighSockets(
  command: ServerCommand,
  port: number,
  http3: boolean,
  count: number,
): Promise<SocketWeight> {
  await using server = await ServerProcess.start(command, port);
  await using sockets = new Sockets(server.url, http3);
  await sockets.open(FIRST_SOCKETS);
  const before = await reportOf(server);
  await sockets.open(count);
  const after = await reportOf(server);
  return {
    resident: (after.resident - before.resident) / count,
    heap: (after.heap - before.heap) / count,
  };
}

/** Asks twice: the first answer is the first of its kind, with all that it makes the process load. */
async function reportOf({ url }: ServerProcess): Promise<MemoryReport> {
  await (await fetch(url)).json();
  return await (await fetch(url)).json();
}
