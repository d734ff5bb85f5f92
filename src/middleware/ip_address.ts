/**
 * IP addresses and networks as text.
 *
 * @module
 */

/** An IP address that was understood. */
export interface IpAddress {
  /** 16 bytes; IPv4 is mapped into IPv6 (RFC 4291 §2.5.5.2), so that both forms of one address are equal. */
  readonly bytes: Uint8Array;
  /** Without brackets and in canonical form (RFC 5952); IPv4, also mapped, in four parts. */
  readonly text: string;
}

const IPV4 = /^(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$/;
const IPV6_CHARACTERS = /^[0-9A-Fa-f:.]+$/;
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** Understands an IPv4 or IPv6 address without brackets, port and zone; `null` when it is none. */
export function parseIp(text: string): IpAddress | null {
  const parts = IPV4.exec(text)?.slice(1).map(Number);
  if (parts) {
    return parts.every((part) => part <= 255) ? addressOf([...MAPPED, ...parts], text) : null;
  }
  if (!text.includes(":") || !IPV6_CHARACTERS.test(text)) return null;
  const url = URL.parse(`http://[${text}]/`); // knows the grammar, and writes one form for all of them
  if (url === null) return null;
  const canonical = url.hostname.slice(1, -1);
  const bytes = bytesOf(canonical);
  const isMapped = MAPPED.every((byte, index) => bytes[index] === byte);
  return addressOf(bytes, isMapped ? bytes.slice(12).join(".") : canonical);
}

function addressOf(bytes: readonly number[], text: string): IpAddress {
  return { bytes: Uint8Array.from(bytes), text };
}

/** Bytes of the form that `URL` writes: hexadecimal groups, at most one gap. */
function bytesOf(canonical: string): number[] {
  const [head = "", tail] = canonical.split("::");
  const groups = [head, tail ?? ""].map((half) => half === "" ? [] : half.split(":"));
  const [before = [], after = []] = groups;
  const gap = new Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...gap, ...after].flatMap((group) => {
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** Says whether an address is in a network. */
export type Network = (address: IpAddress) => boolean;

/** Understands an address or a network in CIDR notation (RFC 4632 §3.1); bits behind the prefix have no meaning. */
export function parseNetwork(text: string): Network | null {
  const [base = "", length, ...rest] = text.split("/");
  const address = parseIp(base);
  if (address === null || rest.length > 0) return null;
  const width = base.includes(":") ? 128 : 32;
  if (length !== undefined && !/^(0|[1-9][0-9]{0,2})$/.test(length)) return null;
  const prefix = length === undefined ? width : Number(length);
  if (prefix > width) return null;
  const bits = 128 - width + prefix;
  return ({ bytes }) => agree(bytes, address.bytes, bits);
}

/** Whether the first `bits` of two addresses are equal. */
function agree(one: Uint8Array, other: Uint8Array, bits: number): boolean {
  for (let index = 0; index * 8 < bits; index++) {
    const left = bits - index * 8;
    const mask = left >= 8 ? 0xff : 0xff00 >> left & 0xff;
    if (((one[index]! ^ other[index]!) & mask) !== 0) return false;
  }
  return true;
}
