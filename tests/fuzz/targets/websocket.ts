/**
 * WebSockets: frames and messages in any split, UTF-8, the field of extensions.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { acceptDeflate, parseExtensions } from "../../../src/websocket/mod.ts";
import { CLOSE, encodeFrame, type MachineEvent } from "../../../src/websocket/mod.ts";
import { WebSocketMachine } from "../../../src/websocket/mod.ts";
import { decodeUtf8, Utf8Check } from "../../../src/websocket/utf8.ts";
import { concat } from "../../_support/bytes.ts";
import { closePayload, frameBytes, type WireFrame } from "../../websocket/wire.ts";
import { ZLIB } from "../../../src/protocol/deflate_codec.ts";
import { type Target, target } from "../harness.ts";
import { ANY_BYTES, ANY_TEXT, CUTS, mostly, split, spoilt, textOf } from "../inputs.ts";

/** Bytes of a message and frames of one, so low that inputs reach them. */
const LIMITS = { maxMessageSize: 100, maxFragments: 4 };

const PAYLOAD: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }).map((text) => new TextEncoder().encode(text)),
  fc.uint8Array({ maxLength: 6 }),
  fc.constantFrom(1000, 1005, 3000, 0).map((code) => closePayload(code, "bye")),
  fc.uint8Array({ minLength: 90, maxLength: 140 }),
  // Compressed messages, one of which is too large when it is not any more.
  fc.constantFrom(5, 100, 101).map((size) => ZLIB.deflate(new Uint8Array(size), 15).slice(0, -4)),
);

const FRAME: fc.Arbitrary<WireFrame> = fc.record({
  opcode: mostly([0, 0, 1, 1, 2, 9, 0xa, 8], fc.nat(15)),
  payload: PAYLOAD,
  fin: fc.boolean(),
  rsv: mostly([0, 0, 0, 4], fc.nat(7)),
  key: mostly<Uint8Array | null>(
    [Uint8Array.of(1, 2, 3, 4)],
    fc.oneof(fc.constant(null), fc.uint8Array({ minLength: 4, maxLength: 4 })),
  ),
});

/** A message in up to six frames that are in order, with pings between them. */
const MESSAGE: fc.Arbitrary<WireFrame[]> = fc.tuple(
  fc.constantFrom(1, 2),
  fc.array(fc.tuple(fc.constantFrom("", "a", "\u20ac"), fc.boolean()), {
    minLength: 1,
    maxLength: 6,
  }),
).map(([opcode, parts]) =>
  parts.flatMap(([text, pinged], index): WireFrame[] => [
    {
      opcode: index === 0 ? opcode : 0,
      payload: new TextEncoder().encode(text),
      fin: index === parts.length - 1,
    },
    ...(pinged ? [{ opcode: 9 }] : []),
  ])
);

const CLOSE_FRAME: WireFrame = { opcode: 8, payload: closePayload(4000, "bye") };

const STREAM = spoilt(
  fc.oneof(
    fc.array(FRAME, { maxLength: 8 }),
    fc.array(MESSAGE, { maxLength: 3 }).map((messages) => [...messages.flat(), CLOSE_FRAME]),
  ).map((frames) => concat(frames.map(frameBytes))),
);

function newMachine(): WebSocketMachine {
  return new WebSocketMachine({
    role: "server",
    closeTimeout: 1,
    deflate: { codec: ZLIB, windowBits: 15 },
    ...LIMITS,
  }, 0);
}

/** Everything that happens, and everything that is sent, when it is sent at the end. */
function play(chunks: readonly Uint8Array[], lazily: boolean): unknown[] {
  const machine = newMachine();
  const events: MachineEvent[] = [];
  for (const chunk of chunks) {
    machine.receive(chunk.slice(), 0); // it unmasks in place
    if (!lazily) takeEvents(machine, events);
  }
  machine.finish();
  takeEvents(machine, events);
  const last = events.at(-1);
  assert.ok(last?.type === "closed" && machine.state === "closed");
  assert.equal(events.filter(({ type }) => type === "closed").length, 1);
  const sent: number[][] = [];
  for (let bytes = machine.take(); bytes !== null; bytes = machine.take()) sent.push([...bytes]);
  return [...events.map(describe), sent];
}

function takeEvents(machine: WebSocketMachine, events: MachineEvent[]): void {
  for (let event = machine.next(); event !== null; event = machine.next()) {
    events.push(event);
    if (event.type === "message") assert.ok(event.data.length <= LIMITS.maxMessageSize);
  }
}

function describe(event: MachineEvent): unknown {
  if (event.type === "closed") return { ...event, error: event.error?.message ?? null };
  if (event.type === "message") {
    return typeof event.data === "string" ? event.data : [...event.data];
  }
  return [event.type, ...event.payload];
}

const OUTCOMES: ReadonlyMap<number, string> = new Map([
  [CLOSE.PROTOCOL_ERROR, "protocol error"],
  [CLOSE.INVALID_DATA, "invalid data"],
  [CLOSE.POLICY_VIOLATION, "too many frames"],
  [CLOSE.TOO_LARGE, "too large"],
]);

