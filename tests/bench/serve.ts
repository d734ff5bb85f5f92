/**
 * One contestant in a process of its own: `deno run -A tests/bench/serve.ts NAME PORT`.
 *
 * @module
 */

import { type ConfigInit, type Framework, serve } from "../../mod.ts";
import { asgi, asgiReceive, fetchAsync, fetchSync, hono, wsgi } from "./apps.ts";

/** Everything off that can be switched off. */
const OFF: ConfigInit = { includeServerHeader: false };

/** The contestants that run on Deno, by name. */
const SERVERS: Readonly<Record<string, (port: number) => unknown>> = {
  "deno": (port) => bare(port, fetchSync),
  "deno-async": (port) => bare(port, fetchAsync),
  "deno-hono": (port) => bare(port, hono.fetch),
  "fetch-off": (port) => ours(port, fetchSync, OFF),
  "fetch": (port) => ours(port, fetchSync),
  "fetch-async": (port) => ours(port, fetchAsync),
  "hono": (port) => ours(port, hono),
  "asgi": (port) => ours(port, asgi),
  "asgi-receive": (port) => ours(port, asgiReceive),
  "wsgi": (port) => ours(port, wsgi),
};

function bare(port: number, handler: Deno.ServeHandler): void {
  Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, handler);
}

function ours(port: number, app: Framework, config: ConfigInit = {}): Promise<void> {
  return serve(app, { ...config, bind: `127.0.0.1:${port}`, loglevel: "WARNING" });
}

const [name = "", port = ""] = Deno.args;
const start = SERVERS[name];
if (start === undefined) throw new Error(`Unknown contestant "${name}"`);
await start(Number(port));
