import assert from "node:assert/strict";
import fc from "fast-check";
import { nearestSpelling } from "../src/spelling.ts";

const WORDS = ["default", "app", "createApp", "keep_alive"];

const ROWS = [
  { word: "ap", nearest: "app" },
  { word: "APP", nearest: "app" },
  { word: "defualt", nearest: "default" },
  { word: "create_app", nearest: "createApp" },
  { word: "keepAlive", nearest: "keep_alive" },
  { word: "handler", nearest: undefined },
  { word: "", nearest: undefined },
  { word: "x".repeat(1_000_000), nearest: undefined },
];
for (const { word, nearest } of ROWS) {
  Deno.test(`nearestSpelling() of "${word.slice(0, 12)}" is ${nearest ?? "nothing"}`, () => {
    assert.equal(nearestSpelling(word, WORDS), nearest);
  });
}

Deno.test("nearestSpelling() takes the first of equally near words", () => {
  assert.equal(nearestSpelling("axp", ["ap", "app"]), "ap");
});

Deno.test("nearestSpelling() finds every word with one letter exchanged", () => {
  const word = fc.string({ unit: fc.constantFrom(..."abcdef"), minLength: 3, maxLength: 12 });
  fc.assert(fc.property(word, fc.nat(), (text, position) => {
    const at = position % text.length;
    const misspelt = `${text.slice(0, at)}z${text.slice(at + 1)}`;
    assert.equal(nearestSpelling(misspelt, [text]), text);
  }));
});
