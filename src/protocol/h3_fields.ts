/**
 * Field lines over HTTP/3: what the server adds to a response, and what a request asks of it.
 *
 * @module
 */

import type { ExchangeSupport, ResponseHead } from "../exchange.ts";
import { combineField, type Field, type FieldList, hasField, listMembers } from "../fields.ts";
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

/** A head as it may be sent: 204 has no content-length (RFC 9110 §8.6); over other versions the runtime sees to that. */
export function sendableHead(head: ResponseHead): ResponseHead {
  const { status, fields } = head;
  if (status !== 204 || !hasField(fields, "content-length")) return head;
  return { status, fields: fields.filter(([name]) => name !== "content-length") };
}

const WITH_TRAILERS: ExchangeSupport = { informational: true, trailers: true, sendFile: true };
const WITHOUT_TRAILERS: ExchangeSupport = { ...WITH_TRAILERS, trailers: false };

/** What can be sent to a client: trailers only if it looks at them (RFC 9110 §6.5.1). */
export function supportOf(fields: FieldList): ExchangeSupport {
  const te = combineField(fields, "te");
  const accepts = te !== undefined && listMembers(te).includes("trailers");
  return accepts ? WITH_TRAILERS : WITHOUT_TRAILERS;
}

/** Says whether the client waits for a 100 before it sends the content (RFC 9110 §10.1.1). */
export function expectsContinue(fields: FieldList): boolean {
  return combineField(fields, "expect")?.toLowerCase() === "100-continue";
}
