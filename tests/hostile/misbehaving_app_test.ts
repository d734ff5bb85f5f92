import assert from "node:assert/strict";
import type { ASGIFramework, ASGIScope } from "../../src/asgi_types.ts";
import type { Framework } from "../../src/framework_types.ts";
import type { WSGIFramework } from "../../src/wsgi_types.ts";
import type { FetchHandler } from "../../src/fetch_types.ts";
import type { BackendName } from "../../src/quic/deno.ts";
import { BrokenResponse, type Client, type ClientResponse, request } from "../_support/client.ts";
import { type Form, startForm } from "../_support/contract_server.ts";
import { CURL_MISSING, CurlClient } from "../_support/curl_client.ts";
import { withDeadline } from "../_support/deadline.ts";
import { H3Client } from "../_support/h3_client.ts";
import { LogSink } from "../_support/log_sink.ts";
import { RawClient } from "../_support/raw_http.ts";
import { ASGI_ROWS } from "./misbehaving_asgi_apps.ts";
import { FETCH_ROWS } from "./misbehaving_fetch_apps.ts";
import { WSGI_ROWS } from "./misbehaving_wsgi_apps.ts";
import { HTTP3_ROWS } from "./misbehaving_http3_apps.ts";
import type { Misbehaviour } from "./misbehaviour.ts";

const ROWS = [...ASGI_ROWS, ...FETCH_ROWS, ...WSGI_ROWS, ...HTTP3_ROWS];

/** A protocol, and a client that speaks it. */
interface Transport {
  readonly name: string;
  /** Why the client cannot be used here. */
  readonly missing?: string | undefined;
  /** QUIC back-end of a server that speaks HTTP/3. */
  readonly quic?: BackendName;
  connect(url: string): Client;
}

const TRANSPORTS: readonly Transport[] = [
  { name: "HTTP/1.1", connect: (url) => new RawClient(url) },
  {
    name: "HTTP/2",
    missing: CURL_MISSING,
    connect: (url) => new CurlClient(url, "--http2-prior-knowledge"),
  },
  // One back-end is enough here: what differs between the two is below the exchange.
  { name: "HTTP/3", quic: "resources", connect: (url) => new H3Client(url) },
];

for (const row of ROWS) {
  for (const form of row.forms) {
    for (const transport of TRANSPORTS) {
      const name = `${form} application over ${transport.name} that ${row.name}`;
      if (transport.quic && form === "fetch short cut") continue; // HTTP/3 has none
      if (row.over !== undefined && !row.over.includes(transport.name)) continue;
      const reason = transport.missing;
      Deno.test({
        name: reason === undefined ? name : `${name} (skipped: ${reason})`,
        ignore: reason !== undefined,
        fn: () => runRow(row, form, transport),
      });
    }
  }
}

async function runRow(
  row: Misbehaviour,
  form: Form,
  { connect, quic }: Transport,
): Promise<void> {
  const log = new LogSink();
  const server = await startForm(form, withFinePath(form, row.app), log, {}, quic);
  try {
    await using client = connect(server.binds[0]!.url);
    const { method = "GET", fields = [] } = row;
    const sent = request(client, { target: "/bad", method, fields });
    assertOutcome(await sent.catch(asBroken), row.outcome);
    assertLog(log, row.log);
    // The others are served as if nothing had happened.
    assert.equal((await request(client, { target: "/fine" })).text, "fine");
  } finally {
    await withDeadline(server.shutdown(), "the end of the server");
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
