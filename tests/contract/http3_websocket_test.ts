/**
 * The WebSocket contract over HTTP/3, for every form of application and every QUIC back-end.
 *
 * @module
 */

import { BACKENDS } from "../_support/contract_h3_server.ts";
import { webSocketApplication } from "../_support/websocket_app.ts";
import { H3WebSocketServer } from "../_support/websocket_h3_server.ts";
import { webSocketSuite } from "./websocket_suite.ts";

for (const backend of BACKENDS) {
  for (const form of ["fetch exchange", "ASGI"] as const) { // the short cut is one of Deno.serve
    const servers = new Map<string, H3WebSocketServer>();
    webSocketSuite({
      name: `${form}, HTTP/3 (${backend})`,
      accepted: 200,
      unanswered: 1011,
      serve(behaviour, limits = {}) {
        const application = webSocketApplication(form, behaviour);
        const server = new H3WebSocketServer(application, { backend, limits });
        servers.set(server.url, server);
        return server;
      },
      connect: (url, options) => servers.get(url)!.connect(options),
    });
  }
}
