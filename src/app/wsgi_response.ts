/**
 * What a WSGI application says of its response: `startResponse()`, `write()` and chunks, checked when
 * they are said, so that the error is raised inside the application. Nothing is sent from here.
 *
 * @module
 */

import { type Content, contentBytes, isShortASCII } from "../content.ts";
import { ApplicationError } from "../errors.ts";
import type { ResponseHead } from "../exchange.ts";
import { type Field, isFieldName, isFieldValue } from "../fields.ts";
import { describe } from "../misuse.ts";
import type { StartResponse, WSGIWrite } from "../wsgi_types.ts";

/**
 * Fields that belong to the server alone (PEP 3333 "Other HTTP Features", RFC 2616 §13.5.1 and RFC 9110
 * §7.6.1). `proxy-status` and its kin are end-to-end and may be sent.
 */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "trailers",
  "transfer-encoding",
  "upgrade",
]);

/** Code and reason; the reason may be empty, as in HTTP/1.1 itself. */
// deno-lint-ignore no-control-regex -- control characters are exactly what must be refused
const STATUS = /^[2-5][0-9]{2} [^\x00-\x1f\x7f]*$/;

const DIGITS = /^[0-9]+$/;

/** The response of one request, as far as the application has told it. */
export class WSGIResponse {
  #status = 0;
  #fields: Field[] = [];
  #hasLength = false;
  /** Bytes that `content-length` leaves to be sent. */
  #room = Infinity;
  #overrun = false;
  #queue: Content[] = [];
  #committed = false;
  #over = false;

  /** Says whether `startResponse()` was called. */
  get started(): boolean {
    return this.#status !== 0;
  }

  /** Says whether the application sent more content than its own `content-length`. */
  get overrun(): boolean {
    return this.#overrun;
  }

  /** Says whether `content-length` is reached, so that nothing more can be sent. */
  get full(): boolean {
    return this.#room === 0;
  }

  /** Says whether this response has no content whatever the application sends (RFC 9110 §6.4.1). */
  get bodiless(): boolean {
    return this.#status === 204 || this.#status === 205 || this.#status === 304;
  }

