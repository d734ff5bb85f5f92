import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { loadApplication } from "../../src/app/load.ts";
import { Composition } from "../../src/composition.ts";
import { NoAppError, type NoAppReason } from "../../src/errors.ts";
import type { FetchHandler } from "../../src/fetch_types.ts";

/** Modules of all tests, by path. */
const FILES: Readonly<Record<string, string>> = {
  "main.ts": `
    export const app = () => new Response("app");
    export const api = { app: () => new Response("member"), port: 8000 };
    export const handler = () => new Response("handler");
    export const settings = { port: 8000 };
    export const createApp = async (...args: unknown[]) => () => new Response("made of " + args.length);
    export const failing = () => { throw new Error("no database"); };
    export const empty = () => undefined;
    export const many = (a: number, b: number, c: number, d: number) => a + b + c + d;
    export const promised = Promise.resolve(app);
    export class Site { fetch() { return new Response("site"); } }
    class Bound {
      words = "its own";
      fetch() { return new Response(this.words); }
      serve(request: Request) { return new Response(this.words + new URL(request.url).pathname); }
      async asgi(scope: unknown, receive: unknown, send: unknown) {}
      wsgi(environ: unknown, startResponse: unknown) { return []; }
      create() { return () => new Response(this.words); }
    }
    export const site = new Bound();`,
  "default.tsx": `
    export default () => new Response("default");
    export const app = () => new Response("app");`,
  "handler.js": `export function fetch() { return new Response("fetch"); }`,
  "object.mjs": `export default { words: "object", fetch() { return new Response(this.words); } };`,
  "script.ts": `console;`,
  "empty.ts": `export default {};`, // what workers make of a script
  "others.ts": `export const one = () => new Response(""); export const settings = {};`,
  "wrong.ts": `export default "text"; export const site = () => new Response("");`,
  "sub/mod.ts": `export const app = () => new Response("sub");`,
  "both.ts": `export const app = () => new Response("file beside a folder");`,
  "both/other.ts": "",
  "imports.ts": `import "./missing.ts"; export default () => {};`,
  "bare.ts": `import "not-in-the-import-map"; export default () => {};`,
  "link.ts": `import { nothing } from "./main.ts"; export default nothing;`,
  "syntax.ts": `export const app = (;`,
  "throws.ts": `throw new RangeError("thrown at the top");`,
  "composition.ts": `
    import { Composition } from "${new URL("../../src/composition.ts", import.meta.url)}";
    export default new Composition({ parts: [], build: () => { throw new Error("not built"); } });`,
  "throws_text.ts": `throw "thrown text";`,
};

