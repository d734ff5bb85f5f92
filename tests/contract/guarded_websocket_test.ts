/**
 * The WebSocket contract over the guarded TCP driver, with TLS and without. After each test no connection counts any more.
 *
 * @module
 */

import {
  WEBSOCKET_FORMS,
  webSocketApplication,
  type WebSocketServer,
} from "../_support/websocket_app.ts";
import { eventually } from "../_support/waiting.ts";
import { WebSocketClient } from "../_support/websocket_client.ts";
import { type Victim, victim, WAYS } from "../hostile/websocket_servers.ts";
import { webSocketSuite } from "./websocket_suite.ts";

for (const way of WAYS.filter(({ guarded }) => guarded)) {
  for (const form of WEBSOCKET_FORMS) {
    webSocketSuite({
      name: `${form}, ${way.name}`,
      serve: async (behaviour, limits) =>
        asServer(await victim(webSocketApplication(form, behaviour), way, limits)),
      connect: (url, options) => WebSocketClient.connect(url, options),
    });
  }
}

function asServer(server: Victim): WebSocketServer {
  const { url, log, inFlight } = server;
  const idle = () =>
    eventually(() => inFlight.requests + inFlight.sockets === 0, "the end of all requests"); // others keep alive
  return { url, log, inFlight, idle, [Symbol.asyncDispose]: () => stop(server) };
}

async function stop(server: Victim): Promise<void> {
  await server[Symbol.asyncDispose]();
  await server.released();
}
