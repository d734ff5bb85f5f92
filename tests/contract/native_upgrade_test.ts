import assert from "node:assert/strict";
import { start } from "../../mod.ts";
import { LogSink } from "../_support/log_sink.ts";

// Hono and others call the runtime's own function, so it has to go on working under the short cut.
Deno.test("a fetch application may call Deno.upgradeWebSocket itself", () => checkEcho(() => {}));

Deno.test("a fetch application may call Deno.upgradeWebSocket after reading the header section", () =>
  checkEcho((request) => [...request.headers]));

async function checkEcho(before: (request: Request) => void): Promise<void> {
  const log = new LogSink();
  await using server = await start((request) => {
    before(request);
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = (event) => socket.send(event.data);
    return response;
  }, { bind: "127.0.0.1:0", errorlog: log });
  const socket = new WebSocket(server.binds[0]!.url.replace("http", "ws"));
  const echoed = Promise.withResolvers<string>();
  const closed = Promise.withResolvers<void>();
  socket.onopen = () => socket.send("hello");
  socket.onmessage = (event) => echoed.resolve(event.data);
  socket.onclose = () => closed.resolve();
  socket.onerror = () => echoed.reject(new Error("the upgrade failed"));
  assert.equal(await echoed.promise, "hello");
  socket.close();
  await closed.promise;
  assert.deepEqual(log.matching("ERROR"), []);
}
