/**
 * WebSockets in a fetch application: a chat room, with its page in `chat.html`.
 *
 *     npx -y deno@2.9.6 run --allow-net --allow-read=examples examples/chat.ts
 *
 * Then open http://127.0.0.1:8000/ in two browser windows.
 *
 * @module
 */

import { serve, upgradeWebSocket } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"

/** Bytes that may wait for a guest who does not read; beyond it he misses messages. */
const MAX_WAITING_BYTES = 64 * 1024;

const page = await Deno.readTextFile(new URL("chat.html", import.meta.url));
const guests = new Set<WebSocket>();

function app(request: Request): Response {
  const { pathname } = new URL(request.url);
  if (pathname === "/socket") return enter(request);
  if (pathname !== "/") return new Response("Not found\n", { status: 404 });
  return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
}

/** A request that is no handshake makes `upgradeWebSocket` throw, and the server answers it: 426 to a plain GET. */
function enter(request: Request): Response {
  const { socket, response } = upgradeWebSocket(request);
  socket.onopen = () => guests.add(socket);
  socket.onclose = () => guests.delete(socket);
  socket.onmessage = ({ data }) => tellAll(data);
  return response;
}

function tellAll(message: string | ArrayBuffer): void {
  for (const guest of guests) {
    const waiting = guest.bufferedAmount > MAX_WAITING_BYTES;
    if (guest.readyState === WebSocket.OPEN && !waiting) guest.send(message);
  }
}

await serve(app, { bind: Deno.args[0] ?? "127.0.0.1:8000" });
