/**
 * A request stream: bytes in, events out; responses to bytes.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-4.1 | RFC 9114 §4.1}
 * @module
 */

import type { Field, FieldList } from "../fields.ts";
import { FieldSectionTooLargeError } from "../qpack/mod.ts";
import { checkComplete, checkReceived } from "./content_length.ts";
import { H3, H3Error } from "./errors.ts";
import { FRAME, FrameReader } from "./frames.ts";
import { DEFAULT_PRIORITY, parsePriority, type Priority } from "./priority.ts";
import { fromQPACKError } from "./qpack_error.ts";
import type { RequestContext } from "./request_context.ts";
import { RequestFrames, sectionTooLarge } from "./request_frames.ts";
import { type H3RequestHead, readRequestHead } from "./request_head.ts";
import { encodeHead, encodeResponse, encodeTrailers } from "./response.ts";
import { readTrailers } from "./trailers.ts";
import { startOf, type WebTransportStart } from "./webtransport_signal.ts";

/** The head of the request, first of all events. */
export interface HeadEvent {
  /** Which event. */
  readonly type: "head";
  /** The request head. */
  readonly head: H3RequestHead;
  /** Declared length of the content in bytes; `null` when none was declared, and for a CONNECT. */
  readonly contentLength: number | null;
}

/** A part of the content. */
export interface DataEvent {
  /** Which event. */
  readonly type: "data";
  /** Content, never empty; a view of the bytes received. */
  readonly bytes: Uint8Array;
}

/** The trailers, after all content. */
export interface TrailersEvent {
  /** Which event. */
  readonly type: "trailers";
  /** Field lines, without those that have no business in trailers (RFC 9110 §6.5.1). */
  readonly fields: FieldList;
}

/** The request is complete; nothing follows. */
export interface EndEvent {
  /** Which event. */
  readonly type: "end";
}

/**
 * The stream belongs to a WebTransport session and is no request; first and last of all events. From here on the bytes
 * are the application's, in both directions: only `close()` is still to be called.
 */
export interface WebTransportEvent extends WebTransportStart {
  /** Which event. */
  readonly type: "webtransport";
}

/** What happens on a request stream. */
export type RequestEvent = HeadEvent | DataEvent | TrailersEvent | EndEvent | WebTransportEvent;

const END: EndEvent = { type: "end" };

/**
 * One request stream.
 *
 * Bytes go in with `receive()` and `finish()`, events come out of `next()`. Whatever `next()` throws is final: for an
 * error of scope `"stream"` answer if there is a status, and then `close()`.
 */
export class RequestStream {
  /** Stream id. */
  readonly id: number;
  readonly #context: RequestContext;
  readonly #frames: RequestFrames;
  readonly #reader: FrameReader;
  /** Encoded field section that waits for the encoder stream. */
  #section: Uint8Array | null = null;
  #blocked = false;
  #hasHead = false;
  /** Declared and received bytes of content. */
  #declared: number | null = null;
  #received = 0;
  /** Priority from the field, if there was one. */
  #priority: Priority = DEFAULT_PRIORITY;
  /** FIN came. */
  #finished = false;
  /** Nothing more is read: the request is complete, reset or given up. */
  #over = false;
  #closed = false;

  /**
   * A stream of which nothing has come.
   *
   * @param id Stream id, for QPACK.
   */
  constructor(id: number, context: RequestContext) {
    this.id = id;
    this.#context = context;
    this.#frames = new RequestFrames(context);
    this.#reader = new FrameReader(this.#frames);
  }

  /**
   * Takes bytes of the stream in any split; they belong to the stream from then on.
   *
   * @param now Milliseconds of a monotonic clock.
   * @throws {H3Error} H3_EXCESSIVE_LOAD for the connection when the bytes it sends are of too little use.
   */
  receive(bytes: Uint8Array, now: number): void {
    this.#context.budget.receive(bytes.length, now);
    this.#reader.receive(bytes);
  }

  /** The client sent FIN. What that means is in the next events, the last being `"end"`. */
  finish(): void {
    this.#finished = true;
  }

