/**
 * A pace for those who are given work without end.
 *
 * @module
 */

import { WEBTRANSPORT_DATAGRAM_QUEUE } from "../limits.ts";

/**
 * Steps in a row after which everybody else gets a turn. Datagrams that come in capsules have steps of their own: so an
 * application that reads gets all of them, as no more come in a row than wait for it.
 */
const IN_A_ROW = WEBTRANSPORT_DATAGRAM_QUEUE;

/**
 * Counts steps, and makes a pause now and then. A loop whose waits are all over at once would be the only thing to run
 * for as long as a client feeds it. A pause takes a millisecond or so, so such a client costs little time, too.
 */
export class Pace {
  #steps = 0;

  /** Settles when the next step may be taken; `null` for at once, as nearly always. */
  step(): Promise<void> | null {
    if (++this.#steps % IN_A_ROW !== 0) return null;
    return new Promise((resolve) => setTimeout(resolve, 0));
  }
}
