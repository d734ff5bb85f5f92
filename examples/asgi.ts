/**
 * An ASGI 3 application: lifespan with shared state, a streamed response, and a WebSocket that echoes.
 *
 *     npx -y deno@2.9.6 run --allow-net examples/asgi.ts
 *     curl -N http://127.0.0.1:8000/
 *
 * @module
 */

import {
  type ASGIFramework,
  type ASGILifespanScope,
  type ASGIReceive,
  type ASGISend,
  serve,
} from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"

const app: ASGIFramework = async (scope, receive, send) => {
  if (scope.type === "lifespan") await lifespan(scope, receive, send);
  else if (scope.type === "websocket") await echo(receive, send);
  else await countDown(Number(scope.state["from"]), send);
};

/** Called once per server. What is put into `scope.state` here is in the state of every request. */
async function lifespan(scope: ASGILifespanScope, receive: ASGIReceive, send: ASGISend) {
  await receive(); // lifespan.startup
  scope.state["from"] = 3;
  await send({ type: "lifespan.startup.complete" });
  await receive(); // lifespan.shutdown: every connection is done
  await send({ type: "lifespan.shutdown.complete" });
}

/** Each `send()` settles when the client has room for more, so a slow client slows this loop. */
async function countDown(from: number, send: ASGISend) {
  const headers = [["content-type", "text/plain"]] as const;
  await send({ type: "http.response.start", status: 200, headers });
  for (let number = from; number > 0; number--) {
    await send({ type: "http.response.body", body: `${number}\n`, more_body: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await send({ type: "http.response.body", body: "Lift-off\n" });
}

async function echo(receive: ASGIReceive, send: ASGISend) {
  await receive(); // websocket.connect
  await send({ type: "websocket.accept" });
  for (;;) {
    const event = await receive();
    if (event.type !== "websocket.receive") return; // websocket.disconnect
    await send({ type: "websocket.send", text: event.text, bytes: event.bytes });
  }
}

await serve(app, { bind: Deno.args[0] ?? "127.0.0.1:8000" });
