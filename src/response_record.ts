/**
 * What the runtime knows about a `Response` and its public API does not tell.
 *
 * Two facts matter to a server: whether the body is a stream (reading `response.body` would turn a static body into
 * one, losing its content-length and the runtime's fast path), and whether it came out of `fetch()` decompressed, so
 * that `content-encoding` and `content-length` describe bytes that are no longer there. This file - and no other -
 * looks at the runtime's own record of the response. What it finds is tested once at import; if it ever changes,
 * every body counts as a stream and every encoded answer of `fetch()` as decoded: slower, still right.
 *
 * @module
 */

import type { Content } from "./content.ts";
import type { FieldList } from "./fields.ts";

const RECORD = Object.getOwnPropertySymbols(new Response("x")).find((symbol) =>
  symbol.description === "response"
);

interface InnerResponse {
  readonly headerList?: (readonly [name: string, value: string])[];
  readonly body?: { readonly streamOrStatic?: unknown } | null;
  readonly bodyDecoded?: boolean;
}

function recordOf(response: Response): InnerResponse | undefined {
  return (response as unknown as Record<symbol, InnerResponse>)[RECORD as symbol];
}

function looksLikeStream(response: Response): boolean {
  return recordOf(response)?.body?.streamOrStatic instanceof ReadableStream;
}

/** Whether the record says what this file thinks it does. */
const RELIABLE = RECORD !== undefined &&
  looksLikeStream(new Response(new ReadableStream())) &&
  looksLikeStream(new Response(new ReadableStream(), { headers: { a: "b" } })) &&
  !looksLikeStream(new Response("x")) &&
  !looksLikeStream(new Response(new Uint8Array(1), { headers: { a: "b" } })) &&
  !looksLikeStream(new Response(null)) &&
  !looksLikeStream(Response.json({})) &&
  recordOf(new Response(new ReadableStream()))?.bodyDecoded === false;

/** Whether the list of fields in the record is the one behind `headers`. */
const LISTED = ((): boolean => {
  const response = new Response("x");
  const { headers } = response; // which ends the runtime's short cut for responses nobody changed
  recordOf(response)?.headerList?.push(["a", "b"]);
  return headers.get("a") === "b";
})();

/**
 * Appends a field unless there is one of its name.
 *
 * `Headers` checks and lower-cases both anew, in two calls, for a field that is the same for every response.
 *
 * @param field Valid, its name in lower case.
 * @throws {TypeError} When the headers are immutable and the record cannot be used.
 */
export function appendMissing(
  response: Response,
  field: readonly [name: string, value: string],
): void {
  const { headers } = response;
  const list = LISTED ? recordOf(response)?.headerList : undefined;
  if (list === undefined) {
    if (!headers.has(field[0])) headers.append(field[0], field[1]);
  } else if (!list.some((line) => isNamed(line[0], field[0]))) {
    list.push([field[0], field[1]]); // a line of its own: `headers.set()` writes into it
  }
}

/**
 * Value of a field line of `response`, `null` when there is none.
 *
 * Making `Headers` only to look would cost every response the runtime's short cut for those nobody changed.
 *
 * @param name In lower case.
 */
export function peekField(response: Response, name: string): string | null {
  const list = PEEKED ? recordOf(response)?.headerList : undefined;
  if (list === undefined) return response.headers.get(name);
  for (const line of list) if (isNamed(line[0], name)) return line[1];
  return null;
}

/** Whether the list of fields is complete before anybody looked at `headers`, but for a content type. */
const PEEKED =
  [{ a: "b" }, new Headers({ a: "b" })].every((headers) =>
    recordOf(new Response("x", { headers }))?.headerList?.some(([name, value]) =>
      name === "a" && value === "b"
    )
  ) && Array.isArray(recordOf(new Response("x"))?.headerList) && LISTED;

function isNamed(name: string, lowerCase: string): boolean {
  return name.length === lowerCase.length && name.toLowerCase() === lowerCase;
}

