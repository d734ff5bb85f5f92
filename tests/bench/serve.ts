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
  "fetch-guarded": (port) =>
    ours(port, fetchSync, { guard: "on", keepAliveMaxRequests: Number.MAX_SAFE_INTEGER }),
  "fetch-log": (port) => logged(port, {}),
  "fetch-json-log": (port) => logged(port, { logJson: true }),
  "fetch-metrics": (port) => ours(port, fetchSync, { adminBind: "127.0.0.1:0" }),
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

/** Access lines are INFO, so the level has to let them through; the start's own lines go nowhere. */
async function logged(port: number, config: ConfigInit): Promise<void> {
  const accesslog = await Deno.makeTempFile();
  const unlink = { started: () => Deno.removeSync(accesslog) }; // its space is free again when the process is killed
  await serve(fetchSync, { ...config, accesslog, errorlog: null, bind: `127.0.0.1:${port}` }, {
    taskStatus: unlink,
  });
}

const [name = "", port = ""] = Deno.args;
const start = SERVERS[name];
if (start === undefined) throw new Error(`Unknown contestant "${name}"`);
await start(Number(port));
