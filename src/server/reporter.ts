/**
 * What drivers report, as lines of the error log.
 *
 * @module
 */

import { ApplicationError } from "../errors.ts";
import type { Mode } from "../app/framework.ts";
import type { Reporter } from "../protocol/serve_context.ts";
import type { ServerLog } from "./log.ts";

/** How a form of application is called in the log; ASGI as in Hypercorn. */
export function formName(mode: Mode): string {
  return mode === "fetch" ? mode : mode.toUpperCase();
}

/**
 * Makes the reporter of a server. An error is logged once, however many layers report it.
 *
 * @param form How the application is called in the log, see {@link formName}.
 */
export function logReporter(log: ServerLog, form: string): Reporter {
  const seen = new WeakSet<object>();
  const isNew = (error: unknown) => {
    if (typeof error !== "object" || error === null) return true;
    if (seen.has(error)) return false;
    seen.add(error);
    return true;
  };
  return {
    refused(method, status, reason) {
      log.info(`Refused ${printable(method)} with ${status}: ${reason}`);
    },
    failed(error, method, url) {
      if (isNew(error)) {
        log.error(`Error in ${form} Framework${nameOf(method, url)}\n${details(error)}`);
      }
    },
    disconnected(error, method, url) {
      if (isNew(error)) log.debug(`The client disconnected${nameOf(method, url)} (${error})`);
    },
  };
}

function nameOf(method: string, url: string): string {
  return method === "" ? "" : `: ${printable(method)} ${printable(url)}`;
}

/** A misused interface needs no stack: the message says it all, and the stack is ours. */
function details(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error instanceof ApplicationError;
  const text = own ? `${error.name}: ${error.message}` : error.stack ?? String(error);
  return error.cause === undefined ? text : `${text}\nCaused by: ${details(error.cause)}`;
}

/** Escapes control characters of what a client sent, so that it cannot forge log lines. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what must not reach the log
  return text.replace(
    /[\x00-\x1f\x7f-\x9f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
