import assert from "node:assert/strict";
import type { ASGIFramework } from "../../mod.ts";
import { type Form, startForm } from "../_support/contract_server.ts";
import { LogSink } from "../_support/log_sink.ts";
import { RawClient } from "../_support/raw_client.ts";

/** Says what each form sees of scheme, host and target. */
const APPS: { form: Form; app: ASGIFramework | ((request: Request) => Response) }[] = [
  {
    form: "fetch short cut",
    app: (request: Request) => new Response(`${request.url} ${request.headers.get("host")}`),
  },
  {
    form: "fetch exchange",
    app: (request: Request) => new Response(`${request.url} ${request.headers.get("host")}`),
  },
  {
    form: "ASGI",
    app: async (scope, _receive, send) => {
      if (scope.type !== "http") return;
      const host = scope.headers.find(([name]) => name === "host")?.[1];
      const query = scope.query_string && `?${scope.query_string}`;
      await send({ type: "http.response.start", status: 200 });
      const body = `${scope.scheme}://${host}${scope.raw_path}${query} ${host}`;
      await send({ type: "http.response.body", body });
    },
  },
];

const ROWS = [
  { name: "origin form", target: "/x?q", host: "a", seen: "http://a/x?q a" },
  {
    name: "absolute form with another host",
    target: "http://b/x",
    host: "a",
    seen: "http://b/x b",
  },
  {
    name: "absolute form with another scheme",
    target: "https://a/x",
    host: "a",
    seen: "http://a/x a",
  },
  {
    name: "absolute form without a path",
    target: "http://a?q=/y",
    host: "a",
    seen: "http://a/?q=/y a",
  },
];

for (const { form, app } of APPS) {
  for (const { name, target, host, seen } of ROWS) {
    Deno.test(`${form}: ${name} gives the authority of the target and the scheme of the bind (RFC 9112 §3.3)`, async () => {
      await using server = await startForm(form, app, new LogSink());
      using client = await RawClient.connect(server.binds[0]!.url);
      // Twice, for the second time the listener remembers the first.
      for (let round = 0; round < 2; round++) {
        await client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
        await client.readUntil(seen);
      }
      await client.send("GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      const received = await client.readToEnd();
      assert.equal(received.split(seen).length - 1, 2);
      assert.ok(received.endsWith("http://a/end a"));
    });
  }
}

Deno.test("a transfer coding that nobody decodes is answered with 501 (RFC 9112 §6.1)", async () => {
  const log = new LogSink();
  await using server = await startForm("fetch short cut", () => new Response("x"), log);
  using client = await RawClient.connect(server.binds[0]!.url);
  await client.send(
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
  );
  assert.match(await client.readToEnd(), /^HTTP\/1\.1 501 /);
  assert.equal(log.matching("Refused POST with 501").length, 1);
});
