/**
 * The `body` of ASGI messages, and the `data` of those of WebTransport.
 *
 * @module
 */

import type { Content } from "../content.ts";
import { ApplicationError } from "../errors.ts";
import { describe } from "../misuse.ts";

/**
 * Reads a `body`: bytes and text as they are, nothing as empty.
 *
 * @param what How an error calls it.
 * @throws {ApplicationError} For anything else.
 */
export function readBody(body: unknown, what = "a body"): Content {
  if (body === undefined) return "";
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) {
    // Said here, as the end goes with the last piece at once: refused later, it would be missing in a complete response.
    if (body.buffer instanceof SharedArrayBuffer) {
      throw new ApplicationError(`Cannot send ${what} ${SHARED}`);
    }
    return body;
  }
  throw new ApplicationError(
    `Cannot send ${what}: expected a Uint8Array or a string, received ${describe(body)}`,
  );
}

const SHARED = "in shared memory: pass a copy, for it may change meanwhile";
