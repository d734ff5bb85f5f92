/**
 * The plain TCP driver: one listener on `Deno.serve`, public API only (HTTP/1.0, 1.1 and 2).
 *
 * It refuses what the runtime should have refused, then hands the request to a fetch application untouched, or to
 * any application as an exchange.
 *
 * @module
 */

import { ContentTooLargeError, DisconnectError } from "../errors.ts";
import type { Application } from "../exchange.ts";
import { type FieldList, isHost } from "../fields.ts";
import type { SocketAddr } from "../fetch_types.ts";
import { asError } from "../misuse.ts";
import { isLostContent } from "./request_content.ts";
import { fieldOf } from "./request_record.ts";
import { CLOSE, mergeFields } from "./response_fields.ts";
import { emptyResponse } from "./response_head.ts";
import type { ListenerSettings, Refusal, ServeContext } from "./serve_context.ts";
import { FetchShortCut } from "./serve_fetch.ts";
import type { NativeInfo } from "./serve_info.ts";
import { judgeLimits } from "./serve_limits.ts";
import { authorityOf, mayHaveContent, targetOf } from "./serve_request.ts";
import { ExchangeRunner } from "./serve_runner.ts";

/** The handler of one listener. */
export class ServeListener implements ServeContext {
  readonly settings: ListenerSettings;
  /** Address of the listener, set once it is bound and before any request. */
  localAddr: SocketAddr = { transport: "tcp", hostname: "", port: 0 };
  readonly #runner: FetchShortCut | ExchangeRunner;
  /** Host of the last request that passed. */
  #lastHost: string | null = null;
  /** How its URL began; no URL begins like the initial value. */
  #lastOrigin = "/";

  constructor(application: Application, settings: ListenerSettings) {
    this.settings = settings;
    this.#runner = application.fetch
      ? new FetchShortCut(application.fetch, this)
      : new ExchangeRunner(application, this);
  }

  /** Handler for `Deno.serve`. */
  readonly handle = (request: Request, info: NativeInfo): Response | Promise<Response> =>
    this.#runner.handle(request, info);

  /** `onError` for `Deno.serve`: called when a response body fails after its head was sent. */
  readonly onError = (error: unknown): Response => {
    this.report(error, null);
    return emptyResponse(500);
  };

  fields(http2: boolean): FieldList {
    const { responseFields, inFlight } = this.settings;
    if (inFlight.leaving) {
      return http2 ? responseFields.http2Draining : responseFields.http1Draining;
    }
    return http2 ? responseFields.http2 : responseFields.http1;
  }

  refusal(request: Request, http2: boolean, { status, message, fields = [] }: Refusal): Response {
    this.settings.reporter.refused(request.method, status, message);
    const own = !http2 && ENDING.has(status) ? [...fields, CLOSE] : fields;
    return emptyResponse(status, mergeFields(own, this.fields(http2)));
  }

  judge(request: Request, host: string | null, http2: boolean): Refusal | null {
    return this.#judge(request, host) ?? judgeLimits(request, http2, this.settings.limits);
  }

  report(error: unknown, request: Request | null, over = false): boolean {
    const { reporter } = this.settings;
    const { method, url, gone } = readIfOpen(request);
    const failure = asError(error);
    const left = gone || over || failure instanceof DisconnectError ||
      failure instanceof ContentTooLargeError ||
      (request !== null && request.bodyUsed && isLostContent(failure));
    if (left) reporter.disconnected(failure, method, url);
    else reporter.failed(failure, method, url);
    return left;
  }

  #judge(request: Request, host: string | null): Refusal | null {
    const { inFlight } = this.settings;
    const { url, method } = request;
    if (host !== this.#lastHost || !url.startsWith(this.#lastOrigin)) {
      const refusal = this.#judgeHost(request, host);
      if (refusal) return refusal;
    }
    if (method === "CONNECT") {
      return { status: 501, message: "CONNECT is for proxies, this is an origin server" };
    }
    if (!mayHaveContent(method)) return null;
    const coding = fieldOf(request, "transfer-encoding");
    if (coding !== null && coding.toLowerCase() !== "chunked") {
      return {
        status: 501,
        message: `Transfer-Encoding ${JSON.stringify(coding)} is not understood, only "chunked" is`,
      };
    }
    if (!inFlight.draining) return null;
    return { status: 503, message: "the server is shutting down", fields: [["retry-after", "1"]] };
  }

  /**
   * Checks Host and the authority that applications see in the URL. They differ for HTTP/2, which has only the
   * latter, and for targets in absolute form. Applications then get what RFC 9112 §3.2.2 and §3.3 say: the authority of
   * the target, and the scheme of this listener, whatever the client wrote.
   */
  #judgeHost(request: Request, host: string | null): Refusal | null {
    const { serverNames, scheme } = this.settings;
    const { url } = request;
    const authority = authorityOf(url);
    for (const name of host === null ? [authority] : [host, authority]) {
      const quoted = JSON.stringify(name);
      if (!isHost(name)) return { status: 400, message: `Host ${quoted} is invalid` };
      if (serverNames && !serverNames.has(name.toLowerCase())) {
        return { status: 404, message: `Host ${quoted} is not in server_names` };
      }
    }
    // With the slash, so that a longer authority does not match. On a Unix socket a missing host leaves none.
    const origin = `${scheme}://${authority || "localhost"}/`;
    if (!url.startsWith(origin)) override(request, "url", origin + targetOf(url).slice(1));
    if (host && host !== authority) {
      const headers = new Headers(request.headers);
      headers.set("host", authority);
      override(request, "headers", headers);
    } else {
      this.#lastHost = host; // nearly always the same again
      this.#lastOrigin = origin;
    }
    return null;
  }
}

/**
 * What is answered to a client that sends more, or slower, than it may: what else it has to say is of no interest, and
 * where its message ends may not be known.
 */
const ENDING: ReadonlySet<number> = new Set([408, 413, 414, 431]);

/** Gives a native request another value of a member. */
function override(request: Request, member: "url" | "headers", value: unknown): void {
  Object.defineProperty(request, member, { value });
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
