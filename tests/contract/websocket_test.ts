/**
 * The WebSocket contract over HTTP/1.1, for every form of application.
 *
 * @module
 */

import {
  serveWebSockets,
  WEBSOCKET_FORMS,
  webSocketApplication,
} from "../_support/websocket_app.ts";
import { WebSocketClient } from "../_support/websocket_client.ts";
import { webSocketSuite } from "./websocket_suite.ts";

for (const form of WEBSOCKET_FORMS) {
  webSocketSuite({
    name: form,
    serve: (behaviour, limits) => serveWebSockets(webSocketApplication(form, behaviour), limits),
    connect: (url, options) => WebSocketClient.connect(url, options),
  });
}
