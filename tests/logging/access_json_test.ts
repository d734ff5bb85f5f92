import assert from "node:assert/strict";
import fc from "fast-check";
import { ANY_TEXT } from "./any_text.ts";
import { linesOf, type Story } from "./observed.ts";

/** What is the same in all lines here. */
const SAME = {
  time: "2026-11-22T08:06:00.123Z",
  level: "INFO",
  pid: Deno.pid,
  logger: "hypercorn.access",
  client_host: "127.0.0.1",
  client_port: 80,
  method: "GET",
  scheme: "http",
  host: "example.com",
  path: "/",
  query: "",
  http_version: "1.1",
  protocol: "h11",
  status: 200,
  bytes: 0,
  duration: 0,
  referer: null,
  user_agent: null,
  outcome: "complete",
  websocket: false,
  webtransport: false,
};

const ROWS: readonly { name: string; story: Story; differs: Record<string, unknown> }[] = [
  { name: "a plain request", story: {}, differs: {} },
  {
    name: "a request with everything",
    story: {
      request: { method: "POST", target: "/a%20b?x=%20", httpVersion: "2", scheme: "https" },
      fields: { referer: "http://r/", "user-agent": "curl/8" },
      status: 404,
      sent: [3, 4],
      took: 1.2345678,
    },
    differs: {
      time: "2026-11-22T08:06:00.124Z",
      method: "POST",
      path: "/a b",
      query: "x=%20",
      http_version: "2",
      protocol: "h2",
      scheme: "https",
      referer: "http://r/",
      user_agent: "curl/8",
      status: 404,
      bytes: 7,
      duration: 0.001235,
    },
  },
  {
    name: "a WebSocket over HTTP/3 behind a proxy",
    story: {
      request: { method: "CONNECT", websocket: true, httpVersion: "3", scheme: "https" },
      forwarded: { client: { hostname: "2001:db8::1", port: 0 }, authority: "chat.example" },
    },
    differs: {
      websocket: true,
      scheme: "wss",
      http_version: "3",
      protocol: "h3",
      client_host: "2001:db8::1",
      client_port: null,
      host: "chat.example",
    },
  },
  {
    name: "a WebTransport session",
    story: {
      request: { method: "CONNECT", webtransport: true, httpVersion: "3", scheme: "https" },
      sent: [7],
    },
    differs: {
      webtransport: true,
      method: "CONNECT",
      scheme: "https",
      http_version: "3",
      protocol: "h3",
      bytes: 7,
    },
  },
  {
    name: "a request on a Unix socket that nobody answered",
    story: { request: { client: null, authority: "" }, status: null, outcome: "aborted" },
    differs: { client_host: null, client_port: null, host: "", status: null, outcome: "aborted" },
  },
  {
    name: "a refused request",
    story: { status: 431, outcome: "refused", reason: "too_large" },
    differs: { status: 431, outcome: "refused", reason: "too_large" },
  },
];

for (const { name, story, differs } of ROWS) {
  Deno.test(`a JSON line of ${name} has typed members`, () => {
    const [line] = linesOf([story], { json: true });
    assert.deepEqual(JSON.parse(line!), { ...SAME, ...differs });
  });
}

Deno.test("a JSON line is one line that says what was sent, whatever that is", () => {
  fc.assert(fc.property(ANY_TEXT, ANY_TEXT, ANY_TEXT, (method, query, agent) => {
    const target = `/?${query}`;
    const story: Story = { request: { method, target }, fields: { "user-agent": agent } };
    const [line] = linesOf([story], { json: true });
    const entry = JSON.parse(line!);
    assert.deepEqual([entry.method, entry.query, entry.user_agent], [method, query, agent]);
    assert.doesNotMatch(line!, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  }));
});
