import assert from "node:assert/strict";
import type { StartResponse, WSGIEnviron } from "../../src/wsgi_types.ts";
import type { Exchange } from "../../src/exchange.ts";
import type { FetchInfo } from "../../src/fetch_types.ts";
import { type FieldList, getField } from "../../src/fields.ts";
import { answer, serveForm, serveH3 } from "../_support/h3_harness.ts";

Deno.test("H3Exchange knows version, addresses and TLS of its connection", async () => {
  const seen: Exchange[] = [];
  await using server = serveH3((exchange) => {
    seen.push(exchange);
    return answer(exchange);
  });
  const peer = {
    client: { hostname: "192.0.2.7", port: 1234 },
    server: { hostname: "192.0.2.1", port: 443 },
  };
  await server.connect({ peer, serverName: "example.com" }).get("/x", { authority: "example.com" });
  await server.connect({ serverName: null }).get();
  const [{ request, peer: facts }, second] = seen as [Exchange, Exchange];
  assert.equal(request.httpVersion, "3");
  assert.equal(request.scheme, "https");
  assert.equal(request.authority, "example.com");
  assert.equal(getField(request.fields, "host"), "example.com");
  assert.deepEqual(facts, { ...peer, tls: { version: 0x0304, serverName: "example.com" } });
  assert.equal(second.peer.tls?.serverName, null);
});

Deno.test("An ASGI application over HTTP/3 sees http_version 3, addresses and the TLS extension", async () => {
  await using server = serveForm(async (scope, _receive, send) => {
    assert.equal(scope.type, "http");
    const { http_version, scheme, client, server, extensions } = scope as unknown as Record<
      string,
      unknown
    >;
    const body = new TextEncoder().encode(
      JSON.stringify({
        http_version,
        scheme,
        client,
        server,
        tls: (extensions as { tls: unknown }).tls,
      }),
    );
    await send({ type: "http.response.start", status: 200, headers: [] });
    await send({ type: "http.response.body", body });
  }, "asgi");
  const response = await server.connect().get();
  assert.deepEqual(JSON.parse(response.text), {
    http_version: "3",
    scheme: "https",
    client: ["127.0.0.1", 50_000],
    server: ["127.0.0.1", 8443],
    tls: {
      server_cert: null,
      client_cert_chain: [],
      client_cert_name: null,
      client_cert_error: null,
      tls_version: 0x0304,
      cipher_suite: null,
      server_name: "localhost",
    },
  });
});

Deno.test("A fetch application over HTTP/3 gets a Request and info, and its Response is sent", async () => {
  await using server = serveForm(async (request: Request, info: FetchInfo) => {
    const { httpVersion, remoteAddr } = info as { httpVersion: string; remoteAddr: Deno.NetAddr };
    const text = `${request.method} ${request.url} ${httpVersion} ${remoteAddr.port} `;
    return new Response(text + await request.text(), { headers: { "x-form": "fetch" } });
  }, "fetch");
  const request = server.connect().request({ method: "POST", path: "/p?q" }).data("sent").finish();
  const response = await request.response();
  assert.equal(response.text, "POST https://localhost/p?q 3 50000 sent");
  assert.equal(response.field("x-form"), "fetch");
});

Deno.test("A WSGI application over HTTP/3 gets its environ and input, and its answer is sent", async () => {
  await using server = serveForm((environ: WSGIEnviron, startResponse: StartResponse) => {
    startResponse("200 OK", [["x-form", "wsgi"]]);
    const { SERVER_PROTOCOL, REQUEST_METHOD, PATH_INFO } = environ as unknown as Record<
      string,
      string
    >;
    return [new TextEncoder().encode(`${REQUEST_METHOD} ${PATH_INFO} ${SERVER_PROTOCOL}`)];
  }, "wsgi");
  const response = await server.connect().get("/path");
  assert.equal(response.text, "GET /path HTTP/3");
  assert.equal(response.field("x-form"), "wsgi");
});

Deno.test("H3Exchange adds the fields of the server, and those of the application win", async () => {
  await using server = serveH3(async (exchange) => {
    const fields: FieldList = exchange.request.target === "/own"
      ? [["server", "mine"], ["date", "today"]]
      : [];
    await exchange.respond({ status: 200, fields });
    await exchange.end();
  }, {
    includeDateHeader: true,
    responseFields: {
      http1: [],
      http2: [],
      http3: [["server", "hypercorn-h3"], ["alt-svc", 'h3=":1"']],
      http1Draining: [],
      http2Draining: [],
    },
  });
  const peer = server.connect();
  const added = await peer.get("/");
  assert.equal(added.field("server"), "hypercorn-h3");
  assert.equal(added.field("alt-svc"), 'h3=":1"');
  assert.match(added.field("date")!, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
  const own = await peer.get("/own");
  assert.equal(own.field("server"), "mine");
  assert.equal(own.field("date"), "today");
  assert.equal(own.fields.filter(([name]) => name === "date").length, 1);
});
