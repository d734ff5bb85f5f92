/**
 * Attacks by compressed WebSocket messages over HTTP/3, on real QUIC: bombs, what is no DEFLATE, windows that nobody has.
 * Exactly what the client gets, that others on the same connection live on, and that nothing is left.
 *
 * @module
 */

import assert from "node:assert/strict";
import { constants, deflateRawSync } from "node:zlib";
import { concat } from "../_support/bytes.ts";
import { BACKENDS } from "../_support/contract_h3_server.ts";
import { H3ClientConnection } from "../_support/h3_client_connection.ts";
import { eventually } from "../_support/waiting.ts";
import { ECHO, Recorder, webSocketApplication } from "../_support/websocket_app.ts";
import { encodeFrame, OP, readClose, type WebSocketClient } from "../_support/websocket_client.ts";
import { openWebSocketH3 } from "../_support/websocket_h3_client.ts";
import { H3WebSocketServer } from "../_support/websocket_h3_server.ts";

const MIB = 1024 * 1024;

/** Bytes of a message that the server takes. */
const LIMIT = 65_536;

/** DEFLATE without the end of its flush (RFC 7692 §7.2.1). */
function deflate(data: Uint8Array | string): Uint8Array {
  return deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** A message in one frame. */
function compressed(payload: Uint8Array, opcode: number = OP.binary): Uint8Array {
  return encodeFrame(opcode, payload, { reserved: 4 });
}

/** A message in a frame for each byte. */
function inFrames(payload: Uint8Array): Uint8Array[] {
  return Array.from(
    payload,
    (byte, index) =>
      encodeFrame(index === 0 ? OP.binary : OP.continuation, Uint8Array.of(byte), {
        fin: index === payload.length - 1,
        reserved: index === 0 ? 4 : 0,
      }),
  );
}

/** 16 MiB in 16 KiB. */
const BOMB = deflate(new Uint8Array(16 * MIB));

/** 64 MiB in 64 KiB: bombs one after the other, each of which ends at a byte. */
const LARGE_BOMB = concat(
  Array.from({ length: 4 }, () => concat([BOMB, Uint8Array.of(0, 0, 0xff, 0xff)])),
);

/** What clients send, and the code of the Close frame they get. */
const ROWS: readonly (readonly [name: string, bytes: () => Uint8Array, code: number])[] = [
  ["16 MiB in 16 KiB", () => compressed(BOMB), 1009],
  ["64 MiB in 64 KiB", () => compressed(LARGE_BOMB), 1009],
  [
    "100 bombs at once",
    () => concat(Array.from({ length: 100 }, () => compressed(BOMB))),
    1009,
  ],
  ["a bomb in 1000 frames", () => concat(inFrames(BOMB.subarray(0, 1000))), 1009],
  ["a bomb of text", () => compressed(deflate("x".repeat(MIB)), OP.text), 1009],
  ["a byte more than the limit", () => compressed(deflate(new Uint8Array(LIMIT + 1))), 1009],
  ["70 KiB that are nothing", () => compressed(new Uint8Array(70 * 1024)), 1009],
  ["a reserved kind of block", () => compressed(Uint8Array.of(0x07)), 1007],
  ["a reference to before its begin", () => compressed(Uint8Array.of(0x02, 0x02)), 1007],
  ["text that is not UTF-8", () => compressed(deflate(Uint8Array.of(0xc3, 0x28)), OP.text), 1007],
  ["a compressed ping", () => compressed(deflate("?"), OP.ping), 1002],
];

for (const backend of BACKENDS) {
  for (const [name, bytes, code] of ROWS) {
    Deno.test(`compressed WebSocket over HTTP/3 (${backend}): a client that sends ${name} gets ${code}, and others live on`, async () => {
      const closed = new Recorder<number>();
      const application = webSocketApplication("fetch exchange", {
        ...ECHO,
        closed: (code) => closed.add(code),
      });
      const limits = { maxMessageSize: LIMIT, permessageDeflate: true };
      await using server = new H3WebSocketServer(application, { backend, limits });
      const connection = await H3ClientConnection.open(server.url);
      server.adopt(connection);
      using other = await open(connection);
      using client = await open(connection);
      await client.raw(bytes()).catch(() => {}); // the server may have stopped the stream by now
      assert.equal(await outcomeOf(client), code);
      assert.equal(await closed.next("the close"), 1006);
      const data = new Uint8Array(LIMIT);
      await other.raw(compressed(deflate(data)));
      const echo = await other.next();
      assert.ok(echo?.compressed && echo.payload.length < 200);
      await other.close(1000);
      assert.equal((await other.closing()).code, 1000);
      await other.ended();
      await connection.close();
      await server.empties();
      assert.deepEqual(server.log.matching("ERROR"), []);
    });
  }

  Deno.test(`compressed WebSocket over HTTP/3 (${backend}): 50 clients with bombs that the server takes hold up nobody, and nothing is left`, async () => {
    let received = 0;
    const application = webSocketApplication("ASGI", {
      message: (data, socket) => {
        if (data === "alive") return socket.send(data);
        received++;
      },
    });
    const limits = { maxMessageSize: MIB, permessageDeflate: true };
    await using server = new H3WebSocketServer(application, { backend, limits });
    const connection = await H3ClientConnection.open(server.url);
    server.adopt(connection);
    using other = await open(connection);
    const bomb = compressed(deflate(new Uint8Array(MIB)));
    const bombs = concat(Array.from({ length: 20 }, () => bomb));
    const clients = await Promise.all(Array.from({ length: 50 }, () => open(connection)));
    const attack = Promise.all(clients.map((client) => client.raw(bombs)));
    for (let i = 0; i < 10; i++) {
      await other.send("alive");
      assert.equal(await other.message(), "alive");
    }
    await attack;
    await eventually(() => received === 1000, "all messages");
    await connection.close();
    await server.empties();
    assert.deepEqual(server.log.matching("ERROR"), []);
  });
}

async function open(connection: H3ClientConnection): Promise<WebSocketClient> {
  const client = await openWebSocketH3(connection, {
    fields: { "sec-websocket-extensions": "permessage-deflate; client_max_window_bits" },
  });
  assert.ok(client.answer.headers.has("sec-websocket-extensions"));
  return client;
}

async function outcomeOf(client: WebSocketClient): Promise<number> {
  const frame = await client.next();
  assert.equal(frame?.opcode, OP.close);
  await client.ended();
  return readClose(frame!.payload).code;
}
