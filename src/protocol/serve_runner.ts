/**
 * Runs an application's exchange handlers for requests of `Deno.serve`.
 *
 * @module
 */

import {
  ApplicationError,
  DisconnectError,
  HandlerTimeoutError,
  HandshakeError,
} from "../errors.ts";
import type { Application } from "../exchange.ts";
import { combineField, type FieldList, hasField } from "../fields.ts";
import { asError } from "../misuse.ts";
import { checkHandshake, isWebSocketRequest, watchHandshake } from "./handshake.ts";
import { isTooLarge } from "./request_content.ts";
import type { Place } from "./request_limits.ts";
import { fieldsOf } from "./request_record.ts";
import { emptyResponse } from "./response_head.ts";
import type { Refusal, ServeContext } from "./serve_context.ts";
import { ServeExchange } from "./serve_exchange.ts";
import { isHttp2, type NativeInfo } from "./serve_info.ts";
import { ObservedNative, ServeObservation, watchClient } from "./serve_observation.ts";
import { contentTooLarge } from "./serve_limits.ts";
import { ServePeer, ServeRequestHead } from "./serve_request.ts";
import { ServeWebSocketExchange } from "./serve_websocket.ts";
import { Wait } from "./wait.ts";

const INCOMPLETE = "The application returned without completing its response";
const NOT_CLOSED = "The application returned without closing the WebSocket";

/** Makes exchanges out of requests and sees them through. */
export class ExchangeRunner {
  readonly #application: Application;
  readonly #context: ServeContext;

  constructor(application: Application, context: ServeContext) {
    this.#application = application;
    this.#context = context;
  }

  /** Handles one request; the response may be there before the application is done with the exchange. */
  handle(request: Request, info: NativeInfo): Response | Promise<Response> {
    const fields = fieldsOf(request);
    const host = combineField(fields, "host") ?? null;
    const http2 = isHttp2(info, host);
    const observation = this.#observe(request, info, fields, http2);
    const refusal = this.#context.judge(request, host, http2);
    if (refusal) {
      const response = this.#context.refusal(request, http2, refusal);
      observation?.refused(response, refusal.reason);
      return response;
    }
    const { settings } = this.#context;
    const head = new ServeRequestHead(request, settings.scheme, host, http2, fields);
    const peer = new ServePeer(info, this.#context);
    const exchange = new ServeExchange(request, info, head, peer, this.#context, observation);
    settings.inFlight.add(exchange);
    const { handlerMs, concurrency } = settings.limits;
    const wait = handlerMs === null ? null : this.#limitTime(exchange, request, handlerMs);
    const place = concurrency === null ? null : concurrency.enter();
    if (hasField(fields, "upgrade") && isWebSocketRequest(request.method, request.headers)) {
      this.#runWebSocket(request, exchange, wait, place);
    } else this.#runHttp(request, exchange, wait, place);
    return exchange.response;
  }

  /** Answers for an application that does not begin to. */
  #limitTime(exchange: ServeExchange, request: Request, milliseconds: number): Wait {
    const { limits, reporter, inFlight } = this.#context.settings;
    const { method, url } = request;
    const http2 = exchange.request.httpVersion === "2";
    const wait = new Wait(limits.clock, () => {
      if (exchange.state !== "initial") return;
      const error = new HandlerTimeoutError(milliseconds / 1000);
      reporter.failed(error, method, url);
      inFlight.delete(exchange); // the stop of the server does not wait for what comes too late
      exchange.giveUp(error, "failed", () => emptyResponse(504, this.#context.fields(http2)));
    });
    wait.begin(milliseconds);
    return wait;
  }

  #observe(
    request: Request,
    info: NativeInfo,
    fields: FieldList,
    http2: boolean,
  ): ServeObservation | null {
    const { observer, scheme } = this.#context.settings;
    if (observer === null) return null;
    const observed = new ObservedNative(request, info, scheme, http2, fields);
    const observation = ServeObservation.begin(observer, observed);
    if (observation) watchClient(request, info, observation, http2);
    return observation;
  }

  async #runHttp(
    request: Request,
    exchange: ServeExchange,
    wait: Wait | null,
    place: Place | null,
  ): Promise<void> {
    const app = this.#application;
    const { observation } = exchange;
    try {
      await (observation ? observation.run(() => app.http(exchange)) : app.http(exchange));
      if (exchange.state !== "ended") {
        throw exchange.signal.aborted ? new DisconnectError() : new ApplicationError(INCOMPLETE);
      }
    } catch (error) {
      const { tooLarge } = exchange;
      if (error instanceof HandshakeError && exchange.state === "initial") {
        this.#refuse(request, exchange, error); // a request that asks for no upgrade
      } else if (tooLarge && exchange.state === "initial") {
        // The client is told what is wrong with its request, and the log what is wrong with the application.
        if (!isTooLarge(error)) this.#context.report(error, request);
        this.#refuse(request, exchange, contentTooLarge(tooLarge.limit));
      } else {
        const failure = asError(error);
        this.#context.report(failure, request, !exchange.ended && exchange.gone !== undefined);
        exchange.abort(failure);
      }
    } finally {
      wait?.end();
      place?.leave();
      this.#context.settings.inFlight.delete(exchange);
    }
  }

  #refuse(request: Request, exchange: ServeExchange, refusal: Refusal): void {
    const http2 = exchange.request.httpVersion === "2";
    exchange.complete(() => {
      const response = this.#context.refusal(request, http2, refusal);
      exchange.observation?.refused(response);
      return { response, result: undefined };
    });
  }

  async #runWebSocket(
    request: Request,
    handshake: ServeExchange,
    wait: Wait | null,
    place: Place | null,
  ): Promise<void> {
    const { websocket, inFlight } = this.#context.settings;
    const { method, url } = request; // now, they may not be readable later
    const { observation } = handshake;
    const app = this.#application;
    watchHandshake(request);
    const exchange = new ServeWebSocketExchange(request, handshake, websocket);
    try {
      checkHandshake(method, request.headers);
      if (inFlight.draining) throw new HandshakeError(503, "the server is shutting down", []);
      const run = () => app.websocket(exchange);
      await (observation ? observation.run(run) : run());
      if (exchange.state === "open") throw new ApplicationError(NOT_CLOSED);
      if (exchange.state === "handshake" || exchange.state === "denying") {
        throw handshake.signal.aborted ? new DisconnectError() : new ApplicationError(INCOMPLETE);
      }
    } catch (error) {
      if (error instanceof HandshakeError && handshake.state === "initial") {
        const response = this.#context.refusal(request, false, error);
        handshake.complete(() => ({ response, result: undefined }));
        observation?.refused(response);
      } else {
        const failure = asError(error);
        this.#reportWebSocket(failure, method, url);
        exchange.abort(failure);
      }
    } finally {
      wait?.end();
      place?.leave();
      inFlight.delete(handshake);
    }
  }

  /** Not through the context, which asks the native signal who is to blame: upgrading may have aborted it. */
  #reportWebSocket(error: unknown, method: string, url: string): void {
    const { reporter } = this.#context.settings;
    if (error instanceof DisconnectError) reporter.disconnected(error, method, url);
    else reporter.failed(error, method, url);
  }
}
