/** The families of cases over the machine alone, however what is sent is cut. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { concat } from "../_support/bytes.ts";
import { EchoMachine } from "./echo_machine.ts";
import { type Answer, AUTOBAHN, type Case, type Script } from "./families/mod.ts";
import { chop } from "./wire.ts";

/** Bytes up to which a case is also sent octet by octet. */
const SMALL = 4096;

for (const [family, cases] of Map.groupBy(AUTOBAHN, ({ family }) => family)) {
  Deno.test(`WebSocketMachine passes family ${family}: ${cases!.length} cases`, async (test) => {
    for (const one of cases!) {
      await test.step(`${one.id} ${one.description}`, () => runCase(one));
    }
  });
}

/** Cases of the Autobahn test suite by family. */
const COUNTS = { 1: 16, 2: 11, 3: 7, 4: 10, 5: 20, 6: 145, 7: 37, 9: 54, 10: 1, 12: 90, 13: 126 };

Deno.test("AUTOBAHN has every number once, and as many in each family as Autobahn: 517", () => {
  const ids = AUTOBAHN.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const own = ids.filter((id) => !id.startsWith("x"));
  const families = Map.groupBy(own, (id) => id.slice(0, id.indexOf(".")));
  const counts = [...families].map(([family, members]) => [family, members.length]);
  assert.deepEqual(Object.fromEntries(counts), COUNTS);
  assert.equal(own.length, 517);
});

function runCase(one: Case): void {
  const script = one.script();
  send(one, script);
  const bytes = concat(script.steps.map((step) => step.bytes));
  const whole = { ...script, steps: [{ bytes }] };
  for (const { steps } of [whole, ...(bytes.length <= SMALL ? [octets(bytes)] : [])]) {
    judge(sendSteps(one, steps).echo, script);
  }
}

function octets(bytes: Uint8Array): Pick<Script, "steps"> {
  return { steps: [{ bytes, chop: 1 }] };
}

/** As the script has it, with what it says about the time of the Close frame. */
function send(one: Case, script: Script): void {
  const { echo, closedAfter } = sendSteps(one, script.steps);
  judge(echo, script);
  if (script.closedAfter !== undefined) assert.equal(closedAfter, script.closedAfter);
}

function sendSteps(one: Case, steps: Script["steps"]): { echo: EchoMachine; closedAfter: number } {
  const echo = new EchoMachine(one);
  let closedAfter = Infinity;
  for (const [index, step] of steps.entries()) {
    for (const chunk of chop(step.bytes, step.chop ?? Infinity)) echo.receive(chunk);
    if (echo.close !== null) closedAfter = Math.min(closedAfter, index + 1);
  }
  return { echo, closedAfter };
}

function judge(echo: EchoMachine, { answers, close }: Script): void {
  assert.equal(echo.close, close, echo.closed?.error?.message);
  assert.equal(echo.answers.length, answers.length);
  for (const [index, answer] of answers.entries()) judgeAnswer(echo.answers[index]!, answer);
  const failed = echo.closed!.error !== null;
  if (failed) assert.deepEqual([echo.closed!.error!.code, echo.closed!.code], [close, 1006]);
  else assert.equal(echo.closed!.code, close);
}

/** `deepEqual` looks at every element of an array by itself, which takes its time where there are millions. */
function judgeAnswer(actual: Answer, expected: Answer): void {
  assert.equal(actual.type, expected.type);
  if (typeof expected.data === "string") return assert.ok(actual.data === expected.data);
  assert.ok(Buffer.from(expected.data).equals(actual.data as Uint8Array));
}
