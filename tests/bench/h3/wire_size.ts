/**
 * What field sections of typical responses weigh on the wire.
 *
 * @module
 */

import type { FieldList } from "../../../src/fields.ts";
import { QPACKDecoder, QPACKEncoder } from "../../../src/qpack/mod.ts";

/** Bytes of field sections, and of the two QPACK streams beside them. */
export interface WireSize {
  /** HEADERS payloads, on request streams. */
  readonly sections: number;
  /** Encoder stream, to the client. */
  readonly encoder: number;
  /** Decoder stream, back from the client. */
  readonly decoder: number;
}

/** Content types of what a page is made of, and how often each comes. */
const PARTS = [
  ["text/html; charset=utf-8", "no-cache", 10],
  ["application/javascript; charset=utf-8", "public, max-age=31536000, immutable", 25],
  ["text/css; charset=utf-8", "public, max-age=31536000, immutable", 10],
  ["image/webp", "public, max-age=86400", 35],
  ["application/json", "private, no-store", 20],
] as const;

/** A hundred responses of one site: what repeats in them and what does not are as in the field. */
export function typicalResponses(): FieldList[] {
  const responses: FieldList[] = [];
  for (const [type, cacheControl, count] of PARTS) {
    for (let index = 0; index < count; index++) {
      const number = responses.length;
      responses.push([
        [":status", number % 20 === 19 ? "304" : "200"],
        ["content-type", type],
        ["content-length", String(1234 + number * 7919)],
        ["cache-control", cacheControl],
        ["etag", `"${(number * 2_654_435_761 >>> 0).toString(16)}"`],
        ["last-modified", `Sun, 22 Nov 2026 10:${10 + number % 50}:00 GMT`],
        ["vary", "accept-encoding"],
        ["x-content-type-options", "nosniff"],
        ["strict-transport-security", "max-age=31536000; includeSubDomains"],
        ["content-security-policy", "default-src 'self'; img-src 'self' data:; object-src 'none'"],
        ["date", `Sun, 22 Nov 2026 12:00:${10 + Math.floor(number / 10)} GMT`],
        ["server", "hypercorn-h3"],
      ]);
    }
  }
  return responses;
}

/** Encodes responses in turn, each acknowledged before the next. @param capacity Bytes of the client's table, 0 for none. */
export function qpackSize(responses: readonly FieldList[], capacity: number): WireSize {
  const encoder = new QPACKEncoder({ maxTableCapacity: capacity, maxBacklog: 131_072 });
  encoder.configure({ maxTableCapacity: capacity, maxBlockedStreams: 100 });
  const decoder = new QPACKDecoder({
    maxTableCapacity: capacity,
    maxBlockedStreams: 100,
    maxFieldSectionSize: 65_536,
    maxNameLength: 256,
    maxValueLength: 65_536,
  });
  const size = { sections: 0, encoder: 0, decoder: 0 };
  responses.forEach((fields, index) => {
    const section = encoder.encode(index * 4, fields);
    const instructions = encoder.take();
    if (instructions) decoder.receive(instructions);
    if (decoder.decode(index * 4, section)?.length !== fields.length) {
      throw new Error(`Response ${index} does not come out as it went in`);
    }
    const feedback = decoder.take();
    if (feedback) encoder.receive(feedback);
    size.sections += section.length;
    size.encoder += instructions?.length ?? 0;
    size.decoder += feedback?.length ?? 0;
  });
  return size;
}

/** Bytes of the same fields as HTTP/1.1 writes them. */
export function plainSize(responses: readonly FieldList[]): number {
  return responses.flat().reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
}
