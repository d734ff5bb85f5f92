import assert from "node:assert/strict";
import { ConfigError } from "../../mod.ts";
import { linesOf, type Story } from "./observed.ts";

const BASIC = "Basic ";
const credentials = (text: string) =>
  BASIC + btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** Hypercorn's own test of its atoms. */
const VECTOR: Story = {
  request: { target: "/?a=b", httpVersion: "2" },
  responseFields: { "content-length": "5", "x-hypercorn": "Hypercorn" },
  fields: { referer: "hypercorn", "user-agent": "Hypercorn", "x-hypercorn": "Hypercorn" },
  sent: [5],
  took: 0.023,
};

/** The request that the reference shows. */
const SHOWN: Story = { request: { target: "/a%20b/x?q=1&r=%C3%A9" } };

const WEBSOCKET: Story = {
  request: { method: "CONNECT", websocket: true, httpVersion: "2", scheme: "https", target: "/ws" },
};

const ROWS: readonly { atom: string; story: Story; text: string; case?: string }[] = [
  { atom: "h", story: VECTOR, text: "127.0.0.1:80" },
  { atom: "l", story: VECTOR, text: "-" },
  { atom: "u", story: VECTOR, text: "-" },
  { atom: "r", story: VECTOR, text: "GET / 2" },
  { atom: "R", story: VECTOR, text: "GET /?a=b 2" },
  { atom: "m", story: VECTOR, text: "GET" },
  { atom: "U", story: VECTOR, text: "/" },
  { atom: "Uq", story: VECTOR, text: "/?a=b" },
  { atom: "q", story: VECTOR, text: "a=b" },
  { atom: "H", story: VECTOR, text: "2" },
  { atom: "s", story: VECTOR, text: "200" },
  { atom: "st", story: VECTOR, text: "OK" },
  { atom: "S", story: VECTOR, text: "http" },
  { atom: "b", story: VECTOR, text: "5" },
  { atom: "B", story: VECTOR, text: "5" },
  { atom: "f", story: VECTOR, text: "hypercorn" },
  { atom: "a", story: VECTOR, text: "Hypercorn" },
  { atom: "T", story: VECTOR, text: "0" },
  { atom: "D", story: VECTOR, text: "23" },
  { atom: "L", story: VECTOR, text: "0.000023" },
  { atom: "p", story: VECTOR, text: `<${Deno.pid}>` },
  { atom: "{X-Hypercorn}i", story: VECTOR, text: "Hypercorn" },
  { atom: "{X-HYPERCORN}o", story: VECTOR, text: "Hypercorn" },
  { atom: "st", case: "of an unknown status", story: { status: 441 }, text: "<???441???>" },

  { atom: "r", case: "of an escaped path", story: SHOWN, text: "GET /a b/x 1.1" },
  { atom: "R", case: "of an escaped path", story: SHOWN, text: "GET /a b/x?q=1&r=%C3%A9 1.1" },
  { atom: "U", case: "of an escaped path", story: SHOWN, text: "/a b/x" },
  { atom: "Uq", case: "of an escaped path", story: SHOWN, text: "/a b/x?q=1&r=%C3%A9" },
  { atom: "q", case: "of a query with escapes", story: SHOWN, text: "q=1&r=%C3%A9" },
  { atom: "q", case: "without a query", story: {}, text: "" },
  { atom: "Uq", case: "of an empty query", story: { request: { target: "/?" } }, text: "/?" },
  { atom: "U", case: "in UTF-8", story: { request: { target: "/%E4%B8%AD" } }, text: "/中" },
  { atom: "U", case: "not in UTF-8", story: { request: { target: "/%ff%2f" } }, text: "/\ufffd/" },
  {
    atom: "U",
    case: "with a bad escape",
    story: { request: { target: "/%zz%4" } },
    text: "/%zz%4",
  },

  { atom: "H", case: "over HTTP/3", story: { request: { httpVersion: "3" } }, text: "3" },
  { atom: "P", case: "over HTTP/3", story: { request: { httpVersion: "3" } }, text: "h3" },
  { atom: "P", case: "over HTTP/2", story: VECTOR, text: "h2" },
  { atom: "P", case: "over HTTP/1.0", story: { request: { httpVersion: "1.0" } }, text: "h11" },
  { atom: "o", case: "by default", story: {}, text: "complete" },
  { atom: "o", case: "of a refusal", story: { outcome: "refused" }, text: "refused" },

  { atom: "s", case: "without a response", story: { status: null }, text: "-" },
  { atom: "st", case: "without a response", story: { status: null }, text: "-" },
  { atom: "{x}o", case: "without a response", story: { status: null }, text: "-" },
  { atom: "{x}o", case: "of an absent field", story: {}, text: "-" },
  { atom: "{x}i", case: "of an absent field", story: {}, text: "-" },
  { atom: "b", case: "without content", story: {}, text: "-" },
  { atom: "B", case: "without content", story: {}, text: "0" },
  { atom: "b", case: "of several pieces", story: { sent: [3, 0, 4] }, text: "7" },
  { atom: "f", case: "of an absent field", story: {}, text: "-" },
  { atom: "a", case: "of an absent field", story: {}, text: "-" },

  { atom: "T", case: "of 2.5 s", story: { took: 2500 }, text: "2" },
  { atom: "D", case: "of 2.5 s", story: { took: 2500 }, text: "2500000" },
  { atom: "L", case: "of 2.5 s", story: { took: 2500 }, text: "2.500000" },

  { atom: "m", case: "of a WebSocket", story: WEBSOCKET, text: "GET" },
  { atom: "r", case: "of a WebSocket", story: WEBSOCKET, text: "GET /ws 2" },
  { atom: "S", case: "of a WebSocket with TLS", story: WEBSOCKET, text: "wss" },
  { atom: "S", case: "of a WebSocket", story: { request: { websocket: true } }, text: "ws" },
  {
    atom: "S",
    case: "after a proxy with TLS",
    story: { request: { websocket: true }, forwarded: { scheme: "https" } },
    text: "wss",
  },

  { atom: "h", case: "on a Unix socket", story: { request: { client: null } }, text: "unix:" },
  {
    atom: "h",
    case: "over IPv6",
    story: { request: { client: { hostname: "::1", port: 7 } } },
    text: "[::1]:7",
  },
  {
    atom: "h",
    case: "after a proxy",
    story: { forwarded: { client: { hostname: "192.0.2.7", port: 0 } } },
    text: "192.0.2.7",
  },
  {
    atom: "h",
    case: "after a proxy over IPv6",
    story: { forwarded: { client: { hostname: "2001:db8::7", port: 0 } } },
    text: "[2001:db8::7]",
  },
  {
    atom: "h",
    case: "after a proxy on a Unix socket",
    story: {
      request: { client: null },
      forwarded: { client: { hostname: "192.0.2.7", port: 443 } },
    },
    text: "192.0.2.7:443",
  },
  {
    atom: "h",
    case: "forged by a proxy",
    story: { forwarded: { client: { hostname: '_x - "\n', port: 0 } } },
    text: '_x\\x20-\\x20\\"\\x0a',
  },

  { atom: "u", case: "by Basic", story: user(credentials("jane:secret")), text: "jane" },
  { atom: "u", case: "in UTF-8", story: user(credentials("zoë:x:y")), text: "zoë" },
  { atom: "u", case: "with spaces", story: user(credentials('a "b:c')), text: 'a\\x20\\"b' },
  { atom: "u", case: "with odd case", story: user("bAsIc   amFuZTo="), text: "jane" },
  { atom: "u", case: "not in UTF-8", story: user(BASIC + btoa("\xff:x")), text: "-" },
  { atom: "u", case: "in bad base64", story: user("Basic amFuZTo6*"), text: "-" },
  { atom: "u", case: "in base64 of bad length", story: user("Basic amFuZ"), text: "-" },
  { atom: "u", case: "without a colon", story: user(credentials("jane")), text: "-" },
  { atom: "u", case: "without a name", story: user(credentials(":secret")), text: "-" },
  { atom: "u", case: "of a token", story: user("Bearer amFuZTo="), text: "-" },
];

