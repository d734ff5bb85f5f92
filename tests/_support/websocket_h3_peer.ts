/**
 * A scriptable WebSocket client over HTTP/3 on the QUIC in memory, and servers for handlers of WebSockets.
 *
 * @module
 */

import type { WebSocketExchange, WebSocketHandler } from "../../src/exchange.ts";
import { combineField, type Field, type FieldList, hasField } from "../../src/fields.ts";
import { encodeFrame as encodeH3Frame, FRAME } from "../../src/h3/mod.ts";
import { ZLIB } from "../../src/protocol/deflate_codec.ts";
import type { Received } from "../../src/websocket/events.ts";
import { MessageReader } from "../../src/websocket/message_reader.ts";
import { answer, H3Harness, LONG_TIMEOUTS, type TestSettings } from "./h3_harness.ts";
import { FakeClock } from "./h3_clock.ts";
import { type H3Peer, type PeerExchange, requestFields } from "./h3_peer.ts";
import { looseLimits } from "./request_limits.ts";
import {
  closePayload,
  encodeFrame,
  type FrameOptions,
  OP,
  type Payload,
} from "./websocket_client.ts";

/** Settings of a server whose time is the test's. */
export type SocketSettings = Omit<TestSettings, "timeouts" | "limits"> & {
  readonly timeouts?: Partial<typeof LONG_TIMEOUTS>;
  readonly limits?: Parameters<typeof looseLimits>[0];
};

/** A server for a handler of WebSockets that answers requests with nothing, and its clock. */
export function serveSockets(
  websocket: WebSocketHandler,
  { timeouts = {}, limits = {}, ...settings }: SocketSettings = {},
): { readonly server: H3Harness; readonly clock: FakeClock } {
  const clock = new FakeClock();
  const server = new H3Harness({ http: (exchange) => answer(exchange), websocket }, {
    ...settings,
    timeouts: { ...LONG_TIMEOUTS, ...timeouts },
    limits: looseLimits({ ...limits, clock }),
  });
  return { server, clock };
}

/** Receives until the end; returns what came, e.g. `["hi", "close 1000 bye"]`. */
export async function receiveAll(exchange: WebSocketExchange): Promise<string[]> {
  const received: string[] = [];
  for (;;) {
    const event = await exchange.receive();
    if (event.type === "close") {
      received.push(`close ${event.code} ${event.reason}`.trimEnd());
      return received;
    }
    received.push(typeof event.data === "string" ? event.data : `${event.data.length} bytes`);
  }
}

/** Field lines of a handshake; the version is 13 unless they say otherwise. */
export function handshakeFields(fields: FieldList = [], path = "/"): FieldList {
  const lines: Field[] = [...requestFields({ method: "CONNECT", path }), [
    ":protocol",
    "websocket",
  ]];
  if (!hasField(fields, "sec-websocket-version")) lines.push(["sec-websocket-version", "13"]);
  return [...lines, ...fields];
}

/** One WebSocket of the client. */
export class SocketPeer {
  /** The stream below. */
  readonly exchange: PeerExchange;

  /** Sends a handshake. */
  constructor(peer: H3Peer, fields: FieldList = []) {
    this.exchange = peer.open().headers(handshakeFields(fields));
  }

  /** Sends a handshake, and waits until it is accepted. */
  static async open(peer: H3Peer, fields: FieldList = []): Promise<SocketPeer> {
    const socket = new SocketPeer(peer, fields);
    await socket.exchange.until(() => socket.exchange.status === 200, "200 to the handshake");
    return socket;
  }

  /** Sends a frame. */
  frame(opcode: number, payload?: Payload, options?: FrameOptions): this {
    this.exchange.data(encodeFrame(opcode, payload, options));
    return this;
  }

  /** Sends a text; settles when the server's transport has room for it. */
  taken(text: string): Promise<void> {
    return this.exchange.stream.write(encodeH3Frame(FRAME.DATA, encodeFrame(OP.text, text)));
  }

  /** Sends a message. */
  send(data: Payload): this {
    return this.frame(typeof data === "string" ? OP.text : OP.binary, data);
  }

  /** Sends a compressed message. @param deflated DEFLATE up to a sync flush. */
  compressed(deflated: Uint8Array, opcode: number = OP.binary): this {
    return this.frame(opcode, deflated.subarray(0, -4), { reserved: 4 });
  }

  /** What was agreed on; `null` for nothing. */
  get extensions(): string | null {
    return combineField(this.exchange.fields, "sec-websocket-extensions") ?? null;
  }

  /** Sends a Close frame. */
  close(code = 1000, reason = ""): this {
    return this.frame(OP.close, closePayload(code, reason));
  }

  /** Everything that came, e.g. `["text hi", "ping", "close 1000 bye"]`. */
  get heard(): string[] {
    const reader = new MessageReader({
      role: "client",
      maxMessageSize: 2 ** 30,
      maxFragments: Infinity,
      codec: this.extensions === null ? null : ZLIB,
    });
    reader.receive(this.exchange.content);
    const heard: string[] = [];
    for (let event = reader.next(); event !== null; event = reader.next()) {
      heard.push(describe(event).trimEnd());
    }
    return heard;
  }

  /** Settles when `count` frames came; returns all of them. */
  async hears(count: number): Promise<string[]> {
    const enough = () => this.heard.length >= count;
    await this.exchange.until(enough, `${count} frames`);
    return this.heard;
  }

  /** Settles when the server has sent FIN; returns everything that came. */
  async ended(): Promise<string[]> {
    await this.exchange.until(() => this.exchange.complete, "FIN");
    return this.heard;
  }
}

function describe(event: Received): string {
  switch (event.type) {
    case "message":
      return typeof event.data === "string" ? `text ${event.data}` : `${event.data.length} bytes`;
    case "close":
      return `close ${event.code} ${event.reason}`;
    default:
      return `${event.type} ${new TextDecoder().decode(event.payload)}`;
  }
}
