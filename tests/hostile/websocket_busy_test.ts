/**
 * WebSockets that open while others keep the server busy: on guarded listeners they have to be let go of in a moment that
 * a busy event loop makes short.
 *
 * @module
 */

import assert from "node:assert/strict";
import { start, upgradeWebSocket } from "../../mod.ts";
import { LogSink } from "../_support/log_sink.ts";
import { WebSocketClient } from "../_support/websocket_client.ts";

const [BUSY, OPENING] = [100, 60];

Deno.test("WebSockets of handlers that take a moment open on a busy guarded listener", async () => {
  await using server = await start(async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const { socket, response } = upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  }, { bind: "127.0.0.1:0", guard: "on", errorlog: new LogSink() });
  const { url } = server.binds[0]!;
  let busy = true;
  const talk = Array.from({ length: BUSY }, async () => {
    using client = await WebSocketClient.open(url);
    while (busy) assert.equal(await echo(client), "x");
  });
  const opened = Array.from({ length: OPENING }, async () => {
    using client = await WebSocketClient.open(url);
    return await echo(client);
  });
  const answers = await Promise.allSettled(opened);
  busy = false;
  await Promise.all(talk);
  assert.deepEqual(answers.map(({ status }) => status), Array(OPENING).fill("fulfilled"));
});

async function echo(client: WebSocketClient): Promise<unknown> {
  await client.send("x");
  return await client.message();
}
