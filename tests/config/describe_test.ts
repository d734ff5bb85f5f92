import assert from "node:assert/strict";
import { badValue, describe, describeKind, inFile, refusal } from "../../src/config/describe.ts";
import { ConfigError } from "../../src/errors.ts";

const KEY = "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n";

const ROWS: [value: unknown, text: string, kind: string][] = [
  [null, "null", "null"],
  [undefined, "undefined", "undefined"],
  [true, "true", "a boolean"],
  [NaN, "NaN", "a number"],
  [-0.5, "-0.5", "a number"],
  [5n, "5n", "a bigint"],
  ["", '""', "a string"],
  ['a "b"\n\0', '"a \\"b\\"\\n\\u0000"', "a string"],
  ["x".repeat(81), `"${"x".repeat(80)}"... (81 characters)`, "a string"],
  [KEY, "PEM text", "a string"],
  [[], "[]", "a list of 0 items"],
  [["a", KEY], '["a", PEM text]', "a list of 2 items"],
  [[1], "a list of 1 items", "a list of 1 items"],
  [["a", "b", "c", "d", "e"], "a list of 5 items", "a list of 5 items"],
  [new Date(0), "a date", "a date"],
  [{ password: "x" }, "an object", "an object"],
  [() => {}, "a function", "a function"],
  [Symbol("x"), "a symbol", "a symbol"],
];

for (const [value, text, kind] of ROWS) {
  Deno.test(`describe() shows a value as ${text.slice(0, 40)}`, () => {
    assert.equal(describe(value), text);
    assert.equal(describeKind(value), kind);
  });
}

Deno.test("inFile() adds the file and keeps everything else of a refusal", () => {
  const detail = { key: "bnd", expected: "x", received: "y", nearest: "bind", hint: "Do z" };
  const error = inFile(refusal(detail), "a.toml");
  assert.ok(error instanceof ConfigError);
  assert.equal(
    error.message,
    'Cannot use option "bnd": expected x, received y in "a.toml". Did you mean "bind"? Do z',
  );
});

Deno.test("inFile() leaves other errors alone", () => {
  const error = new TypeError("x");
  assert.equal(inFile(error, "a.toml"), error);
});

Deno.test("badValue() without a hint ends with the value", () => {
  assert.equal(
    badValue("a", "b", 1).message,
    'Cannot use option "a": expected b, received 1',
  );
});
