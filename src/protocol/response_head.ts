/**
 * Rules for the head of a response that apply whatever application made it.
 *
 * @module
 */

import { type Content, contentBytes, textIfShortASCII } from "../content.ts";
import { ApplicationError } from "../errors.ts";
import type { InformationalHead, ResponseHead } from "../exchange.ts";
import { type FieldList, hasField, isFieldName, isFieldValue, NO_CONTENT } from "../fields.ts";
import { describe } from "../misuse.ts";

/**
 * Refuses what must never reach the wire: a status that is not final, and field bytes that would let an
 * application split the response.
 *
 * @throws {ApplicationError} Names the status or the field.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-5.5 | RFC 9110 §5.5}
 */
export function checkResponseHead({ status, fields }: ResponseHead): void {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new ApplicationError(
      `Cannot send status ${
        Number.isFinite(status) ? status : describe(status)
      }: expected a whole number from 200 to 599`,
    );
  }
  checkFields(fields);
}

/**
 * Refuses an interim response that must not be sent.
 *
 * @throws {ApplicationError} When the status is not 102 to 199 (101 is an upgrade's), or as {@link checkFields}.
 */
export function checkInformationalHead({ status, fields }: InformationalHead): void {
  if (!Number.isInteger(status) || status < 102 || status > 199) {
    throw new ApplicationError(
      `Cannot send interim status ${status}: expected a whole number from 102 to 199`,
    );
  }
  checkFields(fields);
}

/** @throws {ApplicationError} When a name is not a token or a value holds control bytes. */
export function checkFields(fields: FieldList): void {
  for (const [name, value] of fields) {
    if (!isFieldName(name)) {
      throw new ApplicationError(
        `Cannot send field name ${
          JSON.stringify(name)
        }: expected letters, digits and !#$%&'*+-.^_\`|~`,
      );
    }
    if (!isFieldValue(value)) {
      throw new ApplicationError(
        `Cannot send field "${name}": its value ${
          JSON.stringify(value)
        } holds control or non-latin-1 characters`,
      );
    }
  }
}

/** Says whether a response has no content by definition: HEAD, 204, 304 (RFC 9110 §6.4.1), 205 (§15.3.6). */
export function isBodiless(method: string, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 205 || status === 304;
}

/** Fields about one connection's framing, which is the runtime's business and not the application's. */
const CONNECTION_FIELDS = new Set([
  "transfer-encoding",
  "keep-alive",
  "proxy-connection",
  "upgrade",
]);

/** Response options for `new Response`, without connection fields (RFC 9110 §7.6.1). */
export function responseInit(status: number, fields: FieldList): ResponseInit {
  const kept = fields.some(([name]) => CONNECTION_FIELDS.has(name))
    ? fields.filter(([name]) => !CONNECTION_FIELDS.has(name))
    : fields;
  return { status, headers: kept as [string, string][] };
}

/** A response of the server itself: no content, as Hypercorn's. */
export function emptyResponse(status: number, fields: FieldList = []): Response {
  return new Response(null, {
    status,
    headers: [...NO_CONTENT, ...fields] as [string, string][],
  });
}

/**
 * The bytes of a piece of content, which are the driver's from now on.
 *
 * @throws {ApplicationError} When they are in shared memory.
 */
export function ownBytes(content: Content): Uint8Array {
  const bytes = contentBytes(content);
  if (bytes.buffer instanceof SharedArrayBuffer) throw new ApplicationError(SHARED);
  return bytes;
}

const SHARED = "Cannot send content in shared memory: pass a copy, for it may change meanwhile";

const NOTHING = new Uint8Array(0);

/**
 * Content as the body of a `Response`.
 *
 * The runtime sends text much faster than bytes, but adds a content type to it. So it gets text where that makes no
 * difference: with a content type of the application's, and for content that is ASCII.
 */
export function flatBody(content: Content | undefined, fields: FieldList): BodyInit {
  if (content === undefined) return NOTHING;
  const body = hasField(fields, "content-type") ? textIfShortASCII(content) : contentBytes(content);
  return body as string | Uint8Array<ArrayBuffer>;
}
