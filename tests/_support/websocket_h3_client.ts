/**
 * {@link WebSocketClient} over HTTP/3: the same frames in the DATA of an extended CONNECT (RFC 9220).
 *
 * @module
 */

import { BrokenResponse, type ClientFields } from "./client.ts";
import { H3ClientConnection } from "./h3_client_connection.ts";
import { H3ClientExchange } from "./h3_client_stream.ts";
import {
  type ByteStream,
  type HandshakeAnswer,
  type HandshakeOptions,
  WebSocketClient,
} from "./websocket_client.ts";

/** Fields of a handshake of HTTP/1.1 that have no place here (RFC 8441 §5). */
const NOT_HERE = ["host", "connection", "upgrade", "sec-websocket-key"];

/** Connects by itself, whatever the answer will be. Leaving ends the connection. */
export async function connectWebSocketH3(
  url: string,
  options: HandshakeOptions = {},
  onConnection: (connection: H3ClientConnection) => void = () => {},
): Promise<WebSocketClient> {
  const connection = await H3ClientConnection.open(url);
  onConnection(connection);
  try {
    return await openWebSocketH3(connection, options, () => connection.close());
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/**
 * Sends a handshake on a connection that others use, too.
 *
 * @param leave How the client leaves without a word; default: it sends FIN, and reads no more of this stream.
 */
export async function openWebSocketH3(
  connection: H3ClientConnection,
  options: HandshakeOptions = {},
  leave?: () => Promise<void>,
): Promise<WebSocketClient> {
  const exchange = await H3ClientExchange.open(connection, "localhost", {
    method: options.method ?? "CONNECT",
    target: options.target ?? "/",
    fields: fieldsOf(options),
    content: "open",
  });
  if (options.ahead) await exchange.send(options.ahead);
  const { status, fields } = await exchange.head();
  const answer: HandshakeAnswer = { status, headers: new Headers(fields as [string, string][]) };
  const stream = new Tunnel(exchange, leave ?? (() => leaveStream(exchange)));
  return new WebSocketClient(stream, answer, new Uint8Array());
}

async function leaveStream(exchange: H3ClientExchange): Promise<void> {
  await exchange.finish();
  await exchange.stop();
}

function fieldsOf({ fields = {} }: HandshakeOptions): ClientFields {
  const all = { ":protocol": "websocket", "sec-websocket-version": "13", ...fields };
  return Object.entries(all).flatMap(([name, value]) => {
    if (value === null || NOT_HERE.includes(name)) return [];
    return [value].flat().map((one): [string, string] => [name, one]);
  });
}

/** The stream as bytes. */
class Tunnel implements ByteStream {
  readonly #exchange: H3ClientExchange;
  readonly #leave: () => Promise<void>;
  #left = false;

  constructor(exchange: H3ClientExchange, leave: () => Promise<void>) {
    this.#exchange = exchange;
    this.#leave = leave;
  }

  async read(): Promise<Uint8Array | null> {
    try {
      return await this.#exchange.read();
    } catch (error) {
      if (error instanceof BrokenResponse) return null;
      throw error;
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#exchange.send(bytes);
  }

  finish(): Promise<void> {
    return this.#exchange.finish();
  }

  close(): void {
    if (this.#left) return;
    this.#left = true;
    void this.#leave();
  }
}
