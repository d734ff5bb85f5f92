/**
 * The `date` field, for protocols whose runtime does not add it.
 *
 * @module
 */

import type { Field } from "../fields.ts";

let second = -1;
let field: Field = ["date", ""];

/** `date` of this moment in IMF-fixdate (RFC 9110 §5.6.7), made once a second. */
export function dateField(): Field {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    field = ["date", new Date(now * 1000).toUTCString()];
  }
  return field;
}
