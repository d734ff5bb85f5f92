/**
 * Runs a case of the families on the machine alone, however what is sent is cut.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { concat } from "../_support/bytes.ts";
import { EchoMachine } from "./echo_machine.ts";
import type { Answer, Case, Script } from "./families/mod.ts";
import { chop } from "./wire.ts";

/** Bytes up to which a case is also sent octet by octet. */
const SMALL = 4096;

/** Sends what a client sends, and fails when the machine does not do what it should. */
export function runOnMachine(one: Case): void {
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
