/**
 * DER, as much of it as a certificate needs (ITU-T X.690).
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** Encodes a tag, the length, and the content, which may be in parts. */
export function tagged(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Buffer.concat([new Uint8Array([tag, ...lengthOctets(content.length)]), content]);
}

/** SEQUENCE. */
export function sequence(...members: readonly Uint8Array[]): Uint8Array {
  return tagged(0x30, ...members);
}

/** SET of one member. */
export function setOf(member: Uint8Array): Uint8Array {
  return tagged(0x31, member);
}

/** BOOLEAN true; false is a default everywhere here, and DER leaves defaults out. */
export const TRUE: Uint8Array = tagged(0x01, new Uint8Array([0xff]));

/** INTEGER from its big-endian octets, the first of which must be from 1 to 127. */
export function positiveInteger(octets: Uint8Array): Uint8Array {
  return tagged(0x02, octets);
}

/** BIT STRING of whole octets, less `unused` bits of the last. */
export function bitString(octets: Uint8Array, unused = 0): Uint8Array {
  return tagged(0x03, new Uint8Array([unused]), octets);
}

/** OCTET STRING. */
export function octetString(octets: Uint8Array): Uint8Array {
  return tagged(0x04, octets);
}

/** OBJECT IDENTIFIER from its dotted form. */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tagged(0x06, new Uint8Array([first * 40 + second, ...rest.flatMap(base128)]));
}

/** UTF8String. */
export function utf8String(text: string): Uint8Array {
  return tagged(0x0c, new TextEncoder().encode(text));
}

/** A point in time, to the second: UTCTime, GeneralizedTime from 2050 on (RFC 5280 §4.1.2.5). */
export function time(date: Date): Uint8Array {
  const digits = date.toISOString().replace(/\.\d+|[-:T]/g, "");
  const text = date.getUTCFullYear() < 2050 ? digits.slice(2) : digits;
  return tagged(text === digits ? 0x18 : 0x17, new TextEncoder().encode(text));
}

/** X.690 §8.1.3, the definite forms. */
function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 + octets.length, ...octets];
}

/** X.690 §8.19.2. */
function base128(value: number): number[] {
  const octets = [value % 128];
  for (let rest = value >> 7; rest > 0; rest >>= 7) octets.unshift(0x80 + rest % 128);
  return octets;
}
