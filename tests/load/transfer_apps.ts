/**
 * The application of the transfer checks in every form.
 *
 * `POST /` answers with the SHA-256 of the content in hexadecimal digits, `GET /?BYTES` with that many bytes.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ASGIFramework, FetchHandler, Framework, WSGIFramework } from "../../mod.ts";
import type { Mode } from "../../src/framework_types.ts";
import { pieces } from "./content.ts";

/** Bytes of the largest content, with room; WSGI refuses more. */
export const MAX_TRANSFER_BYTES: number = 1024 ** 3;

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

/** Application and mode by the name of the form. */
export const TRANSFER_APPS: Readonly<Record<string, readonly [app: Framework, mode: Mode]>> = {
  "fetch": [fetchApp, "fetch"],
  "fetch-exchange": [fetchApp, "fetch"],
  "asgi": [asgiApp, "asgi"],
  "wsgi": [wsgiApp, "wsgi"],
};
