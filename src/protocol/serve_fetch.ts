/**
 * The short cut: a fetch application gets the runtime's own `Request`, and its `Response` goes back untouched
 * where nothing has to be added.
 *
 * This is the path that has to keep up with bare `Deno.serve`: no copy of headers, no `new URL`, and promises
 * only for handlers that return one.
 *
 * @module
 */

import {
  ApplicationError,
  ContentTooLargeError,
  type DisconnectError,
  HandlerTimeoutError,
  HandshakeError,
  ReadTimeoutError,
} from "../errors.ts";
import type { FetchHandler } from "../fetch_types.ts";
import { wrongFetchResult } from "../misuse.ts";
import { hasStreamBody, peekStaticContent } from "../response_record.ts";
import {
  getUpgrader,
  setUpgrader,
  type UpgradeOptions,
  type Upgrader,
  type WebSocketUpgrade,
} from "../upgrade.ts";
import { expectOpen, upgradeNative } from "./guarded_socket.ts";
import { watchHandshake } from "./handshake.ts";
import { headWithoutBody } from "./head_response.ts";
import { PendingResponse } from "./pending_response.ts";
import { trackStream } from "./response_body.ts";
import { type ContentWatch, watchContent } from "./request_content_watch.ts";
import { isTooLarge } from "./request_content.ts";
import { hostOf } from "./request_record.ts";
import { addToResponse } from "./response_fields.ts";
import { emptyResponse } from "./response_head.ts";
import type { Refusal, ServeContext } from "./serve_context.ts";
import { isHttp2, type NativeInfo, ServeInfo } from "./serve_info.ts";
import { contentTooLarge } from "./serve_limits.ts";
import {
  isOpen,
  ObservedNative,
  ServeObservation,
  sizeOf,
  watchClient,
} from "./serve_observation.ts";
import { canHaveContent, mayHaveContent } from "./serve_request.ts";
import { Wait } from "./wait.ts";

/** One request on its way through the application. */
interface Call {
  readonly request: Request;
  readonly native: NativeInfo;
  readonly http2: boolean;
  readonly observation: ServeObservation | null;
  /** Its content; `null` where it can have none. */
  content: ContentWatch | null;
  /** The response while the application owes it. */
  pending: PendingResponse | null;
  /** The time it has for that; `null` for any. */
  time: Wait | null;
}

function newCall(
  request: Request,
  native: NativeInfo,
  http2: boolean,
  observation: ServeObservation | null,
): Call {
  return { request, native, http2, observation, content: null, pending: null, time: null };
}

/** Calls a fetch application for one listener. */
export class FetchShortCut {
  readonly #app: FetchHandler;
  readonly #context: ServeContext;
  readonly #upgrader: Upgrader = (request, options) => this.#upgrade(request, options, null);
  readonly #upgraded = new WeakMap<Request, WebSocketUpgrade>();

  constructor(app: FetchHandler, context: ServeContext) {
    this.#app = app;
    this.#context = context;
  }

  /** Handles one request. */
  handle(request: Request, native: NativeInfo): Response | Promise<Response> {
    const host = hostOf(request);
    const http2 = isHttp2(native, host);
    const observation = this.#observe(request, native, http2);
    const refusal = this.#context.judge(request, host, http2);
    if (refusal) {
      const response = this.#context.refusal(request, http2, refusal);
      observation?.refused(response, refusal.reason);
      return response;
    }
    setUpgrader(request, observation ? this.#observedUpgrader(observation) : this.#upgrader);
    const info = new ServeInfo(native, this.#context, http2);
    const call = newCall(request, native, http2, observation);
    if (canHaveContent(request.method)) this.#watchContent(call);
    const app = this.#app; // called without a receiver, as the runtime does
    try {
      const result: unknown = app(request, info);
      if (result instanceof Response) return this.#finish(result, call);
      if (isPromiseLike(result)) return this.#wait(result, call);
      throw wrongFetchResult(result);
    } catch (error) {
      return this.#fail(error, call);
    }
  }

  #observe(request: Request, native: NativeInfo, http2: boolean): ServeObservation | null {
    const { observer, scheme } = this.#context.settings;
    if (observer === null) return null;
    return ServeObservation.begin(observer, new ObservedNative(request, native, scheme, http2));
  }

  #watchContent(call: Call): void {
    const { limits } = this.#context.settings;
    call.content = watchContent(call.request, limits, (error) => {
      const refusal = { status: 408, message: error.message };
      if (call.pending) this.#answerInstead(error, refusal, call);
      else call.native.stalled?.();
    });
  }

