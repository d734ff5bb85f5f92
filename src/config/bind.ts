/**
 * The grammar of `bind`, `insecureBind` and `quicBind`.
 *
 * | Text | Meaning |
 * | --- | --- |
 * | `127.0.0.1:8000`, `localhost:8000` | that address and port; port 0 lets the system choose |
 * | `127.0.0.1`, `localhost`, `[::1]`, `::1`, `::` | that address, port 8000 |
 * | `:8000` | every IPv4 address |
 * | `[::1]:8000`, `[::]:8000` | IPv6; the brackets are required before a port |
 * | `unix:/run/app.sock` | a Unix stream socket; the path may be relative |
 *
 * Hypercorn splits at the last colon and deletes brackets, so `[::1]` became host `:` and port 1
 * there. Every text it accepted on purpose means the same here; `fd://` cannot be honoured.
 *
 * @module
 */

import { badValue } from "./describe.ts";
import type { Guard } from "./types.ts";

/** A {@link BindSpec} of kind `"tcp"`. */
export type HostAndPort = Extract<BindSpec, { kind: "tcp" }>;

/** One address to listen on, parsed by {@link parseBind}. */
export type BindSpec =
  | {
    /** An IP address and port (TCP, or UDP for `quicBind`). */
    readonly kind: "tcp";
    /** IPv4 address, IPv6 address without brackets in its canonical form, or lower-case name. */
    readonly hostname: string;
    /** Port, 0..65535; 0 lets the system choose. */
    readonly port: number;
    /** The bind as configured. */
    readonly text: string;
  }
  | {
    /** A Unix stream socket. */
    readonly kind: "unix";
    /** Path of the socket file, relative to the working directory unless it starts with `/`. */
    readonly path: string;
    /** The bind as configured. */
    readonly text: string;
  };

/** Port of a bind that names none, as Hypercorn. */
const DEFAULT_PORT = 8000;

const EXPECTED = 'an address such as "127.0.0.1:8000", "[::1]:8000", ":8000" or "unix:/run/a.sock"';

// deno-lint-ignore no-control-regex -- control characters are among what must be refused
const BLANK_OR_CONTROL = /[\s\x00-\x1f\x7f]/;

/** `scheme "://"` of a URL, which people paste from a browser. */
const URL_SCHEME = /^([a-z][a-z0-9+.\-]*):\/\//i;

/** IPv6 address, maybe with a zone (RFC 4007 §11); the URL parser decides about the digits. */
const IPV6 = /^([0-9a-f:.]+)(%[0-9a-z._~\-]+)?$/i;

/** A host name: labels of letters, digits, `-` and `_` (container names have it), 253 in all. */
const HOST_NAME =
  /^(?=.{1,254}$)[a-z0-9_](?:[a-z0-9_\-]{0,62})(?:\.[a-z0-9_][a-z0-9_\-]{0,62})*\.?$/i;

/** A name whose last label is all digits can only be an IPv4 address (WHATWG URL, "ends in a number"). */
const ENDS_IN_NUMBER = /(?:^|\.)[0-9]+\.?$/;

const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/;

/** Bytes of `sockaddr_un.sun_path` on Linux without its final NUL. */
const MAX_UNIX_PATH_BYTES = 107;

/**
 * Parses one bind.
 *
 * @param text The bind, see the table at the top of this module.
 * @param key Name for the error message, e.g. `"insecure_bind[1]"`; default `"bind"`.
 * @throws {ConfigError} When `text` is not a bind; the message says what to write instead.
 */
export function parseBind(text: string, key = "bind"): BindSpec {
  if (typeof text !== "string") throw badValue(key, EXPECTED, text);
  const hint = hintForForeignForm(text);
  if (hint !== undefined) throw badValue(key, EXPECTED, text, hint);
  if (text.startsWith("unix:")) return parseUnix(text, key);
  if (BLANK_OR_CONTROL.test(text)) throw badValue(key, EXPECTED, text, "Remove the blanks");
  if (text.startsWith("[")) return parseBracketed(text, key);
  if (text.indexOf(":") !== text.lastIndexOf(":")) return parseBareIpv6(text, key);
  return parseHostAndPort(text, key);
}

/** Says whether a hostname stands for every address of the machine, at least of one family. */
export function isWildcard(hostname: string): boolean {
  return hostname === "0.0.0.0" || hostname === "::";
}

/** What to do about text that means something, but elsewhere; `undefined` for everything else. */
function hintForForeignForm(text: string): string | undefined {
  if (text.trim() === "") return 'Leave the option out to listen on "127.0.0.1:8000"';
  if (text.startsWith("fd:")) {
    return "Deno cannot adopt an open file descriptor: bind the address itself, " +
      "and let the service manager start this server without socket activation";
  }
  const scheme = URL_SCHEME.exec(text);
  if (scheme !== null && scheme[1]?.toLowerCase() !== "unix") {
    return `Drop the "${scheme[0]}" and everything after the port; ` +
      '"certfile" and "keyfile" decide about HTTPS';
  }
  if (/^[0-9]+$/.test(text)) {
    return `Write "127.0.0.1:${text}" for this machine or ":${text}" for all`;
  }
  if (text.startsWith("*")) return `Write "0.0.0.0${text.slice(1)}" or "[::]${text.slice(1)}"`;
  return undefined;
}

