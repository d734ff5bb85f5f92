import assert from "node:assert/strict";
import type { ASGIFramework, ASGIScope } from "../../src/app/asgi_types.ts";
import type { Framework } from "../../src/app/framework.ts";
import type { WSGIFramework } from "../../src/app/wsgi_types.ts";
import type { FetchHandler } from "../../src/fetch_types.ts";
import { BrokenResponse, type Client, type ClientResponse, request } from "../_support/client.ts";
import { type Form, startForm } from "../_support/contract_server.ts";
import { CURL_MISSING, CurlClient } from "../_support/curl_client.ts";
import { withDeadline } from "../_support/deadline.ts";
import { LogSink } from "../_support/log_sink.ts";
import { RawClient } from "../_support/raw_http.ts";
import { ASGI_ROWS } from "./misbehaving_asgi_apps.ts";
import { FETCH_ROWS } from "./misbehaving_fetch_apps.ts";
import { WSGI_ROWS } from "./misbehaving_wsgi_apps.ts";
import type { Misbehaviour } from "./misbehaviour.ts";

const ROWS = [...ASGI_ROWS, ...FETCH_ROWS, ...WSGI_ROWS];

const CLIENTS = [
  { name: "HTTP/1.1", missing: undefined, connect: (url: string) => new RawClient(url) },
  {
    name: "HTTP/2",
    missing: CURL_MISSING,
    connect: (url: string) => new CurlClient(url, "--http2-prior-knowledge"),
  },
];

for (const row of ROWS) {
  for (const form of row.forms) {
    for (const { name: version, missing, connect } of CLIENTS) {
      const name = `${form} application over ${version} that ${row.name}`;
      Deno.test({
        name: missing === undefined ? name : `${name} (skipped: ${missing})`,
        ignore: missing !== undefined,
        fn: () => runRow(row, form, connect),
      });
    }
  }
}

async function runRow(
  row: Misbehaviour,
  form: Form,
  connect: (url: string) => Client,
): Promise<void> {
  const log = new LogSink();
  const server = await startForm(form, withFinePath(form, row.app), log);
  try {
    await using client = connect(server.binds[0]!.url);
    const sent = request(client, { target: "/bad", method: row.method ?? "GET" });
    assertOutcome(await sent.catch(asBroken), row.outcome);
    assertLog(log, row.log);
    // The others are served as if nothing had happened.
    assert.equal((await request(client, { target: "/fine" })).text, "fine");
  } finally {
    await withDeadline(server.shutdown(), "the end of the server", 2000);
  }
}

function asBroken(error: unknown): "broken" {
  if (error instanceof BrokenResponse) return "broken";
  throw error;
}

function assertOutcome(seen: ClientResponse | "broken", wanted: Misbehaviour["outcome"]): void {
  if (seen === "broken" || wanted === "broken") {
    assert.equal(seen === "broken" ? seen : `${seen.status} ${seen.text}`, wanted);
  } else if (typeof wanted === "number") {
    assert.deepEqual([seen.status, seen.text], [wanted, ""]);
  } else {
    const content = typeof wanted === "string" ? seen.text : { bytes: seen.content.length };
    assert.deepEqual([seen.status, content], [200, wanted]);
  }
}

/** One failure makes one line, whatever number of layers noticed it. */
function assertLog(log: LogSink, wanted: string | null): void {
  const errors = log.lines.filter((line) => line.startsWith("ERROR"));
  if (wanted === null) return assert.deepEqual(errors, []);
  assert.equal(errors.length, 1, errors.join("\n"));
  assert.ok(errors[0]!.includes(wanted), `${errors[0]} does not say ${wanted}`);
}

/** Answers `/fine` properly, and leaves the rest to the application. */
function withFinePath(form: Form, app: Framework): Framework {
  if (form === "ASGI") return fineASGI(app as ASGIFramework);
  return form === "WSGI" ? fineWSGI(app as WSGIFramework) : fineFetch(app as FetchHandler);
}

function fineASGI(app: ASGIFramework): ASGIFramework {
  return async (scope: ASGIScope, receive, send) => {
    if (scope.type !== "http") return; // no lifespan
    if (scope.path !== "/fine") return await app(scope, receive, send);
    await send({ type: "http.response.start", status: 200 });
    await send({ type: "http.response.body", body: "fine" });
  };
}

function fineWSGI(app: WSGIFramework): WSGIFramework {
  return (environ, startResponse) => {
    if (environ.PATH_INFO !== "/fine") return app(environ, startResponse);
    startResponse("200 OK", []);
    return ["fine"];
  };
}

function fineFetch(app: FetchHandler): FetchHandler {
  return (request, info) =>
    new URL(request.url).pathname === "/fine" ? new Response("fine") : app(request, info);
}
