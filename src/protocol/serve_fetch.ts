/**
 * The short cut: a fetch application gets the runtime's own `Request`, and its `Response` goes back untouched
 * where nothing has to be added.
 *
 * This is the path that has to keep up with bare `Deno.serve`: no copy of headers, no `new URL`, and promises
 * only for handlers that return one.
 *
 * @module
 */

import { ApplicationError, HandshakeError } from "../errors.ts";
import type { FetchHandler } from "../fetch_types.ts";
import { wrongFetchResult } from "../misuse.ts";
import { hasStreamBody } from "../response_record.ts";
import {
  getUpgrader,
  setUpgrader,
  type UpgradeOptions,
  type Upgrader,
  type WebSocketUpgrade,
} from "../upgrade.ts";
import { upgradeNative } from "./guarded_socket.ts";
import { headWithoutBody } from "./head_response.ts";
import { PendingResponse } from "./pending_response.ts";
import { trackStream } from "./response_body.ts";
import { hostOf } from "./request_record.ts";
import { addToResponse } from "./response_fields.ts";
import { emptyResponse } from "./response_head.ts";
import type { ServeContext } from "./serve_context.ts";
import { type NativeInfo, ServeInfo } from "./serve_info.ts";
import { mayHaveContent } from "./serve_request.ts";

/** Calls a fetch application for one listener. */
export class FetchShortCut {
  readonly #app: FetchHandler;
  readonly #context: ServeContext;
  readonly #upgrader: Upgrader = (request, options) => this.#upgrade(request, options);
  readonly #upgraded = new WeakMap<Request, WebSocketUpgrade>();

  constructor(app: FetchHandler, context: ServeContext) {
    this.#app = app;
    this.#context = context;
  }

  /** Handles one request. */
  handle(request: Request, native: NativeInfo): Response | Promise<Response> {
    const host = hostOf(request);
    const refusal = this.#context.refuse(request, host);
    if (refusal) return refusal;
    const http2 = host === null; // see ServeRequestHead
    setUpgrader(request, this.#upgrader);
    const info = new ServeInfo(native, this.#context, http2);
    const app = this.#app; // called without a receiver, as the runtime does
    try {
      const result: unknown = app(request, info);
      if (result instanceof Response) return this.#finish(result, request, native, http2);
      if (isPromiseLike(result)) return this.#wait(result, request, native, http2);
      throw wrongFetchResult(result);
    } catch (error) {
      return this.#fail(error, request, http2);
    }
  }

  #wait(
    result: PromiseLike<unknown>,
    request: Request,
    native: NativeInfo,
    http2: boolean,
  ): Promise<Response> {
    return new PendingResponse(
      result,
      mayHaveContent(request.method),
      this.#context.settings.inFlight,
      {
        onResult: (response) => {
          if (!(response instanceof Response)) throw wrongFetchResult(response);
          return this.#finish(response, request, native, http2);
        },
        onError: (error) => this.#fail(error, request, http2),
        onCut: () => emptyResponse(503, this.#context.fields(http2)),
      },
    ).response;
  }

  #finish(
    result: Response,
    request: Request,
    native: NativeInfo,
    http2: boolean,
  ): Response | Promise<Response> {
    const { method } = request; // stays readable, since it was read before
    const { status } = result;
    if (getUpgrader(request) === upgradedAlready && status !== 101) {
      throw new ApplicationError(OTHER_RESPONSE);
    }
    if (status < 200 && !(status === 101 && wasUpgraded(request, native))) {
      throw new ApplicationError(status === 101 ? NOT_UPGRADED : NO_STATUS);
    }
    const { settings } = this.#context;
    const fields = this.#context.fields(http2);
    if (method === "HEAD") {
      return headWithoutBody(result).then(
        (response) => addToResponse(response, fields),
        (error) => this.#fail(error, request, http2),
      );
    }
    const response = hasStreamBody(result)
      ? trackStream(result, settings.inFlight, mayHaveContent(method))
      : result;
    return addToResponse(response, fields);
  }

  #fail(error: unknown, request: Request, http2: boolean): Response {
    const upgrade = this.#upgraded.get(request);
    if (upgrade) return this.#failUpgraded(error, request, upgrade);
    if (error instanceof HandshakeError) return this.#context.refusal(request, http2, error);
    this.#context.report(error, request);
    return emptyResponse(500, this.#context.fields(http2));
  }

  #upgrade(request: Request, options: UpgradeOptions): WebSocketUpgrade {
    const { method, url } = request;
    const { websocket, reporter } = this.#context.settings;
    const onError = (error: unknown) => reporter.failed(error, method, url);
    const upgrade = upgradeNative(request, options, websocket, onError);
    this.#upgraded.set(request, upgrade);
    setUpgrader(request, upgradedAlready);
    return upgrade;
  }

  /**
   * The runtime stops the whole server when a request that was upgraded is not answered with its 101, so the client
   * gets that, and is told by a Close frame.
   */
  #failUpgraded(error: unknown, { method, url }: Request, upgrade: WebSocketUpgrade): Response {
    this.#context.settings.reporter.failed(error, method, url);
    upgrade.socket.close(1011, "Internal error");
    return addToResponse(upgrade.response, this.#context.fields(false));
  }
}

const OTHER_RESPONSE =
  "The handler upgraded the request to a WebSocket, but did not return the response that came with the socket";

const NO_STATUS = "Cannot send status 0: Response.error() has no meaning to a client";

const NOT_UPGRADED = "Cannot send status 101: the request was not upgraded";

/**
 * Says whether somebody upgraded the request, maybe by `Deno.upgradeWebSocket`: reading about it throws from then on.
 * Only the address always does, for header fields that were read before stay readable.
 */
function wasUpgraded(request: Request, native: NativeInfo): boolean {
  try {
    void native.remoteAddr;
    request.headers.has("upgrade");
    return false;
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
