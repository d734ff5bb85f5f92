/**
 * What can be wrong with what a peer sends (RFC 9204 §6). Imports nothing.
 *
 * @module
 */

/** Error codes of QPACK, spelled as in their registry (RFC 9204 §8.3). */
export const QPACK = {
  /** A field section cannot be interpreted. */
  QPACK_DECOMPRESSION_FAILED: 0x200,
  /** An instruction on the peer's encoder stream cannot be interpreted. */
  QPACK_ENCODER_STREAM_ERROR: 0x201,
  /** An instruction on the peer's decoder stream cannot be interpreted. */
  QPACK_DECODER_STREAM_ERROR: 0x202,
} as const;

/**
 * The peer broke a rule of QPACK, and the two sides no longer agree about the dynamic table: close the connection with
 * {@linkcode QPACKError.code}.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9204#section-6 | RFC 9204 §6}
 */
export class QPACKError extends Error {
  /** The name of this class. */
  override readonly name = "QPACKError";
  /** Error code for the wire, one of {@linkcode QPACK}. */
  readonly code: number;

  /**
   * Builds the error.
   *
   * @param code One of {@linkcode QPACK}.
   * @param message What was received, and what is wrong about it.
   */
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * A field section is larger than we want to hold. It concerns one message only (answer 431): the section counts as
 * processed and was acknowledged, so the connection can go on.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-4.2.2 | RFC 9114 §4.2.2}
 */
export class FieldSectionTooLargeError extends Error {
  /** The name of this class. */
  override readonly name = "FieldSectionTooLargeError";
  /**
   * Bytes counted when decoding stopped, the first field line that is too much included: name, value and 32 bytes for
   * each line. Never more than the section would have had.
   */
  readonly size: number;

  /**
   * Builds the error.
   *
   * @param size See {@linkcode FieldSectionTooLargeError.size}.
   * @param message Which limit was exceeded, and by what.
   */
  constructor(size: number, message: string) {
    super(message);
    this.size = size;
  }
}
