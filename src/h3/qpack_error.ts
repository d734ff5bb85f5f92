/**
 * Errors of the compression layer as errors of the connection.
 *
 * @module
 */

import { QPACKError } from "../qpack/mod.ts";
import { H3Error } from "./errors.ts";

/** A `QPACKError` as a connection error with the same code; anything else as it is. */
export function fromQPACKError(error: unknown): unknown {
  if (!(error instanceof QPACKError)) return error;
  return new H3Error(error.code, error.message, { cause: error });
}