const streams = target({
  name: "websocket",
  invariant:
    "WebSocketMachine has the same events and answers in any split, however late it is asked, none larger than allowed, ends once, and throws nothing",
  outcomes: ["closed", "cut off", ...OUTCOMES.values()],
  inputs: fc.tuple(STREAM, CUTS),
  check([bytes, cuts]) {
    const whole = play([bytes], false);
    assert.deepEqual(play(split(bytes, cuts), false), whole);
    assert.deepEqual(play(split(bytes, cuts), true), whole);
    assert.deepEqual(play(split(bytes, bytes.keys().toArray()), false), whole);
    const sent = whole.at(-1) as number[][];
    const [first, , high, low] = sent.at(-1) ?? [];
    if (first !== 0x88) return "cut off";
    return OUTCOMES.get(high! << 8 | low!) ?? "closed";
  },
});

const roundTrip = target({
  name: "websocket-messages",
  invariant:
    "what one machine sends another one receives, however it is cut, masked, compressed and fragmented",
  outcomes: ["received"],
  inputs: fc.tuple(
    fc.array(fc.oneof(ANY_TEXT, ANY_BYTES, fc.constant("long ".repeat(500))), { maxLength: 5 }),
    fc.record({ fragmentSize: mostly([Infinity, 1000], fc.integer({ min: 1, max: 9 })) }),
    fc.boolean(),
    fc.boolean(),
    CUTS,
  ),
  check([messages, options, fromClient, compressed, cuts]) {
    const common = {
      maxMessageSize: 10_000,
      maxFragments: 10_000,
      closeTimeout: 1,
      deflate: compressed ? { codec: ZLIB, windowBits: 15 } : null,
    };
    const mask = () => 0x89abcdef;
    const client = new WebSocketMachine({ role: "client", mask, ...common, ...options }, 0);
    const server = new WebSocketMachine({ role: "server", ...common, ...options }, 0);
    const [from, to] = fromClient ? [client, server] : [server, client];
    for (const message of messages) from.send(message);
    const sent: Uint8Array[] = [];
    for (let bytes = from.take(); bytes !== null; bytes = from.take()) sent.push(bytes);
    for (const chunk of split(concat(sent), cuts)) to.receive(chunk, 0);
    for (const message of messages) {
      const event = to.next();
      assert.ok(event?.type === "message");
      if (typeof message !== "string") assert.deepEqual([...event.data], [...message]);
      else assert.equal(event.data, message.toWellFormed());
    }
    assert.equal(to.next(), null);
    return "received";
  },
});

const text = target({
  name: "websocket-utf8",
  invariant:
    "Utf8Check accepts all that decodeUtf8() does, in any split, and beyond it only what is cut off",
  outcomes: ["text", "cut off", "refused"],
  inputs: fc.tuple(
    spoilt(fc.string({ unit: "binary", maxLength: 12 }).map((it) => new TextEncoder().encode(it))),
    CUTS,
  ),
  check([bytes, cuts]) {
    const check = new Utf8Check();
    const accepted = split(bytes, cuts).every((part) => check.push(part));
    if (decodeUtf8(bytes) !== null) return (assert.ok(accepted), "text");
    if (!accepted) return "refused";
    const ends = ["80", "8080", "808080", "bf", "a080", "908080"].map((it) =>
      Uint8Array.fromHex(it)
    );
    assert.ok(ends.some((end) => decodeUtf8(concat([bytes, end])) !== null));
    return "cut off";
  },
});

const frames = target({
  name: "websocket-frames",
  invariant: "encodeFrame() writes what a client that was written apart from it does",
  outcomes: ["same"],
  inputs: fc.tuple(
    fc.nat(15),
    fc.oneof(ANY_BYTES, fc.uint8Array({ minLength: 100, maxLength: 300 })),
  ),
  check([opcode, payload]) {
    const key = Uint8Array.of(0x89, 0xab, 0xcd, 0xef);
    assert.deepEqual(
      encodeFrame({ opcode, payload }, 0x89abcdef),
      frameBytes({ opcode, payload, key }),
    );
    assert.deepEqual(encodeFrame({ opcode, payload }), frameBytes({ opcode, payload, key: null }));
    return "same";
  },
});

const extensions = target({
  name: "websocket-extensions",
  invariant:
    "parseExtensions() throws nothing, and what acceptDeflate() answers is an offer that it would accept",
  outcomes: ["accepted", "declined", "malformed"],
  inputs: fc.oneof(
    ANY_TEXT,
    textOf(
      "permessage-deflate",
      "server_no_context_takeover",
      "client_max_window_bits",
      "server_max_window_bits=10",
      ";",
      ";",
      "; ",
      ",",
      "=",
      '"1\\5"',
    ),
    textOf("permessage-deflate", "; server_max_window_bits=10", "; client_max_window_bits", ", "),
  ),
  check(value) {
    const offers = parseExtensions(value);
    if (offers === null) return "malformed";
    for (const { name, parameters } of offers) {
      assert.match([name, ...parameters.map(([name]) => name)].join(""), /^[!-~]+$/);
    }
    const agreement = acceptDeflate(offers);
    if (agreement === null) return "declined";
    assert.deepEqual(acceptDeflate(parseExtensions(agreement.answer)!), agreement);
    return "accepted";
  },
});

/** The targets of this file. */
export const WEBSOCKET_TARGETS: readonly Target[] = [streams, roundTrip, text, frames, extensions];
