/**
 * The `body` of ASGI messages.
 *
 * @module
 */

import type { Content } from "../content.ts";
import { ApplicationError } from "../errors.ts";
import { describe } from "../misuse.ts";

/** Reads a `body`: bytes and text as they are, nothing as empty. @throws {ApplicationError} For anything else. */
export function readBody(body: unknown): Content {
  if (body === undefined) return "";
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) {
    // Said here, as the end goes with the last piece at once: refused later, it would be missing in a complete response.
    if (body.buffer instanceof SharedArrayBuffer) throw new ApplicationError(SHARED);
    return body;
  }
  throw new ApplicationError(
    `Cannot send a body: expected a Uint8Array or a string, received ${describe(body)}`,
  );
}

const SHARED = "Cannot send a body in shared memory: pass a copy, for it may change meanwhile";
