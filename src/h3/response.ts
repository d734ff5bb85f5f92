/**
 * Responses to frames.
 *
 * Fields are as the driver checked them; here they only get the form of HTTP/3.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-4 | RFC 9114 §4}
 * @module
 */

import type { Field, FieldList } from "../fields.ts";
import type { QPACKEncoder } from "../qpack/mod.ts";
import { FRAME, frameHeaderSize, writeFrameHeader } from "./frames.ts";

/** What encodes field sections. */
type Encoder = Pick<QPACKEncoder, "encode">;

/** Fields about one connection, which HTTP/3 has no use for and must not carry (RFC 9114 §4.2). */
const CONNECTION_FIELDS = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

const NOTHING = new Uint8Array(0);

/** `:status` field lines, made when first needed. */
const STATUS_FIELDS: (Field | undefined)[] = [];

/**
 * HEADERS frame of a response, final or interim; the array is as that of {@linkcode encodeResponse}.
 *
 * @param status 100..599 but 101, which HTTP/3 does not have (RFC 9114 §4.5).
 * @throws {RangeError} For another status.
 */
export function encodeHead(
  encoder: Encoder,
  streamId: number,
  status: number,
  fields: FieldList,
): Uint8Array<ArrayBuffer> {
  return encodeResponse(encoder, streamId, status, fields, NOTHING);
}

/** HEADERS frame of the trailers; the array is as that of {@linkcode encodeResponse}. */
export function encodeTrailers(
  encoder: Encoder,
  streamId: number,
  fields: FieldList,
): Uint8Array<ArrayBuffer> {
  const lines: Field[] = [];
  addFields(lines, fields);
  return frames(encoder.encode(streamId, lines), NOTHING);
}

/**
 * A whole response in one array: HEADERS frame, and a DATA frame unless `content` is empty.
 *
 * The array may be a view of a larger buffer: write it, but do not transfer its buffer.
 *
 * @param content Bytes, or text that is ASCII.
 * @param status As in {@linkcode encodeHead}.
 * @throws {RangeError} As {@linkcode encodeHead}.
 */
export function encodeResponse(
  encoder: Encoder,
  streamId: number,
  status: number,
  fields: FieldList,
  content: Uint8Array | string,
): Uint8Array<ArrayBuffer> {
  const lines: Field[] = [statusField(status)];
  addFields(lines, fields);
  return frames(encoder.encode(streamId, lines), content);
}

/** Header of a DATA frame, to be written before `length` bytes of content. */
export function dataFrameHeader(length: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(frameHeaderSize(FRAME.DATA, length));
  writeFrameHeader(FRAME.DATA, length, header, 0);
  return header;
}

/** HEADERS frame, and DATA frame unless `content` is empty, in one array. */
function frames(section: Uint8Array, content: Uint8Array | string): Uint8Array<ArrayBuffer> {
  const headers = frameHeaderSize(FRAME.HEADERS, section.length) + section.length;
  const data = content.length === 0
    ? 0
    : frameHeaderSize(FRAME.DATA, content.length) + content.length;
  const bytes = allocate(headers + data);
  bytes.set(section, writeFrameHeader(FRAME.HEADERS, section.length, bytes, 0));
  if (data === 0) return bytes;
  const offset = writeFrameHeader(FRAME.DATA, content.length, bytes, headers);
  if (typeof content === "string") writeASCII(content, bytes, offset);
  else bytes.set(content, offset);
  return bytes;
}

function writeASCII(text: string, into: Uint8Array, offset: number): void {
  for (let index = 0; index < text.length; index++) into[offset + index] = text.charCodeAt(index);
}

/** Bytes that small results share: an array of its own costs more than what is written into it. */
const SLAB_BYTES = 16 * 1024;

let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/** Bytes that nobody else writes to. */
function allocate(length: number): Uint8Array<ArrayBuffer> {
  if (length > SLAB_BYTES / 8) return new Uint8Array(length);
  if (used + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  return slab.subarray(used, used += length);
}

function statusField(status: number): Field {
  return STATUS_FIELDS[status] ??= newStatusField(status);
}

function newStatusField(status: number): Field {
  if (!Number.isInteger(status) || status < 100 || status > 599 || status === 101) {
    throw new RangeError(
      `Cannot send status ${status}: expected a whole number from 100 to 599, but 101`,
    );
  }
  return [":status", String(status)];
}

function addFields(lines: Field[], fields: FieldList): void {
  for (const field of fields) {
    const name = field[0].toLowerCase();
    if (CONNECTION_FIELDS.has(name)) continue;
    lines.push(name === field[0] ? field : [name, field[1]]);
  }
}
