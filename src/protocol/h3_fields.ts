/**
 * The field lines of a final response over HTTP/3.
 *
 * @module
 */

import { type Field, type FieldList, hasField } from "../fields.ts";
import { dateField } from "./date_field.ts";
import type { H3Settings } from "./h3_context.ts";

/**
 * `fields` with those that the server adds; what the application set wins.
 *
 * @param contentLength Length to declare in bytes; `null` for none, and where there is one already.
 */
export function completeFields(
  fields: FieldList,
  { responseFields, includeDateHeader }: H3Settings,
  contentLength: number | null = null,
): FieldList {
  const all: Field[] = fields.slice();
  if (contentLength !== null) all.push(["content-length", String(contentLength)]);
  for (const field of responseFields.http3) if (!hasField(fields, field[0])) all.push(field);
  if (includeDateHeader && !hasField(fields, "date")) all.push(dateField());
  return all;
}
