/**
 * Requests as drivers tell observers of them.
 *
 * @module
 */

import type {
  Observation,
  ObservedRequest,
  Observer,
  Outcome,
  RefusalReason,
} from "../../src/observation.ts";
import { observedRequest } from "../_support/observed_request.ts";

/** A clock that stands still until it is moved. */
export class FakeClock {
  /** Milliseconds. */
  time = 0;
  /** The time, as a function to hand over. */
  readonly now = (): number => this.time;
}

/** What happens to a request. */
export interface Story extends Partial<ObservedRequest> {
  /** Status of the response; `null` when nobody answered. */
  readonly status: number | null;
  /** Bytes of content or messages. Default 0. */
  readonly bytes?: number;
  /** Milliseconds until it is answered, and so until it ends. Default 0. */
  readonly milliseconds?: number;
  /** How it ends; `null` when it goes on. Default `"complete"`. */
  readonly outcome?: Outcome | null;
  /** Why it was refused. */
  readonly reason?: RefusalReason;
}

/** Tells an observer all that happens to a request. The clock is put back afterwards: durations are exact in binary. */
export function tell(observer: Observer, clock: FakeClock, story: Story): void {
  const began = clock.time;
  const observation = observer.begin(observedRequest(story))!;
  clock.time += story.milliseconds ?? 0;
  tellRest(observation, story);
  clock.time = began;
}

function tellRest(observation: Observation, story: Story): void {
  const { status, bytes = 0, outcome = "complete", reason } = story;
  if (status !== null) observation.responded({ status, headers: new Headers() });
  if (bytes > 0) observation.sent(bytes);
  if (outcome !== null) observation.ended(outcome, reason);
}
