/**
 * Starts held responses a moment later.
 *
 * An exchange holds its head until it knows whether the content is one piece (then the response is flat, with
 * a content-length and the runtime's fast path) or a stream. An application that goes on to wait for something
 * else must still get its head sent, so all exchanges of that moment share one timer here.
 *
 * @module
 */

/** A response that is being held. */
export interface Held {
  /** Sends what is held; does nothing when that happened already. Never throws: others wait in the same queue. */
  flush(): void;
}

let held: Held[] = [];

/** Milliseconds a head is held at most. Arming a timer is dear, so under load it should not happen too often. */
const HOLD_MS = 2;

/** Flushes `response` within a few turns of the event loop, unless it has completed by then. */
export function flushSoon(response: Held): void {
  if (held.push(response) === 1) setTimeout(flushAll, HOLD_MS);
}

function flushAll(): void {
  const batch = held;
  held = [];
  for (const response of batch) response.flush();
}
