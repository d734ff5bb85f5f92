/**
 * SETTINGS: what each side can take, said once, before everything else.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-7.2.4 | RFC 9114 §7.2.4}
 * @module
 */

import { H3, H3Error } from "./errors.ts";
import { decodeVarint, encodeVarints, INCOMPLETE, varintLength } from "./varint.ts";

/**
 * Setting identifiers: RFC 9114 §7.2.4.1, RFC 9204 §5, RFC 9220 §5, RFC 9297 §2.1.1, and those of the drafts of
 * WebTransport over HTTP/3, each of which had one of its own.
 */
export const SETTING = {
  QPACK_MAX_TABLE_CAPACITY: 0x01,
  MAX_FIELD_SECTION_SIZE: 0x06,
  QPACK_BLOCKED_STREAMS: 0x07,
  ENABLE_CONNECT_PROTOCOL: 0x08,
  H3_DATAGRAM: 0x33,
  /** 1 offers it: drafts up to 06; Chromium and Firefox know this one. */
  ENABLE_WEBTRANSPORT: 0x2b603742,
  /** Sessions at a time: drafts 07 to 12. */
  WEBTRANSPORT_MAX_SESSIONS: 0xc671706a,
  /** Sessions at a time: drafts 13 and 14; Safari knows this one. */
  WT_MAX_SESSIONS: 0x14e9cd29,
  /** 1 offers it, and RESET_STREAM_AT: drafts from 15. */
  WT_ENABLED: 0x2c7cf000,
} as const;

/** The settings of one side; what it did not send has its default. */
export interface Settings {
  /** Largest field section it accepts, counted as RFC 9114 §4.2.2 does; default `Infinity`. */
  readonly maxFieldSectionSize: number;
  /** Bytes its QPACK decoder allows the peer's dynamic table; default 0. */
  readonly qpackMaxTableCapacity: number;
  /** Streams that may be blocked at its QPACK decoder; default 0. */
  readonly qpackBlockedStreams: number;
  /** Whether extended CONNECT may be used towards it (RFC 9220); default false. */
  readonly enableConnectProtocol: boolean;
  /** Whether it takes HTTP Datagrams (RFC 9297); default false. */
  readonly enableDatagrams: boolean;
  /**
   * WebTransport sessions it takes at a time; 1 in drafts that have but a switch. Default 0: it has no WebTransport, or
   * not the HTTP Datagrams that go with it.
   */
  readonly webTransportSessions: number;
}

/** A setting that means nothing (RFC 9114 §7.2.4.1). */
export interface GreaseSetting {
  /** Identifier of the form of `greaseId()`. */
  readonly id: number;
  /** Any value. */
  readonly value: number;
}

/** Settings that offer WebTransport, whichever draft they are of; the streams are the same in all. */
const WEBTRANSPORT_SETTINGS: readonly number[] = [
  SETTING.ENABLE_WEBTRANSPORT,
  SETTING.WEBTRANSPORT_MAX_SESSIONS,
  SETTING.WT_MAX_SESSIONS,
  SETTING.WT_ENABLED,
];

/**
 * Decodes the payload of a SETTINGS frame. Unknown settings are ignored.
 *
 * @throws {H3Error} H3_SETTINGS_ERROR for a repeated or reserved setting, or a value that cannot be; H3_FRAME_ERROR for
 * a payload that ends inside a setting.
 */
export function decodeSettings(payload: Uint8Array): Settings {
  const values = readPairs(payload);
  const enableDatagrams = readBoolean(values, SETTING.H3_DATAGRAM);
  return {
    maxFieldSectionSize: values.get(SETTING.MAX_FIELD_SECTION_SIZE) ?? Infinity,
    qpackMaxTableCapacity: values.get(SETTING.QPACK_MAX_TABLE_CAPACITY) ?? 0,
    qpackBlockedStreams: values.get(SETTING.QPACK_BLOCKED_STREAMS) ?? 0,
    enableConnectProtocol: readBoolean(values, SETTING.ENABLE_CONNECT_PROTOCOL),
    enableDatagrams,
    webTransportSessions: enableDatagrams ? sessionsOf(values) : 0,
  };
}

