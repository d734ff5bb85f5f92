/**
 * WebSockets in a fetch application: a chat room, with its page in `chat.html`. Who speaks over which HTTP is shown.
 *
 *     npx -y deno@2.9.6 run --allow-net --allow-read=examples --unstable-net examples/chat.ts
 *
 * Then open http://127.0.0.1:8000/ in two browser windows. The room is the same at https://127.0.0.1:8443/, where
 * clients may come over HTTP/3: Chromium does when it was started with
 *
 *     chromium --enable-features=EnableWebsocketsOverHttp3 --origin-to-force-quic-on=127.0.0.1:8443 --ignore-certificate-errors-spki-list=…
 *
 * and, in place of `…`, the hash that the server logs.
 *
 * @module
 */

import { type FetchInfo, serve, upgradeWebSocket } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"

/** Bytes that may wait for a guest who does not read; beyond it he misses messages. */
const MAX_WAITING_BYTES = 64 * 1024;

const page = await Deno.readTextFile(new URL("chat.html", import.meta.url));
const guests = new Set<WebSocket>();
let arrivals = 0;

function app(request: Request, info: FetchInfo): Response {
  const { pathname } = new URL(request.url);
  if (pathname === "/socket") return enter(request, info);
  if (pathname !== "/") return new Response("Not found\n", { status: 404 });
  return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
}

/** A request that is no handshake makes `upgradeWebSocket` throw, and the server answers it: 426 to a plain GET. */
function enter(request: Request, { httpVersion }: FetchInfo): Response {
  const { socket, response } = upgradeWebSocket(request);
  const name = `Guest ${++arrivals} (HTTP/${httpVersion})`;
  socket.onopen = () => {
    guests.add(socket);
    tellAll(`${name} came in`);
  };
  socket.onclose = () => {
    guests.delete(socket);
    tellAll(`${name} left`);
  };
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") tellAll(`${name}: ${data}`);
    else socket.close(1003, "Text only, please");
  };
  return response;
}

function tellAll(message: string): void {
  for (const guest of guests) {
    const waiting = guest.bufferedAmount > MAX_WAITING_BYTES;
    if (guest.readyState === WebSocket.OPEN && !waiting) guest.send(message);
  }
}

const [plain = "127.0.0.1:8000", secure = "127.0.0.1:8443"] = Deno.args;
await serve(app, { bind: secure, quicBind: secure, insecureBind: plain, devCertificate: true });
