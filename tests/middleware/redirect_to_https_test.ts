import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError } from "../../src/errors.ts";
import {
  dispatcher,
  proxyFix,
  type RedirectOptions,
  redirectToHttps,
} from "../../src/middleware/mod.ts";
import {
  applicationOf,
  asgiApp,
  ask,
  type Asked,
  fetchApp,
  knock,
  seenBy,
  shake,
} from "./harness.ts";

interface Row extends Asked {
  readonly name: string;
  readonly options?: RedirectOptions;
  /** `root_path`; default: none. */
  readonly root?: string;
  /** What is asked for; default: an ordinary response. */
  readonly asks?: keyof typeof ASKS;
  readonly httpVersion?: "1.1" | "2" | "3";
  /** Status and location, or `null` when the application gets the request. */
  readonly answer: [status: number, location?: string] | null;
  /** What Hypercorn does instead, or why we do otherwise. */
  readonly differs?: string;
}

const ASKS = { response: ask, WebSocket: shake, WebTransport: knock };

const LOCALHOST: RedirectOptions = { host: "localhost" };

/** Hypercorn's vectors (reference, 8.2). */
const VECTORS: Row[] = [
  {
    name: "a path with a query",
    options: LOCALHOST,
    target: "/abc?a=b",
    answer: [307, "https://localhost/abc?a=b"],
  },
  {
    name: "an escaped path",
    options: LOCALHOST,
    target: "/abc%3C?a=b",
    answer: [307, "https://localhost/abc%3C?a=b"],
  },
  {
    name: "a host with the port of HTTP",
    authority: "h:80",
    answer: [307, "https://h/"],
    differs: "Hypercorn keeps the port, where nobody speaks TLS",
  },
  {
    name: "no host",
    authority: "",
    answer: [400],
    differs: "Hypercorn fails with a ValueError, which becomes a 500",
  },
  {
    name: "a path below root_path",
    options: { host: "h" },
    root: "/r",
    target: "/r/x",
    answer: [307, "https://h/r/x"],
    differs: "Hypercorn: /r/r/x (flaw 43)",
  },
  {
    name: "a path that looks like a host",
    options: { host: "h" },
    target: "//evil/x",
    answer: [307, "https://h//evil/x"],
  },
  ...(["1.1", "2", "3"] as const).map((httpVersion): Row => ({
    name: `a WebSocket over HTTP/${httpVersion}`,
    asks: "WebSocket",
    options: LOCALHOST,
    httpVersion,
    target: "/abc?a=b",
    answer: [307, "wss://localhost/abc?a=b"],
    ...(httpVersion === "2" &&
      { differs: "Hypercorn: https, which no WebSocket client can follow" }),
  })),
  { name: "https", scheme: "https", answer: null },
  { name: "wss", scheme: "https", asks: "WebSocket", answer: null },
  { name: "WebTransport", scheme: "https", asks: "WebTransport", answer: null },
  {
    name: "WebTransport that a proxy took by http",
    scheme: "http",
    asks: "WebTransport",
    answer: [307, "https://orig/"],
  },
];

const BEYOND: Row[] = [
  { name: "status 308", options: { status: 308 }, answer: [308, "https://orig/"] },
  {
    name: "status 301 for POST",
    options: { status: 301 },
    method: "POST",
    answer: [301, "https://orig/"],
  },
  {
    name: "a port",
    options: { port: 8443 },
    authority: "h:8080",
    answer: [307, "https://h:8443/"],
  },
  {
    name: "the port of HTTPS",
    options: { port: 443 },
    authority: "h:8080",
    answer: [307, "https://h/"],
  },
  { name: "a host with port", options: { host: "h:8443" }, answer: [307, "https://h:8443/"] },
  { name: "IPv6", authority: "[::1]:8080", answer: [307, "https://[::1]/"] },
  { name: "a host with an empty port", authority: "h:", answer: [307, "https://h/"] },
  {
    name: "a configured host and none in the request",
    options: LOCALHOST,
    authority: "",
    answer: [307, "https://localhost/"],
  },
  {
    name: "a path that a proxy cut",
    root: "/r",
    target: "/x?y",
    answer: [307, "https://orig/r/x?y"],
  },
  {
    name: "a root_path to be escaped",
    root: "/a b/%?",
    target: "/x",
    answer: [307, "https://orig/a%20b/%25%3F/x"],
  },
  {
    name: "the same, escaped in the path",
    root: "/a b",
    target: "/a%20b/x",
    answer: [307, "https://orig/a%20b/x"],
  },
  { name: "a backslash", target: "/\\evil", answer: [307, "https://orig/%5Cevil"] },
  {
    name: "control bytes",
    target: "/a\r\nset-cookie:\0",
    answer: [307, "https://orig/a%0D%0Aset-cookie:%00"],
  },
  { name: "text beyond ASCII", target: "/é\ud800", answer: [307, "https://orig/%C3%A9%EF%BF%BD"] },
  { name: "a fragment", target: "/a#b", answer: [307, "https://orig/a%23b"] },
  { name: "absolute-form", target: "http://evil/x?y", answer: [307, "https://orig/x?y"] },
  { name: "absolute-form without path", target: "http://evil", answer: [307, "https://orig/"] },
  {
    name: "absolute-form with query only",
    target: "http://evil?x",
    answer: [307, "https://orig/?x"],
  },
  { name: "asterisk-form", method: "OPTIONS", target: "*", answer: [307, "https://orig/"] },
  { name: "authority-form", method: "CONNECT", target: "evil:443", answer: [307, "https://orig/"] },
  {
    name: "a target that is another scheme",
    target: "javascript:alert(1)",
    answer: [307, "https://orig/"],
  },
  { name: "an empty target", target: "", answer: [307, "https://orig/"] },
  { name: "dot segments", target: "/../..//x", answer: [307, "https://orig/../..//x"] },
  ...["user@h", "h/evil", "h?", "h#", "h\\evil", "h evil", ":80", "h:80:90", "h:x", "[::1", "\xe9"]
    .map(
      (authority): Row => ({ name: `the host "${authority}"`, authority, answer: [400] }),
    ),
  { name: "an invalid host over a WebSocket", asks: "WebSocket", authority: "a@b", answer: [400] },
];

