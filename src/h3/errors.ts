/**
 * What can go wrong on an HTTP/3 connection by the peer's fault, with the code that says so on the wire.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-8 | RFC 9114 §8}
 * @module
 */

/**
 * Error codes: RFC 9114 §8.1, QPACK's of RFC 9204 §6 and that of RFC 9297 §5.2. The names lack the registry's prefix
 * `H3_` or `QPACK_`; {@linkcode errorName} has the full ones.
 */
export const H3 = {
  DATAGRAM_ERROR: 0x33,
  NO_ERROR: 0x100,
  GENERAL_PROTOCOL_ERROR: 0x101,
  INTERNAL_ERROR: 0x102,
  STREAM_CREATION_ERROR: 0x103,
  CLOSED_CRITICAL_STREAM: 0x104,
  FRAME_UNEXPECTED: 0x105,
  FRAME_ERROR: 0x106,
  EXCESSIVE_LOAD: 0x107,
  ID_ERROR: 0x108,
  SETTINGS_ERROR: 0x109,
  MISSING_SETTINGS: 0x10a,
  REQUEST_REJECTED: 0x10b,
  REQUEST_CANCELLED: 0x10c,
  REQUEST_INCOMPLETE: 0x10d,
  MESSAGE_ERROR: 0x10e,
  CONNECT_ERROR: 0x10f,
  VERSION_FALLBACK: 0x110,
  DECOMPRESSION_FAILED: 0x200,
  ENCODER_STREAM_ERROR: 0x201,
  DECODER_STREAM_ERROR: 0x202,
} as const;

const NAMES = new Map<number, string>(
  Object.entries(H3).map(([name, code]) => [code, code >= 0x200 ? `QPACK_${name}` : `H3_${name}`]),
);

/** Name of an error code as in the registry, e.g. `"H3_FRAME_ERROR"`; `"0x1f"` for an unknown one. */
export function errorName(code: number): string {
  return NAMES.get(code) ?? `0x${code.toString(16)}`;
}

/** What an error ends: the whole connection, or one request stream. */
export type ErrorScope = "connection" | "stream";

/** What {@linkcode H3Error} is told beside code and message. */
export interface H3ErrorOptions extends ErrorOptions {
  /** What it ends; default `"connection"`. */
  readonly scope?: ErrorScope;
  /** Status of an answer, for stream errors; default `null`. */
  readonly status?: number | null;
}

/** The peer broke a rule, or asked for more than it may. Nothing else is thrown upon a peer's bytes. */
export class H3Error extends Error {
  /** The name of this class. */
  override readonly name = "H3Error";
  /** Code for the wire, one of {@linkcode H3}. */
  readonly code: number;
  /** What the error ends. */
  readonly scope: ErrorScope;
  /** Status to answer with where an answer can still be sent; `null` for connection errors and where none fits. */
  readonly status: number | null;

  /**
   * Builds the error.
   *
   * @param code One of {@linkcode H3}.
   * @param message What could not be done, for the log and the reason phrase of CONNECTION_CLOSE.
   */
  constructor(code: number, message: string, options: H3ErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.scope = options.scope ?? "connection";
    this.status = options.status ?? null;
  }
}
