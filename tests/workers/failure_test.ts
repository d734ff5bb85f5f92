import assert from "node:assert/strict";
import { BindError, ConfigError, LifespanError } from "../../src/errors.ts";
import { describeFailure, failureText, reviveFailure } from "../../src/workers/failure.ts";

/** What arrives when an error is told through a pipe. */
function travel(thrown: unknown) {
  return JSON.parse(JSON.stringify(describeFailure(thrown)));
}

const crash = new TypeError("x is not a function");
const detail = { key: "bind", expected: "an address", received: "nothing" };

const FAILURES = [
  { thrown: new BindError("a:1", "Cannot bind"), text: /^Cannot bind$/ },
  { thrown: new ConfigError(detail), text: /^Cannot use option "bind"[^\n]*$/ },
  { thrown: new LifespanError("startup", "no database"), text: /^Lifespan failure[^\n]*$/ },
  {
    thrown: new LifespanError("startup", "", { cause: crash }),
    text: /^Lifespan failure.*\nTypeError: x is not a function\n\s+at /,
  },
  { thrown: crash, text: /^TypeError: x is not a function\n\s+at / },
  { thrown: "a string", text: /^Thrown: a string$/ },
];
for (const { thrown, text } of FAILURES) {
  Deno.test(`failureText() of ${thrown} says what helps`, () => {
    assert.match(failureText(travel(thrown)), text);
  });
}

Deno.test("reviveFailure() gives an error with name, message, members and cause of the original", () => {
  const revived = reviveFailure(travel(new ConfigError(detail, { cause: crash })));
  assert.equal(revived.name, "ConfigError");
  assert.match(revived.message, /^Cannot use option "bind"/);
  assert.equal((revived as ConfigError).key, "bind");
  assert.equal((revived.cause as Error).stack, crash.stack);
});
