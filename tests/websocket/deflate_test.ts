import assert from "node:assert/strict";
import { CLOSE } from "../../src/websocket/mod.ts";
import { deflateMessage, FLUSH_TAIL, inflateMessage } from "../../src/websocket/deflate.ts";
import { MIN_DEFLATE_BYTES } from "../../src/websocket/limits.ts";
import { concat } from "../_support/bytes.ts";
import { frame } from "./families/case.ts";
import { heardOf, newServer, receive, takeAll } from "./support.ts";
import { ZLIB } from "../../src/protocol/deflate_codec.ts";

const DEFLATE = { codec: ZLIB, windowBits: 15 };

Deno.test("deflateMessage() leaves the end of the flush out, which inflateMessage() is given back", () => {
  const data = new Uint8Array(5000).fill(7);
  const deflated = deflateMessage(data, DEFLATE)!;
  assert.notDeepEqual(deflated.subarray(-4), FLUSH_TAIL);
  const inflated = inflateMessage(concat([deflated, FLUSH_TAIL]), 5000, ZLIB);
  assert.ok(data.every((byte, at) => byte === inflated[at]) && inflated.length === 5000);
});

Deno.test("deflateMessage() gives up on what does not become smaller", () => {
  const noise = crypto.getRandomValues(new Uint8Array(5000));
  assert.equal(deflateMessage(noise, DEFLATE), null);
});

Deno.test("deflateMessage() asks for the window that was agreed on", () => {
  const windows: number[] = [];
  const codec = {
    ...ZLIB,
    deflate(data: Uint8Array, windowBits: number): Uint8Array {
      windows.push(windowBits);
      return ZLIB.deflate(data, windowBits);
    },
  };
  deflateMessage(new Uint8Array(5000), { codec, windowBits: 10 });
  assert.deepEqual(windows, [10]);
});

Deno.test("send() compresses from a size on, and says so in the first frame alone", () => {
  const machine = newServer({ deflate: DEFLATE, fragmentSize: 8 });
  machine.send("x".repeat(MIN_DEFLATE_BYTES - 1));
  assert.ok(takeAll(machine).every((bytes) => (bytes[0]! & 0x40) === 0));
  machine.send("x".repeat(MIN_DEFLATE_BYTES));
  machine.send(crypto.getRandomValues(new Uint8Array(MIN_DEFLATE_BYTES)));
  const [first, ...others] = takeAll(machine);
  assert.equal(first![0], 0x41);
  assert.ok(others.every((bytes) => (bytes[0]! & 0x40) === 0), "noise goes as it is");
});

Deno.test("send() compresses so that a client reads it", () => {
  const machine = newServer({ deflate: DEFLATE });
  const messages = ["é".repeat(2000), new Uint8Array(70_000), "short"];
  for (const message of messages) machine.send(message);
  assert.ok(machine.pendingBytes < 1000);
  assert.deepEqual(
    heardOf(machine, ZLIB),
    messages.map((data) => ({ type: "message", data })),
  );
});

Deno.test("inflation stops at maxMessageSize with 1009, whatever would still come out", () => {
  const limits: number[] = [];
  const codec = {
    ...ZLIB,
    inflate(data: Uint8Array, limit: number): Uint8Array | null {
      limits.push(limit);
      return ZLIB.inflate(data, limit);
    },
  };
  const machine = newServer({ maxMessageSize: 5000, deflate: { codec, windowBits: 15 } });
  for (const [size, type] of [[5000, "message"], [5001, "closed"]] as const) {
    const payload = deflateMessage(new Uint8Array(size), DEFLATE)!;
    const [event] = receive(machine, [frame("binary", payload, { rsv: 4 })]);
    assert.equal(event?.type, type);
    if (event?.type === "closed") assert.equal(event.error?.code, CLOSE.TOO_LARGE);
  }
  assert.deepEqual(limits, [5000, 5000]);
});

Deno.test("a codec's error is the cause of 1007", () => {
  const machine = newServer({ deflate: DEFLATE });
  const [event] = receive(machine, [frame("text", "no deflate", { rsv: 4 })]);
  assert.ok(event?.type === "closed" && event.error?.code === CLOSE.INVALID_DATA);
  assert.ok(event.error.cause instanceof Error);
});
