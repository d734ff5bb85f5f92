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
  if (body instanceof Uint8Array || typeof body === "string") return body;
  throw new ApplicationError(
    `Cannot send a body: expected a Uint8Array or a string, received ${describe(body)}`,
  );
}
