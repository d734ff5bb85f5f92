import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameReader, WebSocketError } from "../../src/websocket/mod.ts";
import { concat } from "../_support/bytes.ts";
import { EchoMachine } from "./echo_machine.ts";
import { AUTOBAHN, type Case } from "./families/mod.ts";

/** Bytes up to which a case is cut at random; larger ones have cuts of their own. */
const SMALL = 4096;

const CASES = AUTOBAHN.filter((one) => !/^x?(9|12|13)\./.test(one.id))
  .map((one) => ({ one, bytes: concat(one.script().steps.map((step) => step.bytes)) }))
  .filter(({ bytes }) => bytes.length <= SMALL);

/** Cuts `bytes` after pieces of these sizes, over and over. */
function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let start = 0, round = 0; start < bytes.length; round++) {
    const end = start + sizes[round % sizes.length]!;
    chunks.push(bytes.slice(start, end));
    start = end;
  }
  return chunks;
}

function play(one: Case, chunks: readonly Uint8Array[]) {
  const echo = new EchoMachine(one);
  for (const chunk of chunks) echo.receive(chunk);
  const { answers, close, closed } = echo;
  return { answers, close, closed: { ...closed, error: closed?.error?.message } };
}

Deno.test("property: every case has the same end however its bytes are cut", () => {
  assert.ok(CASES.length > 300);
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...CASES), sizes, ({ one, bytes }, sizes) => {
      assert.deepEqual(play(one, cut(bytes, sizes)), play(one, [bytes.slice()]), one.id);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("property: FrameReader throws nothing but WebSocketError, and gives no more than it was given", () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom("server", "client"), chunks, (role, chunks) => {
      const reader = new FrameReader({ role, admit: () => {} });
      let given = 0;
      let taken = 0;
      try {
        for (const chunk of chunks) {
          given += chunk.length;
          reader.receive(chunk.slice());
          for (let part = reader.next(); part !== null; part = reader.next()) {
            taken += part.payload.length;
            assert.ok(part.remaining >= 0 && taken < given);
          }
        }
      } catch (error) {
        assert.ok(error instanceof WebSocketError && error.code === 1002, `${error}`);
        assert.match(error.message, /^[A-Z].*[^.]$/);
      }
    }),
    { numRuns: 2000 },
  );
});
