import assert from "node:assert/strict";
import configuration from "../../deno.json" with { type: "json" };
import { FLAGS } from "../../src/cli/flags.ts";
import { helpText } from "../../src/cli/help.ts";
import { findOption } from "../../src/config/options.ts";
import { VERSION } from "../../src/cli/version.ts";

/** Line that `--help` leaves to the other name of a flag. */
const UNLISTED = ["log-file"];

Deno.test("helpText() is the text of help.txt, which shows what a change does to it", async () => {
  assert.equal(helpText(), await Deno.readTextFile(new URL("help.txt", import.meta.url)));
});

Deno.test("helpText() fits 80 columns", () => {
  assert.deepEqual(helpText().split("\n").filter((line) => line.length > 80), []);
});

Deno.test("helpText() has a line for every flag", () => {
  const listed = [...helpText().matchAll(/^ {2}(?:-\w, | {4})--([a-z-]+)/gm)].map(([, name]) =>
    name
  );
  const names = FLAGS.map(({ name }) => name).filter((name) => !UNLISTED.includes(name));
  assert.deepEqual(listed, names);
});

Deno.test("helpText() says of which flags the option acts on guarded listeners only", () => {
  const named = [...helpText().matchAll(/--([a-z-]+).*; guarded TCP$/gm)].map(([, name]) => name);
  const guarded = FLAGS.filter(({ sets }) => {
    return "option" in sets && findOption(sets.option)?.effect === "guarded";
  });
  assert.deepEqual(named, guarded.map(({ name }) => name));
});

Deno.test("VERSION is that of deno.json", () => {
  assert.equal(VERSION, configuration.version);
});
