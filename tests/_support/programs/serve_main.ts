/**
 * A server program for tests that need a process of their own: `serve()` with the signals it installs itself.
 *
 * Arguments: graceful_timeout in seconds. Routes: `/` answers, `/never` does not, `/slow` after 1 s, `/busy` after 60 s, `/sse` streams for ever, `/large` has
 * 50 MB. Prints "closed" when `serve()` has resolved.
 *
 * @module
 */

import { serve } from "../../../mod.ts";

const encoder = new TextEncoder();

await serve((request) => {
  switch (new URL(request.url).pathname) {
    case "/never":
      return new Promise<never>(() => {});
    case "/slow":
      return new Promise((resolve) => setTimeout(() => resolve(new Response("slow")), 1000));
    case "/busy":
      return new Promise((resolve) => setTimeout(() => resolve(new Response("busy")), 60_000));
    case "/sse":
      return new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(encoder.encode("data: 1\n\n")),
        }),
      );
    case "/large":
      return new Response(new Uint8Array(50_000_000));
    default:
      return new Response("ok");
  }
}, { bind: "127.0.0.1:0", gracefulTimeout: Number(Deno.args[0]) });

await Deno.stdout.write(encoder.encode("closed\n"));
