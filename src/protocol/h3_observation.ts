/**
 * What the HTTP/3 driver tells the observer about one request.
 *
 * A request begins for the observer when its head was read, whether or not it is refused then. A head that is malformed
 * or missing tells nothing that can be trusted: such a request begins with an empty method, authority and target when
 * its answer is sent, so that every answer counts once. A stream that is reset before its head never was a request, and
 * neither was one that GOAWAY turned away (RFC 9114 §5.2).
 *
 * @module
 */

import type { NetAddress } from "../exchange.ts";
import { combineField, type FieldList, NO_CONTENT } from "../fields.ts";
import type { H3RequestHead } from "../h3/mod.ts";
import {
  type Observation,
  type ObservedRequest,
  type ObservedResponse,
  type Observer,
  type Outcome,
  type RefusalReason,
  refusalReason,
} from "../observation.ts";
import type { RequestKind } from "./h3_kind.ts";

/** The head of a request whose own is malformed. */
const UNKNOWN_HEAD: H3RequestHead = {
  method: "",
  scheme: "https",
  authority: "",
  target: "",
  httpVersion: "3",
  fields: [],
  protocol: null,
};

/** One request as its observer sees it. */
export class H3Observation {
  /** The observer's own record, for the application's side. */
  readonly observation: Observation;
  #outcome: Outcome | undefined;
  /** Why it was refused. */
  #refusal: RefusalReason | undefined;
  #ended = false;

  private constructor(observation: Observation) {
    this.observation = observation;
  }

  /**
   * A request begins.
   *
   * @param observer `null` when there is none.
   * @param head `null` when it is malformed.
   * @returns `null` when nobody takes note of this one.
   */
  static begin(
    observer: Observer | null,
    head: H3RequestHead | null,
    kind: RequestKind,
    client: NetAddress | null,
  ): H3Observation | null {
    if (observer === null) return null;
    const observation = observer.begin(observedRequest(head ?? UNKNOWN_HEAD, kind, client));
    return observation ? new H3Observation(observation) : null;
  }

  /** The final response begins; `fields` are the application's. */
  responded(status: number, fields: FieldList = NO_CONTENT): void {
    this.observation.responded(observedResponse(status, fields));
  }

  /** Content was handed to the transport. */
  sent(bytes: number): void {
    if (!this.#ended) this.observation.sent(bytes);
  }

  /** Settles how it will have ended; the first word counts, and without one it will have been complete. */
  decide(outcome: "aborted" | "failed"): void {
    this.#outcome ??= outcome;
  }

  /** The server answers itself. */
  refuse(status: number, reason = refusalReason(status)): void {
    if (this.#outcome === undefined) this.#refusal = reason;
    this.#outcome ??= "refused";
  }

  /** Nothing more will be sent. Further calls do nothing. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#refusal === undefined) this.observation.ended(this.#outcome ?? "complete");
    else this.observation.ended("refused", this.#refusal);
  }
}

function observedRequest(
  { method, scheme, authority, target, httpVersion, fields }: H3RequestHead,
  kind: RequestKind,
  client: NetAddress | null,
): ObservedRequest {
  return {
    method,
    scheme,
    authority,
    target,
    httpVersion,
    websocket: kind === "websocket",
    webtransport: kind === "webtransport",
    field: (name) => combineField(fields, name) ?? null,
    client,
  };
}

function observedResponse(status: number, fields: FieldList): ObservedResponse {
  return { status, headers: { get: (name) => combineField(fields, name.toLowerCase()) ?? null } };
}
