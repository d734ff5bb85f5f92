/**
 * Errors of an application that nobody caught: thrown in a timer or a listener of an event, or rejections that nobody
 * handles.
 *
 * The runtime ends the process for them at once, and every request in progress with it. That it ends is right, for
 * nobody knows what state it is in. Where a process is ours, a worker or that of the command line, it ends in order:
 * the error is logged, what is in progress may finish, the exit code is 1. `serve()` and `start()` leave the program's
 * errors to the program.
 *
 * @module
 */

import process from "node:process";
import { isSessionError } from "../app/webtransport_error.ts";
import { detailsOf } from "./reporter.ts";

/** How many are told in a row: a timer may throw a thousand times a second while the server stops. */
const MAX_TOLD = 10;

/**
 * Takes over uncaught errors, until disposed. Those of an application that handles them itself, by a listener that was
 * there before or by `process.on`, are its own business, and those of WebTransport sessions nobody's.
 *
 * @param tell Told of each of the first ten, with its stack.
 * @param onFirst Called after the first was told.
 */
export function onUncaught(tell: (text: string) => void, onFirst: () => void): Disposable {
  let count = 0;
  const take = (event: Event, name: string, what: string, error: unknown) => {
    if (event.defaultPrevented || isSessionError(error)) return; // of these a listener takes care that may come later
    if (process.listenerCount(name) > 0) return;
    event.preventDefault();
    count++;
    if (count <= MAX_TOLD) tell(`${what}: ${detailsOf(error)}`);
    if (count === 1) onFirst();
  };
  const onError = (event: ErrorEvent) =>
    take(event, "uncaughtException", "Uncaught error in the application", event.error);
  const onRejection = (event: PromiseRejectionEvent) =>
    take(event, "unhandledRejection", "Unhandled rejection in the application", event.reason);
  addEventListener("error", onError);
  addEventListener("unhandledrejection", onRejection);
  return {
    [Symbol.dispose]() {
      removeEventListener("error", onError);
      removeEventListener("unhandledrejection", onRejection);
    },
  };
}
