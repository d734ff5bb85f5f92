/**
 * Fetch applications on exchanges: `Request` in, `Response` out, WebSockets by `upgradeWebSocket`.
 *
 * Under `Deno.serve` the drivers take the short cut instead (`Application.fetch`); the contract tests see no
 * difference between the two.
 *
 * @module
 */

import { HandshakeError } from "../errors.ts";
import {
  after,
  type Application,
  type ExchangeHandler,
  type RequestHead,
  type ResponseWriter,
  SETTLED,
  type WebSocketHandler,
} from "../exchange.ts";
import type { FetchHandler } from "../fetch_types.ts";
import { type FieldList, hasField, NO_CONTENT } from "../fields.ts";
import { unusableContent, wrongChunk, wrongFetchResult } from "../misuse.ts";
import { hasStreamBody, takeStaticContent, truthfulFields } from "../response_record.ts";
import { setUpgrader } from "../upgrade.ts";
import { ExchangeSocket } from "./exchange_socket.ts";
import { ExchangeInfo, handshakeRequestOf, requestOf } from "./fetch_request.ts";

/** Normalises a fetch handler. */
export function fetchApplication(app: FetchHandler): Application {
  return { http: fetchHttp(app), websocket: fetchWebSocket(app), fetch: app };
}

function fetchHttp(app: FetchHandler): ExchangeHandler {
  return async (exchange) => {
    const info = new ExchangeInfo(exchange);
    try {
      const answered = answer(app, requestOf(exchange), info);
      const response = answered instanceof Response ? answered : await answered;
      const sent = sendResponse(response, exchange, () => info.takeTrailers());
      if (sent !== SETTLED) await sent; // what has nothing to wait for need not cost a turn
      info.complete();
    } catch (error) {
      info.complete({ error });
      throw error;
    }
  };
}

function fetchWebSocket(app: FetchHandler): WebSocketHandler {
  return async (exchange) => {
    const info = new ExchangeInfo(exchange);
    const request = handshakeRequestOf(exchange);
    let socket: ExchangeSocket | undefined;
    setUpgrader(request, (_request, options) => {
      socket = new ExchangeSocket(exchange, request.url, options);
      const response = new Response(null, { status: 101, headers: options.headers ?? [] });
      return { socket: socket.asWebSocket(), response };
    });
    const response = await answer(app, request, info);
    if (socket && response.status === 101) await socket.run([...response.headers]);
    else await sendResponse(denialOf(response, exchange.request), exchange);
    info.complete();
  };
}

/**
 * What denies a handshake. Where a success would accept it (RFC 8441 §5), that of an application which takes no notice of
 * WebSockets says that there is none.
 */
function denialOf(response: Response, { method }: RequestHead): Response {
  if (method !== "CONNECT" || !response.ok) return response;
  response.body?.cancel().catch(() => {});
  return new Response(null, { status: 501 });
}

/** Calls the handler; a handshake it could not accept becomes the response that says so. */
function answer(
  app: FetchHandler,
  request: Request,
  info: ExchangeInfo,
): Response | Promise<Response> {
  try {
    const result: unknown = app(request, info);
    return result instanceof Response ? result : resolved(result);
  } catch (error) {
    return refusal(error);
  }
}

async function resolved(result: unknown): Promise<Response> {
  try {
    const response = await result;
    if (!(response instanceof Response)) throw wrongFetchResult(response);
    return response;
  } catch (error) {
    return refusal(error);
  }
}

/** @throws What the handler threw, unless it was a {@link HandshakeError}. */
function refusal(error: unknown): Response {
  if (!(error instanceof HandshakeError)) throw error;
  const headers = [...NO_CONTENT, ...error.fields] as [string, string][];
  return new Response(null, { status: error.status, headers });
}

/** Where a response goes to: an exchange, or a WebSocket handshake that is denied. */
type AbortableWriter = ResponseWriter & {
  readonly request: RequestHead;
  readonly signal: AbortSignal;
};

/** Asked for the trailer section when all content is written. */
type Trailers = () => FieldList | undefined;

/** Writes a `Response`; its body is cancelled as soon as the client is gone. */
function sendResponse(
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
