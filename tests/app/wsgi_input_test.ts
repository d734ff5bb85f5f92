import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, type ContentInput, MemoryInput } from "../../src/app/wsgi_input.ts";
import { readContent as readAnywhere } from "../../src/app/wsgi_input.ts";
import { SpooledInput } from "../../src/app/wsgi_spool.ts";
import { DisconnectError } from "../../src/errors.ts";
import type { Exchange } from "../../src/exchange.ts";
import { FakeExchange, toBytes } from "../_support/fake_exchange.ts";

/** Content as a latin-1 string, so that the model can work on plain strings. */
function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function latin1(content: string): Bytes {
  return Uint8Array.from(content, (c) => c.charCodeAt(0));
}

function input(content: string): MemoryInput {
  return new MemoryInput(latin1(content));
}

/** An input over a "file" that gives few bytes at a time, so that lines and reads span windows. */
function spooledInput(content: string, step: number): SpooledInput {
  const bytes = latin1(content);
  const readAt = (offset: number, into: Uint8Array) => {
    const piece = bytes.subarray(offset, offset + Math.min(step, into.length));
    into.fill(0).set(piece); // what an earlier read returned must not live in this memory
    return piece.length === 0 ? null : piece.length;
  };
  const write = () => assert.fail("written to");
  return new SpooledInput({ readAt, write, close: () => {} }, bytes.length);
}

/** Content that may not be spooled. */
async function readContent(exchange: Exchange, maxBytes: number): Promise<Bytes | null> {
  const content = await readAnywhere(exchange, maxBytes, null);
  assert.ok(!(content instanceof SpooledInput));
  return content;
}

/** The obvious implementation: it holds what is left and cuts pieces off its front. */
class Model {
  constructor(public rest: string) {}

  read(size?: number): string {
    return this.#cut(size === undefined || size < 0 ? this.rest.length : size);
  }

  readline(size?: number): string {
    const feed = this.rest.indexOf("\n");
    const line = feed === -1 ? this.rest.length : feed + 1;
    return this.#cut(size === undefined || size < 0 ? line : Math.min(line, size));
  }

  readlines(hint?: number): string[] {
    const lines: string[] = [];
    let total = 0;
    while (this.rest !== "" && (hint === undefined || hint <= 0 || total < hint)) {
      const line = this.readline();
      total += line.length;
      lines.push(line);
    }
    return lines;
  }

  #cut(size: number): string {
    const piece = this.rest.slice(0, size);
    this.rest = this.rest.slice(size);
    return piece;
  }
}

const CONTENT = fc.string({ unit: fc.constantFrom("a", "b", "\n", "\r", "\xff"), maxLength: 60 });
const SIZE = fc.option(fc.integer({ min: -2, max: 25 }), { nil: undefined });
const CALLS = fc.array(
  fc.tuple(fc.constantFrom("read", "readline", "readlines", "iterate"), SIZE),
  { maxLength: 12 },
);

type Call = readonly [method: string, size: number | undefined];

/** Makes the calls on both and compares what they return, at once and after the last one. */
function compare(actual: ContentInput, content: string, calls: readonly Call[]): void {
  const model = new Model(content);
  const returned: [Bytes, string][] = [];
  for (const [method, size] of calls) {
    switch (method) {
      case "read":
        returned.push([actual.read(size), model.read(size)]);
        break;
      case "readline":
        returned.push([actual.readline(size), model.readline(size)]);
        break;
      case "readlines":
        assert.deepEqual(actual.readlines(size).map(text), model.readlines(size));
        break;
      default: {
        const [line = new Uint8Array(0)] = actual;
        returned.push([line, model.readline()]);
      }
    }
  }
  returned.push([actual.read(), model.rest]);
  assert.deepEqual(
    returned.map(([bytes]) => text(bytes)),
    returned.map(([, expected]) => expected),
  );
}

Deno.test("MemoryInput agrees with a model for any content and any sequence of reads", () => {
  fc.assert(fc.property(CONTENT, CALLS, (content, calls) => {
    compare(input(content), content, calls);
  }));
});

Deno.test("SpooledInput agrees with a model for any content, window and sequence of reads", () => {
  fc.assert(fc.property(CONTENT, CALLS, fc.integer({ min: 1, max: 70 }), (content, calls, step) => {
    compare(spooledInput(content, step), content, calls);
  }));
});

const KINDS: [name: string, make: (content: string) => ContentInput][] = [
  ["MemoryInput", input],
  ["SpooledInput", (content) => spooledInput(content, 3)],
];
for (const [name, make] of KINDS) {
  Deno.test(`${name} iterates over the remaining lines`, () => {
    const lines = make("skipped\none\n\ntwo");
    lines.readline();
    assert.deepEqual(Array.from(lines, text), ["one\n", "\n", "two"]);
    assert.deepEqual([...lines], []);
  });

  Deno.test(`${name}.read(null) reads everything, as None does in Python`, () => {
    assert.equal(text(make("abc").read(null as unknown as number)), "abc");
  });
}

const THREE_PIECES = ["abc", "def", "ghi"];

Deno.test("readContent() joins pieces of any sizes, or gives null beyond the limit", async () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 20 });
  await fc.assert(fc.asyncProperty(pieces, fc.nat(400), async (pieces, limit) => {
    const whole = pieces.flatMap((piece) => Array.from(piece));
    const before = pieces.map((piece) => piece.slice());
    const content = await readContent(new FakeExchange({ content: pieces }), limit);
    assert.deepEqual(content && Array.from(content), whole.length <= limit ? whole : null);
    assert.deepEqual(pieces, before, "the driver's pieces were changed");
  }));
});

Deno.test("readContent() does not copy content that comes in one piece", async () => {
  const piece = toBytes("hello");
  const content = await readContent(new FakeExchange({ content: piece }), 5);
  assert.equal(content?.buffer, piece.buffer);
});

Deno.test("readContent() allocates a declared length once, and bears with a wrong one", async () => {
  for (const [declared, bytes] of [["9", 9], ["8", 16], ["99", 99], ["x", 12]] as const) {
    const fields = [["content-length", declared]] as const;
    const content = await readContent(new FakeExchange({ fields, content: THREE_PIECES }), 100);
    assert.equal(text(content!), "abcdefghi", declared);
    assert.equal(content!.buffer.byteLength, bytes, declared);
  }
});

Deno.test("readContent() refuses a declared length beyond the limit without reading", async () => {
  const exchange = new FakeExchange({ fields: [["content-length", "6"]], content: { open: true } });
  assert.equal(await readContent(exchange, 5), null);
  assert.deepEqual(exchange.calls, []);
});

Deno.test("readContent() stops reading as soon as the limit is exceeded", async () => {
  const exchange = new FakeExchange({ content: ["abc", "def", "never read"] });
  assert.equal(await readContent(exchange, 5), null);
  assert.deepEqual(exchange.calls, ["read", "read"]);
});

Deno.test("readContent() rejects when the client leaves before the end", async () => {
  const exchange = new FakeExchange({ content: { open: true } });
  exchange.feed("abc");
  const content = readContent(exchange, 100);
  await exchange.until("read", 2);
  exchange.disconnect();
  await assert.rejects(content, DisconnectError);
});