function user(authorization: string): Story {
  return { fields: { authorization } };
}

for (const { atom, story, text, case: circumstance = "of Hypercorn's vector" } of ROWS) {
  Deno.test(`atom ${atom} ${circumstance} is ${JSON.stringify(text)}`, () => {
    assert.deepEqual(linesOf([story], { template: `%(${atom})s` }), [text]);
  });
}

Deno.test("atom t is the local time at which the line is written", () => {
  const lines = linesOf([{ took: 2000 }], { template: "%(t)s" });
  assert.match(lines[0]!, /^\[\d\d\/Nov\/2026:\d\d:\d\d:02 [+-]\d{4}\]$/);
  const [, day, time, zone] = /^\[(\d\d)\/Nov\/2026:(.*) ([+-]\d{4})\]$/.exec(lines[0]!)!;
  const date = new Date(`2026-11-${day}T${time}${zone!.slice(0, 3)}:${zone!.slice(3)}`);
  assert.equal(date.getTime(), Date.UTC(2026, 10, 22, 8, 6, 2));
});

const HOSTILE = [
  { name: "a line break", text: "\r\n", escaped: "\\x0d\\x0a" },
  { name: "a quote", text: '"', escaped: '\\"' },
  { name: "a backslash", text: "\\x0a", escaped: "\\\\x0a" },
  { name: "an escape sequence", text: "\x1b[2J", escaped: "\\x1b[2J" },
  { name: "NUL, DEL and C1", text: "\0\x7f\x85\x9b", escaped: "\\x00\\x7f\\x85\\x9b" },
];

