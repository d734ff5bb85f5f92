import assert from "node:assert/strict";
import type { QPACKEncoder } from "../../src/qpack/mod.ts";
import { assertRefused, cuts, fromHex, makeEncoder, toHex } from "./support.ts";

/** An encoder that has sent two inserts, and sections on the streams 0 (twice) and 4 that need them. */
function makeBusyEncoder(): QPACKEncoder {
  const encoder = makeEncoder();
  encoder.configure({ maxTableCapacity: 4096, maxBlockedStreams: 16 });
  encoder.encode(0, [["server", "a"]]);
  encoder.encode(0, [["server", "b"]]);
  encoder.encode(4, [["server", "b"]]);
  return encoder;
}

const REFUSED = [
  { name: "an Insert Count Increment of 0", hex: "00", message: /Insert Count Increment is 0/ },
  {
    name: "an Insert Count Increment beyond what was sent",
    hex: "03",
    message: /Increment 3 is too large: 2 inserts were sent, 0 of them/,
  },
  {
    name: "increments that add up to too much",
    hex: "01 02",
    message: /Increment 2 is too large: 2 inserts were sent, 1 of them/,
  },
  {
    name: "an increment that a Section Acknowledgment covers",
    hex: "84 01",
    message: /Increment 1 is too large: 2 inserts were sent, 2 of them/,
  },
  { name: "an increment of 62 bits", hex: "3fc0ffffffffffffff3f", message: /too large/ },
  {
    name: "an acknowledgment of an unknown stream",
    hex: "88",
    message: /Section Acknowledgment of stream 8, which has no unacknowledged section/,
  },
  {
    name: "one acknowledgment too many",
    hex: "80 80 80",
    message: /Section Acknowledgment of stream 0/,
  },
  {
    name: "an acknowledgment after a cancellation",
    hex: "40 80",
    message: /Section Acknowledgment of stream 0/,
  },
  {
    name: "an integer of more than 62 bits",
    hex: "ffffffffffffffffff7f",
    message: /more than 62 bits/,
  },
];
for (const { name, hex, message } of REFUSED) {
  Deno.test(`QPACKEncoder.receive() refuses ${name}, however it is cut`, () => {
    for (const pieces of cuts(fromHex(hex))) {
      const encoder = makeBusyEncoder();
      assertRefused(() => pieces.forEach((piece) => encoder.receive(piece)), 0x202, message);
    }
  });
}

const WITHOUT_TABLE = { "an acknowledgment": "80", "an increment": "01" };
for (const [name, hex] of Object.entries(WITHOUT_TABLE)) {
  Deno.test(`QPACKEncoder.receive() refuses ${name} before anything was inserted`, () => {
    assertRefused(() => makeEncoder().receive(fromHex(hex)), 0x202, /stream 0|Increment 1/);
  });
}

Deno.test("QPACKEncoder.receive() ignores the cancellation of a stream without references", () => {
  makeEncoder().receive(fromHex("40 7fe107"));
  makeBusyEncoder().receive(fromHex("48 40 40 44"));
});

Deno.test("QPACKEncoder.receive() takes acknowledgments in any order of streams, however they are cut", () => {
  for (const pieces of cuts(fromHex("84 80 80"))) {
    const encoder = makeBusyEncoder();
    pieces.forEach((piece) => encoder.receive(piece));
    assertRefused(() => encoder.receive(fromHex("80")), 0x202, /stream 0/);
  }
});

Deno.test("QPACKEncoder.receive() understands stream ids of several bytes, cut anywhere", () => {
  for (const pieces of cuts(fromHex("ffe107"))) {
    const encoder = makeEncoder();
    encoder.configure({ maxTableCapacity: 4096, maxBlockedStreams: 1 });
    encoder.encode(1120, [["server", "a"]]);
    pieces.forEach((piece) => encoder.receive(piece));
    assert.equal(toHex(encoder.encode(4, [["server", "a"]])), "020080");
  }
});

Deno.test("QPACKEncoder.receive() keeps part of an instruction over configure()", () => {
  const encoder = makeEncoder();
  encoder.receive(fromHex("7f"));
  encoder.configure({ maxTableCapacity: 4096, maxBlockedStreams: 16 });
  encoder.receive(fromHex("05"));
  assertRefused(() => encoder.receive(fromHex("00")), 0x202, /Increment is 0/);
});
