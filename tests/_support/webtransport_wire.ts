/**
 * Bytes of WebTransport over HTTP/3 as a client writes them, right or wrong; nothing of it comes from the server's code
 * for sessions.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-webtrans-http3 | WebTransport over HTTP/3}
 * @module
 */

import type { FieldList } from "../../src/fields.ts";
import {
  decodeVarint,
  encodeFrame,
  encodeVarints,
  FRAME,
  SETTING,
  STREAM,
  varintLength,
} from "../../src/h3/mod.ts";
import { concat } from "./bytes.ts";
import { requestFields } from "./h3_peer.ts";

/** A setting and its value. */
export type Setting = readonly [id: number, value: number];

/** Settings by which versions of the draft say that they are supported. */
export const WT_SETTING = {
  /** SETTINGS_ENABLE_WEBTRANSPORT (draft 02), which is what browsers send. */
  ENABLE_DRAFT_02: 0x2b603742,
  /** SETTINGS_WEBTRANSPORT_MAX_SESSIONS (draft 07). */
  MAX_SESSIONS_DRAFT_07: 0xc671706a,
  /** SETTINGS_WT_MAX_SESSIONS (draft 13). */
  MAX_SESSIONS_DRAFT_13: 0x14e9cd29,
  /** SETTINGS_WT_ENABLED (draft 15). */
  ENABLED_DRAFT_15: 0x2c7cf000,
} as const;

/** What a browser sends. */
export const BROWSER_SETTINGS: readonly Setting[] = [
  [SETTING.H3_DATAGRAM, 1],
  [WT_SETTING.ENABLE_DRAFT_02, 1],
];

/** First bytes of streams. */
export const WT_STREAM = {
  /** Signal of a stream in both directions. */
  BIDIRECTIONAL: 0x41,
  /** Type of a stream in one direction. */
  UNIDIRECTIONAL: 0x54,
} as const;

/** Capsules. */
export const WT_CAPSULE = {
  DATAGRAM: 0x00,
  /** CLOSE_WEBTRANSPORT_SESSION. */
  CLOSE: 0x2843,
  /** DRAIN_WEBTRANSPORT_SESSION. */
  DRAIN: 0x78ae,
  /** WT_MAX_STREAM_DATA, which has no place over HTTP/3. */
  MAX_STREAM_DATA: 0x190b4d3e,
  /** WT_MAX_STREAMS for streams in both directions. */
  MAX_STREAMS: 0x190b4d3f,
} as const;

/** A control stream that begins with these settings. */
export function controlOf(settings: readonly Setting[]): Uint8Array {
  const payload = encodeVarints(...settings.flat());
  return concat([encodeVarints(STREAM.CONTROL), encodeFrame(FRAME.SETTINGS, payload)]);
}

/** What is in the payload of a SETTINGS frame. */
export function readSettings(payload: Uint8Array): ReadonlyMap<number, number> {
  const numbers: number[] = [];
  for (let at = 0; at < payload.length; at += varintLength(payload[at]!)) {
    numbers.push(decodeVarint(payload, at));
  }
  return new Map(
    numbers.flatMap((id, index) => index % 2 === 0 ? [[id, numbers[index + 1]!]] : []),
  );
}

/** What a handshake says. */
export interface SessionRequest {
  /** `:path`, default `/`. */
  readonly path?: string;
  /** `:authority`, default `localhost`. */
  readonly authority?: string;
  /** `:protocol`, default `webtransport`. */
  readonly protocol?: string;
  /** Further fields. */
  readonly fields?: FieldList;
}

/** Field lines of a handshake. */
export function sessionFields(request: SessionRequest = {}): FieldList {
  const { protocol = "webtransport", fields = [], ...target } = request;
  const all = [[":protocol", protocol] as const, ...fields];
  return requestFields({ method: "CONNECT", ...target, fields: all });
}

/** A capsule; unlike a frame's its type may be anything. */
export function capsule(type: number, value: Uint8Array = new Uint8Array(0)): Uint8Array {
  return concat([encodeVarints(type, value.length), value]);
}

/** The value of a CLOSE capsule. */
export function closeValue(code: number, reason: string | Uint8Array = ""): Uint8Array {
  const text = typeof reason === "string" ? new TextEncoder().encode(reason) : reason;
  const value = new Uint8Array(4 + text.length);
  new DataView(value.buffer).setUint32(0, code);
  value.set(text, 4);
  return value;
}

/** A CLOSE capsule. */
export function closeCapsule(code: number, reason: string | Uint8Array = ""): Uint8Array {
  return capsule(WT_CAPSULE.CLOSE, closeValue(code, reason));
}

/** First bytes of a stream of a session, and what follows. */
export function streamStart(type: number, sessionId: number, rest = ""): Uint8Array {
  return concat([encodeVarints(type, sessionId), new TextEncoder().encode(rest)]);
}

/** Data of a QUIC DATAGRAM frame. */
export function datagramOf(sessionId: number, payload: Uint8Array): Uint8Array {
  return concat([encodeVarints(Math.floor(sessionId / 4)), payload]);
}