  /**
   * Fixes the head: from now on `startResponse()` cannot change it.
   *
   * @param length Content length in bytes when it is known; added unless the application gave one.
   * @throws {ApplicationError} When `startResponse()` was not called.
   */
  commit(length?: number): ResponseHead {
    if (!this.started) {
      throw new ApplicationError(
        "Cannot send the response: the WSGI application did not call startResponse()",
      );
    }
    this.#committed = true;
    if (length !== undefined && !this.#hasLength) {
      this.#fields.push(["content-length", String(length)]);
    }
    return { status: this.#status, fields: this.#fields };
  }

  /**
   * Cuts content down to what `content-length` leaves, and counts it as sent.
   *
   * @see {@link https://peps.python.org/pep-3333/#handling-the-content-length-header | PEP 3333, Handling the Content-Length Header}
   */
  clip(chunk: Content): Content {
    if (chunk.length <= this.#room) {
      this.#room -= chunk.length;
      return chunk;
    }
    const clipped = typeof chunk === "string"
      ? chunk.slice(0, this.#room)
      : chunk.subarray(0, this.#room);
    this.#room = 0;
    this.#overrun = true;
    return clipped;
  }

  /** Takes the chunks that `write()` queued since the last call, in order. */
  takeQueue(): Content[] {
    const queue = this.#queue;
    if (queue.length > 0) this.#queue = [];
    return queue;
  }

  /** Ends the response: `write()` throws from now on, for nothing would be sent any more. */
  finish(): void {
    this.#over = true;
  }

  /** The `start_response` callable; bound, since applications call it as a plain function. */
  readonly startResponse: StartResponse = (status, headers, excInfo) => {
    if (this.#committed) {
      // PEP 3333: "must raise an error, and should re-raise using the exc_info tuple".
      if (excInfo !== undefined && excInfo !== null) throw excInfo;
      throw new ApplicationError(
        "Cannot call startResponse() again: content was sent already. Call it before the first chunk",
      );
    }
    const code = parseStatus(status);
    const fields = checkedFields(headers);
    const length = declaredLength(fields);
    // Stored together, so that a refused call leaves the one before it in force.
    this.#hasLength = length !== null;
    this.#room = length ?? Infinity;
    this.#status = code;
    this.#fields = fields;
    return this.#write;
  };

  /** The `write` callable. Its first content commits the head, as if it were sent at once. */
  readonly #write: WSGIWrite = (data) => {
    if (this.#over) throw new ApplicationError("Cannot write: the response is complete");
    const chunk = encodeChunk(data);
    if (chunk.length === 0) return;
    const room = this.#room - sizeOf(this.#queue);
    if (chunk.length > room) {
      throw new ApplicationError(
        `Cannot write ${chunk.length} bytes: content-length leaves room for ${room}`,
      );
    }
    this.#committed = true;
    this.#queue.push(chunk);
  };
}

/** Total size of `chunks` in bytes. */
export function sizeOf(chunks: readonly Content[]): number {
  let size = 0;
  for (const chunk of chunks) size += chunk.length;
  return size;
}

/**
 * One chunk in a form whose `length` is its number of bytes: a `Uint8Array` or short ASCII text as it is, other text
 * UTF-8 encoded.
 *
 * @throws {ApplicationError} For anything else.
 */
export function encodeChunk(chunk: unknown): Content {
  if (typeof chunk === "string") return isShortASCII(chunk) ? chunk : contentBytes(chunk);
  if (chunk instanceof Uint8Array) return chunk;
  throw new ApplicationError(
    `Cannot send a chunk: expected a Uint8Array or a string, received ${describe(chunk)}`,
  );
}

function parseStatus(status: unknown): number {
  if (typeof status === "string" && STATUS.test(status)) return Number(status.slice(0, 3));
  throw new ApplicationError(
    `Cannot start the response: expected a status of 200 to 599 with a reason such as "200 OK", ` +
      `received ${describe(status)}`,
  );
}

/** Copies the header list with lower-case names. */
function checkedFields(headers: Iterable<readonly [name: string, value: string]>): Field[] {
  if (typeof headers !== "object" || typeof headers?.[Symbol.iterator] !== "function") {
    throw new ApplicationError(
      `Cannot start the response: expected the headers as [name, value] pairs, received ${
        describe(headers)
      }`,
    );
  }
  const fields: Field[] = [];
  for (const header of headers) fields.push(checkedField(header));
  return fields;
}

function checkedField(header: readonly [name: string, value: string]): Field {
  if (!Array.isArray(header) || header.length !== 2) {
    throw new ApplicationError(
      `Cannot send a header: expected a [name, value] pair, received ${describe(header)}`,
    );
  }
  const [name, value] = header;
  if (typeof name !== "string" || !isFieldName(name)) {
    throw new ApplicationError(
      `Cannot send a header: expected a name of HTTP token characters, received ${describe(name)}`,
    );
  }
  if (typeof value !== "string" || !isFieldValue(value)) {
    throw new ApplicationError(
      `Cannot send header "${name}": expected a latin-1 string without control characters, ` +
        `received ${describe(value)}`,
    );
  }
  const lowerCase = name.toLowerCase();
  if (HOP_BY_HOP.has(lowerCase)) {
    throw new ApplicationError(
      `Cannot send header "${name}": hop-by-hop fields are the server's (PEP 3333), leave it out`,
    );
  }
  return [lowerCase, value];
}

/**
 * Value of `content-length`; `null` when there is none.
 *
 * @throws {ApplicationError} When it is not one number: clients would disagree where the content ends.
 */
function declaredLength(fields: readonly Field[]): number | null {
  let declared: string | null = null;
  for (const [name, value] of fields) {
    if (name !== "content-length") continue;
    if (declared !== null || !DIGITS.test(value)) {
      throw new ApplicationError(
        `Cannot send header "content-length": expected one decimal number, received ${
          describe(declared === null ? value : `${declared}, ${value}`)
        }`,
      );
    }
    declared = value;
  }
  return declared === null ? null : Number(declared);
}
