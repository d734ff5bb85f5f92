/**
 * Three applications of three forms on one server, by path.
 *
 *     npx -y deno@2.9.6 run --allow-net examples/middleware.ts
 *     curl http://127.0.0.1:8000/api/books http://127.0.0.1:8000/old/form http://127.0.0.1:8000/
 *
 * @module
 */

import { type ASGIFramework, serve } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"
import { dispatcher, wsgi } from "../src/middleware/mod.ts"; // "jsr:@x/hypercorn/middleware"

/** ASGI: `path` is the whole path, `root_path` says where the application is mounted. */
const api: ASGIFramework = async (scope, _receive, send) => {
  if (scope.type !== "http") return;
  const body = `API: ${scope.path.slice(scope.root_path.length)} below ${scope.root_path}\n`;
  await send({ type: "http.response.start", status: 200 });
  await send({ type: "http.response.body", body });
};

/** WSGI: the mount is in `SCRIPT_NAME`, the rest in `PATH_INFO`. It takes forms of at most 10 kB. */
const old = wsgi((environ, startResponse) => {
  startResponse("200 OK", [["content-type", "text/plain"]]);
  return [`Old: ${environ.PATH_INFO} below ${environ.SCRIPT_NAME}\n`];
}, { maxBodySize: 10_000 });

/** Fetch: the URL is the whole URL. */
const site = (request: Request) => new Response(`Site: ${new URL(request.url).pathname}\n`);

// The first mount that fits is taken, so the one that fits everything comes last.
const app = dispatcher({ "/api": api, "/old": old, "/": site });

await serve(app, { bind: Deno.args[0] ?? "127.0.0.1:8000" });
