/**
 * The server under attack, in a process of its own: `bare` on the runtime alone, `ours` as users start it.
 *
 *     deno run -A tests/load/attack_websocket_server.ts bare|ours PORT
 *
 * @module
 */

import { start, upgradeWebSocket } from "../../mod.ts";

const [kind, port] = Deno.args;

const MEGABYTE = new Uint8Array(1024 * 1024);

/** `/echo` sends messages back, `/feed` sends 100 MB, `/close` closes, all else is `ok`. */
function handle(request: Request, upgrade: typeof upgradeWebSocket): Response {
  const { pathname } = new URL(request.url);
  if (!request.headers.has("upgrade")) return new Response("ok");
  const { socket, response } = upgrade(request);
  socket.onmessage = ({ data }) => socket.send(data);
  socket.onerror = (event) => event.preventDefault();
  socket.onopen = () => {
    if (pathname === "/close") socket.close(1000);
    if (pathname !== "/feed") return;
    let sent = 0;
    const timer = setInterval(() => {
      for (let i = 0; i < 10; i++) socket.send(MEGABYTE);
      if ((sent += 10) === 100 || socket.readyState !== WebSocket.OPEN) clearInterval(timer);
    }, 50);
  };
  return response;
}

if (kind === "bare") {
  const upgrade = (request: Request) => Deno.upgradeWebSocket(request, { idleTimeout: 0 });
  Deno.serve(
    { hostname: "127.0.0.1", port: Number(port), onListen() {} },
    (request) => handle(request, upgrade),
  );
} else {
  await start((request) => handle(request, upgradeWebSocket), {
    bind: `127.0.0.1:${port}`,
    guard: "on",
    websocketPingInterval: 2,
    loglevel: "error",
  });
}
