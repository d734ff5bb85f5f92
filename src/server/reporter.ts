/**
 * What drivers report, as lines of the error log.
 *
 * @module
 */

import { ApplicationError } from "../errors.ts";
import { describe } from "../misuse.ts";
import type { Form } from "../app/framework.ts";
import type { Reporter } from "../protocol/serve_context.ts";
import { printable, type ServerLog } from "../logging/mod.ts";
import { stackText } from "./stack_text.ts";

/** How a form of application is called in the log; ASGI as in Hypercorn. */
export function formName(form: Form): string {
  return form === "asgi" || form === "wsgi" ? form.toUpperCase() : form;
}

/**
 * Makes the reporter of a server. An error is logged once, however many layers report it.
 *
 * @param form How the application is called in the log, see {@link formName}.
 */
export function logReporter(
  log: Pick<ServerLog, "debug" | "info" | "error" | "exception">,
  form: string,
): Reporter {
  const seen = new WeakSet<object>();
  const isNew = (error: unknown) => {
    if (typeof error !== "object" || error === null) return true;
    if (seen.has(error)) return false;
    seen.add(error);
    return true;
  };
  return {
    refused(method, status, reason) {
      log.info(`Refused ${printable(method) || "a request"} with ${status}: ${printable(reason)}`);
    },
    failed(error, method, url) {
      if (!isNew(error)) return;
      const text = `Error in ${form} Framework${nameOf(method, url)}\n${detailsOf(error)}`;
      if (log.exception) log.exception(text);
      else log.error(text);
    },
    connectionClosed(client, reason) {
      log.info(`Closed the connection of ${client}: ${printable(reason)}`);
    },
    hint: (message) => log.info(message),
    disconnected(error, method, url) {
      if (isNew(error)) {
        log.debug(
          `The client disconnected${nameOf(method, url)} (${
            printable(detailsOf(error).split("\n", 1)[0] ?? "")
          })`,
        );
      }
    },
  };
}

function nameOf(method: string, url: string): string {
  return method === "" ? "" : `: ${printable(method)} ${printable(url)}`;
}

/** How many causes of an error are logged; an application can make them go round in circles. */
const MAX_CAUSES = 5;

/** An error with its causes. Never throws, whatever an application put into it. */
export function detailsOf(error: unknown, causes = 0): string {
  try {
    if (!(error instanceof Error)) return describe(error);
    // A misused interface needs no stack: the message says it all, and the stack is ours.
    const own = error instanceof ApplicationError;
    const text = own ? `${error.name}: ${error.message}` : stackText(error);
    if (error.cause === undefined || causes === MAX_CAUSES) return text;
    return `${text}\nCaused by: ${detailsOf(error.cause, causes + 1)}`;
  } catch {
    return describe(error);
  }
}
