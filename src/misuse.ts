/**
 * Messages for an application that answered in the wrong form (each names the `mode` that would fit) or threw no error.
 *
 * @module
 */

import { ApplicationError } from "./errors.ts";

/** Error for a fetch handler that returned something else than a `Response`. */
export function wrongFetchResult(result: unknown): ApplicationError {
  return new ApplicationError(
    `Cannot use what the fetch handler returned: expected a Response, received ${
      describe(result)
    }.${fetchHint(result)}`,
  );
}

/** Error for a `Response` whose content somebody else has read or is reading. */
export function unusableContent({ bodyUsed }: Response): ApplicationError {
  return new ApplicationError(
    `Cannot send the Response: its content ${
      bodyUsed ? "has already been consumed" : "is locked by a reader"
    }. Return a new one for each request`,
  );
}

/** Error for a response stream that yielded something else than bytes. */
export function wrongChunk(chunk: unknown): ApplicationError {
  return new ApplicationError(
    `Cannot send a piece of the response stream: expected a Uint8Array, received ${
      describe(chunk)
    }`,
  );
}

/** Error for an ASGI application that returned a value. */
export function wrongASGIResult(result: unknown): ApplicationError {
  const hint = result instanceof Response ? ` Is it a fetch handler? Then pass mode: "fetch"` : "";
  return new ApplicationError(
    `Cannot use what the ASGI application returned: expected nothing, received ${
      describe(result)
    }.${hint}`,
  );
}

function fetchHint(result: unknown): string {
  if (result === undefined) {
    return ` Is a return missing, or is it an ASGI application? Then pass mode: "asgi"`;
  }
  if (typeof result === "function") {
    return " Is it a factory? Then serve what it returns, on the command line with --factory";
  }
  const iterable = typeof (result as Iterable<unknown> | null)?.[Symbol.iterator] === "function";
  return iterable ? ` Is it a WSGI application? Then pass mode: "wsgi"` : "";
}

/** What an application threw, as an error: JavaScript lets it throw anything, even what `String()` cannot convert. */
export function asError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) return thrown;
  } catch { /* a revoked proxy refuses even that question */ }
  return new ApplicationError(`The application threw ${describe(thrown)}, which is not an Error`);
}

/** A value in a few words, for a message. Never throws, whatever the value. */
export function describe(value: unknown): string {
  try {
    return inWords(value);
  } catch {
    return `an unprintable ${typeof value}`;
  }
}

/**
 * Marks a promise as looked after. An application that does not await what it was given would otherwise end the
 * process when it rejects, and so every other connection. One that does await it gets the rejection all the same.
 */
export function observed(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}

function inWords(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return `the string ${JSON.stringify(value.slice(0, 40))}`;
  if (typeof value === "function") return `the function ${value.name || "(anonymous)"}`;
  if (typeof value !== "object") return `${typeof value} ${String(value)}`;
  const maker: unknown = value.constructor; // absent without prototype, anything if the application likes
  const name = typeof maker === "function" && maker.name ? maker.name : "object";
  return /^[aeio]/i.test(name) ? `an ${name}` : `a ${name}`;
}