  /** The client took too long. Whatever the application makes of that is dropped. */
  #answerInstead(error: DisconnectError, refusal: Refusal, call: Call): void {
    const response = this.#context.refusal(call.request, call.http2, refusal);
    call.observation?.answered(response, "aborted");
    this.#giveUp(call, error, response);
  }

  #giveUp(call: Call, reason: DisconnectError, response: Response): void {
    call.pending?.giveUp(reason, response);
    this.#settle(call);
  }

  /** The application owes nothing any more. */
  #settle(call: Call): void {
    call.time?.end();
    call.pending = null;
  }

  #wait(result: PromiseLike<unknown>, call: Call): Promise<Response> {
    const { request, native, http2, observation } = call;
    const { inFlight, limits } = this.#context.settings;
    if (!http2) watchHandshake(request);
    const watch = observation && watchClient(request, native, observation, http2);
    const place = limits.concurrency?.enter();
    const { handlerMs } = limits;
    if (handlerMs !== null) call.time = this.#limitTime(call, handlerMs);
    call.pending = new PendingResponse(
      result,
      mayHaveContent(request.method),
      inFlight,
      {
        onSettled: () => place?.leave(),
        onResult: (response) => {
          this.#settle(call);
          if (!(response instanceof Response)) throw wrongFetchResult(response);
          watch?.onAnswer();
          return this.#finish(response, call);
        },
        onError: (error) => {
          this.#settle(call);
          return this.#fail(error, call);
        },
        onLateError: (error, reason) =>
          void this.#context.report(error, request, reason instanceof ReadTimeoutError),
        onCut: () => {
          this.#settle(call);
          const response = emptyResponse(503, this.#context.fields(http2));
          observation?.answered(response, "aborted");
          return response;
        },
      },
    );
    return call.pending.response;
  }

  /** Answers for an application that does not begin to; a late result is dropped. */
  #limitTime(call: Call, milliseconds: number): Wait {
    const { limits, reporter } = this.#context.settings;
    const { request, http2, observation } = call;
    const { method, url } = request;
    const wait = new Wait(limits.clock, () => {
      const error = new HandlerTimeoutError(milliseconds / 1000);
      const upgrade = this.#upgraded.get(request);
      if (upgrade) return this.#giveUp(call, error, this.#failUpgraded(error, call, upgrade));
      if (wasUpgraded(call)) return; // by the application itself, which alone has the response
      reporter.failed(error, method, url);
      const response = emptyResponse(504, this.#context.fields(http2));
      observation?.answered(response, "failed");
      this.#giveUp(call, error, response);
    });
    wait.begin(milliseconds);
    return wait;
  }

  #finish(result: Response, call: Call): Response | Promise<Response> {
    const { request, http2, observation } = call;
    const { method } = request; // stays readable, since it was read before
    const { status } = result;
    if (getUpgrader(request) === upgradedAlready && status !== 101) {
      throw new ApplicationError(OTHER_RESPONSE);
    }
    if (status < 200 && !(status === 101 && wasUpgraded(call))) {
      throw new ApplicationError(status === 101 ? NOT_UPGRADED : NO_STATUS);
    }
    if (status === 101 && !this.#upgraded.has(request)) this.#hint();
    const { inFlight } = this.#context.settings;
    const fields = this.#context.fields(http2);
    if (method === "HEAD") {
      return headWithoutBody(result).then(
        (response) => {
          observation?.answered(response, "complete");
          return addToResponse(response, fields);
        },
        (error) => this.#fail(error, call),
      );
    }
    if (!hasStreamBody(result)) {
      if (observation) this.#observeStatic(result, call, observation);
      return addToResponse(result, fields);
    }
    const response = trackStream(result, inFlight, mayHaveContent(method), observation);
    observation?.responded(result);
    return addToResponse(response, fields);
  }

  /** The application called `Deno.upgradeWebSocket()`, and so nothing here knows its socket. */
  #hint(): void {
    if (hinted) return;
    hinted = true;
    this.#context.settings.reporter.hint?.(NATIVE_UPGRADE);
  }

  /** Tells of a response that is there as a whole, or of the 101 of a WebSocket, whose end its guard tells. */
  #observeStatic(result: Response, { request }: Call, observation: ServeObservation): void {
    if (result.bodyUsed) throw new ApplicationError(BODY_USED);
    observation.responded(result);
    const upgrade = this.#upgraded.get(request);
    if (upgrade === undefined) {
      // Of a WebSocket that the application opened by itself, with Deno.upgradeWebSocket(), nothing more can be seen.
      return observation.completed(sizeOf(peekStaticContent(result) ?? ""));
    }
    expectOpen(upgrade.socket, observation, this.#context.settings.websocket);
  }

  #fail(error: unknown, call: Call): Response {
    const { request, http2, observation } = call;
    const upgrade = this.#upgraded.get(request);
    if (upgrade) return this.#failUpgraded(error, call, upgrade);
    const failure = call.content?.failure;
    const refusal = error instanceof HandshakeError
      ? error
      : failure instanceof ContentTooLargeError
      ? contentTooLarge(failure.limit)
      : null;
    if (refusal) {
      // The client is told what is wrong with its request, and the log what is wrong with the application.
      if (refusal !== error && !isTooLarge(error)) this.#context.report(error, request);
      const response = this.#context.refusal(request, http2, refusal);
      observation?.refused(response);
      return response;
    }
    const left = this.#context.report(error, request);
    if (left) observation?.ended("aborted");
    const response = emptyResponse(500, this.#context.fields(http2));
    observation?.answered(response, "failed");
    return response;
  }

  #observedUpgrader(observation: ServeObservation): Upgrader {
    return (request, options) => this.#upgrade(request, options, observation);
  }

  #upgrade(
    request: Request,
    options: UpgradeOptions,
    observation: ServeObservation | null,
  ): WebSocketUpgrade {
    const { method, url } = request;
    const { websocket, reporter } = this.#context.settings;
    const onError = (error: unknown) => reporter.failed(error, method, url);
    const upgrade = upgradeNative(request, options, websocket, { onError, observation });
    this.#upgraded.set(request, upgrade);
    setUpgrader(request, upgradedAlready);
    return upgrade;
  }

  /**
   * The runtime stops the whole server when a request that was upgraded is not answered with its 101, so the client
   * gets that, and is told by a Close frame.
   */
  #failUpgraded(error: unknown, call: Call, { socket, response }: WebSocketUpgrade): Response {
    const { request: { method, url }, observation } = call;
    const { reporter, websocket } = this.#context.settings;
    reporter.failed(error, method, url);
    socket.close(1011, "Internal error");
    if (observation) {
      observation.fail();
      observation.responded(response);
      expectOpen(socket, observation, websocket);
    }
    return addToResponse(response, this.#context.fields(false));
  }
}

const OTHER_RESPONSE =
  "The handler upgraded the request to a WebSocket, but did not return the response that came with the socket";

/** The process was told once; it is about the program, which every server in it shares. */
let hinted = false;

const NATIVE_UPGRADE =
  "The application opens WebSockets with Deno.upgradeWebSocket(), which knows no limits: neither websocket_max_message_size " +
  "nor a bound on what waits for a client, nor a close when the server stops. Use upgradeWebSocket() of this package";

const NO_STATUS = "Cannot send status 0: Response.error() has no meaning to a client";

const NOT_UPGRADED = "Cannot send status 101: the request was not upgraded";

const BODY_USED = "Cannot send the response: its body was read already";

/**
 * Says whether somebody upgraded the request, maybe by `Deno.upgradeWebSocket`: reading about it throws from then on.
 * Only the address always does, for header fields that were read before stay readable.
 */
function wasUpgraded({ request, native }: Call): boolean {
  try {
    request.headers.has("upgrade");
    return !isOpen(native);
  } catch {
    return true;
  }
}

/** Takes the place of the upgrader on a request that was upgraded. */
const upgradedAlready: Upgrader = () => {
  throw new ApplicationError("Cannot upgrade to a WebSocket: the request was upgraded already");
};

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