const folder = await Deno.makeTempDir({ prefix: "hypercorn load %20#" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
for (const [path, content] of Object.entries(FILES)) {
  await Deno.mkdir(`${folder}/${path.replace(/[^/]*$/, "")}`, { recursive: true });
  await Deno.writeTextFile(`${folder}/${path}`, content);
}

const LOADED = [
  { name: "main.ts", body: "app" },
  { name: "main", body: "app" },
  { name: "main.ts:handler", body: "handler" },
  { name: "main.ts:api.app", body: "member", form: "fetch" },
  { name: "main.ts:site", body: "its own" },
  { name: "default", body: "default" },
  { name: "default.tsx:app", body: "app" },
  { name: "handler", body: "fetch" },
  { name: "object", body: "object" },
  { name: "sub/mod", body: "sub" },
  { name: "both", body: "file beside a folder" },
];
for (const { name, body, form } of LOADED) {
  Deno.test(`loadApplication() loads "${name}"`, async () => {
    const { app, mode } = await loadApplication(`${folder}/${name}`);
    assert.equal(await answer(app), body);
    assert.equal(mode, form, "only a bound function cannot be detected any more");
  });
}

Deno.test("loadApplication() loads URLs, exports included", async () => {
  const url = pathToFileURL(`${folder}/main.ts`).href;
  assert.equal(await answer((await loadApplication(url)).app), "app");
  assert.equal(await answer((await loadApplication(`${url}:handler`)).app), "handler");
  const data = 'data:text/javascript,export default () => true ? new Response("data") : 0';
  assert.equal(await answer((await loadApplication(data)).app), "data");
});

const MODES = ["fetch", "asgi", "wsgi"] as const;
for (const mode of MODES) {
  Deno.test(`loadApplication() passes on the form "${mode}"`, async () => {
    assert.equal((await loadApplication(`${mode}:${folder}/main.ts:many`)).mode, mode);
  });
}

const METHODS = [
  { name: "main.ts:site.serve", mode: "fetch" },
  { name: "main.ts:site.asgi", mode: "asgi" },
  { name: "main.ts:site.wsgi", mode: "wsgi" },
];
for (const { name, mode } of METHODS) {
  Deno.test(`loadApplication() detects the form of the method "${name}"`, async () => {
    assert.equal((await loadApplication(`${folder}/${name}`)).mode, mode);
  });
}

Deno.test("loadApplication() loads what middleware made", async () => {
  const { app } = await loadApplication(`${folder}/composition.ts`);
  assert.notEqual(Composition.planOf(app), null);
});

Deno.test("loadApplication() keeps methods bound to what they are a member of", async () => {
  const { app } = await loadApplication(`${folder}/main.ts:site.serve`);
  assert.equal(await answer(app), "its own/");
});

Deno.test("loadApplication() calls a factory without arguments and awaits it", async () => {
  const { app } = await loadApplication(`${folder}/main.ts:createApp`, { factory: true });
  assert.equal(await answer(app), "made of 0");
});

Deno.test("loadApplication() calls a factory that is a method on its owner", async () => {
  const { app } = await loadApplication(`${folder}/main.ts:site.create`, { factory: true });
  assert.equal(await answer(app), "its own");
});

/** A name that is refused. */
interface Refusal {
  readonly name: string;
  readonly factory?: boolean;
  readonly reason: NoAppReason;
  readonly says: RegExp;
  readonly fields?: Partial<Pick<NoAppError, "export" | "exports" | "nearest">>;
}

/** Every export of main.ts that could be an application. */
const APPLICATIONS = [
  "app",
  "createApp",
  "empty",
  "failing",
  "handler",
  "many",
  "site",
];

const REFUSED: readonly Refusal[] = [
  {
    name: "mian.ts",
    reason: "module",
    says: /: module not found\. Did you mean ".*\/main\.ts"\?$/,
  },
  { name: "nothing.ts", reason: "module", says: /module not found\. Check the path/ },
  { name: "nothing.py:app", reason: "module", says: /Python modules cannot be served/ },
  {
    name: "sub",
    reason: "module",
    says: /is a folder.*Name a file in it, e\.g\. ".*\/sub\/main\.ts"/,
  },
  { name: "main.ts/x", reason: "module", says: /module not found/ },
  {
    name: "imports.ts",
    reason: "load",
    says: /imports was not found\nModule not found "file:.*missing\.ts"/,
  },
  { name: "bare.ts", reason: "load", says: /imports was not found\n.*not-in-the-import-map/ },
  { name: "syntax.ts", reason: "load", says: /has a syntax error\nSyntaxError: [^]*syntax\.ts:1:/ },
  { name: "link.ts", reason: "load", says: /does not link\nSyntaxError: .*'nothing'/ },
  {
    name: "throws.ts",
    reason: "load",
    says: /threw while it was loaded\nRangeError: thrown at the top\n +at file:.*throws\.ts:1:7$/,
  },
  { name: "throws_text.ts", reason: "load", says: /loaded\nthe string "thrown text"$/ },
  {
    name: "main.ts:aap",
    reason: "export",
    says: /no export "aap"\. Did you mean "app"\? Applications in it: "app", "createApp"/,
    fields: { export: "aap", exports: APPLICATIONS, nearest: "app" },
  },
  {
    name: "main.ts:api.ap",
    reason: "export",
    says: /"api" has no member "ap"\. Did you mean "api\.app"\?/,
    fields: { export: "api.ap", exports: ["api.app"], nearest: "api.app" },
  },
  { name: "main.ts:api.port.x", reason: "export", says: /"api\.port" has no member "x"/ },
  { name: "main.ts:toString", reason: "export", says: /no export "toString"/ },
  {
    name: "script.ts",
    reason: "export",
    says: /It exports no application: write "export default"/,
  },
  {
    name: "empty.ts",
    reason: "export",
    says: /It exports no application: write "export default"/,
  },
  {
    name: "others.ts",
    reason: "export",
    says: /no default export, no "app" and no "fetch"\. .*: write ".*others\.ts:one"$/,
    fields: { exports: ["one"] },
  },
  {
    name: "wrong.ts",
    reason: "form",
    says: /"default" is the string "text", expected a function or an object.*: "site"$/,
    fields: { export: "default", exports: ["site"] },
  },
  { name: "main.ts:settings", reason: "form", says: /"settings" is an Object, expected/ },
  { name: "main.ts:promised", reason: "form", says: /is a Promise, .*Put "await" before/ },
  { name: "main.ts:Site", reason: "form", says: /is the class Site, .*Export an instance/ },
  { name: "main.ts:many", reason: "form", says: /cannot be detected.*"asgi:.*main\.ts:many"/ },
  {
    name: "main.ts:failing",
    factory: true,
    reason: "factory",
    says: /"failing" failed\nError: no database\n +at /,
  },
  { name: "main.ts:empty", factory: true, reason: "form", says: /factory "empty" gave undefined/ },
  {
    name: "main.ts:site",
    factory: true,
    reason: "form",
    says: /is a Bound, .*Leave --factory out/,
  },
];
for (const { name, factory, reason, says, fields = {} } of REFUSED) {
  Deno.test(`loadApplication() refuses "${name}"${factory ? " as a factory" : ""}`, async () => {
    const text = `${folder}/${name}`;
    const error = await refusal(text, factory);
    assert.match(error.message, says);
    assert(error.message.startsWith(`Cannot load application from "${text}": `), error.message);
    assert(!error.message.includes(new URL("../../src/", import.meta.url).href), error.message);
    const { module, application } = error;
    const main = text.replace(/:[^/]*$/, "");
    assert.deepEqual([error.reason, application, module], [reason, text, main]);
    for (const [key, value] of Object.entries(fields)) {
      assert.deepEqual(error[key as keyof NoAppError], value, key);
    }
  });
}

Deno.test("loadApplication() explains a name as Python has them", async () => {
  const says = /Modules are files here, not names as in Python: .* "my\/project\.ts"$/;
  assert.match((await refusal("my.project:app")).message, says);
});

Deno.test("loadApplication() tells a URL that is not there from one whose import is not", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/main.js") return new Response("", { status: 404 });
    return new Response('import "./missing.js"', {
      headers: { "content-type": "text/javascript" },
    });
  });
  try {
    const url = `http://127.0.0.1:${server.addr.port}`;
    assert.equal((await refusalInChild(`${url}/nothing.js`)).reason, "module");
    const error = await refusalInChild(`${url}/main.js:app`);
    assert.equal(error.reason, "load");
    assert.match(error.message, /missing\.js/);
  } finally {
    await server.shutdown();
  }
});

/** As {@link refusal}, in a process that does not write what it loads from the network into our lock file. */
async function refusalInChild(text: string): Promise<{ reason: string; message: string }> {
  const load = new URL("../../src/app/load.ts", import.meta.url).href;
  const program = `const { loadApplication } = await import(${JSON.stringify(load)});
    await loadApplication(${JSON.stringify(text)}).catch(({ reason, message }) =>
      console.log(JSON.stringify({ reason, message })));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", program],
    stderr: "null",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function refusal(text: string, factory = false): Promise<NoAppError> {
  try {
    await loadApplication(text, { factory });
  } catch (error) {
    assert(error instanceof NoAppError, `${error}`);
    return error;
  }
  assert.fail("Nothing was thrown");
}

/** What a fetch application answers. */
async function answer(app: unknown): Promise<string> {
  const handler = app as FetchHandler & { fetch?: FetchHandler };
  const request = new Request("http://localhost/");
  const response = await (handler.fetch?.(request, {} as never) ?? handler(request, {} as never));
  return await response.text();
}
