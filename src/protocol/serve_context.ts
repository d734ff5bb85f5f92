/**
 * What the two ways of handling a request under `Deno.serve` share with their listener.
 *
 * @module
 */

import type { HttpVersion } from "../exchange.ts";
import type { FieldList } from "../fields.ts";
import type { SocketAddr } from "../fetch_types.ts";
import type { Observer, RefusalReason } from "../observation.ts";
import type { WebSocketSettings } from "./guarded_socket.ts";
import type { InFlight } from "./in_flight.ts";
import type { RequestLimits } from "./request_limits.ts";
import type { ResponseFields } from "./response_fields.ts";

/** Where a driver says what happened; the server turns it into log lines. */
export interface Reporter {
  /** A request was refused before the application saw it. */
  refused(method: string, status: number, reason: string): void;
  /** The application failed; `method` and `url` are empty when only the response body is known. */
  failed(error: unknown, method: string, url: string): void;
  /** The client left, and this is what it made the application fail with; method and url as in `failed`. */
  disconnected(error: unknown, method: string, url: string): void;
  /** A connection ended otherwise than it should: who, and why. */
  connectionClosed(client: string, reason: string): void;
  /** The application would do better otherwise; said once. */
  hint?(message: string): void;
}

/** Settings of one listener. */
export interface ListenerSettings {
  /** Scheme of the bind. */
  readonly scheme: "http" | "https";
  /** Allowed values of Host or `:authority`, lower-case; `null` allows all. Others get 404. */
  readonly serverNames: ReadonlySet<string> | null;
  /** What the server adds to every response. */
  readonly responseFields: ResponseFields;
  /** What the server is doing. */
  readonly inFlight: InFlight;
  /** Limits on requests. */
  readonly limits: RequestLimits;
  /** WebSocket limits. */
  readonly websocket: WebSocketSettings;
  /** Where to report. */
  readonly reporter: Reporter;
  /** Who is told of every request; `null` when nobody is, which must cost nothing. */
  readonly observer: Observer | null;
}

/** A listener as its request handlers see it. */
export interface ServeContext {
  /** Settings. */
  readonly settings: ListenerSettings;
  /** Address of the listener. */
  readonly localAddr: SocketAddr;
  /**
   * Checks a request before the application sees it.
   *
   * @param host Value of the Host field, `null` when there is none.
   * @returns Why the server answers itself, or `null` to go on.
   */
  judge(request: Request, host: string | null, http2: boolean): Refusal | null;
  /** Builds and reports a response of the server itself. Over HTTP/1 one about a limit ends the connection. */
  refusal(request: Request, http2: boolean, refusal: Refusal): Response;
  /** What the server adds to a response at this moment. */
  fields(http2: boolean): FieldList;
  /**
   * Reports a failure, quietly when the client left.
   *
   * @param request `null` when it is not known.
   * @param over Whether nobody waits for the response any more, so that the failure may come of that.
   * @returns Whether the client left.
   */
  report(error: unknown, request: Request | null, over?: boolean): boolean;
}

/** Why and how a request is refused. */
export interface Refusal {
  /** Status of the answer. */
  readonly status: number;
  /** Reason for the log. */
  readonly message: string;
  /** Fields of the answer. */
  readonly fields?: FieldList;
  /** What observers are told, where the status leaves it open. */
  readonly reason?: RefusalReason;
}

/** The version as far as it is known; see `isHttp2`. */
export function versionOf(http2: boolean): HttpVersion {
  return http2 ? "2" : "1.1";
}
