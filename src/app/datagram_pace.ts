/**
 * A pace for those who send datagrams without end.
 *
 * @module
 */

/** Datagrams in a row after which everybody else gets a turn. */
const IN_A_ROW = 256;

/**
 * Sending a datagram waits for nothing, so a loop that sends and waits for just that would be the only thing to run, and
 * not even the datagrams would leave.
 */
export class DatagramPace {
  #count = 0;

  /** Settles when the next datagram may be sent, which is now but for every 256th. */
  next(): Promise<void> {
    if (++this.#count % IN_A_ROW !== 0) return Promise.resolve();
    return new Promise((resolve) => setTimeout(resolve, 0));
  }
}
