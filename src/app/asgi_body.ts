/**
 * The `body` of ASGI messages.
 *
 * @module
 */

import { ApplicationError } from "../errors.ts";
import { describe } from "../misuse.ts";

const utf8 = new TextEncoder();
const EMPTY = new Uint8Array(0);

/** Reads a `body`: bytes as they are, a string as UTF-8, nothing as empty. @throws {ApplicationError} For anything else. */
export function readBody(body: unknown): Uint8Array {
  if (body === undefined) return EMPTY;
  if (body instanceof Uint8Array) return body;
  if (typeof body === "string") return utf8.encode(body);
  throw new ApplicationError(
    `Cannot send a body: expected a Uint8Array or a string, received ${describe(body)}`,
  );
}
