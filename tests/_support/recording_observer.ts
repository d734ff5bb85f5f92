/**
 * An observer that writes down what a driver tells it.
 *
 * @module
 */

import type {
  ForwardedOrigin,
  Observation,
  ObservedRequest,
  ObservedResponse,
  Observer,
  Outcome,
  RefusalReason,
} from "../../src/observation.ts";

/** A request as it was told. */
export interface RecordedRequest {
  /** Its members, read while that was allowed. */
  readonly request: Omit<ObservedRequest, "field">;
  /** Fields of the request that were looked up. */
  readonly fields: Readonly<Record<string, string | null>>;
  /** Fields of the response that were looked up. */
  readonly responseFields: Record<string, string | null>;
  /** `"responded 200"`, `"sent 5"` (pieces added up), `"ended complete"` and so on. */
  readonly events: string[];
}

/** Collects requests and their events. */
export class RecordingObserver implements Observer {
  /** Requests in the order they began. */
  readonly requests: RecordedRequest[] = [];
  /** Requests that have not ended. */
  inFlight = 0;
  readonly #lookedUp: readonly string[];

  /** @param lookedUp Names of fields to look up in requests and responses. */
  constructor(...lookedUp: string[]) {
    this.#lookedUp = lookedUp;
  }

  /** Events of each request. */
  get events(): string[][] {
    return this.requests.map(({ events }) => events);
  }

  begin(request: ObservedRequest): Observation {
    const { method, scheme, authority, target, httpVersion, websocket, client } = request;
    const recorded: RecordedRequest = {
      request: { method, scheme, authority, target, httpVersion, websocket, client },
      fields: this.#lookUp((name) => request.field(name)),
      responseFields: {},
      events: [],
    };
    this.requests.push(recorded);
    this.inFlight++;
    return new Recording(recorded, this.#lookUp.bind(this), () => this.inFlight--);
  }

  #lookUp(get: (name: string) => string | null): Record<string, string | null> {
    return Object.fromEntries(this.#lookedUp.map((name) => [name, get(name)]));
  }
}

/** Writes down the events of one request. */
class Recording implements Observation {
  readonly #recorded: RecordedRequest;
  readonly #lookUp: (get: (name: string) => string | null) => Record<string, string | null>;
  readonly #onEnd: () => void;
  #sent = 0;

  constructor(
    recorded: RecordedRequest,
    lookUp: (get: (name: string) => string | null) => Record<string, string | null>,
    onEnd: () => void,
  ) {
    this.#recorded = recorded;
    this.#lookUp = lookUp;
    this.#onEnd = onEnd;
  }

  forwarded({ client }: ForwardedOrigin): void {
    this.#recorded.events.push(`forwarded ${client?.hostname}`);
  }

  responded({ status, headers }: ObservedResponse): void {
    Object.assign(this.#recorded.responseFields, this.#lookUp((name) => headers.get(name)));
    this.#recorded.events.push(`responded ${status}`);
  }

  sent(bytes: number): void {
    const { events } = this.#recorded;
    if (this.#sent > 0) events.pop();
    this.#sent += bytes;
    events.push(`sent ${this.#sent}`);
  }

  ended(outcome: Outcome, reason?: RefusalReason): void {
    this.#recorded.events.push(`ended ${outcome}${reason === undefined ? "" : ` ${reason}`}`);
    this.#onEnd();
  }
}
