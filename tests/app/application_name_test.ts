import assert from "node:assert/strict";
import fc from "fast-check";
import { parseApplicationName } from "../../src/app/application_name.ts";
import { NoAppError } from "../../src/errors.ts";

/** Text of a name, and its form, module and export. */
type Row = readonly [text: string, mode: string | undefined, module: string, path?: string];

const PATHS: readonly Row[] = [
  ["main.ts", undefined, "main.ts"],
  ["main.ts:app", undefined, "main.ts", "app"],
  ["main:app", undefined, "main", "app"],
  ["main.ts:api.v1.app", undefined, "main.ts", "api.v1.app"],
  ["main.ts:$_1", undefined, "main.ts", "$_1"],
  ["main.ts:größe", undefined, "main.ts", "größe"],
  ["fetch:main.ts", "fetch", "main.ts"],
  ["asgi:main.ts:app", "asgi", "main.ts", "app"],
  ["wsgi:main:app", "wsgi", "main", "app"],
  ["./asgi:app", undefined, "./asgi", "app"],
  ["../sub/main.ts:app", undefined, "../sub/main.ts", "app"],
  ["/srv/main.ts", undefined, "/srv/main.ts"],
  ["./we:ird.ts:app", undefined, "./we:ird.ts", "app"],
  ["C:\\app\\main.ts", undefined, "C:\\app\\main.ts"],
  ["C:\\app\\main.ts:app", undefined, "C:\\app\\main.ts", "app"],
  ["asgi:c:/app/main.ts:app", "asgi", "c:/app/main.ts", "app"],
  ["C:\\main", undefined, "C:\\main"],
];

const SPECIFIERS: readonly Row[] = [
  ["http://localhost:8000/main.ts", undefined, "http://localhost:8000/main.ts"],
  ["http://localhost:8000/main.ts:app", undefined, "http://localhost:8000/main.ts", "app"],
  ["http://localhost:8000", undefined, "http://localhost:8000"],
  ["https://host/main.ts?at=12:30", undefined, "https://host/main.ts?at=12:30"],
  ["asgi:https://host/main.ts:api.app", "asgi", "https://host/main.ts", "api.app"],
  ["file:///srv/main.ts", undefined, "file:///srv/main.ts"],
  ["file:///C:/main.ts", undefined, "file:///C:/main.ts"],
  ["file:///C:/main.ts:app", undefined, "file:///C:/main.ts", "app"],
  ["npm:hono", undefined, "npm:hono"],
  ["npm:hono@4.7.0", undefined, "npm:hono@4.7.0"],
  ["npm:hono@4.7.0:app", undefined, "npm:hono@4.7.0", "app"],
  ["jsr:@scope/app", undefined, "jsr:@scope/app"],
  ["wsgi:jsr:@scope/app@1/main:app", "wsgi", "jsr:@scope/app@1/main", "app"],
  [
    "data:text/javascript,export default a?b:c",
    undefined,
    "data:text/javascript,export default a?b:c",
  ],
];

for (const [rows, isSpecifier] of [[PATHS, false], [SPECIFIERS, true]] as const) {
  for (const [text, mode, module, path] of rows) {
    Deno.test(`parseApplicationName() takes ${JSON.stringify(text)} apart`, () => {
      const name = parseApplicationName(text);
      assert.deepEqual(name, { text, mode, module, isSpecifier, path: path?.split(".") });
    });
  }
}

const REFUSED = [
  { text: "", says: /names no module.* "main\.ts:app"/ },
  { text: ":app", says: /names no module/ },
  { text: "asgi:", says: /names no module/ },
  { text: "main.ts:", says: /names no export after the colon/ },
  { text: "main.ts:create()", says: /not evaluated: use --factory and "main\.ts:create"/ },
  { text: "main.ts:create(1)", says: /"create\(1\)" is no name of an export/ },
  { text: "main.ts:a..b", says: /"a\.\.b" is no name of an export. .*"main\.ts:api\.app"/ },
  { text: "main.ts:8000", says: /"8000" is no name/ },
  { text: "rsgi:main.ts:app", says: /"rsgi" is no form: expected "fetch", "asgi" or "wsgi"/ },
];
for (const { text, says } of REFUSED) {
  Deno.test(`parseApplicationName() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseApplicationName(text), (error) => {
      assert(error instanceof NoAppError);
      assert.equal(error.reason, "name");
      assert.equal(error.application, text);
      assert.match(error.message, says);
      return true;
    });
  });
}

Deno.test("parseApplicationName() gives the parts of every name put together of parts", () => {
  const part = fc.stringMatching(/^[a-z$_][a-z0-9$_]{0,5}$/);
  const mode = fc.constantFrom("", "fetch", "asgi", "wsgi");
  const module = fc.constantFrom("main.ts", "./a/b", "C:\\a.ts", "http://h:1/a.ts", "npm:@a/b@1");
  const path = fc.array(part, { minLength: 1, maxLength: 3 });
  fc.assert(fc.property(mode, module, path, (mode, module, path) => {
    const text = `${mode && `${mode}:`}${module}:${path.join(".")}`;
    const name = parseApplicationName(text);
    assert.deepEqual([name.mode ?? "", name.module, name.path], [mode, module, path]);
  }));
});
