/**
 * The server of the shutdown check: `deno run -A tests/load/shutdown_server.ts FORM PORT GRACEFUL_TIMEOUT`.
 *
 * `/` answers after a moment, so that there is always something in progress; `/events` never ends; `/socket` is a
 * WebSocket. At its end the process prints how often the application was called for `/`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- the parent process reads it

import {
  type ASGIFramework,
  type FetchHandler,
  type Framework,
  serve,
  upgradeWebSocket,
  type WSGIFramework,
} from "../../mod.ts";

/** Milliseconds an answer takes. */
const ANSWER_MS = 10;

/** Milliseconds between events. */
const EVENT_MS = 50;

const EVENT = new TextEncoder().encode("data: x\n\n");
const EVENT_STREAM: [string, string][] = [["content-type", "text/event-stream"]];

let calls = 0;

const fetchApp: FetchHandler = async (request) => {
  switch (new URL(request.url).pathname) {
    case "/socket":
      return upgradeWebSocket(request).response;
    case "/events":
      return new Response(ReadableStream.from(events()), { headers: EVENT_STREAM });
    default:
      calls++;
      await moment(ANSWER_MS);
      return new Response("answer\n");
  }
};

const asgiApp: ASGIFramework = async (scope, receive, send) => {
  if (scope.type === "lifespan") throw new TypeError("No lifespan");
  if (scope.type === "websocket") {
    await receive();
    await send({ type: "websocket.accept" });
    while ((await receive()).type !== "websocket.disconnect");
  } else if (scope.path === "/events") {
    await send({ type: "http.response.start", status: 200, headers: EVENT_STREAM });
    for await (const body of events()) {
      await send({ type: "http.response.body", body, more_body: true });
    }
  } else {
    calls++;
    await moment(ANSWER_MS);
    await send({ type: "http.response.start", status: 200 });
    await send({ type: "http.response.body", body: "answer\n" });
  }
};

const wsgiApp: WSGIFramework = (environ, startResponse) => {
  if (environ.PATH_INFO === "/events") {
    startResponse("200 OK", EVENT_STREAM);
    return eventsOrNothing();
  }
  calls++;
  startResponse("200 OK", []);
  return ["answer\n"];
};

async function* events(): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    yield EVENT;
    await moment(EVENT_MS);
  }
}

/** WSGI cannot wait: nothing new is an empty chunk, which lets others run. */
function* eventsOrNothing(): Generator<Uint8Array, void> {
  let next = 0;
  for (;;) {
    const due = performance.now() >= next;
    if (due) next = performance.now() + EVENT_MS;
    yield due ? EVENT : new Uint8Array(0);
  }
}

function moment(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const FORMS: Readonly<Record<string, Framework>> = {
  fetch: fetchApp,
  asgi: asgiApp,
  wsgi: wsgiApp,
};

const [form = "", port = "", gracefulTimeout = ""] = Deno.args;
const app = FORMS[form];
if (app === undefined) throw new Error(`Unknown form "${form}"`);
await serve(app, {
  bind: `127.0.0.1:${port}`,
  gracefulTimeout: Number(gracefulTimeout),
  loglevel: "ERROR",
});
console.log(JSON.stringify({ calls }));
