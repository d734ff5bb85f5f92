/**
 * Frames that RFC 6455 forbids, over every way in: exactly what the peer gets, and that its connection is released.
 *
 * The runtime reads frames. It cuts who breaks a rule without the Close frame that RFC 6455 §7.1.7 recommends, and lets
 * some pass; this table is where that is on record.
 *
 * @module
 */

import assert from "node:assert/strict";
import { concat } from "../_support/bytes.ts";
import { ECHO, Recorder, webSocketApplication } from "../_support/websocket_app.ts";
import {
  closePayload,
  encodeFrame,
  OP,
  readClose,
  WebSocketClient,
} from "../_support/websocket_client.ts";
import { victim, WAYS } from "./websocket_servers.ts";

interface Row {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Close code the peer gets, `"cut"` for none, `"echo"` where it passes. */
  readonly outcome: number | "cut" | "echo";
  /** Fields of the handshake. */
  readonly fields?: Record<string, string>;
}

const DEFLATE = { "sec-websocket-extensions": "permessage-deflate; client_max_window_bits" };

/** "x" in a raw deflate block, as RFC 7692 §7.2.1 makes it. */
const DEFLATED = new Uint8Array([0xaa, 0x00, 0x00]);

const utf8 = new TextEncoder();

const ROWS: readonly Row[] = [
  { name: "RSV1", bytes: encodeFrame(OP.text, "x", { reserved: 4 }), outcome: "cut" },
  { name: "RSV2", bytes: encodeFrame(OP.text, "x", { reserved: 2 }), outcome: "cut" },
  { name: "RSV3", bytes: encodeFrame(OP.text, "x", { reserved: 1 }), outcome: "cut" },
  { name: "RSV on a ping", bytes: encodeFrame(OP.ping, "x", { reserved: 4 }), outcome: "cut" },
  ...[3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf].map((opcode): Row => ({
    name: `opcode ${opcode}`,
    bytes: encodeFrame(opcode, "x"),
    outcome: "cut",
  })),
  { name: "a ping of 126 bytes", bytes: encodeFrame(OP.ping, "x".repeat(126)), outcome: "cut" },
  {
    name: "a pong of 126 bytes, and a message",
    bytes: concat([encodeFrame(OP.pong, "x".repeat(126)), encodeFrame(OP.text, "x")]),
    outcome: "echo",
  },
  {
    name: "a Close of 126 bytes",
    bytes: encodeFrame(OP.close, closePayload(1000, "x".repeat(124))),
    outcome: 1000,
  },
  { name: "a ping in fragments", bytes: encodeFrame(OP.ping, "x", { fin: false }), outcome: "cut" },
  { name: "a continuation of nothing", bytes: encodeFrame(OP.continuation, "x"), outcome: "cut" },
  {
    name: "a message within another",
    bytes: concat([encodeFrame(OP.text, "x", { fin: false }), encodeFrame(OP.text, "y")]),
    outcome: "cut",
  },
  {
    name: "bad UTF-8 at the end of fragments",
    bytes: concat([
      encodeFrame(OP.text, new Uint8Array([0xf0, 0x9f]), { fin: false }),
      encodeFrame(OP.continuation, "x"),
    ]),
    outcome: "cut",
  },
  {
    name: "a surrogate in UTF-8",
    bytes: encodeFrame(OP.text, new Uint8Array([0xed, 0xa0, 0x80])),
    outcome: "cut",
  },
  {
    name: "a frame of 64 MiB and a byte, announced",
    bytes: encodeFrame(OP.binary, "", { length: 2n ** 26n + 1n }),
    outcome: "cut",
  },
  {
    name: "a frame of 2^62 bytes, announced",
    bytes: encodeFrame(OP.binary, "", { length: 2n ** 62n }),
    outcome: "cut",
  },
  {
    name: "a frame of 2^64 - 1 bytes, announced",
    bytes: encodeFrame(OP.binary, "", { length: 2n ** 64n - 1n }),
    outcome: "cut",
  },
  {
    name: "a fragment of 2^62 bytes, announced",
    bytes: concat([
      encodeFrame(OP.binary, "x", { fin: false }),
      encodeFrame(OP.continuation, "", { length: 2n ** 62n }),
    ]),
    outcome: "cut",
  },
  {
    name: "a compressed message, the extension offered",
    bytes: encodeFrame(OP.text, DEFLATED, { reserved: 4 }),
    outcome: "cut",
    fields: DEFLATE,
  },
  {
    name: "a request instead of frames",
    bytes: utf8.encode("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    outcome: "cut",
  },
  { name: "a Close of one byte", bytes: encodeFrame(OP.close, "x"), outcome: "cut" },
  ...[0, 999, 1004, 1005, 1006, 1015, 2999, 65535].map((code): Row => ({
    name: `close code ${code}`,
    bytes: encodeFrame(OP.close, closePayload(code)),
    outcome: 1002,
  })),
  {
    name: "a close reason that is not UTF-8",
    bytes: encodeFrame(OP.close, closePayload(1000, new Uint8Array([0xff]))),
    outcome: "cut",
  },
  {
    name: "an unmasked message",
    bytes: encodeFrame(OP.text, "x", { masked: false }),
    outcome: "echo",
  },
  {
    name: "a length longer than need be",
    bytes: concat([new Uint8Array([0x81, 0xfe, 0, 1, 0, 0, 0, 0]), utf8.encode("x")]),
    outcome: "echo",
  },
  {
    name: "a message in 1025 fragments",
    bytes: concat([
      encodeFrame(OP.text, "", { fin: false }),
      ...Array.from({ length: 1023 }, () => encodeFrame(OP.continuation, "", { fin: false })),
      encodeFrame(OP.continuation, "x"),
    ]),
    outcome: "echo",
  },
  {
    name: "a message over the limit",
    bytes: encodeFrame(OP.text, "x".repeat(1001)),
    outcome: 1009,
  },
  {
    name: "a message over the limit in two fragments",
    bytes: concat([
      encodeFrame(OP.text, "x".repeat(600), { fin: false }),
      encodeFrame(OP.continuation, "x".repeat(600)),
    ]),
    outcome: 1009,
  },
];

for (const way of WAYS) {
  for (const form of ["fetch short cut", "ASGI"] as const) {
    Deno.test(`${way.name}, ${form}: every forbidden frame has its outcome, and others do not notice`, async (t) => {
      const closed = new Recorder<number>();
      const application = webSocketApplication(form, {
        ...ECHO,
        closed: (code) => closed.add(code),
      });
      await using server = await victim(application, way);
      using other = await WebSocketClient.open(server.url);
      for (const { name, bytes, outcome, fields = {} } of ROWS) {
        await t.step(`${name}: ${outcome}`, async () => {
          using peer = await WebSocketClient.open(server.url, { fields });
          assert.equal(peer.answer.headers.get("sec-websocket-extensions"), null);
          await peer.raw(bytes);
          assert.equal(await outcomeOf(peer), outcome);
          await closed.next("the close");
          await other.send("alive");
          assert.equal(await other.message(), "alive");
        });
      }
      await other.close(1000);
      await closed.next("the end of the other");
      await server.released();
      assert.deepEqual(server.log.lines, []);
    });
  }
}

async function outcomeOf(peer: WebSocketClient): Promise<Row["outcome"]> {
  const frame = await peer.next();
  if (frame === null) return "cut";
  if (frame.opcode === OP.text) {
    await peer.close(1000);
    assert.equal((await peer.next())?.opcode, OP.close);
    await peer.ended();
    return "echo";
  }
  assert.equal(frame.opcode, OP.close);
  const { code } = readClose(frame.payload);
  await peer.close(code).catch(() => {}); // it may be cut already
  await peer.ended();
  return code;
}
