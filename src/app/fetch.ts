/**
 * Fetch applications on exchanges: `Request` in, `Response` out, WebSockets by `upgradeWebSocket`, WebTransport by
 * `upgradeWebTransport`.
 *
 * Under `Deno.serve` the drivers take the short cut instead (`Application.fetch`); the contract tests see no
 * difference between the two.
 *
 * @module
 */

import {
  type Application,
  type ExchangeHandler,
  SETTLED,
  type WebSocketHandler,
} from "../exchange.ts";
import type { FetchHandler } from "../fetch_types.ts";
import { setUpgrader } from "../upgrade.ts";
import { ExchangeSocket } from "./exchange_socket.ts";
import { answer, denialOf } from "./fetch_answer.ts";
import { ExchangeInfo, handshakeRequestOf, requestOf } from "./fetch_request.ts";
import { sendResponse } from "./fetch_response.ts";
import { fetchWebTransport } from "./fetch_webtransport.ts";

/** Normalises a fetch handler. */
export function fetchApplication(app: FetchHandler): Application {
  return {
    http: fetchHttp(app),
    websocket: fetchWebSocket(app),
    webtransport: fetchWebTransport(app),
    fetch: app,
  };
}

function fetchHttp(app: FetchHandler): ExchangeHandler {
  return async (exchange) => {
    const info = new ExchangeInfo(exchange);
    try {
      const answered = answer(app, requestOf(exchange), info);
      const response = answered instanceof Response ? answered : await answered;
      const sent = sendResponse(response, exchange, () => info.takeTrailers());
      if (sent !== SETTLED) await sent; // what has nothing to wait for need not cost a turn
      info.complete();
    } catch (error) {
      info.fail(error);
      throw error;
    }
  };
}

function fetchWebSocket(app: FetchHandler): WebSocketHandler {
  return async (exchange) => {
    const info = new ExchangeInfo(exchange);
    const request = handshakeRequestOf(exchange, "websocket");
    let socket: ExchangeSocket | undefined;
    setUpgrader(request, (_request, options) => {
      socket = new ExchangeSocket(exchange, request.url, options);
      const response = new Response(null, { status: 101, headers: options.headers ?? [] });
      return { socket: socket.asWebSocket(), response };
    });
    try {
      const response = await answer(app, request, info);
      if (socket && response.status === 101) await socket.run([...response.headers]);
      else await sendResponse(denialOf(response, exchange.request, "WebSocket"), exchange);
      info.complete();
    } catch (error) {
      info.fail(error);
      throw error;
    }
  };
}