function parseUnix(text: string, key: string): BindSpec {
  let path = text.slice("unix:".length);
  // Hypercorn hands "unix:///run/a.sock" to the system as "///run/a.sock", which is the same file.
  if (path.startsWith("///")) path = path.slice(2);
  const hint = hintForUnixPath(path);
  if (hint !== undefined) throw badValue(key, EXPECTED, text, hint);
  return { kind: "unix", path, text };
}

function hintForUnixPath(path: string): string | undefined {
  if (path === "") return 'Write the path of the socket file after "unix:"';
  if (path.startsWith("//")) return `Write "unix:${path.slice(1)}"`;
  if (path.startsWith("@")) {
    return "Abstract sockets are not supported, because no file mode protects them: " +
      `write a path, "unix:./${path}" for a file of this name`;
  }
  if (path.includes("\0")) return "Remove the NUL character";
  if (new TextEncoder().encode(path).length > MAX_UNIX_PATH_BYTES) {
    return `The system allows ${MAX_UNIX_PATH_BYTES} bytes: use a shorter or relative path`;
  }
  return undefined;
}

function parseBracketed(text: string, key: string): BindSpec {
  const end = text.indexOf("]");
  const hostname = end < 0 ? undefined : canonicalIpv6(text.slice(1, end));
  if (hostname === undefined) {
    throw badValue(key, EXPECTED, text, "Only a complete IPv6 address stands in brackets");
  }
  const rest = text.slice(end + 1);
  if (rest === "") return { kind: "tcp", hostname, port: DEFAULT_PORT, text };
  if (!rest.startsWith(":")) throw badValue(key, EXPECTED, text, 'Only ":PORT" can follow the "]"');
  return { kind: "tcp", hostname, port: parsePort(rest.slice(1), text, key), text };
}

function parseBareIpv6(text: string, key: string): BindSpec {
  const hostname = canonicalIpv6(text);
  const colon = text.lastIndexOf(":");
  const [head, tail] = [text.slice(0, colon), text.slice(colon + 1)];
  // "::1:8000" is one valid address, and also what Hypercorn reads as "::1" and port 8000. Either
  // guess would be wrong for someone, so both meanings must be written out.
  if (canonicalIpv6(head) !== undefined) {
    const whole = hostname === undefined ? "" : `, "[${text}]" if all of it is the address`;
    throw badValue(key, EXPECTED, text, `Write "[${head}]:${tail}" for a port${whole}`);
  }
  if (hostname === undefined) throw badValue(key, EXPECTED, text, hintForHost(text));
  return { kind: "tcp", hostname, port: DEFAULT_PORT, text };
}

function parseHostAndPort(text: string, key: string): BindSpec {
  const colon = text.indexOf(":");
  const host = colon < 0 ? text : text.slice(0, colon);
  const port = colon < 0 ? DEFAULT_PORT : parsePort(text.slice(colon + 1), text, key);
  if (host === "") return { kind: "tcp", hostname: "0.0.0.0", port, text };
  const valid = HOST_NAME.test(host) && (!ENDS_IN_NUMBER.test(host) || IPV4.test(host));
  if (!valid) throw badValue(key, EXPECTED, text, hintForHost(host));
  return { kind: "tcp", hostname: host.toLowerCase(), port, text };
}

function parsePort(digits: string, text: string, key: string): number {
  if (!/^[0-9]{1,5}$/.test(digits) || Number(digits) > 65535) {
    const name = digits === "" ? "there is none after the colon" : `"${digits}" is not one`;
    throw badValue(key, EXPECTED, text, `A port is a number from 0 to 65535, ${name}`);
  }
  return Number(digits);
}

function hintForHost(host: string): string {
  if (/[/?#@]/.test(host)) return "Write only the host and the port, without path or user";
  if (ENDS_IN_NUMBER.test(host)) return "An IPv4 address is four numbers from 0 to 255";
  if (/[^\p{ASCII}]/u.test(host)) return 'Write a name with other letters in its "xn--" form';
  return "This is neither a host name nor an IP address";
}

/** The address as the URL standard writes it (so equal addresses compare equal), or `undefined`. */
function canonicalIpv6(text: string): string | undefined {
  const [, address, zone = ""] = IPV6.exec(text) ?? [];
  if (address === undefined || !URL.canParse(`http://[${address}]/`)) return undefined;
  return new URL(`http://[${address}]/`).hostname.slice(1, -1) + zone;
}

/**
 * Whether a listener gets the guarded driver: by hand, or because other machines can reach it. Not Unix sockets, on
 * which the runtime's hook cannot tell the address of a client.
 */
export function isGuarded(spec: BindSpec, guard: Guard): boolean {
  if (spec.kind === "unix" || guard === "off") return false;
  return guard === "on" || !LOOPBACK.test(spec.hostname);
}

/** Addresses that only this machine can reach (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3, RFC 6761 §6.3). */
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|::ffff:7f[0-9a-f]{2}:[0-9a-f]+|(.+\.)?localhost\.?)$/;
