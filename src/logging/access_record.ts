/**
 * What an access log keeps of a request while it runs: only what its lines will say.
 *
 * @module
 */

import type { HttpVersion } from "../exchange.ts";
import {
  type ForwardedOrigin,
  type Observation,
  type ObservedRequest,
  type ObservedResponse,
  type Outcome,
  protocolOf,
  type RefusalReason,
} from "../observation.ts";
import { userOf } from "./basic_user.ts";
import type { LogClock } from "./timestamp.ts";

/**
 * What the lines of one log need, collected while its formats are made. Looking up a part of a native request can cost
 * more than all else that is done with it, so nothing is looked up that is not needed.
 */
export class AccessNeeds {
  /** The address of the client. */
  client = false;
  /** The method. */
  method = false;
  /** The scheme. */
  scheme = false;
  /** The authority. */
  authority = false;
  /** Path and query. */
  target = false;
  /** The HTTP version. */
  version = false;
  /** The time it took. */
  duration = false;
  /** Whether a WebTransport session is meant. */
  webtransport = false;
  /** The user name. */
  user = false;
  /** Fields of the request, lower-case. */
  readonly requestFields: string[] = [];
  /** Fields of the response, lower-case. */
  readonly responseFields: string[] = [];

  /** Asks for a field of the request. @returns Its place in {@link AccessRecord.requestFields}. */
  requestField(name: string): number {
    return placeOf(name.toLowerCase(), this.requestFields);
  }

  /** Asks for a field of the response. @returns Its place in {@link AccessRecord.responseFields}. */
  responseField(name: string): number {
    return placeOf(name.toLowerCase(), this.responseFields);
  }
}

function placeOf(name: string, names: string[]): number {
  const place = names.indexOf(name);
  return place >= 0 ? place : names.push(name) - 1;
}

/** Gets a record when its request is over. */
export interface RecordKeeper {
  /** What its lines need. */
  readonly needs: AccessNeeds;
  /** Where the time comes from. */
  readonly clock: LogClock;
  /** Writes the lines of a record. Called once for each. */
  write(record: AccessRecord): void;
}

/** A request, WebSocket or WebTransport session in progress. Members that nobody needs keep their first value. */
export class AccessRecord implements Observation {
  /** Address of the client; `null` on a Unix socket. */
  clientHost: string | null = null;
  /** Port of the client; 0 when a proxy did not tell it. */
  clientPort = 0;
  /** Method; `GET` for a WebSocket of any version, as in Hypercorn. */
  method = "";
  /** Scheme, before it is known whether a WebSocket is meant. */
  scheme: "http" | "https" = "http";
  /** Value of Host or `:authority`. */
  authority = "";
  /** Path and query as received. */
  target = "";
  /** HTTP version. */
  version: HttpVersion = "1.1";
  /** Whether it asked for a WebSocket, as far as it matters: to the scheme, and to the method where that is CONNECT. */
  readonly websocket: boolean;
  /** Whether it asked for a WebTransport session. */
  webtransport = false;
  /** User name, or `null`. */
  user: string | null = null;
  /** Values in the order of {@link AccessNeeds.requestFields}. */
  requestFields: readonly (string | null)[] = NONE;
  /** Values in the order of {@link AccessNeeds.responseFields}; empty when there was no response. */
  responseFields: readonly (string | null)[] = NONE;
  /** Status of the response, `null` when there was none. */
  status: number | null = null;
  /** Bytes of content, of messages or of a session that were sent. */
  bytes = 0;
  /** How it ended. */
  outcome: Outcome = "complete";
  /** Why it was refused. */
  reason: RefusalReason | null = null;
  /** When it ended, milliseconds since 1970 UTC. */
  endedAt = 0;
  /** Milliseconds it took. */
  elapsed = 0;
  readonly #keeper: RecordKeeper;
  readonly #startedAt: number;

  /** Takes what `keeper` needs out of `request`, and keeps neither the request nor any object of it. */
  constructor(request: ObservedRequest, keeper: RecordKeeper) {
    const { needs } = keeper;
    this.#keeper = keeper;
    this.#startedAt = needs.duration ? keeper.clock.monotonic() : 0;
    const matters = needs.scheme || (needs.method && protocolOf(request.httpVersion) !== "h11");
    this.websocket = matters && request.websocket;
    if (needs.client) this.#setClient(request.client);
    if (needs.method) this.method = this.websocket ? "GET" : request.method;
    if (needs.scheme) this.scheme = request.scheme;
    if (needs.authority) this.authority = request.authority;
    if (needs.target) this.target = request.target;
    if (needs.version) this.version = request.httpVersion;
    if (needs.webtransport) this.webtransport = request.webtransport ?? false;
    if (needs.user) this.user = userOf(request.field("authorization"));
    if (needs.requestFields.length > 0) {
      this.requestFields = needs.requestFields.map((name) => request.field(name));
    }
  }

  /** Takes the client's own data in place of the proxy's. */
  forwarded({ client, scheme, authority }: ForwardedOrigin): void {
    if (client) this.#setClient(client);
    if (scheme) this.scheme = scheme;
    if (authority !== undefined) this.authority = authority;
  }

  /** Notes the response. */
  responded({ status, headers }: ObservedResponse): void {
    this.status = status;
    const names = this.#keeper.needs.responseFields;
    if (names.length > 0) this.responseFields = names.map((name) => headers.get(name));
  }

  /** Counts bytes. */
  sent(bytes: number): void {
    this.bytes += bytes;
  }

  /** Has the lines written. */
  ended(outcome: Outcome, reason?: RefusalReason): void {
    const { needs, clock } = this.#keeper;
    this.outcome = outcome;
    this.reason = reason ?? null;
    this.endedAt = clock.now();
    if (needs.duration) this.elapsed = clock.monotonic() - this.#startedAt;
    this.#keeper.write(this);
  }

  #setClient(client: ObservedRequest["client"]): void {
    this.clientHost = client === null ? null : client.hostname;
    this.clientPort = client === null ? 0 : client.port;
  }
}

const NONE: readonly null[] = [];
