/**
 * What drivers tell about requests: the source of access log, metrics, request limits and traces.
 *
 * A driver asks its observer once for each request, before the application sees it, and then tells the observation
 * what happens. Without an observer nothing is made, measured or copied.
 *
 * Rules: every observation is ended exactly once, when nothing more of the request, WebSocket or session will be sent. No
 * method may throw, and none may keep what it is given beyond the call, for native requests become unreadable.
 *
 * @module
 */

import type { HttpVersion, NetAddress } from "./exchange.ts";

/** A request as it begins. All of it is computed on first look, and readable only during {@link Observer.begin}. */
export interface ObservedRequest {
  /** Method as received. */
  readonly method: string;
  /** Scheme of the bind. */
  readonly scheme: "http" | "https";
  /** Value of Host or `:authority`; `""` when absent. */
  readonly authority: string;
  /** Path and query as received. */
  readonly target: string;
  /** Version as far as the driver can tell it. */
  readonly httpVersion: HttpVersion;
  /** Whether it asks for a WebSocket (RFC 6455 §4.1, RFC 9220 §3). */
  readonly websocket: boolean;
  /** Whether it asks for a WebTransport session; only drivers that have those say it. */
  readonly webtransport?: boolean;
  /** Value of a field, lines of one name joined as lists are; `null` when absent. @param name In lower case. */
  field(name: string): string | null;
  /** The client, `null` on a Unix socket. */
  readonly client: NetAddress | null;
}

/** Where a request came from according to a proxy that is trusted; absent members are as the connection says. */
export interface ForwardedOrigin {
  /** The client; port 0 when the proxy did not tell it. */
  readonly client?: NetAddress;
  /** Scheme the client used. */
  readonly scheme?: "http" | "https";
  /** Authority the client used. */
  readonly authority?: string;
}

/** The head of a final response; a native `Response` is one. */
export interface ObservedResponse {
  /** Status, 200..599, or 101 for a WebSocket of HTTP/1.1. */
  readonly status: number;
  /** Looks up fields of the application, any case; `null` when absent. */
  readonly headers: { get(name: string): string | null };
}

/**
 * How a request ended.
 *
 * - `"complete"`: the whole response was handed to the transport, or the WebSocket or session was closed by one side.
 * - `"aborted"`: the client left, or was cut at the deadline of a stop.
 * - `"failed"`: the application failed: it got a 500, a Close frame 1011, or a response broken off.
 * - `"refused"`: the server answered: the application never saw it, or let it pass that there is too much content.
 */
export type Outcome = "complete" | "aborted" | "failed" | "refused";

/** Why the server answered itself, in words that can label a metric. */
export type RefusalReason =
  | "bad_request"
  | "server_name"
  | "not_implemented"
  | "handshake"
  | "overloaded"
  | "timed_out"
  | "too_large"
  | "shutting_down";

const REFUSAL_REASONS: Readonly<Record<number, RefusalReason>> = {
  404: "server_name",
  405: "handshake",
  408: "timed_out",
  413: "too_large",
  414: "too_large",
  421: "server_name",
  426: "handshake",
  431: "too_large",
  501: "not_implemented",
  503: "shutting_down",
};

/** The reason behind the status of a refusal, unless the driver knows better: a server that is full says 503, too. */
export function refusalReason(status: number): RefusalReason {
  return REFUSAL_REASONS[status] ?? "bad_request";
}

/** One request, WebSocket or WebTransport session in progress. */
export interface Observation {
  /** A trusted proxy says who the client is. Before `responded`. */
  forwarded(origin: ForwardedOrigin): void;
  /** The final response begins, which may accept a WebSocket or session. At most once; never when nobody answered. */
  responded(response: ObservedResponse): void;
  /** This many bytes of content, of WebSocket messages or of a session were handed to the transport. */
  sent(bytes: number): void;
  /** It is over. `reason` is given when it was refused. */
  ended(outcome: Outcome, reason?: RefusalReason): void;
  /** Calls the application in a context of the observer's; absent when it has none. */
  run?<T>(call: () => T): T;
}

/** Is told about requests. */
export interface Observer {
  /** A request begins. `null` when this one is of no interest. */
  begin(request: ObservedRequest): Observation | null;
  /** A connection was opened, where the driver can tell. */
  connected?(protocol: ObservedProtocol): void;
  /** A connection was closed; once for each that was opened. */
  disconnected?(protocol: ObservedProtocol): void;
}

/** A protocol as Hypercorn names it, in logs, labels and the `server` field. */
export type ObservedProtocol = "h11" | "h2" | "h3";

/** The protocol of a version. */
export function protocolOf(version: HttpVersion): ObservedProtocol {
  return version === "3" ? "h3" : version === "2" ? "h2" : "h11";
}

/**
 * The status that accepts what a request asks for when that is a WebSocket or a WebTransport session: 101 on HTTP/1.1,
 * 200 on the others (RFC 8441 §5); `null` when it asks for neither.
 */
export function acceptingStatus(
  { websocket, webtransport, httpVersion }: Pick<
    ObservedRequest,
    "websocket" | "webtransport" | "httpVersion"
  >,
): 101 | 200 | null {
  if (!websocket && !webtransport) return null;
  return protocolOf(httpVersion) === "h11" ? 101 : 200;
}

/** Makes one observer of several; `null` of none. */
export function combineObservers(observers: readonly Observer[]): Observer | null {
  if (observers.length <= 1) return observers[0] ?? null;
  return new CombinedObserver(observers);
}

/** Tells each of several observers. */
class CombinedObserver implements Observer {
  readonly #observers: readonly Observer[];

  constructor(observers: readonly Observer[]) {
    this.#observers = observers;
  }

  begin(request: ObservedRequest): Observation | null {
    const parts: Observation[] = [];
    for (const observer of this.#observers) {
      const part = observer.begin(request);
      if (part) parts.push(part);
    }
    return parts.length <= 1 ? parts[0] ?? null : new CombinedObservation(parts);
  }

  connected(protocol: ObservedProtocol): void {
    for (const observer of this.#observers) observer.connected?.(protocol);
  }

  disconnected(protocol: ObservedProtocol): void {
    for (const observer of this.#observers) observer.disconnected?.(protocol);
  }
}

/** Tells each of several observations. */
class CombinedObservation implements Observation {
  readonly run?: <T>(call: () => T) => T;
  readonly #parts: readonly Observation[];

  constructor(parts: readonly Observation[]) {
    this.#parts = parts;
    const run = parts.find((part) => part.run); // there is one tracer at most
    if (run) this.run = (call) => run.run!(call);
  }

  forwarded(origin: ForwardedOrigin): void {
    for (const part of this.#parts) part.forwarded(origin);
  }

  responded(response: ObservedResponse): void {
    for (const part of this.#parts) part.responded(response);
  }

  sent(bytes: number): void {
    for (const part of this.#parts) part.sent(bytes);
  }

  ended(outcome: Outcome, reason?: RefusalReason): void {
    for (const part of this.#parts) part.ended(outcome, reason);
  }
}
