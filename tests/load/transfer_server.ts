/**
 * The server of the transfer check: `deno run -A tests/load/transfer_server.ts ADAPTER PORT`.
 *
 * `POST /` answers with the SHA-256 of the content in hexadecimal digits, `GET /?BYTES` with that many bytes.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ASGIFramework, FetchHandler, Framework, WSGIFramework } from "../../mod.ts";
import { type Mode, normalise } from "../../src/app/framework.ts";
import { resolveConfig } from "../../src/config/mod.ts";
import type { Application } from "../../src/exchange.ts";
import { openLog } from "../../src/server/log.ts";
import { startApplication } from "../../src/server/start.ts";
import { pieces } from "./content.ts";

const fetchApp: FetchHandler = async (request) => {
  if (request.method === "GET") return new Response(ReadableStream.from(content(request.url)));
  const hash = createHash("sha256");
  for await (const piece of request.body!) hash.update(piece);
  return new Response(hash.digest("hex"));
};

const asgiApp: ASGIFramework = async (scope, receive, send) => {
  if (scope.type !== "http") throw new TypeError(`Cannot handle ${scope.type}`);
  await send({ type: "http.response.start", status: 200 });
  if (scope.method === "GET") {
    for (const body of pieces(Number(scope.query_string))) {
      await send({ type: "http.response.body", body, more_body: true });
    }
    return await send({ type: "http.response.body" });
  }
  const hash = createHash("sha256");
  for (;;) {
    const event = await receive();
    if (event.type !== "http.request") throw new Error("The client left");
    hash.update(event.body);
    if (!event.more_body) break;
  }
  await send({ type: "http.response.body", body: hash.digest("hex") });
};

const wsgiApp: WSGIFramework = (environ, startResponse) => {
  startResponse("200 OK", []);
  if (environ.REQUEST_METHOD === "GET") return pieces(Number(environ.QUERY_STRING));
  const hash = createHash("sha256");
  for (;;) {
    const piece = environ["wsgi.input"].read(65_536);
    if (piece.length === 0) return [hash.digest("hex")];
    hash.update(piece);
  }
};

function content(url: string): Iterable<Uint8Array<ArrayBuffer>> {
  return pieces(Number(new URL(url).search.slice(1)));
}

const ADAPTERS: Readonly<Record<string, readonly [app: Framework, mode: Mode]>> = {
  "fetch": [fetchApp, "fetch"],
  "fetch-exchange": [fetchApp, "fetch"],
  "asgi": [asgiApp, "asgi"],
  "wsgi": [wsgiApp, "wsgi"],
};

async function main(adapter: string, port: string): Promise<void> {
  const found = ADAPTERS[adapter];
  if (found === undefined) throw new Error(`Unknown adapter "${adapter}"`);
  const [app, mode] = found;
  const wsgiMaxBodySize = 1024 ** 3; // the largest of what the check sends, with room
  const config = resolveConfig({ bind: `127.0.0.1:${port}`, wsgiMaxBodySize, loglevel: "WARNING" });
  const log = openLog(config);
  const { rootPath, maxAppQueueSize } = config;
  const options = { rootPath, maxAppQueueSize, wsgiMaxBodySize, multiprocess: false, log };
  const normal = normalise(app, mode, options);
  const application = adapter === "fetch-exchange" ? withoutShortCut(normal) : normal;
  await startApplication(application, config, log, mode);
}

/** As under a middleware: the fetch application is called through its exchange adapter. */
function withoutShortCut({ fetch: _fetch, ...application }: Application): Application {
  return application;
}

const [adapter = "", port = ""] = Deno.args;
await main(adapter, port);
