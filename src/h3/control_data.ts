/**
 * The pseudo-header fields of a request.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-4.3.1 | RFC 9114 §4.3.1}
 * @module
 */

import { type FieldList, isFieldName } from "../fields.ts";
import { malformed, quoted } from "./malformed.ts";
import { isAuthority, isConnectAuthority, isTarget, isWebScheme } from "./request_target.ts";

/** What the pseudo-header fields say, judged. */
export interface ControlData {
  /** `:method`. */
  readonly method: string;
  /** `:path`, `null` for a plain CONNECT. */
  readonly path: string | null;
  /** `:protocol`, `null` when it is not there. */
  readonly protocol: string | null;
}

const COLON = 0x3a;

/**
 * Reads the pseudo-header fields, which come before all others.
 *
 * @param extendedConnect Whether `:protocol` is defined (RFC 9220 §3).
 * @throws {H3Error} When one is unknown or repeated.
 */
export function readPseudoFields(lines: FieldList, extendedConnect: boolean): PseudoFields {
  const pseudo = new PseudoFields();
  while (pseudo.count < lines.length) {
    const line = lines[pseudo.count]!;
    if (line[0].charCodeAt(0) !== COLON) break;
    pseudo.set(line[0], line[1], extendedConnect);
    pseudo.count++;
  }
  return pseudo;
}

/** Pseudo-header fields as found; `null` is missing. */
export class PseudoFields {
  /** `:method`. */
  method: string | null = null;
  /** `:scheme`. */
  scheme: string | null = null;
  /** `:authority`. */
  authority: string | null = null;
  /** `:path`. */
  path: string | null = null;
  /** `:protocol`. */
  protocol: string | null = null;
  /** How many field lines these were: the others begin at this index. */
  count = 0;

  /** Takes one field line. */
  set(name: string, value: string, extendedConnect: boolean): void {
    switch (name) {
      case ":method":
        this.method = once(name, this.method, value);
        break;
      case ":scheme":
        this.scheme = once(name, this.scheme, value);
        break;
      case ":authority":
        this.authority = once(name, this.authority, value);
        break;
      case ":path":
        this.path = once(name, this.path, value);
        break;
      default:
        if (name !== ":protocol" || !extendedConnect) {
          throw malformed(`pseudo-header field ${quoted(name)} is not defined for requests`);
        }
        this.protocol = once(name, this.protocol, value);
    }
  }

  /**
   * Judges them together.
   *
   * @throws {H3Error} When one is missing, not allowed beside another, or has a wrong value.
   */
  judge(): ControlData {
    const { method, authority, path, protocol } = this;
    if (method === null) throw missing(":method");
    if (method !== "GET" && !isFieldName(method)) throw wrong(":method", "a token", method);
    if (protocol !== null) judgeProtocol(protocol, method, authority);
    if (method === "CONNECT" && protocol === null) this.#judgeConnect();
    else this.#judgeOrdinary(method);
    return { method, path, protocol };
  }

  #judgeOrdinary(method: string): void {
    const { scheme, authority, path } = this;
    if (scheme === null) throw missing(":scheme");
    if (!isWebScheme(scheme)) throw wrong(":scheme", `"https" or "http"`, scheme);
    if (path === null) throw missing(":path");
    if (!isTarget(path, method)) {
      const expected = `a path that starts with "/", percent-encoded, or "*" with OPTIONS`;
      throw wrong(":path", expected, path);
    }
    if (authority !== null && !isAuthority(authority)) {
      throw wrong(":authority", "a host with an optional port", authority);
    }
  }

  /** A tunnel is to a host and port, and to nothing else (RFC 9114 §4.4). */
  #judgeConnect(): void {
    if (this.scheme !== null) throw notWithConnect(":scheme");
    if (this.path !== null) throw notWithConnect(":path");
    if (this.authority === null) throw missing(":authority");
    if (!isConnectAuthority(this.authority)) {
      throw wrong(":authority", "a host and a port, as the method is CONNECT", this.authority);
    }
  }
}

/** RFC 8441 §4: CONNECT with `:protocol` has everything an ordinary request has. */
function judgeProtocol(protocol: string, method: string, authority: string | null): void {
  if (method !== "CONNECT") {
    throw malformed(`pseudo-header field ":protocol" is not allowed with method ${quoted(method)}`);
  }
  if (!isFieldName(protocol)) throw wrong(":protocol", "a token", protocol);
  if (authority === null) throw missing(":authority");
}

function once(name: string, previous: string | null, value: string): string {
  if (previous !== null) throw malformed(`pseudo-header field "${name}" occurs more than once`);
  return value;
}

function missing(name: string) {
  return malformed(`pseudo-header field "${name}" is missing`);
}

function notWithConnect(name: string) {
  return malformed(`pseudo-header field "${name}" is not allowed with method "CONNECT"`);
}

function wrong(name: string, expected: string, received: string) {
  return malformed(
    `pseudo-header field "${name}" must be ${expected}, received ${quoted(received)}`,
  );
}
