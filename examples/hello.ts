/**
 * A fetch application: a request comes in, a response goes out. `deno task start` serves this file.
 *
 *     npx -y deno@2.9.6 run --allow-net examples/hello.ts
 *     curl -i http://127.0.0.1:8000/
 *
 * Every example takes another address as its argument, e.g. `127.0.0.1:8080`.
 *
 * @module
 */

import { serve } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"

function app(request: Request): Response {
  const { pathname } = new URL(request.url);
  return new Response(`Hello from ${pathname}\n`);
}

await serve(app, { bind: Deno.args[0] ?? "127.0.0.1:8000" });
