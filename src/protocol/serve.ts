/**
 * The plain TCP driver: one listener on `Deno.serve`, public API only (HTTP/1.0, 1.1 and 2).
 *
 * It refuses what the runtime should have refused, then hands the request to a fetch application untouched, or to
 * any application as an exchange.
 *
 * @module
 */

import { DisconnectError } from "../errors.ts";
import type { Application } from "../exchange.ts";
import { type FieldList, isHost } from "../fields.ts";
import type { SocketAddr } from "../fetch_types.ts";
import { decorateResponse } from "./response_fields.ts";
import { emptyResponse } from "./response_head.ts";
import type { ListenerSettings, ServeContext } from "./serve_context.ts";
import { FetchShortCut } from "./serve_fetch.ts";
import type { NativeInfo } from "./serve_info.ts";
import { authorityOf, mayHaveContent } from "./serve_request.ts";
import { ExchangeRunner } from "./serve_runner.ts";

/** The handler of one listener. */
export class ServeListener implements ServeContext {
  readonly settings: ListenerSettings;
  /** Address of the listener, set once it is bound and before any request. */
  localAddr: SocketAddr = { transport: "tcp", hostname: "", port: 0 };
  readonly #runner: FetchShortCut | ExchangeRunner;
  #lastHost = "";

  constructor(application: Application, settings: ListenerSettings) {
    this.settings = settings;
    this.#runner = application.fetch
      ? new FetchShortCut(application.fetch, this)
      : new ExchangeRunner(application, this);
  }

  /** Handler for `Deno.serve`. */
  readonly handle = (request: Request, info: NativeInfo): Response | Promise<Response> => {
    const host = request.headers.get("host");
    const http2 = host === null; // see ServeRequestHead
    const refusal = this.#refuse(request, host);
    return refusal ? this.finish(refusal, http2) : this.#runner.handle(request, info, http2);
  };

  /** `onError` for `Deno.serve`: called when a response body fails after its head was sent. */
  readonly onError = (error: unknown): Response => {
    this.report(error, null);
    return emptyResponse(500);
  };

  finish(response: Response, http2: boolean): Response {
    const { decorate, inFlight } = this.settings;
    const closing = inFlight.draining && !http2 && response.status !== 101;
    const last = closing ? decorateResponse(response, announceClose, http2) : response;
    return decorate ? decorateResponse(last, decorate, http2) : last;
  }

  refusal(request: Request, status: number, reason: string, fields: FieldList = []): Response {
    this.settings.reporter.refused(request.method, status, reason);
    return emptyResponse(status, fields);
  }

  report(error: unknown, request: Request | null): void {
    const { reporter } = this.settings;
    const { method, url, gone } = readIfOpen(request);
    if (gone || error instanceof DisconnectError) reporter.disconnected(error, method, url);
    else reporter.failed(error, method, url);
  }

  #refuse(request: Request, host: string | null): Response | null {
    const { serverNames, inFlight } = this.settings;
    if (host !== null && host !== this.#lastHost) {
      if (!isHost(host)) {
        return this.refusal(request, 400, `Host ${JSON.stringify(host)} is invalid`);
      }
      this.#lastHost = host; // nearly always the same again
    }
    if (serverNames) {
      const name = host ?? authorityOf(request.url);
      if (!serverNames.has(name.toLowerCase())) {
        return this.refusal(request, 404, `Host ${JSON.stringify(name)} is not in server_names`);
      }
    }
    const { method } = request;
    if (method === "CONNECT") {
      return this.refusal(request, 501, "CONNECT is for proxies, this is an origin server");
    }
    if (inFlight.draining && mayHaveContent(method)) {
      return this.refusal(request, 503, "the server is shutting down", [["retry-after", "1"]]);
    }
    return null;
  }
}

/**
 * Reads a native request as far as possible: its members throw once the connection is gone, unless they were read
 * before. Whatever an application fails with then, usually a body read of the runtime's, is the client's doing.
 */
function readIfOpen(request: Request | null): { method: string; url: string; gone: boolean } {
  if (request === null) return { method: "", url: "", gone: false };
  try {
    return { method: request.method, url: request.url, gone: request.signal.aborted };
  } catch {
    return { method: "", url: "", gone: true };
  }
}

function announceClose(headers: Headers): void {
  headers.set("connection", "close");
}
