/**
 * QPACK, the field compression of HTTP/3 (RFC 9204): a decoder and an encoder without I/O.
 *
 * Bytes go in as they arrive, in any pieces; what has to be sent comes out of `take()`. Both halves are per
 * connection. HTTP/3's own rules about fields (lower-case names, pseudo-header fields) are not checked here.
 *
 * @example One field section, there and back
 * ```ts
 * import { QPACKDecoder, QPACKEncoder } from "jsr:@x/hypercorn/qpack";
 *
 * const encoder = new QPACKEncoder({ maxTableCapacity: 4096, maxBacklog: 131_072 });
 * const decoder = new QPACKDecoder({
 *   maxTableCapacity: 4096,
 *   maxBlockedStreams: 16,
 *   maxFieldSectionSize: 65_536,
 *   maxNameLength: 256,
 *   maxValueLength: 65_536,
 * });
 * const section = encoder.encode(0, [[":status", "200"], ["content-type", "text/plain"]]);
 * console.log(decoder.decode(0, section));
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9204 | RFC 9204}
 * @module
 */

export { type DecoderOptions, QPACKDecoder } from "./decoder.ts";
export type { PeerLimits } from "./dynamic_references.ts";
export { type EncoderOptions, QPACKEncoder } from "./encoder.ts";
export { FieldSectionTooLargeError, QPACK, QPACKError } from "./errors.ts";
export type { Field, FieldList } from "../fields.ts";
