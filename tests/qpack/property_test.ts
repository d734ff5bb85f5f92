/**
 * What holds for every field list, limit, order of events and cut of the streams.
 *
 * The network between an encoder and a decoder is simulated: the two instruction streams and the sections arrive in
 * their own order each, and late as chance has it.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type FieldList,
  FieldSectionTooLargeError,
  type QPACKDecoder,
  type QPACKEncoder,
} from "../../src/qpack/mod.ts";
import { cuts, isDocumented, makeDecoder, makeEncoder } from "./support.ts";

/** Few names and values, so that lines come again; and some that are like nothing. */
const name = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(":status", "server", "via", "x-id", "cookie", "etag", "set-cookie"),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }).filter(isLatin1) },
);
const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("200", "a", "bb", "hypercorn-h3", "", "x".repeat(60)) },
  {
    weight: 2,
    arbitrary: fc.uint8Array({ maxLength: 90 }).map((bytes) => String.fromCharCode(...bytes)),
  },
);
const fields: fc.Arbitrary<FieldList> = fc.array(fc.tuple(name, value), { maxLength: 8 });

const limits = fc.record({
  ours: fc.constantFrom(0, 32, 100, 220, 1000, 4096),
  peers: fc.constantFrom(0, 31, 100, 220, 1000, 4096),
  blockedStreams: fc.constantFrom(0, 1, 2, 100),
  maxBacklog: fc.constantFrom(0, 60, 100_000),
});

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("section"), stream: fc.nat(5), fields }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("instructions"), length: fc.nat(40) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("reply"), length: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("deliver"), index: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("abandon"), index: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("unsent"), stream: fc.nat(5), fields }) },
) as fc.Arbitrary<Action>;

type Action =
  | { readonly type: "section"; readonly stream: number; readonly fields: FieldList }
  | { readonly type: "unsent"; readonly stream: number; readonly fields: FieldList }
  | { readonly type: "instructions"; readonly length: number }
  | { readonly type: "reply"; readonly length: number }
  | { readonly type: "deliver"; readonly index: number }
  | { readonly type: "abandon"; readonly index: number };

interface Sent {
  readonly streamId: number;
  readonly bytes: Uint8Array;
  readonly fields: FieldList;
}

/** An encoder, a decoder, and everything on its way between them. */
class Network {
  readonly #encoder: QPACKEncoder;
  readonly #decoder: QPACKDecoder;
  readonly #maxBlockedStreams: number;
  #instructions: number[] = [];
  #replies: number[] = [];
  /** Sections on their way; per stream they arrive in order. */
  #sections: Sent[] = [];
  #nextStream = 0;
  delivered = 0;

  constructor(encoder: QPACKEncoder, decoder: QPACKDecoder, maxBlockedStreams: number) {
    this.#encoder = encoder;
    this.#decoder = decoder;
    this.#maxBlockedStreams = maxBlockedStreams;
  }

  act(action: Action): void {
    if (action.type === "section") this.#send(action.stream, action.fields);
    else if (action.type === "unsent") this.#fail(action.stream, action.fields);
    else if (action.type === "instructions") this.#receive(action.length);
    else if (action.type === "reply") this.#reply(action.length);
    else if (action.type === "deliver") this.#deliver(action.index);
    else this.#abandon(action.index);
    assert(this.#decoder.blockedStreams <= this.#maxBlockedStreams);
  }

  /** Everything arrives. */
  settle(): void {
    this.#receive(Infinity);
    while (this.#sections.length > 0) this.#deliver(0);
    this.#reply(Infinity);
    assert.equal(this.#decoder.blockedStreams, 0);
  }

  #send(stream: number, fields: FieldList): void {
    const streamId = (this.#nextStream + stream) * 4;
    this.#sections.push({ streamId, bytes: this.#encoder.encode(streamId, fields), fields });
    this.#collect();
  }

  #fail(stream: number, fields: FieldList): void {
    const streamId = (this.#nextStream + stream) * 4;
    this.#encoder.encode(streamId, fields);
    this.#encoder.cancel(streamId);
    this.#collect();
  }

  #collect(): void {
    this.#instructions.push(...this.#encoder.take() ?? []);
  }

  #receive(length: number): void {
    for (const id of this.#decoder.receive(Uint8Array.from(this.#instructions.splice(0, length)))) {
      const index = this.#sections.findIndex(({ streamId }) => streamId === id);
      const { bytes, fields } = this.#sections.splice(index, 1)[0]!;
      assert.deepEqual(this.#decoder.decode(id, bytes), fields);
      this.delivered++;
    }
  }

  #deliver(at: number): void {
    const streamId = this.#sections[at % this.#sections.length]?.streamId;
    if (streamId === undefined) return;
    const index = this.#sections.findIndex((sent) => sent.streamId === streamId);
    const { bytes, fields } = this.#sections[index]!;
    const decoded = this.#decoder.decode(streamId, bytes);
    if (decoded === null) return;
    assert.deepEqual(decoded, fields);
    this.#sections.splice(index, 1);
    this.delivered++;
  }

  /** The decoder gives up a stream; the encoder will not use it again. */
  #abandon(at: number): void {
    const streamId = this.#sections[at % this.#sections.length]?.streamId;
    if (streamId === undefined) return;
    this.#sections = this.#sections.filter((sent) => sent.streamId !== streamId);
    this.#decoder.cancel(streamId);
    this.#nextStream = Math.max(this.#nextStream, streamId / 4 + 1);
  }

  #reply(length: number): void {
    this.#replies.push(...this.#decoder.take() ?? []);
    this.#encoder.receive(Uint8Array.from(this.#replies.splice(0, length)));
  }
}