/**
 * Payload of a SETTINGS frame. The QPACK settings are always sent, the others only when they differ from their default.
 *
 * WebTransport is offered as drafts up to 14 do: a later one would promise RESET_STREAM_AT.
 *
 * @throws {RangeError} When a number cannot be encoded.
 */
export function encodeSettings(
  settings: Settings,
  grease: GreaseSetting | null,
): Uint8Array<ArrayBuffer> {
  const pairs = [
    SETTING.QPACK_MAX_TABLE_CAPACITY,
    settings.qpackMaxTableCapacity,
    SETTING.QPACK_BLOCKED_STREAMS,
    settings.qpackBlockedStreams,
  ];
  if (settings.maxFieldSectionSize !== Infinity) {
    pairs.push(SETTING.MAX_FIELD_SECTION_SIZE, settings.maxFieldSectionSize);
  }
  if (settings.enableConnectProtocol) pairs.push(SETTING.ENABLE_CONNECT_PROTOCOL, 1);
  if (settings.enableDatagrams) pairs.push(SETTING.H3_DATAGRAM, 1);
  const { webTransportSessions } = settings;
  if (webTransportSessions > 0) {
    pairs.push(SETTING.ENABLE_WEBTRANSPORT, 1);
    pairs.push(SETTING.WEBTRANSPORT_MAX_SESSIONS, webTransportSessions);
    pairs.push(SETTING.WT_MAX_SESSIONS, webTransportSessions);
  }
  if (grease !== null) pairs.push(grease.id, grease.value);
  return encodeVarints(...pairs);
}

/** Sessions by any of the settings, for a peer may send those of several drafts. */
function sessionsOf(values: ReadonlyMap<number, number>): number {
  return Math.max(...WEBTRANSPORT_SETTINGS.map((id) => values.get(id) ?? 0));
}

function readPairs(payload: Uint8Array): Map<number, number> {
  const values = new Map<number, number>();
  let offset = 0;
  while (offset < payload.length) {
    const id = decodeVarint(payload, offset);
    if (id === INCOMPLETE) throw truncated();
    offset += varintLength(payload[offset]!);
    const value = decodeVarint(payload, offset);
    if (value === INCOMPLETE) throw truncated();
    offset += varintLength(payload[offset]!);
    checkId(id, values);
    values.set(id, value);
  }
  return values;
}

function truncated(): H3Error {
  return new H3Error(H3.FRAME_ERROR, "Cannot decode SETTINGS: the payload ends inside a setting");
}

function checkId(id: number, seen: ReadonlyMap<number, number>): void {
  if (isReservedSetting(id)) {
    throw new H3Error(
      H3.SETTINGS_ERROR,
      `Cannot decode SETTINGS: setting ${hex(id)} is reserved by HTTP/2`,
    );
  }
  // Identifiers too large to tell apart are unknown ones, and repeating those does no harm.
  if (seen.has(id) && id !== Number.MAX_SAFE_INTEGER) {
    throw new H3Error(H3.SETTINGS_ERROR, `Cannot decode SETTINGS: setting ${hex(id)} is repeated`);
  }
}

/** Settings of HTTP/2 that have no meaning here, and 0x00 that never had one (RFC 9114 §11.2.2). */
function isReservedSetting(id: number): boolean {
  return id <= 0x05 && id !== SETTING.QPACK_MAX_TABLE_CAPACITY;
}

function readBoolean(values: ReadonlyMap<number, number>, id: number): boolean {
  const value = values.get(id) ?? 0;
  if (value <= 1) return value === 1;
  throw new H3Error(
    H3.SETTINGS_ERROR,
    `Cannot decode SETTINGS: expected 0 or 1 for setting ${hex(id)}, received ${value}`,
  );
}

function hex(id: number): string {
  return `0x${id.toString(16)}`;
}
