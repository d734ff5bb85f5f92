/**
 * What several QPACK tests need: bytes by hexadecimal text, decoders with usual limits, errors by code.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type DecoderOptions,
  type EncoderOptions,
  type Field,
  FieldSectionTooLargeError,
  QPACKDecoder,
  QPACKEncoder,
  QPACKError,
} from "../../src/qpack/mod.ts";

/** Limits that get in nobody's way. */
export const DECODER_OPTIONS: DecoderOptions = {
  maxTableCapacity: 4096,
  maxBlockedStreams: 16,
  maxFieldSectionSize: 65_536,
  maxNameLength: 256,
  maxValueLength: 65_536,
};

/** A decoder with usual limits, or with others. */
export function makeDecoder(options: Partial<DecoderOptions> = {}): QPACKDecoder {
  return new QPACKDecoder({ ...DECODER_OPTIONS, ...options });
}

/** An encoder with usual limits, or with others; not configured yet. */
export function makeEncoder(options: Partial<EncoderOptions> = {}): QPACKEncoder {
  return new QPACKEncoder({ maxTableCapacity: 4096, maxBacklog: 131_072, ...options });
}

/** The bytes of hexadecimal text; white space does not count. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.replace(/\s/g, "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Bytes as hexadecimal text; `null` stays. */
export function toHex(bytes: Uint8Array | null): string | null {
  return bytes && [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One array of several. */
export function concat(...parts: readonly (Uint8Array | null)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => part === null ? [] : [...part]));
}

/** Whether something is an error that QPACK documents. */
export function isDocumented(error: unknown): boolean {
  return error instanceof QPACKError || error instanceof FieldSectionTooLargeError;
}

/** Checks that an action throws a QPACKError with this code, whose message fits. */
export function assertRefused(action: () => unknown, code: number, message: RegExp): void {
  assert.throws(action, (error) => {
    assert(error instanceof QPACKError, String(error));
    assert.equal(`0x${error.code.toString(16)}`, `0x${code.toString(16)}`);
    assert.match(error.message, message);
    return true;
  });
}

/** Everything that can happen to some bytes: whole, byte by byte, cut in two at every place. */
export function cuts(bytes: Uint8Array): Uint8Array[][] {
  const twice = Array.from(bytes, (_, at) => [bytes.slice(0, at), bytes.slice(at)]);
  return [[bytes], Array.from(bytes, (byte) => new Uint8Array([byte])), ...twice];
}

/** Decodes a section that must not have to wait. */
export function decodeNow(decoder: QPACKDecoder, streamId: number, section: Uint8Array): Field[] {
  const fields = decoder.decode(streamId, section);
  assert(fields !== null, "The section has to wait for the encoder stream");
  return fields;
}
