/**
 * The same answer from every form of application.
 *
 * A string body without headers is the fastest thing `Deno.serve` can be given, so the ratios against it are the least
 * favourable to us. What the runtime adds to it (`content-type`) the other forms send themselves.
 *
 * @module
 */

import { Hono } from "hono";
import type { ASGIFramework, WSGIFramework } from "../../mod.ts";

/** The content of every answer. */
export const CONTENT = "Hello, World!\n";
/** The content type of every answer: what the runtime says of a string. */
export const CONTENT_TYPE = "text/plain;charset=UTF-8";

const HEADERS: [string, string][] = [["content-type", CONTENT_TYPE]];

/** Fetch form, synchronous. */
export const fetchSync = (): Response => new Response(CONTENT);

/** Fetch form, asynchronous. */
// deno-lint-ignore require-await -- a handler that returns a promise is what is measured
export const fetchAsync = async (): Promise<Response> => new Response(CONTENT);

/** A framework in fetch form. */
export const hono: Hono = new Hono().get("/", () => new Response(CONTENT));

/** ASGI form that answers without looking at the request content. */
export const asgi: ASGIFramework = async (scope, _receive, send) => {
  if (scope.type !== "http") throw new TypeError(`Cannot handle ${scope.type}`);
  await send({ type: "http.response.start", status: 200, headers: HEADERS });
  await send({ type: "http.response.body", body: CONTENT });
};

/** ASGI form that reads the request content first, as frameworks do. */
export const asgiReceive: ASGIFramework = async (scope, receive, send) => {
  if (scope.type !== "http") throw new TypeError(`Cannot handle ${scope.type}`);
  for (;;) {
    const event = await receive();
    if (event.type !== "http.request" || !event.more_body) break;
  }
  await send({ type: "http.response.start", status: 200, headers: HEADERS });
  await send({ type: "http.response.body", body: CONTENT });
};

/** WSGI form. */
export const wsgi: WSGIFramework = (_environ, startResponse) => {
  startResponse("200 OK", HEADERS);
  return [CONTENT];
};