  /**
   * The client reset the stream. No more events; `close()` is still to be called.
   *
   * @throws {H3Error} H3_EXCESSIVE_LOAD for the connection when there were too many resets (CVE-2023-44487).
   */
  reset(_code: number): void {
    if (this.#over) return;
    this.#abandon();
    this.#context.budget.spend("resets");
  }

  /**
   * The next event; `null` when more bytes are needed, the stream is blocked, or after `"end"` and
   * `"webtransport"`.
   *
   * @throws {H3Error} Scope `"stream"`: H3_MESSAGE_ERROR (400), H3_REQUEST_INCOMPLETE (400), H3_EXCESSIVE_LOAD (431).
   *   Scope `"connection"`: H3_FRAME_UNEXPECTED, H3_FRAME_ERROR, H3_EXCESSIVE_LOAD, QPACK_DECOMPRESSION_FAILED, and
   *   H3_ID_ERROR for a WebTransport session that cannot be.
   */
  next(): RequestEvent | null {
    if (this.#over || this.#blocked) return null;
    if (this.#section !== null) return this.#readSection(this.#section);
    const frame = this.#reader.next();
    if (frame === null) return this.#pause();
    return frame.type === FRAME.DATA
      ? this.#readData(frame.payload)
      : this.#readSection(frame.payload);
  }

  /** A field section waits for the encoder stream: call `unblock()` when the connection says so, then `next()`. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** What the section waited for has come. */
  unblock(): void {
    this.#blocked = false;
  }

  /** Priority of the response: of the last PRIORITY_UPDATE, else of the `priority` field, else the default (RFC 9218 §7). */
  get priority(): Priority {
    return this.#context.updatedPriority(this.id) ?? this.#priority;
  }

  /**
   * HEADERS frame of a response, final or interim. Fields about one connection are left out.
   *
   * @param status 100..599 but 101, which HTTP/3 does not have.
   * @throws {RangeError} For another status.
   */
  encodeHead(status: number, fields: FieldList): Uint8Array<ArrayBuffer> {
    return encodeHead(this.#context.encoder, this.id, status, fields);
  }

  /**
   * A whole response in one array, maybe a view of a larger buffer: HEADERS frame, and a DATA frame unless `content`
   * is empty. Content is bytes, or text that is ASCII. See `encodeHead`.
   */
  encodeResponse(
    status: number,
    fields: FieldList,
    content: Uint8Array | string,
  ): Uint8Array<ArrayBuffer> {
    return encodeResponse(this.#context.encoder, this.id, status, fields, content);
  }

  /** HEADERS frame of the trailers. */
  encodeTrailers(fields: FieldList): Uint8Array<ArrayBuffer> {
    return encodeTrailers(this.#context.encoder, this.id, fields);
  }

  /** Both halves are over, or given up: forgets everything. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#abandon();
    this.#context.forget(this.id);
  }

  /** Reading ends early: the client's encoder must not count on sections being decoded (RFC 9204 §2.2.2.2). */
  #abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#blocked = false;
    this.#section = null;
    this.#context.decoder.cancel(this.id);
  }

  /** No frame is there: more bytes are needed, or none will come, or what comes are no frames. */
  #pause(): RequestEvent | null {
    const { sessionId } = this.#frames;
    if (sessionId === null) return this.#finished ? this.#end() : null;
    this.#over = true;
    const { rest } = startOf(sessionId, this.#reader.rest(), this.#context.budget);
    return { type: "webtransport", sessionId, rest };
  }

  #readSection(section: Uint8Array): RequestEvent | null {
    const lines = this.#decode(section);
    if (lines === null) {
      this.#section = section;
      this.#blocked = true;
      return null;
    }
    this.#section = null;
    this.#context.budget.use(sizeOf(lines));
    return this.#hasHead ? this.#readTrailers(lines) : this.#readHead(lines);
  }

  #decode(section: Uint8Array): Field[] | null {
    try {
      return this.#context.decoder.decode(this.id, section);
    } catch (error) {
      if (error instanceof FieldSectionTooLargeError) {
        throw sectionTooLarge(error.message, { cause: error });
      }
      throw fromQPACKError(error);
    }
  }

  #readHead(lines: FieldList): HeadEvent {
    const { head, contentLength, priority } = readRequestHead(
      lines,
      this.#context.enableConnectProtocol,
    );
    this.#hasHead = true;
    if (priority !== null) this.#priority = parsePriority(priority);
    if (head.method === "CONNECT") {
      this.#frames.state = "tunnel";
      return { type: "head", head, contentLength: null }; // a tunnel has no content to declare (RFC 9110 §9.3.6)
    }
    this.#declared = contentLength;
    return { type: "head", head, contentLength };
  }

  #readTrailers(lines: FieldList): TrailersEvent {
    return { type: "trailers", fields: readTrailers(lines) };
  }

  #readData(bytes: Uint8Array): DataEvent {
    this.#received += bytes.length;
    checkReceived(this.#declared, this.#received);
    this.#context.budget.use(bytes.length);
    return { type: "data", bytes };
  }

  #end(): EndEvent {
    this.#reader.finish();
    if (!this.#hasHead) {
      throw new H3Error(
        H3.REQUEST_INCOMPLETE,
        "Cannot read the request: the stream ended before its HEADERS frame",
        { scope: "stream", status: 400 },
      );
    }
    checkComplete(this.#declared, this.#received);
    this.#over = true;
    return END;
  }
}

/** Bytes of names and values. */
function sizeOf(lines: FieldList): number {
  let size = 0;
  for (const line of lines) size += line[0].length + line[1].length;
  return size;
}
