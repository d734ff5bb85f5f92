/**
 * What WebSocket framing itself costs: bytes to messages and back, without any transport.
 *
 * Run with `deno bench -A tests/bench/websocket_bench.ts`.
 */

import { encodeFrame, OPCODE, WebSocketMachine } from "../../src/websocket/mod.ts";
import { applyMask } from "../../src/websocket/mask.ts";
import { Utf8Check } from "../../src/websocket/utf8.ts";

const KEY = 0x37fa213d;
const SIZES = [125, 64 * 1024];

function newMachine(): WebSocketMachine {
  return new WebSocketMachine(
    { role: "server", maxMessageSize: 16 * 1024 * 1024, closeTimeout: 5_000 },
    0,
  );
}

/** Content of a frame of either kind, and the frame as a client sends it. */
function sampleOf(opcode: number, size: number) {
  const payload = new Uint8Array(size).fill(0x2a);
  return { payload, frame: encodeFrame({ opcode, payload }, KEY) };
}

/**
 * Decodes one frame. The machine unmasks it where it is, so that each time a copy comes in: that is a part of what is
 * measured, which the line "copy" shows by itself.
 */
function decode(machine: WebSocketMachine, frame: Uint8Array): void {
  machine.receive(frame.slice(), 0);
  if (machine.next()?.type !== "message") throw new Error("Expected a message");
}

for (const size of SIZES) {
  const { payload, frame: bytes } = sampleOf(OPCODE.BINARY, size);
  const { frame: text } = sampleOf(OPCODE.TEXT, size);
  const content = "*".repeat(size);
  const ascii = payload.slice(); // the other one is masked again and again
  const group = `${size} bytes`;
  const machine = newMachine();
  const half = Math.floor(text.length / 2);

  Deno.bench(`${size} B: decode binary`, { group, baseline: true }, () => decode(machine, bytes));

  Deno.bench(`${size} B: decode text`, { group }, () => decode(machine, text));

  Deno.bench(`${size} B: decode text in two chunks`, { group }, () => {
    machine.receive(text.slice(0, half), 0);
    machine.next();
    decode(machine, text.subarray(half));
  });

  Deno.bench(`${size} B: of which copy`, { group }, () => {
    bytes.slice();
  });

  Deno.bench(`${size} B: of which unmask`, { group }, () => applyMask(payload, KEY));

  Deno.bench(`${size} B: check UTF-8 by itself`, { group }, () => {
    if (!new Utf8Check().push(ascii)) throw new Error("Expected UTF-8");
  });

  Deno.bench(`${size} B: encode binary`, { group }, () => {
    machine.send(payload);
    machine.take();
  });

  Deno.bench(`${size} B: encode text`, { group }, () => {
    machine.send(content);
    machine.take();
  });
}

const machine = newMachine();
const ping = encodeFrame({ opcode: OPCODE.PING, payload: new Uint8Array(8) }, KEY);
let now = 0;

Deno.bench("a ping and its pong", () => {
  machine.receive(ping.slice(), now += 1_000);
  machine.next();
  machine.take();
});
