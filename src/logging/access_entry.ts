/**
 * The facts of an access line with their types: what loggers of users get, and what JSON lines say.
 *
 * @module
 */

import type { HttpVersion } from "../exchange.ts";
import {
  type ObservedProtocol,
  type Outcome,
  protocolOf,
  type RefusalReason,
} from "../observation.ts";
import type { AccessNeeds, AccessRecord } from "./access_record.ts";

/** One request, WebSocket or WebTransport session that is over. Frozen. Texts are as the client sent them, so escape them before printing. */
export interface AccessEntry {
  /** When it ended, milliseconds since 1970 UTC. */
  readonly time: number;
  /** Address of the client, after a trusted proxy had its say; `null` on a Unix socket. */
  readonly clientHost: string | null;
  /** Port of the client; `null` when it has none or a proxy did not tell it. */
  readonly clientPort: number | null;
  /** Method; `GET` for a WebSocket over any version, `CONNECT` for a WebTransport session. */
  readonly method: string;
  /** Scheme the client used; `ws` or `wss` for a WebSocket. */
  readonly scheme: "http" | "https" | "ws" | "wss";
  /** Value of Host or `:authority`; `""` when absent. */
  readonly host: string;
  /** Path, percent-decoded as UTF-8. */
  readonly path: string;
  /** What follows the first `?`, as received; `""` when there is none. */
  readonly query: string;
  /** HTTP version. */
  readonly httpVersion: HttpVersion;
  /** Protocol as Hypercorn names it. */
  readonly protocol: ObservedProtocol;
  /** Status of the response, also one that was broken off; 200 of a session; `null` when the client got none. */
  readonly status: number | null;
  /** Bytes that were sent: of content, of WebSocket messages, or of the streams and datagrams of a session. */
  readonly bytes: number;
  /** Seconds from the begin of the request to the end of the response, of the WebSocket or of the session. */
  readonly duration: number;
  /** Value of `referer`. */
  readonly referer: string | null;
  /** Value of `user-agent`. */
  readonly userAgent: string | null;
  /** How it ended: complete, aborted by the client or a stop, failed in the application, refused by the server. */
  readonly outcome: Outcome;
  /** Why it was refused; `null` otherwise. */
  readonly reason: RefusalReason | null;
  /** Whether it asked for a WebSocket. */
  readonly websocket: boolean;
  /** Whether it asked for a WebTransport session. */
  readonly webtransport: boolean;
}

/** Parts of a record that an entry has, besides fields. */
const ENTRY_NEEDS = [
  "client",
  "method",
  "scheme",
  "authority",
  "target",
  "version",
  "duration",
  "webtransport",
] as const;

/** Makes entries of records that were taken with `needs`, to which it adds all that an entry says. */
export function entryMaker(needs: AccessNeeds): (record: AccessRecord) => AccessEntry {
  for (const need of ENTRY_NEEDS) needs[need] = true;
  const referer = needs.requestField("referer");
  const userAgent = needs.requestField("user-agent");
  return (record) => ({
    time: record.endedAt,
    clientHost: record.clientHost,
    clientPort: record.clientPort || null,
    method: record.method,
    scheme: schemeOf(record),
    host: record.authority,
    path: pathOf(record.target),
    query: queryOf(record.target),
    httpVersion: record.version,
    protocol: protocolOf(record.version),
    status: record.status,
    bytes: record.bytes,
    duration: record.elapsed / 1000,
    referer: record.requestFields[referer] ?? null,
    userAgent: record.requestFields[userAgent] ?? null,
    outcome: record.outcome,
    reason: record.reason,
    websocket: record.websocket,
    webtransport: record.webtransport,
  });
}

/** Scheme with the WebSocket's own names (RFC 6455 §3). */
export function schemeOf({ scheme, websocket }: AccessRecord): AccessEntry["scheme"] {
  if (!websocket) return scheme;
  return scheme === "https" ? "wss" : "ws";
}

/** What stands before the first `?`, decoded; bytes that are not UTF-8 become U+FFFD. */
export function pathOf(target: string): string {
  const end = target.indexOf("?");
  const path = end < 0 ? target : target.slice(0, end);
  return path.includes("%") ? path.replace(ESCAPES, decodeEscapes) : path;
}

/** What stands behind the first `?`, as received. */
export function queryOf(target: string): string {
  const start = target.indexOf("?");
  return start < 0 ? "" : target.slice(start + 1);
}

/** Neighbours together, for a character has up to four. A malformed escape stays as it is. */
const ESCAPES = /(?:%[0-9A-Fa-f]{2})+/g;

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

function decodeEscapes(escapes: string): string {
  const codes = escapes.slice(1).split("%");
  return UTF8.decode(Uint8Array.from(codes, (code) => parseInt(code, 16)));
}
