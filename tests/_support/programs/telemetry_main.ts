/**
 * One application over HTTP/1 and HTTP/3, with Deno's telemetry on or off by the environment.
 *
 * Arguments: UDP port, then `trap` to make the look at `Deno.telemetry` an error. Prints the port of HTTP/1, and ends with
 * its standard input. Routes: `/nested?URL` makes a span of its own and fetches URL within it, `/breaks` breaks its response
 * off, `/endless` has no end, `/throws` fails, `/N` has the status N.
 *
 * @module
 */

import { telemetryObserver } from "../../../src/server/telemetry.ts";
import { start } from "../../../mod.ts";
import { listenH3 } from "../h3_listener.ts";

const port = Number(Deno.args[0]);
if (Deno.args[1] === "trap") {
  Object.defineProperty(Deno, "telemetry", {
    get: () => {
      throw new Error("Deno.telemetry was looked at");
    },
  });
}

async function serve(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  await request.body?.pipeTo(new WritableStream());
  const status = Number(pathname.slice(1)) || 200;
  if (pathname === "/throws") throw new Error("on purpose");
  if (pathname === "/nested") return await nested(decodeURIComponent(search.slice(1)));
  if (pathname === "/endless") return new Response(endless());
  if (pathname === "/breaks") return new Response(broken());
  return new Response("hello", { status });
}

async function nested(url: string): Promise<Response> {
  await null; // the context has to outlive that
  const tracer = Deno.telemetry.tracerProvider.getTracer("application");
  tracer.startSpan("work").end();
  return new Response((await fetch(url)).body);
}

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1000)) });
}

function broken(): ReadableStream<Uint8Array> {
  return ReadableStream.from((async function* () {
    yield new Uint8Array(10);
    await Promise.resolve();
    throw new Error("on purpose");
  })());
}

const observer = telemetryObserver();
const config = { errorlog: null, gracefulTimeout: 1 };
const http3 = listenH3(serve, { mode: "fetch", backend: "resources", port, config, observer });
const http1 = await start(serve, { ...config, bind: "127.0.0.1:0" });
const [bind] = http1.binds;
await Deno.stdout.write(new TextEncoder().encode(`${new URL(bind!.url).port}\n`));
for await (const _ of Deno.stdin.readable) { /* until its end */ }
await Promise.all([http1.shutdown(), http3.shutdown()]);
