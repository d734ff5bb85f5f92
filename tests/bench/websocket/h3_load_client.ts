/**
 * WebSocket messages over HTTP/3, on Deno's own QUIC by resource id: one line of JSON on standard output.
 *
 *     deno run -A h3_load_client.ts URL [--seconds 1] [--sockets 64] [--depth 8] [--bytes 32] [--binary] [--connections 4]
 *
 * As `load_client.js` does it: each message is a frame of RFC 6455 in a DATA frame of its own, all made once, and of what
 * comes back only the bytes are counted. It is JavaScript, and so is more than half of what a message costs it.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { parseArgs } from "node:util";
import { encodeFrame, FRAME, FrameReader } from "../../../src/h3/mod.ts";
import { encodeFrame as encodeWebSocketFrame, OPCODE } from "../../../src/websocket/mod.ts";
import { concat } from "../../_support/bytes.ts";
import { H3ClientConnection } from "../../_support/h3_client_connection.ts";
import { core, resourceOf } from "../h3/resources.ts";

const { values, positionals: [url = ""] } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "1" },
    sockets: { type: "string", default: "64" },
    depth: { type: "string", default: "8" },
    bytes: { type: "string", default: "32" },
    binary: { type: "boolean", default: false },
    connections: { type: "string", default: "4" },
  },
});

const READ_BYTES = 65_536;
const MASK = 0x37fa213d;
const FIELDS = [
  [":method", "CONNECT"],
  [":protocol", "websocket"],
  [":scheme", "https"],
  [":authority", "localhost"],
  [":path", "/"],
  ["sec-websocket-version", "13"],
] as const;

const depth = Number(values.depth);
const opcode = values.binary ? OPCODE.BINARY : OPCODE.TEXT;
const payload = new Uint8Array(Number(values.bytes)).fill(0x2a);
const frame = encodeFrame(FRAME.DATA, encodeWebSocketFrame({ opcode, payload }, MASK));
const batch = concat(Array<Uint8Array>(depth).fill(frame));
/** Content bytes that come back for a batch: a server does not mask. */
const replyBytes = encodeWebSocketFrame({ opcode, payload }).length * depth;

let messages = 0;
let failures = 0;

/** One WebSocket. */
class Socket {
  readonly #stream: Deno.QuicBidirectionalStream;
  readonly #sending: number;
  readonly #receiving: number;
  readonly #frames = new FrameReader({
    admit: (type) => type === FRAME.HEADERS ? "whole" : type === FRAME.DATA ? "parts" : "skip",
  });

  private constructor(stream: Deno.QuicBidirectionalStream) {
    this.#stream = stream;
    this.#sending = resourceOf(stream.writable);
    this.#receiving = resourceOf(stream.readable);
  }

  static async open(connection: H3ClientConnection): Promise<Socket> {
    const socket = new Socket(await connection.openStream());
    connection.hold(socket);
    const id = Number(socket.#stream.readable.id);
    await core.writeAll(socket.#sending, connection.encodeFields(id, FIELDS));
    const head = await socket.#next();
    const [[, status] = []] = await connection.decodeFields(id, head.payload);
    if (status !== "200") throw new Error(`The handshake was answered with ${status}`);
    return socket;
  }

  /** Sends messages until the end of the program. */
  async echo(): Promise<never> {
    for (;;) {
      await core.writeAll(this.#sending, batch.slice());
      let missing = replyBytes;
      while (missing > 0) missing -= (await this.#next()).payload.length;
      if (missing < 0) throw new Error("More came back than was sent");
      messages += depth;
    }
  }

  async #next(): Promise<{ readonly payload: Uint8Array }> {
    for (;;) {
      const frame = this.#frames.next();
      if (frame !== null) return frame;
      const buffer = new Uint8Array(READ_BYTES);
      const size = await core.read(this.#receiving, buffer);
      if (size === 0) throw new Error("The stream ended");
      this.#frames.receive(buffer.subarray(0, size));
    }
  }
}

function fail(error: unknown): void {
  if (failures++ === 0) console.error(error);
}

const count = Number(values.connections);
const connections = await Promise.all(
  Array.from({ length: count }, () => H3ClientConnection.open(url)),
);
const sockets = await Promise.all(
  Array.from({ length: Number(values.sockets) }, (_, i) => Socket.open(connections[i % count]!)),
);
const started = performance.now();
for (const socket of sockets) socket.echo().catch(fail);
await new Promise((resolve) => setTimeout(resolve, Number(values.seconds) * 1000));
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ messages, seconds, failures }));
Deno.exit(failures === 0 ? 0 : 1); // without waiting for its connections
