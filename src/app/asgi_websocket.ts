/**
 * ASGI `websocket` applications on exchanges.
 *
 * States and outcomes are Hypercorn's, with its flaws put right: the
 * application sees the client's close code and reason, and what cannot be accepted is answered with 500.
 *
 * @see {@link https://asgi.readthedocs.io/en/latest/specs/www.html#websocket | ASGI WebSocket}
 * @module
 */

import { ApplicationError, DisconnectError, UnexpectedMessageError } from "../errors.ts";
import type { ResponseHead, WebSocketExchange, WebSocketHandler } from "../exchange.ts";
import { NO_CONTENT } from "../fields.ts";
import { describe, observed, wrongASGIResult } from "../misuse.ts";
import { isLocalCloseCode, truncateCloseReason } from "../websocket_close.ts";
import { readBody } from "./asgi_body.ts";
import { afterDisconnect } from "./asgi_disconnect.ts";
import { readHeaders } from "./asgi_headers.ts";
import { type ScopeOptions, webSocketScope } from "./asgi_scope.ts";
import type {
  ASGIFramework,
  ASGIReceive,
  ASGIReceiveEvent,
  ASGISend,
  ASGISendEvent,
  WebSocketAcceptEvent,
  WebSocketCloseEvent,
  WebSocketResponseBodyEvent,
  WebSocketResponseStartEvent,
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

type State = "HANDSHAKE" | "CONNECTED" | "RESPONSE" | "CLOSED" | "HTTPCLOSED";

/** One call of the application. */
class WebSocketCall {
  readonly #exchange: WebSocketExchange;
  #state: State = "HANDSHAKE";
  #connectGiven = false;
  #disconnectGiven = false;
  #denial: ResponseHead | undefined;
  /** Messages ignored since the client left; from the first one on every message is. */
  #ignored = 0;
  readonly #answer = Promise.withResolvers<void>();

  constructor(exchange: WebSocketExchange) {
    this.#exchange = exchange;
  }

  readonly receive: ASGIReceive = async () => {
    if (!this.#connectGiven) {
      this.#connectGiven = true;
      return { type: "websocket.connect" };
    }
    if (this.#state === "HANDSHAKE" || this.#state === "RESPONSE") await this.#answered();
    if (this.#state !== "CONNECTED" && this.#state !== "CLOSED") return this.#disconnect(1006, "");
    const event = await this.#exchange.receive();
    if (event.type === "close") return this.#disconnect(event.code, event.reason);
    return typeof event.data === "string"
      ? { type: "websocket.receive", text: event.data, bytes: null }
      : { type: "websocket.receive", text: null, bytes: event.data };
  };

  readonly send: ASGISend = (message) => observed(this.#trySend(message));

  async #trySend(message: ASGISendEvent): Promise<void> {
    try {
      if (this.#ignored === 0) return await this.#send(message);
    } catch (error) {
      if (!(error instanceof DisconnectError)) throw error;
      this.#answer.resolve(); // no answer any more, should it be missing
    }
    await afterDisconnect(++this.#ignored);
  }

  #send(message: ASGISendEvent): Promise<void> {
    switch (message?.type) {
      case "websocket.accept":
        if (this.#state === "HANDSHAKE") return this.#accept(message);
        break;
      case "websocket.send":
        if (this.#state === "CONNECTED") return this.#message(message);
        break;
      case "websocket.close":
        if (this.#state === "HANDSHAKE") return this.#reject();
        if (this.#state === "CONNECTED" || this.#state === "CLOSED") return this.#close(message);
        break;
      case "websocket.http.response.start":
        if (this.#state === "HANDSHAKE") return this.#startDenial(message);
        break;
      case "websocket.http.response.body":
        if (this.#denial && (this.#state === "HANDSHAKE" || this.#state === "RESPONSE")) {
          return this.#denialBody(message, this.#denial);
        }
        break;
    }
    throw new UnexpectedMessageError(this.#state, String(message?.type));
  }

  async #accept({ subprotocol, headers }: WebSocketAcceptEvent): Promise<void> {
    await this.#exchange.accept({
      fields: readHeaders(headers),
      ...(subprotocol == null ? {} : { subprotocol }),
    });
    this.#state = "CONNECTED";
    this.#answer.resolve();
  }

  async #message({ bytes, text }: WebSocketSendEvent): Promise<void> {
    const data = bytes ?? text;
    if (typeof data !== "string" && !(data instanceof Uint8Array)) {
      throw new ApplicationError(
        `Cannot send a WebSocket message: expected "bytes" (Uint8Array) or "text" (string), received ${
          describe(data)
        }`,
      );
    }
    await this.#exchange.send(data);
  }

  async #close({ code, reason }: WebSocketCloseEvent): Promise<void> {
    const sendable = code === undefined || isLocalCloseCode(code) ? 1000 : code; // as Hypercorn does
    await this.#exchange.close(sendable, truncateCloseReason(reason ?? ""));
    this.#state = "CLOSED";
  }

  async #reject(): Promise<void> {
    await this.#exchange.respond({ status: 403, fields: NO_CONTENT });
    await this.#endDenial();
  }

  #startDenial({ status, headers }: WebSocketResponseStartEvent): Promise<void> {
    this.#denial = { status, fields: readHeaders(headers) };
    return Promise.resolve();
  }

  async #denialBody(
    { body, more_body }: WebSocketResponseBodyEvent,
    head: ResponseHead,
  ): Promise<void> {
    if (this.#state === "HANDSHAKE") {
      await this.#exchange.respond(head);
      this.#state = "RESPONSE";
    }
    const written = this.#exchange.write(readBody(body));
    if (more_body) return await written;
    await Promise.all([written, this.#endDenial()]);
  }

  async #endDenial(): Promise<void> {
    this.#state = "HTTPCLOSED";
    await this.#exchange.end();
    this.#answer.resolve();
  }

  /** Settles when the handshake was answered or the client left. */
  async #answered(): Promise<void> {
    const { signal } = this.#exchange;
    if (signal.aborted) return;
    const onAbort = () => this.#answer.resolve();
    signal.addEventListener("abort", onAbort, { once: true });
    await this.#answer.promise;
    signal.removeEventListener("abort", onAbort);
  }

  async #disconnect(code: number, reason: string): Promise<ASGIReceiveEvent> {
    if (this.#disconnectGiven) return await new Promise<never>(() => {});
    this.#disconnectGiven = true;
    return { type: "websocket.disconnect", code, reason };
  }
}
