/**
 * The `Forwarded` field.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7239 | RFC 7239}
 * @module
 */

import type { NetAddress } from "../exchange.ts";
import { parseIp } from "./ip_address.ts";

/** One element: what one proxy says. Names are lower case, values unquoted. */
export type ForwardedElement = ReadonlyMap<string, string>;

const NOTHING: ForwardedElement = new Map();

/**
 * Code units that are read, from the end: what proxies near us wrote. It bounds the work that a client can cause with
 * quotes that do not end; some forty proxies fit.
 */
const MAX_LENGTH = 4096;

/**
 * `forwarded-pair` of RFC 7239 §4 with white space around it. Values that are not quoted may have the colons and brackets
 * of addresses, which the grammar wants quoted and proxies often leave bare.
 */
const PAIR =
  /[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+\-.^_`|~0-9A-Za-z:[\]]+))[ \t]*/sy;
const SPACE = /[ \t]*/y;

/**
 * Reads the field, its lines joined by commas.
 *
 * An element that is malformed, empty, or names a parameter twice says nothing and still counts. It ends at its first comma,
 * so that a quote which a client left open cannot swallow what the next proxy appended.
 *
 * @returns The elements in order. Never throws.
 */
export function parseForwarded(field: string): readonly ForwardedElement[] {
  const text = endOf(field);
  const elements: ForwardedElement[] = [];
  for (let at = 0; at <= text.length;) {
    const read = readElement(text, at);
    elements.push(read?.element ?? NOTHING);
    const end = read?.end ?? text.indexOf(",", at);
    at = end === -1 ? Infinity : end + 1;
  }
  return elements;
}

/** The last elements of a field, as many as fit. */
function endOf(field: string): string {
  if (field.length <= MAX_LENGTH) return field;
  const comma = field.indexOf(",", field.length - MAX_LENGTH - 1);
  return comma === -1 ? "" : field.slice(comma + 1);
}

/** Reads one element up to the comma behind it, or to the end of the text; `null` when it is malformed. */
function readElement(
  text: string,
  start: number,
): { readonly element: ForwardedElement; readonly end: number } | null {
  const element = new Map<string, string>();
  for (let at = start;; at++) {
    PAIR.lastIndex = SPACE.lastIndex = at;
    const pair = PAIR.exec(text);
    if (pair) {
      const name = pair[1]!.toLowerCase();
      if (element.has(name)) return null;
      element.set(name, pair[3] ?? pair[2]!.replace(/\\(.)/gs, "$1"));
    } else SPACE.test(text);
    at = pair ? PAIR.lastIndex : SPACE.lastIndex;
    if (at === text.length || text[at] === ",") return { element, end: at };
    if (text[at] !== ";") return null;
  }
}

/** IPv6 in brackets, or a name without colons, each with or without port; the rest can only be IPv6 without brackets. */
const NODE = /^(?:\[([^\]:]*:[^\]]*)\]|([^:[\]]+))(?::([^:]*))?$/;
/** An IPv6 address with a zone (RFC 4007 §11), which only means something to the proxy that wrote it. */
const ZONED = /^([^%:]*:[^%]*)%[0-9A-Za-z._~-]+$/;
const OBFUSCATED = /^_[A-Za-z0-9._-]+$/;

/**
 * Understands a node (RFC 7239 §6): an address with or without port, `unknown`, or an obfuscated identifier; also an IPv6
 * address without brackets, as `X-Forwarded-For` has it. A zone is left out.
 *
 * @returns `null` when it is none. The host name of a client that is hidden is what was written; its port is 0 when it was
 * not told.
 */
export function parseNode(text: string): NetAddress | null {
  const [, ipv6, name, port] = NODE.exec(text) ?? [];
  const host = ipv6 ?? name ?? text;
  const isHidden = OBFUSCATED.test(host) || host.toLowerCase() === "unknown";
  const hostname = isHidden ? host : parseIp(host.replace(ZONED, "$1"))?.text;
  const number = portOf(port);
  return hostname === undefined || number === null ? null : { hostname, port: number };
}

function portOf(text: string | undefined): number | null {
  if (text === undefined || OBFUSCATED.test(text)) return 0;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Infinity;
  return port <= 65_535 ? port : null;
}
