/**
 * Sending of a `Response` on exchanges.
 *
 * @module
 */

import { after, type RequestHead, type ResponseWriter, SETTLED } from "../exchange.ts";
import { type FieldList, hasField } from "../fields.ts";
import { unusableContent, wrongChunk } from "../misuse.ts";
import { hasStreamBody, takeStaticContent, truthfulFields } from "../response_record.ts";

/** Where a response goes to: an exchange, or a handshake that is denied. */
type AbortableWriter = ResponseWriter & {
  readonly request: RequestHead;
  readonly signal: AbortSignal;
};

/** Asked for the trailer section when all content is written. */
type Trailers = () => FieldList | undefined;

/** Writes a `Response`; its body is cancelled as soon as the client is gone. */
export function sendResponse(
  response: Response,
  writer: AbortableWriter,
  trailers?: Trailers,
): Promise<void> {
  if (hasStreamBody(response)) return sendStream(response, writer, trailers);
  if (response.bodyUsed) throw unusableContent(response);
  const fields = staticFields(response, writer.request.method);
  const content = takeStaticContent(response);
  if (content === undefined) return sendStream(response, writer, trailers);
  const written = () => content ? writer.write(content) : SETTLED;
  const responded = writer.respond({ status: response.status, fields });
  return after(after(responded, written), () => writer.end(trailers?.()));
}

/**
 * Fields of a response whose content is no stream. Its length is that of the content, whatever the fields say, as it is
 * under `Deno.serve`: they are often those of a response that the content was made from.
 */
function staticFields(response: Response, method: string): FieldList {
  const fields = truthfulFields(response);
  // For HEAD and 304 it is the length that another response would have (RFC 9110 §8.6).
  const isOther = method === "HEAD" || response.status === 304;
  if (isOther || !hasField(fields, "content-length")) return fields;
  return fields.filter(([name]) => name !== "content-length");
}

async function sendStream(
  response: Response,
  writer: AbortableWriter,
  trailers?: Trailers,
): Promise<void> {
  if (response.bodyUsed || response.body?.locked) throw unusableContent(response);
  try {
    await writer.respond({ status: response.status, fields: truthfulFields(response) });
  } catch (error) {
    response.body?.cancel(error).catch(() => {}); // nobody will read it
    throw error;
  }
  if (response.body === null) return await writer.end(trailers?.());
  const { signal } = writer;
  const reader = response.body.getReader();
  const cancel = () => void reader.cancel(signal.reason).catch(() => {}); // may fail as it likes: nobody is left
  signal.addEventListener("abort", cancel, { once: true });
  try {
    await pump(reader, writer, trailers);
  } catch (error) {
    cancel();
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

async function pump(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  writer: ResponseWriter,
  trailers?: Trailers,
): Promise<void> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (!(value instanceof Uint8Array)) throw wrongChunk(value);
    await writer.write(value);
  }
  await writer.end(trailers?.());
}