Deno.test("QPACKDecoder decodes what QPACKEncoder encoded, whatever the network does", () => {
  let delivered = 0;
  fc.assert(
    fc.property(limits, fc.array(action, { maxLength: 80, size: "max" }), (limits, actions) => {
      const { ours, peers, blockedStreams, maxBacklog } = limits;
      const encoder = makeEncoder({ maxTableCapacity: ours, maxBacklog });
      const decoder = makeDecoder({ maxTableCapacity: peers, maxBlockedStreams: blockedStreams });
      encoder.configure({ maxTableCapacity: peers, maxBlockedStreams: blockedStreams });
      const network = new Network(encoder, decoder, blockedStreams);
      for (const action of actions) network.act(action);
      network.settle();
      delivered += network.delivered;
    }),
    { numRuns: 400 },
  );
  assert(delivered > 1000, `Only ${delivered} sections were delivered`);
});

Deno.test("QPACKEncoder keeps its backlog below maxBacklog for any field lists", () => {
  fc.assert(fc.property(fc.nat(500), fc.array(fields, { maxLength: 30 }), (maxBacklog, lists) => {
    const encoder = makeEncoder({ maxBacklog });
    encoder.configure({ maxTableCapacity: 4096, maxBlockedStreams: 100 });
    lists.forEach((list, index) => encoder.encode(index * 4, list));
    assert((encoder.take()?.length ?? 0) <= maxBacklog);
  }));
});

Deno.test("QPACKDecoder makes the same of an encoder stream however it is cut", () => {
  fc.assert(
    fc.property(fc.array(fields, { minLength: 1, maxLength: 6 }), (lists) => {
      const encoder = makeEncoder();
      encoder.configure({ maxTableCapacity: 4096, maxBlockedStreams: 100 });
      const sections = lists.map((list, index) => encoder.encode(index * 4, list));
      for (const pieces of cuts(encoder.take() ?? new Uint8Array())) {
        const decoder = makeDecoder();
        for (const piece of pieces) decoder.receive(piece);
        sections.forEach((section, index) => {
          assert.deepEqual(decoder.decode(index * 4, section), lists[index]);
        });
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("QPACKDecoder.decode() refuses or decodes a section cut at any place, and never waits for its rest", () => {
  fc.assert(fc.property(fields, (list) => {
    const section = makeEncoder().encode(0, list);
    for (let length = 0; length < section.length; length++) {
      const decoded = outcome(() => makeDecoder().decode(0, section.subarray(0, length)));
      if (Array.isArray(decoded)) assert.deepEqual(decoded, list.slice(0, decoded.length));
      else assert(decoded !== null);
    }
  }));
});

Deno.test("QPACKDecoder.decode() enforces maxFieldSectionSize exactly, for any field list", () => {
  fc.assert(fc.property(fields, fc.integer({ min: -3, max: 3 }), (list, offset) => {
    const size = list.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    const decoder = makeDecoder({ maxFieldSectionSize: Math.max(0, size + offset) });
    const decoded = outcome(() => decoder.decode(0, makeEncoder().encode(0, list)));
    if (offset >= 0 || size === 0) return assert.deepEqual(decoded, list);
    assert(decoded instanceof FieldSectionTooLargeError);
    assert(decoded.size > size + offset && decoded.size <= size);
  }));
});

/** Bytes that are more often instructions than mere chance would make them. */
const hostileBytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.array(
    fc.constantFrom(0x00, 0x01, 0x02, 0x10, 0x20, 0x3f, 0x41, 0x61, 0x7f, 0x80, 0x81, 0xc0, 0xff),
    {
      maxLength: 60,
    },
  ).map((bytes) => Uint8Array.from(bytes)),
);

Deno.test("QPACKDecoder throws nothing but its documented errors on any bytes", () => {
  const seen = { fields: 0, waits: 0, errors: 0 };
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), hostileBytes), { maxLength: 8 }), (pieces) => {
      const decoder = makeDecoder({ maxFieldSectionSize: 200, maxBlockedStreams: 2 });
      decoder.receive(new Uint8Array([0x3f, 0xe1, 0x1f, 0x41, 0x61, 0x01, 0x31]));
      for (const [isSection, bytes] of pieces) {
        const result = outcome(() => isSection ? decoder.decode(0, bytes) : decoder.receive(bytes));
        if (result === null) seen.waits++;
        else if (Array.isArray(result)) seen.fields++;
        else seen.errors++;
        decoder.take();
        if (result instanceof Error && !(result instanceof FieldSectionTooLargeError)) return;
      }
    }),
    { numRuns: 2000 },
  );
  assert(seen.fields > 100 && seen.waits > 20 && seen.errors > 100, JSON.stringify(seen));
});

Deno.test("QPACKEncoder throws nothing but its documented errors on any bytes", () => {
  const seen = { accepted: 0, errors: 0 };
  fc.assert(
    fc.property(hostileBytes, fc.array(fields, { maxLength: 4 }), (bytes, lists) => {
      const encoder = makeEncoder();
      encoder.configure({ maxTableCapacity: 4096, maxBlockedStreams: 100 });
      lists.forEach((list, index) => encoder.encode(index * 4, list));
      const result = outcome(() => encoder.receive(bytes));
      if (result instanceof Error) seen.errors++;
      else seen.accepted++;
    }),
    { numRuns: 2000 },
  );
  assert(seen.accepted > 20 && seen.errors > 100, JSON.stringify(seen));
});

/** The result, or the documented error. */
function outcome<T>(action: () => T): T | Error {
  try {
    return action();
  } catch (error) {
    if (isDocumented(error)) return error as Error;
    throw error;
  }
}

function isLatin1(text: string): boolean {
  return [...text].every((character) => character.codePointAt(0)! <= 0xff);
}
