/**
 * The same echo from every form of application.
 *
 * What is no WebSocket is answered with what the process holds, see {@link MemoryReport}.
 *
 * @module
 */

import type { ASGIFramework } from "../../../mod.ts";
import type { WebSocketUpgrade } from "../../../src/upgrade.ts";

/** What the process of a server holds. With `--v8-flags=--expose-gc` that is after a garbage collection. */
export interface MemoryReport {
  /** Resident memory in bytes. */
  readonly resident: number;
  /** Bytes of JavaScript objects, and of what they own outside of the heap. */
  readonly heap: number;
}

const { gc } = globalThis as unknown as { gc?(): void };

function memory(): MemoryReport {
  gc?.();
  const { rss, heapUsed, external } = Deno.memoryUsage();
  return { resident: rss, heap: heapUsed + external };
}

/** Fetch form. @param upgrade The runtime's or ours. */
export function fetchEcho(
  upgrade: (request: Request) => WebSocketUpgrade,
): (request: Request) => Response {
  return (request) => {
    if (!request.headers.has("upgrade")) return Response.json(memory());
    const { socket, response } = upgrade(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  };
}

/** ASGI form. */
export const asgiEcho: ASGIFramework = async (scope, receive, send) => {
  if (scope.type === "http") {
    const headers: [string, string][] = [["content-type", "application/json"]];
    await send({ type: "http.response.start", status: 200, headers });
    return await send({ type: "http.response.body", body: JSON.stringify(memory()) });
  }
  if (scope.type !== "websocket") throw new TypeError(`Cannot handle ${scope.type}`);
  await send({ type: "websocket.accept" });
  for (;;) {
    const event = await receive();
    if (event.type === "websocket.disconnect") return;
    if (event.type !== "websocket.receive") continue;
    const { text, bytes } = event;
    await send({ type: "websocket.send", text, bytes });
  }
};
