/**
 * Server-sent events: one event a second for as long as the client stays. The browser's `EventSource` reads them.
 *
 *     npx -y deno@2.9.6 run --allow-net examples/sse.ts
 *     curl -N http://127.0.0.1:8000/
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it shows when a client leaves

import {
  type ServerSentEventMessage,
  ServerSentEventStream,
} from "@std/http/server-sent-event-stream"; // in your own program: "jsr:@std/http/server-sent-event-stream"
import { serve } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"

function clock(): ReadableStream<ServerSentEventMessage> {
  let timer: ReturnType<typeof setInterval>;
  let id = 0;
  return new ReadableStream({
    start(controller) {
      const tick = () =>
        controller.enqueue({ id: ++id, event: "tick", data: new Date().toISOString() });
      timer = setInterval(tick, 1000);
      tick();
    },
    // The client is gone, or the server stops: without this the timer would run for ever.
    cancel() {
      clearInterval(timer);
      console.log(`A client left after ${id} events`);
    },
  });
}

function app(): Response {
  return new Response(clock().pipeThrough(new ServerSentEventStream()), {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

await serve(app, { bind: Deno.args[0] ?? "127.0.0.1:8000" });
