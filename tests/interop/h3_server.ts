/**
 * The server that foreign HTTP/3 clients talk to.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type Server, start, upgradeWebSocket } from "../../mod.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import type { LogSink } from "../_support/log_sink.ts";
import { pieces } from "../load/content.ts";

/** What `GET /` has in it. */
export const PAGE = "<!doctype html><title>Hello</title><p>Hello over HTTP/3";

/**
 * Starts it on free ports of the loopback, TCP and UDP.
 *
 * `/` is a page, `/content?N` has `pieces(N)`, `/version` the HTTP version; `POST /sum` gives the SHA-256 of what was sent;
 * `/socket` is a WebSocket that says the HTTP version and then gives every message back.
 */
export function startH3(log: LogSink): Promise<Server> {
  return start(answer, {
    ...TLS_OPTIONS,
    bind: "127.0.0.1:0",
    quicBind: "127.0.0.1:0",
    errorlog: log,
  });
}

/** Port of the UDP bind. */
export function quicPort(server: Server): number {
  return portOf(server, "udp");
}

/** Port of the TCP bind. */
export function tcpPort(server: Server): number {
  return portOf(server, "tcp");
}

function portOf(server: Server, transport: string): number {
  const found = server.binds.find(({ addr }) => addr.transport === transport);
  if (found === undefined) throw new Error(`The server has no bind of transport "${transport}"`);
  return (found.addr as Deno.NetAddr).port;
}

async function answer(
  request: Request,
  info: { readonly httpVersion: string },
): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  switch (pathname) {
    case "/":
      return new Response(PAGE, { headers: { "content-type": "text/html" } });
    case "/version":
      return new Response(info.httpVersion);
    case "/content":
      return new Response(ReadableStream.from(pieces(Number(search.slice(1)))));
    case "/sum": {
      const hash = createHash("sha256");
      for await (const piece of request.body!) hash.update(piece);
      return new Response(hash.digest("hex"));
    }
    case "/socket":
      return echo(request, info);
    default:
      return new Response(`This is ${pathname}`);
  }
}

function echo(request: Request, { httpVersion }: { readonly httpVersion: string }): Response {
  const { socket, response } = upgradeWebSocket(request);
  socket.onopen = () => socket.send(httpVersion);
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
}
