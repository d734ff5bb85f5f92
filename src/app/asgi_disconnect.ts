/**
 * What `send()` does once nobody gets what it sends.
 *
 * @module
 */

import { DisconnectError } from "../errors.ts";
import { SENDS_AFTER_DISCONNECT } from "../limits.ts";

/**
 * Ignores a message to a client that left, or stopped a stream, as Hypercorn does.
 *
 * Each message takes one turn of the event loop, so a producer that never looks cannot starve the others, and
 * after {@link SENDS_AFTER_DISCONNECT} of them it is told, as often as it goes on.
 *
 * @param ignored How many messages were ignored so far, this one included.
 * @param reason What to throw when that is too many; default: a {@link DisconnectError}.
 */
export async function afterDisconnect(ignored: number, reason?: Error): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  if (ignored > SENDS_AFTER_DISCONNECT) throw reason ?? new DisconnectError();
}
