/**
 * ASGI `websocket` applications on exchanges.
 *
 * Hypercorn's flaws are put right: the application sees the client's close code and reason, and what cannot be accepted is
 * answered with 500.
 *
 * @see {@link https://asgi.readthedocs.io/en/latest/specs/www.html#websocket | ASGI WebSocket}
 * @module
 */

import { ApplicationError } from "../errors.ts";
import type { WebSocketEvent, WebSocketExchange, WebSocketHandler } from "../exchange.ts";
import { describe, wrongASGIResult } from "../misuse.ts";
import { isLocalCloseCode, truncateCloseReason } from "../websocket_close.ts";
import { Handshake } from "./asgi_handshake.ts";
import { readHeaders } from "./asgi_headers.ts";
import { type ScopeOptions, webSocketScope } from "./asgi_scope.ts";
import type {
  ASGIFramework,
  ASGIReceive,
  ASGIReceiveEvent,
  ASGISend,
  WebSocketAcceptEvent,
  WebSocketCloseEvent,
  WebSocketSendEvent,
} from "../asgi_types.ts";

/** Makes a WebSocket handler out of an ASGI application. */
export function asgiWebSocket(app: ASGIFramework, options: ScopeOptions): WebSocketHandler {
  return async (exchange) => {
    const call = new WebSocketCall(exchange);
    const result: unknown = await app(webSocketScope(exchange, options), call.receive, call.send);
    if (result !== undefined) throw wrongASGIResult(result); // whether it may return now is the driver's to judge
  };
}

/** One call of the application. */
class WebSocketCall {
  readonly #exchange: WebSocketExchange;
  readonly #handshake: Handshake;
  #connectGiven = false;
  #disconnectGiven = false;

  constructor(exchange: WebSocketExchange) {
    this.#exchange = exchange;
    this.#handshake = new Handshake(exchange);
  }

  readonly receive: ASGIReceive = () =>
    this.#connectGiven && this.#handshake.state === "CONNECTED"
      ? this.#next()
      : this.#atHandshake();

  #next(): Promise<ASGIReceiveEvent> {
    return this.#exchange.receive().then(this.#onEvent);
  }

  readonly #onEvent = (event: WebSocketEvent): ASGIReceiveEvent | Promise<ASGIReceiveEvent> => {
    if (event.type === "close") return this.#disconnect(event.code, event.reason);
    return typeof event.data === "string"
      ? { type: "websocket.receive", text: event.data, bytes: null }
      : { type: "websocket.receive", text: null, bytes: event.data };
  };

  /** The event before the first message, or instead of all. */
  async #atHandshake(): Promise<ASGIReceiveEvent> {
    if (!this.#connectGiven) {
      this.#connectGiven = true;
      return { type: "websocket.connect" };
    }
    if (this.#handshake.isUndecided) await this.#handshake.answered();
    const { state } = this.#handshake;
    if (state !== "CONNECTED" && state !== "CLOSED") return this.#disconnect(1006, "");
    return await this.#next();
  }

  readonly send: ASGISend = (message) => this.#handshake.send(message, this.#send);

  readonly #send: ASGISend = (message) => {
    const handshake = this.#handshake;
    const { state } = handshake;
    switch (message?.type) {
      case "websocket.accept":
        if (state === "HANDSHAKE") return this.#accept(message);
        break;
      case "websocket.send":
        if (state === "CONNECTED") return this.#message(message);
        break;
      case "websocket.close":
        if (state === "HANDSHAKE") return handshake.reject();
        if (state === "CONNECTED" || state === "CLOSED") return this.#close(message);
        break;
      case "websocket.http.response.start":
        return handshake.startDenial(message);
      case "websocket.http.response.body":
        return handshake.denialBody(message);
    }
    throw handshake.unexpected(message);
  };

  async #accept({ subprotocol, headers }: WebSocketAcceptEvent): Promise<void> {
    await this.#exchange.accept({
      fields: readHeaders(headers),
      ...(subprotocol == null ? {} : { subprotocol }),
    });
    this.#handshake.accepted();
  }

  #message({ bytes, text }: WebSocketSendEvent): Promise<void> {
    const data = bytes ?? text;
    if (typeof data !== "string" && !(data instanceof Uint8Array)) {
      throw new ApplicationError(
        `Cannot send a WebSocket message: expected "bytes" (Uint8Array) or "text" (string), received ${
          describe(data)
        }`,
      );
    }
    return this.#exchange.send(data);
  }

  async #close({ code, reason }: WebSocketCloseEvent): Promise<void> {
    const sendable = code === undefined || isLocalCloseCode(code) ? 1000 : code; // as Hypercorn does
    await this.#exchange.close(sendable, truncateCloseReason(reason ?? ""));
    this.#handshake.state = "CLOSED";
  }

  async #disconnect(code: number, reason: string): Promise<ASGIReceiveEvent> {
    if (this.#disconnectGiven) return await new Promise<never>(() => {});
    this.#disconnectGiven = true;
    return { type: "websocket.disconnect", code, reason };
  }
}