/** Says whether the content of `response` is a stream, without disturbing a static body. */
export function hasStreamBody(response: Response): boolean {
  return RELIABLE ? looksLikeStream(response) : response.body !== null;
}

/** Static content in the record: what the body was made from, and whether it was read. */
interface StaticBody {
  readonly body: string | Uint8Array;
  consumed: boolean;
}

/**
 * Content of a response that is no stream, marked as read. Reading it by the public API goes through promises and a
 * copy.
 *
 * @returns `null` for none, `undefined` when the record does not have it.
 */
export function takeStaticContent(response: Response): Content | null | undefined {
  void response.headers; // which ends the runtime's short cut for responses nobody changed
  const body = recordOf(response)?.body;
  if (body === null) return null;
  const content = body?.streamOrStatic as StaticBody | undefined;
  if (!TAKEN || content === undefined) return undefined;
  content.consumed = true;
  return content.body;
}

/** Whether static content is where this file thinks it is, and counts as read once it is marked. */
const TAKEN = ["x", new Uint8Array([0x78])].every((content) => {
  const response = new Response(content);
  void response.headers;
  const found = recordOf(response)?.body?.streamOrStatic as Partial<StaticBody> | undefined;
  if (found?.consumed !== false) return false;
  found.consumed = true;
  const same = typeof content === "string" ? found.body === content : found.body?.length === 1;
  return same && response.bodyUsed;
});

/** Where the runtime keeps the text of a response that nobody changed or read; its record has no body until then. */
const LAZY_TEXT = Object.getOwnPropertySymbols(new Response("x")).find((symbol) =>
  symbol.description === "lazy static body"
);

function findStaticContent(response: Response): Content | null | undefined {
  const body = recordOf(response)?.body;
  if (body) return (body.streamOrStatic as Partial<StaticBody> | undefined)?.body;
  if (LAZY_TEXT === undefined) return null;
  return (response as unknown as Record<symbol, string | null | undefined>)[LAZY_TEXT];
}

/** Whether {@link findStaticContent} finds content that is there, before and after somebody looked at the response. */
const FOUND = [false, true].every((looked) =>
  ["x", new Uint8Array([0x78]), null].every((content) => {
    const response = new Response(content);
    if (looked) void response.headers;
    const found = findStaticContent(response);
    return (found === null) === (content === null) && found?.length === content?.length;
  })
);

/**
 * Content of a response that is no stream, left as it is and not to be changed.
 *
 * @returns `null` for none, `undefined` when this runtime does not tell.
 */
export function peekStaticContent(response: Response): Content | null | undefined {
  return FOUND ? findStaticContent(response) : undefined;
}

/** Says whether the content of `response` was decompressed by `fetch()` while its fields still describe it compressed. */
export function isDecoded(response: Response): boolean {
  if (RELIABLE) return recordOf(response)?.bodyDecoded === true;
  return response.url !== "" && response.headers.has("content-encoding");
}

/** Header section of `response` that is true of its content as it is now. */
export function truthfulHeaders(response: Response): Headers {
  const headers = new Headers(response.headers);
  if (isDecoded(response)) {
    headers.delete("content-encoding");
    headers.delete("content-length");
  }
  return headers;
}

/** Field lines of `response` that are true of its content, names in lower case. */
export function truthfulFields(response: Response): FieldList {
  if (isDecoded(response)) return [...truthfulHeaders(response)];
  const { headers } = response; // which completes the list
  const list = LISTED ? recordOf(response)?.headerList : undefined;
  return list === undefined
    ? [...headers]
    : list.map(([name, value]) => [name.toLowerCase(), value]);
}

/** A copy of `response` with another body and mutable headers. */
export function withBody(response: Response, body: ReadableStream<Uint8Array> | null): Response {
  const { status, statusText } = response;
  return new Response(body as ReadableStream<Uint8Array<ArrayBuffer>> | null, {
    status,
    statusText,
    headers: truthfulHeaders(response),
  });
}
