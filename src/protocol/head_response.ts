/**
 * Answers to HEAD.
 *
 * Over HTTP/2 the runtime sends the content of such a response as DATA frames, which clients report as a protocol
 * error. It does the right thing over HTTP/1.1, but the version is not known for certain.
 *
 * @module
 */

import type { ResponseHead } from "../exchange.ts";
import { hasField } from "../fields.ts";
import { truthfulHeaders } from "../response_record.ts";

/**
 * Takes the content off a response and keeps its length where that is known: from the field, or because
 * the whole content is there at once. A stream is given one turn of the event loop, then cancelled.
 */
export async function headWithoutBody(response: Response): Promise<Response> {
  if (response.body === null) return response;
  const headers = truthfulHeaders(response);
  const reader = response.body.getReader();
  const length = headers.has("content-length") ? null : await lengthOfContent(reader);
  reader.cancel().catch(() => {}); // a stream that fails while being cancelled has nobody left to tell
  if (length !== null) headers.set("content-length", String(length));
  const { status, statusText } = response;
  const body = headers.has("content-length") ? null : emptyStream();
  return new Response(body, { status, statusText, headers });
}

/**
 * Body and head of an exchange's response to HEAD, or with status 204, 205 or 304.
 *
 * On HTTP/1 the runtime adds `content-length: 0` unless the content is a stream. That would be wrong for a HEAD whose GET
 * has content of unknown length (RFC 9110 §8.6).
 *
 * @param length What GET would have sent, if known.
 */
export function withoutContent(
  head: ResponseHead,
  length: number | undefined,
): readonly [body: BodyInit | null, head: ResponseHead] {
  const { status, fields } = head;
  const complete = status === 204 || status === 205 || status === 304 ||
    hasField(fields, "content-length");
  if (complete) return [null, head];
  return length === undefined ? [emptyStream(), head] : [null, withLength(head, length)];
}

/** `head` with a content-length. */
export function withLength({ status, fields }: ResponseHead, length: number): ResponseHead {
  return { status, fields: [...fields, ["content-length", String(length)]] };
}

/** Content of a response to HEAD whose length is not known: without it the runtime sends `content-length: 0`. */
function emptyStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ start: (controller) => controller.close() });
}

/** Length of content that ends after its first chunk, within this turn of the event loop; otherwise `null`. */
async function lengthOfContent(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<number | null> {
  const read = async () => {
    const first = await reader.read();
    if (first.done) return 0;
    return (await reader.read()).done ? first.value.byteLength : null;
  };
  const turn = new Promise<null>((resolve) => setTimeout(resolve, 0, null));
  return await Promise.race([read().catch(() => null), turn]);
}
