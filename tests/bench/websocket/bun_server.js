// The same echo from Bun: `bun tests/bench/websocket/bun_server.js PORT`.
Bun.serve({
  hostname: "127.0.0.1",
  port: Number(Bun.argv[2]),
  fetch: (request, server) => server.upgrade(request) ? undefined : new Response("ok"),
  websocket: { message: (socket, data) => void socket.send(data) },
});
