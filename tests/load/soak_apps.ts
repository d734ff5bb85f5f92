/**
 * The applications of the soak, one of each form; all answer the same.
 *
 * - `GET /flat?BYTES`, `GET /stream?BYTES`: that much content, at once or in pieces.
 * - `POST /sum`: the SHA-256 of the content in hexadecimal digits.
 * - `GET /slow`: answers after a moment. `GET /events`: an event stream without end. Neither in WSGI, which cannot wait.
 * - `GET /throw`: fails. Everything else: 404.
 * - `/socket`: a WebSocket that sends back what it gets; not in WSGI, which has none.
 *
 * @module
 */

import { createHash } from "node:crypto";
import {
  type ASGIFramework,
  type ASGIReceive,
  type ASGISend,
  type FetchHandler,
  type Framework,
  upgradeWebSocket,
  type WSGIFramework,
} from "../../mod.ts";
import { contentOf, piecesOf } from "./soak_content.ts";

/** Milliseconds until `/slow` answers. */
export const SLOW_MS = 50;

/** One event of `/events`. */
export const EVENT = "data: again\n\n";

/** What `/slow` answers. */
export const SLOW_ANSWER = "slow";

/** Milliseconds between two events. */
const EVENT_MS = 20;

const EVENT_STREAM: [string, string][] = [["content-type", "text/event-stream"]];
const utf8 = new TextEncoder();

const fetchApp: FetchHandler = async (request) => {
  const { pathname, search } = new URL(request.url);
  const size = Number(search.slice(1));
  switch (pathname) {
    case "/fetch/flat":
      return new Response(contentOf(size));
    case "/fetch/stream":
      return new Response(ReadableStream.from(piecesOf(size)));
    case "/fetch/sum": {
      const hash = createHash("sha256");
      for await (const piece of request.body ?? []) hash.update(piece);
      return new Response(hash.digest("hex"));
    }
    case "/fetch/slow":
      await pause(SLOW_MS);
      return new Response(SLOW_ANSWER);
    case "/fetch/events":
      return new Response(ReadableStream.from(events()), { headers: EVENT_STREAM });
    case "/fetch/throw":
      throw new Error("Thrown on purpose");
    case "/fetch/socket":
      return echo(request);
    default:
      return new Response("no such thing", { status: 404 });
  }
};

function echo(request: Request): Response {
  const { socket, response } = upgradeWebSocket(request);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
}

const asgiApp: ASGIFramework = async (scope, receive, send) => {
  if (scope.type === "lifespan") return await livingThrough(receive, send);
  if (scope.type === "websocket") return await echoEvents(receive, send);
  const size = Number(scope.query_string);
  const answer = async (body: Uint8Array | string, status = 200) => {
    const length = typeof body === "string" ? utf8.encode(body).length : body.length;
    const headers: [string, string][] = [["content-length", String(length)]];
    await send({ type: "http.response.start", status, headers });
    await send({ type: "http.response.body", body });
  };
  const stream = async (content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) => {
    await send({ type: "http.response.start", status: 200, headers: EVENT_STREAM });
    for await (const body of content) {
      await send({ type: "http.response.body", body, more_body: true });
    }
    await send({ type: "http.response.body" });
  };
  switch (scope.path) {
    case "/asgi/flat":
      return await answer(contentOf(size));
    case "/asgi/stream":
      return await stream(piecesOf(size));
    case "/asgi/sum":
      return await answer(await sumOfContent(receive));
    case "/asgi/slow":
      await pause(SLOW_MS);
      return await answer(SLOW_ANSWER);
    case "/asgi/events":
      return await stream(events());
    case "/asgi/throw":
      throw new Error("Thrown on purpose");
    default:
      return await answer("no such thing", 404);
  }
};

/** Agrees to everything: a server that finds no lifespan warns of it. */
async function livingThrough(receive: ASGIReceive, send: ASGISend): Promise<void> {
  for (;;) {
    const { type } = await receive();
    if (type === "lifespan.startup") await send({ type: "lifespan.startup.complete" });
    else return await send({ type: "lifespan.shutdown.complete" });
  }
}

async function sumOfContent(receive: ASGIReceive): Promise<string> {
  const hash = createHash("sha256");
  for (;;) {
    const event = await receive();
    if (event.type !== "http.request") return "the client left";
    hash.update(event.body);
    if (!event.more_body) return hash.digest("hex");
  }
}

async function echoEvents(receive: ASGIReceive, send: ASGISend): Promise<void> {
  for (;;) {
    const event = await receive();
    switch (event.type) {
      case "websocket.connect":
        await send({ type: "websocket.accept" });
        break;
      case "websocket.receive":
        await send(
          event.text != null
            ? { type: "websocket.send", text: event.text }
            : { type: "websocket.send", bytes: event.bytes! },
        );
        break;
      default:
        return;
    }
  }
}

const wsgiApp: WSGIFramework = (environ, startResponse) => {
  const size = Number(environ.QUERY_STRING);
  switch (environ.PATH_INFO) {
    case "/flat":
      startResponse("200 OK", [["Content-Length", String(size)]]);
      return [contentOf(size)];
    case "/stream":
      startResponse("200 OK", []);
      return piecesOf(size);
    case "/sum": {
      const hash = createHash("sha256");
      for (;;) {
        const piece = environ["wsgi.input"].read(65_536);
        if (piece.length === 0) break;
        hash.update(piece);
      }
      startResponse("200 OK", []);
      return [hash.digest("hex")];
    }
    case "/throw":
      throw new Error("Thrown on purpose");
    default:
      startResponse("404 Not Found", []);
      return ["no such thing"];
  }
};

async function* events(): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  for (;;) {
    yield utf8.encode(EVENT);
    await pause(EVENT_MS);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The applications by the paths they are mounted at. */
export const SOAK_MOUNTS: Readonly<Record<string, Framework>> = {
  "/fetch": fetchApp,
  "/asgi": asgiApp,
  "/wsgi": wsgiApp,
};