for (const row of [...VECTORS, ...BEYOND]) {
  const { name, options, root = "", asks = "response", answer, differs, ...request } = row;
  const result = answer ? `answers ${answer.join(" ")}` : "passes";
  const unlike = differs ? ", unlike Hypercorn" : "";
  Deno.test(`redirectToHttps() ${result} for ${name}${unlike}`, async () => {
    const app = applicationOf(redirectToHttps(asgiApp("app"), options), { rootPath: root });
    const exchange = await ASKS[asks](app, { authority: "orig", ...request });
    if (answer === null) return assert.equal(seenBy(exchange).name, "app");
    const [status, location] = answer;
    const fields = location === undefined ? [] : [["location", location]];
    assert.deepEqual(exchange.head, { status, fields: [...fields, ["content-length", "0"]] });
    assert.deepEqual(exchange.calls, ["respond", "end"]);
  });
}

Deno.test("redirectToHttps() passes what a proxy got by https, and nothing else", async () => {
  const app = applicationOf(proxyFix(redirectToHttps(fetchApp("app"))));
  const secure = await ask(app, { fields: [["x-forwarded-proto", "https"]] });
  assert.equal(seenBy(secure).url, "https://localhost/");
  const plain = await ask(app, { fields: [["x-forwarded-host", "new"]] });
  assert.equal(plain.field("location"), "https://new/");
});

Deno.test("redirectToHttps() below a dispatcher sends to the whole path", async () => {
  const app = applicationOf(dispatcher({ "/a": redirectToHttps(fetchApp("a")) }), {
    rootPath: "/r",
  });
  assert.equal((await ask(app, { target: "/a/x" })).field("location"), "https://localhost/r/a/x");
  assert.equal((await ask(app, { target: "/r/a/x" })).field("location"), "https://localhost/r/a/x");
});

Deno.test("redirectToHttps() leaves the lifespan to the application", async () => {
  const app = applicationOf(redirectToHttps(asgiApp("app")));
  await app.startup!();
  await app.shutdown!();
  assert.equal(applicationOf(redirectToHttps(fetchApp("app"))).startup, undefined);
});

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "/",
      "\\",
      "@",
      ":",
      "?",
      "#",
      ".",
      "//",
      "http://",
      "evil.example",
      "\t",
      "\n",
      " ",
      "%2f",
      "[",
      "]",
    ),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 12,
});

Deno.test("redirectToHttps() sends to https on the configured host, whatever the request", async () => {
  const app = applicationOf(redirectToHttps(fetchApp("app"), { host: "good.example:8443" }));
  await fc.assert(
    fc.asyncProperty(hostile, hostile, async (target, authority) => {
      const url = new URL((await ask(app, { target, authority })).field("location")!);
      assert.deepEqual([url.protocol, url.host, url.username], ["https:", "good.example:8443", ""]);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("redirectToHttps() sends to https on the host that was asked for, or answers 400", async () => {
  const app = applicationOf(redirectToHttps(fetchApp("app")));
  const authority = fc.oneof(hostile, fc.webAuthority({ withPort: true, withUserInfo: true }));
  await fc.assert(
    fc.asyncProperty(hostile, authority, async (target, authority) => {
      const exchange = await ask(app, { target, authority });
      const location = exchange.field("location");
      if (location === undefined) return assert.equal(exchange.head!.status, 400);
      assert.match(location, /^[\x21-\x7e]+$/);
      const url = new URL(location);
      assert.deepEqual([url.protocol, url.port, url.username], ["https:", "", ""]);
      assert.equal(url.hostname, new URL(`http://${authority}/`).hostname);
      assert(!authority.includes("@"));
    }),
    { numRuns: 1000 },
  );
});

const REFUSED: { options: unknown; message: RegExp }[] = [
  {
    options: { status: 303 },
    message: /"status": expected 301, 302, 307 or 308, received number 303/,
  },
  { options: { status: "307" }, message: /received the string "307"/ },
  { options: { host: "" }, message: /"host": expected a host such as "example.com" or/ },
  { options: { host: "https://h" }, message: /received the string "https:\/\/h"/ },
  { options: { host: "a@b" }, message: /"host"/ },
  { options: { port: 0 }, message: /"port": expected a port, 1 to 65535, received number 0/ },
  { options: { port: 65_536 }, message: /"port"/ },
  {
    options: { host: "h", port: 8443 },
    message:
      /"port": expected no port beside "host", received number 8443\. Write it as host: "h:8443"$/,
  },
];
for (const { options, message } of REFUSED) {
  Deno.test(`redirectToHttps() refuses ${JSON.stringify(options)}`, () => {
    const make = () => redirectToHttps(fetchApp("app"), options as RedirectOptions);
    assert.throws(make, (error) => error instanceof ConfigError && message.test(error.message));
  });
}
