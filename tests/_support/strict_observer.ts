/**
 * An observer that writes down what it is told, and does not let a driver break the rules of `src/observation.ts`.
 *
 * @module
 */

import assert from "node:assert/strict";
import type {
  ForwardedOrigin,
  Observation,
  ObservedProtocol,
  ObservedRequest,
  ObservedResponse,
  Observer,
  Outcome,
  RefusalReason,
} from "../../src/observation.ts";

/** What was told of one request; all of it read during the call that told it. */
export interface Record {
  /** `METHOD target`. */
  readonly request: string;
  /** Value of `:authority`. */
  readonly authority: string;
  /** The client's address; `""` when unknown. */
  readonly client: string;
  /** Status of the final response; `null` when nobody answered. */
  status: number | null;
  /** Value of `x-test` in the response, asked for as `X-Test`; `null` when absent. */
  field: string | null;
  /** Bytes of content sent. */
  sent: number;
  /** How it ended; `null` while it goes on. */
  outcome: Outcome | null;
  /** Why it was refused. */
  reason: RefusalReason | null;
}

/** Records requests and connections. */
export class StrictObserver implements Observer {
  /** Every request, in the order in which they began. */
  readonly records: Record[] = [];
  /** Connections that are open. */
  connections = 0;
  /** Connections that were opened. */
  opened = 0;
  readonly #run: Observation["run"];

  /** @param run What `Observation.run` is to be; absent by default. */
  constructor(run?: Observation["run"]) {
    this.#run = run;
  }

  /** Requests that have not ended. */
  get open(): number {
    return this.records.filter(({ outcome }) => outcome === null).length;
  }

  /** The one request there was. */
  get only(): Record {
    assert.equal(this.records.length, 1, "number of requests");
    return this.records[0]!;
  }

  begin(request: ObservedRequest): Observation {
    const record: Record = {
      request: `${request.method} ${request.target}`,
      authority: request.authority,
      client: request.client?.hostname ?? "",
      status: null,
      field: null,
      sent: 0,
      outcome: null,
      reason: null,
    };
    this.records.push(record);
    const observation = new RecordingObservation(record);
    return this.#run ? Object.assign(observation, { run: this.#run }) : observation;
  }

  connected(protocol: ObservedProtocol): void {
    assert.equal(protocol, "h3");
    this.connections++;
    this.opened++;
  }

  disconnected(protocol: ObservedProtocol): void {
    assert.equal(protocol, "h3");
    assert.ok(this.connections-- > 0, "more connections closed than opened");
  }
}

class RecordingObservation implements Observation {
  readonly #record: Record;

  constructor(record: Record) {
    this.#record = record;
  }

  forwarded(_origin: ForwardedOrigin): void {
    assert.equal(this.#record.status, null, "forwarded() after responded()");
  }

  responded({ status, headers }: ObservedResponse): void {
    assert.equal(this.#record.status, null, "responded() twice");
    assert.equal(this.#record.outcome, null, "responded() after ended()");
    this.#record.status = status;
    this.#record.field = headers.get("X-Test");
  }

  sent(bytes: number): void {
    assert.ok(bytes > 0, "sent() of nothing");
    assert.notEqual(this.#record.status, null, "sent() before responded()");
    assert.equal(this.#record.outcome, null, "sent() after ended()");
    this.#record.sent += bytes;
  }

  ended(outcome: Outcome, reason?: RefusalReason): void {
    assert.equal(this.#record.outcome, null, "ended() twice");
    assert.equal(reason !== undefined, outcome === "refused", "a reason, and why");
    this.#record.outcome = outcome;
    this.#record.reason = reason ?? null;
  }
}
