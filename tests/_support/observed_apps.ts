/**
 * One behaviour as an application of every form, for what drivers tell about requests. The path says what it does.
 *
 * @module
 */

import type { ASGIFramework, ASGIReceive, ASGISend } from "../../src/asgi_types.ts";
import { normalise } from "../../src/app/framework.ts";
import type { Framework } from "../../src/framework_types.ts";
import type { WSGIFramework } from "../../src/wsgi_types.ts";
import { resolveConfig } from "../../src/config/mod.ts";
import type { Application } from "../../src/exchange.ts";
import type { FetchHandler } from "../../src/fetch_types.ts";
import { adapterOptions } from "../../src/server/host.ts";
import { openLog } from "../../src/server/log.ts";
import { LogSink } from "./log_sink.ts";

/** Ways of running an application that differ for observers. */
export const OBSERVED_FORMS = [
  "synchronous fetch",
  "asynchronous fetch",
  "fetch exchange",
  "ASGI",
  "WSGI",
] as const;

/** One of {@link OBSERVED_FORMS}. */
export type ObservedForm = (typeof OBSERVED_FORMS)[number];

/** Those with a fetch handler. */
export const FETCH_FORMS: readonly ObservedForm[] = [
  "synchronous fetch",
  "asynchronous fetch",
  "fetch exchange",
];

/** Those that can wait. */
export const WAITING_FORMS: readonly ObservedForm[] = [...FETCH_FORMS, "ASGI"];

/** Bytes of the file at `/file`, more than the driver leaves to the runtime. */
export const FILE_BYTES = 1_500_000;

/** A file of {@link FILE_BYTES}. */
export async function makeFile(): Promise<string> {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, new Uint8Array(FILE_BYTES).fill(0x61));
  return path;
}

/** Content of `/flat`, in UTF-8 six bytes. */
const TEXT = "héllo";

const HEADERS: [string, string][] = [["x-app", "yes"]];

const encoder = new TextEncoder();

/** Content of `/stream`, thirty bytes. */
const PIECES = ["a", "b", "c"].map((letter) => encoder.encode(letter.repeat(10)));

/** What never settles. */
const NEVER = new Promise<void>(() => {});

/**
 * The application of the form.
 *
 * @param file What `/file` sends.
 * @param held What `/pending` and `/silent` wait for; by default for ever.
 */
export function observedApplication(form: ObservedForm, file = "", held = NEVER): Application {
  const config = resolveConfig({ errorlog: new LogSink() });
  const options = adapterOptions(config, openLog(config));
  if (form === "ASGI") return normalise(asgiApp(file, held), "asgi", options);
  if (form === "WSGI") return normalise(wsgiApp as Framework, "wsgi", options);
  const app = fetchApp(file, held);
  const fetch: FetchHandler = form === "synchronous fetch" ? app : async (request, info) => {
    await Promise.resolve();
    return await app(request, info);
  };
  const application = normalise(fetch, "fetch", options);
  if (form !== "fetch exchange") return application;
  const { http, websocket } = application;
  return { http, websocket };
}

function fetchApp(file: string, held: Promise<void>): FetchHandler {
  const answer = (body: BodyInit | null, status = 200) =>
    new Response(body, { status, headers: HEADERS });
  return (request) => {
    switch (new URL(request.url).pathname) {
      case "/flat":
        return answer(TEXT);
      case "/none":
        return answer(null, 204);
      case "/empty":
        return answer("");
      case "/stream":
        return answer(ReadableStream.from(PIECES));
      case "/file":
        return Deno.open(file).then(({ readable }) => answer(readable));
      case "/breaks":
        return answer(ReadableStream.from(breaking()));
      case "/endless":
        return answer(ReadableStream.from(endless()));
      case "/silent":
        return answer(ReadableStream.from(silent(held)));
      case "/declared":
        return new Response(ReadableStream.from(silent(held)), {
          headers: [...HEADERS, ["content-length", "10"]],
        });
      case "/pending":
        return held.then(() => answer("late"));
      case "/upload":
        return request.text().then((text) => answer(String(text.length)));
      case "/echo":
        return answer(request.body);
      case "/used":
        return used();
      default:
        throw new Error("failed on purpose");
    }
  };
}

async function used(): Promise<Response> {
  const response = new Response("x");
  await response.text();
  return response;
}

async function* breaking(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield PIECES[0]!;
  await nextTurn();
  throw new Error("broken on purpose");
}

async function* endless(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (;;) {
    yield PIECES[0]!;
    await nextTurn();
  }
}

async function* silent(held: Promise<void>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield PIECES[0]!;
  await held;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function asgiApp(file: string, held: Promise<void>): ASGIFramework {
  return async (scope, receive, send) => {
    if (scope.type !== "http") return;
    const start = (status = 200, ...more: [string, string][]) =>
      send({ type: "http.response.start", status, headers: [...HEADERS, ...more] });
    const body = (piece: string | Uint8Array, more_body = false) =>
      send({ type: "http.response.body", body: piece, more_body });
    switch (scope.path) {
      case "/flat":
        await start();
        return await body(TEXT);
      case "/none":
        await start(204);
        return await body("");
      case "/empty":
        await start();
        return await body("");
      case "/stream":
        await start();
        for (const piece of PIECES) await body(piece, true);
        return await body("");
      case "/file":
        await start();
        return await send({ type: "http.response.pathsend", path: file });
      case "/breaks":
        await start();
        for await (const piece of breaking()) await body(piece, true);
        return;
      case "/endless":
        await start();
        for await (const piece of endless()) await body(piece, true);
        return;
      case "/silent":
        await start();
        for await (const piece of silent(held)) await body(piece, true);
        return;
      case "/declared":
        await start(200, ["content-length", "10"]);
        for await (const piece of silent(held)) await body(piece, true);
        return;
      case "/pending":
        return await held;
      case "/upload":
        return await countUpload(receive, send, start);
      default:
        throw new Error("failed on purpose");
    }
  };
}

async function countUpload(
  receive: ASGIReceive,
  send: ASGISend,
  start: () => Promise<void>,
): Promise<void> {
  for (let length = 0;;) {
    const event = await receive();
    if (event.type !== "http.request") return; // the client left
    length += event.body?.length ?? 0;
    if (event.more_body) continue;
    await start();
    return await send({ type: "http.response.body", body: String(length) });
  }
}

const wsgiApp: WSGIFramework = (environ, startResponse) => {
  const start = (status = "200 OK") => startResponse(status, HEADERS);
  switch (environ.PATH_INFO) {
    case "/flat":
      start();
      return [encoder.encode(TEXT)];
    case "/none":
      start("204 No Content");
      return [];
    case "/empty":
      start();
      return [];
    case "/stream":
      start();
      return PIECES;
    case "/breaks":
      start();
      return breakingSoon();
    case "/endless":
      start();
      return endlessly();
    case "/upload":
      start();
      return [String(environ["wsgi.input"].read().length)];
    default:
      throw new Error("failed on purpose");
  }
};

function* breakingSoon(): Generator<Uint8Array> {
  yield PIECES[0]!;
  throw new Error("broken on purpose");
}

function* endlessly(): Generator<Uint8Array> {
  for (;;) yield PIECES[0]!;
}