for (const { name, text, escaped } of HOSTILE) {
  Deno.test(`an access line escapes ${name} wherever it comes from`, () => {
    const encoded = [...new TextEncoder().encode(text)]
      .map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
    const story: Story = {
      request: { method: text, target: `/${encoded}?${text}` },
      fields: { referer: text, "user-agent": text, cookie: text },
    };
    const template = '"%(R)s" "%(m)s" "%(f)s" "%(a)s" "%({cookie}i)s"';
    assert.deepEqual(linesOf([story], { template }), [
      `"${escaped} /${escaped}?${escaped} 1.1" "${escaped}" "${escaped}" "${escaped}" "${escaped}"`,
    ]);
  });
}

Deno.test("an access line escapes what decoding brings to light: separators and format characters", () => {
  const target = `/${encodeURIComponent("\u2028\u2029\u202e\ufeff\u{e0001}")}`;
  assert.deepEqual(linesOf([{ request: { target } }], { template: "%(U)s" }), [
    "/\\u2028\\u2029\\u202e\\ufeff\\u{e0001}",
  ]);
});

Deno.test("atom {NAME}e is a variable of the process, in either case, escaped", () => {
  Deno.env.set("HYPERCORN_TEST_ATOM", 'va"l');
  try {
    const template = "%({HYPERCORN_TEST_ATOM}e)s %({hypercorn_test_atom}e)s %({HYPERCORN_NONE}e)s";
    assert.deepEqual(linesOf([{}], { template }), ['va\\"l va\\"l -']);
    assert.deepEqual(linesOf([{}], { template: "%({}e)s%({a=b}e)s" }), ["--"]);
  } finally {
    Deno.env.delete("HYPERCORN_TEST_ATOM");
  }
});

const TEMPLATES = [
  { template: "", line: "" },
  { template: "plain", line: "plain" },
  { template: "100%% of %(s)s%%", line: "100% of 200%" },
  { template: "%(l)s%(l)s", line: "--" },
  { template: "%(s)s%(s)s", line: "200200" },
  { template: "%(l)s %(m)s %(l)s", line: "- GET -" },
];
for (const { template, line } of TEMPLATES) {
  Deno.test(`the template ${JSON.stringify(template)} gives ${JSON.stringify(line)}`, () => {
    assert.deepEqual(linesOf([{}, {}], { template }), [line, line]);
  });
}

const BAD_TEMPLATES = [
  { template: "%(h)s %s", received: '"%s"' },
  { template: "%(D)d", received: '"%(D)d"' },
  { template: "%(h", received: '"%(h"' },
  { template: "%", received: '"%"' },
];
for (const { template, received } of BAD_TEMPLATES) {
  Deno.test(`the template ${JSON.stringify(template)} is a ConfigError`, () => {
    assert.throws(
      () => linesOf([], { template }),
      (error) =>
        error instanceof ConfigError && error.key === "accessLogFormat" &&
        error.received === received && error.message.includes('Write "%%" for a percent sign'),
    );
  });
}

const UNKNOWN = [
  { atom: "status", nearest: "s" },
  { atom: "requst", nearest: "r" },
  { atom: "something", nearest: null },
  { atom: "M", nearest: "m" },
  { atom: "ST", nearest: "st" },
  { atom: "sts", nearest: "st" },
  { atom: "x", nearest: null },
  { atom: "user-agent", nearest: "{user-agent}i" },
  { atom: "{user-agent}x", nearest: "{user-agent}i" },
  { atom: "{bad name}i", nearest: null },
  { atom: "constructor", nearest: null },
  { atom: "{constructor}", nearest: "{constructor}i" },
];
for (const { atom, nearest } of UNKNOWN) {
  Deno.test(`the unknown atom ${atom} is "-", and a warning ${nearest ?? "without a guess"}`, () => {
    const warnings: string[] = [];
    assert.deepEqual(linesOf([{}, {}], { template: `[%(${atom})s]`, warnings }), ["[-]", "[-]"]);
    const hint = nearest === null ? "" : `. Did you mean "${nearest}"?`;
    assert.deepEqual(warnings, [
      `Option "accessLogFormat" has the unknown atom "${atom}": it is always "-"${hint}`,
    ]);
  });
}
