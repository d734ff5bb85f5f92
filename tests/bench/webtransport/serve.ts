/**
 * One contestant in a process of its own: `deno run -A tests/bench/webtransport/serve.ts bare|fetch|asgi PORT`.
 *
 * The UDP port is for sessions; the TCP port of the same number tells how many datagrams were counted.
 *
 * @module
 */

import { type Framework, serve, upgradeWebTransport } from "../../../mod.ts";
import { CERTIFICATE, KEY_PATH, TLS_OPTIONS } from "../../_support/certificates.ts";
import { reportOn } from "../../_support/h3_listener.ts";
import { asgiSession, counted, serveSession } from "./apps.ts";

function fetchSession(request: Request): Response {
  const { session, response } = upgradeWebTransport(request);
  serveSession(session).catch(() => {}); // the client has left
  return response;
}

/** The contestants, by name. */
const SERVERS: Readonly<Record<string, (port: number) => unknown>> = {
  "bare": bare,
  "fetch": (port) => ours(port, fetchSession),
  "asgi": (port) => ours(port, asgiSession),
};

/** The runtime's own sessions: each takes a whole connection. */
async function bare(port: number): Promise<void> {
  const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port });
  const listener = endpoint.listen({
    cert: CERTIFICATE,
    key: Deno.readTextFileSync(KEY_PATH),
    alpnProtocols: ["h3"],
  });
  for await (const incoming of listener) {
    accept(incoming).catch(() => {}); // the client has left
  }
}

async function accept(incoming: Deno.QuicIncoming): Promise<void> {
  const session = await Deno.upgradeWebTransport(await incoming.accept());
  await session.ready;
  await serveSession(session);
}

function ours(port: number, app: Framework): Promise<void> {
  const quicBind = `127.0.0.1:${port}`;
  return serve(app, { ...TLS_OPTIONS, bind: [], quicBind, loglevel: "ERROR" });
}

const [name = "", port = ""] = Deno.args;
const start = SERVERS[name];
if (start === undefined) throw new Error(`Unknown contestant "${name}"`);
reportOn(Number(port), () => counted.datagrams);
await start(Number(port));
