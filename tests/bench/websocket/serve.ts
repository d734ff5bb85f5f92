/**
 * One contestant in a process of its own: `deno run -A tests/bench/websocket/serve.ts NAME PORT`.
 *
 * @module
 */

import { type ConfigInit, type Framework, serve, upgradeWebSocket } from "../../../mod.ts";
import { TLS_OPTIONS } from "../../_support/certificates.ts";
import { asgiEcho, fetchEcho } from "./apps.ts";

const fetchApp = fetchEcho(upgradeWebSocket);

/** The contestants, by name. */
const SERVERS: Readonly<Record<string, (port: number) => unknown>> = {
  "bare": bare,
  "fetch": (port) => overTcp(port, fetchApp),
  "fetch-guarded": (port) => overTcp(port, fetchApp, { guard: "on" }),
  "asgi": (port) => overTcp(port, asgiEcho),
  "asgi-guarded": (port) => overTcp(port, asgiEcho, { guard: "on" }),
  "fetch-h3": (port) => overQuic(port, fetchApp),
  "fetch-h3-deflate": (port) => overQuic(port, fetchApp, { websocketPermessageDeflate: true }),
  "asgi-h3": (port) => overQuic(port, asgiEcho),
};

/** Without pings, as ours are by default. */
function bare(port: number): void {
  const app = fetchEcho((request) => Deno.upgradeWebSocket(request, { idleTimeout: 0 }));
  Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, app);
}

function overTcp(port: number, app: Framework, config: ConfigInit = {}): Promise<void> {
  return serve(app, { ...config, bind: `127.0.0.1:${port}`, loglevel: "WARNING" });
}

/** On the UDP port, and for reports on the TCP port of the same number. */
function overQuic(port: number, app: Framework, config: ConfigInit = {}): Promise<void> {
  const address = `127.0.0.1:${port}`;
  return serve(app, {
    ...TLS_OPTIONS,
    ...config,
    bind: [],
    insecureBind: address,
    quicBind: address,
    loglevel: "WARNING",
  });
}

const [name = "", port = ""] = Deno.args;
const start = SERVERS[name];
if (start === undefined) throw new Error(`Unknown contestant "${name}"`);
await start(Number(port));
