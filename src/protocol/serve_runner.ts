/**
 * Runs an application's exchange handlers for requests of `Deno.serve`.
 *
 * @module
 */

import { ApplicationError, HandshakeError } from "../errors.ts";
import type { Application } from "../exchange.ts";
import { checkHandshake, isWebSocketRequest } from "./handshake.ts";
import { type ServeContext, versionOf } from "./serve_context.ts";
import { ServeExchange } from "./serve_exchange.ts";
import type { NativeInfo } from "./serve_info.ts";
import { netAddress, ServePeer, ServeRequestHead } from "./serve_request.ts";
import { ServeWebSocketExchange } from "./serve_websocket.ts";

const INCOMPLETE = "The application returned without completing its response";

/** Makes exchanges out of requests and sees them through. */
export class ExchangeRunner {
  readonly #application: Application;
  readonly #context: ServeContext;

  constructor(application: Application, context: ServeContext) {
    this.#application = application;
    this.#context = context;
  }

  /** Handles one request; the response may be there before the application is done with the exchange. */
  handle(request: Request, info: NativeInfo, http2: boolean): Promise<Response> {
    const { settings, localAddr } = this.#context;
    const head = new ServeRequestHead(request, settings.scheme, versionOf(http2));
    const peer = new ServePeer(info, netAddress(localAddr));
    const exchange = new ServeExchange(request, head, peer, {
      finish: (response) => this.#context.finish(response, http2),
    });
    settings.inFlight.add(exchange);
    if (isWebSocketRequest(request.method, request.headers)) this.#runWebSocket(request, exchange);
    else this.#runHttp(request, exchange);
    return exchange.response;
  }

  async #runHttp(request: Request, exchange: ServeExchange): Promise<void> {
    try {
      await this.#application.http(exchange);
      if (exchange.state !== "ended") throw new ApplicationError(INCOMPLETE);
    } catch (error) {
      this.#context.report(error, request);
      exchange.abort(asError(error));
    } finally {
      this.#context.settings.inFlight.delete(exchange);
    }
  }

  async #runWebSocket(request: Request, handshake: ServeExchange): Promise<void> {
    const { websocket, inFlight } = this.#context.settings;
    const exchange = new ServeWebSocketExchange(request, handshake, websocket);
    try {
      checkHandshake(request.method, request.headers);
      if (inFlight.draining) throw new HandshakeError(503, "the server is shutting down", []);
      await this.#application.websocket(exchange);
      if (exchange.state !== "closing" && exchange.state !== "closed") {
        throw new ApplicationError(
          exchange.state === "open"
            ? "The application returned without closing the WebSocket"
            : INCOMPLETE,
        );
      }
    } catch (error) {
      if (error instanceof HandshakeError && exchange.state === "handshake") {
        const { status, message, fields } = error;
        handshake.upgrade(this.#context.refusal(request, status, message, fields));
      } else {
        this.#context.report(error, request);
        exchange.abort(asError(error));
      }
    } finally {
      inFlight.delete(handshake);
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
