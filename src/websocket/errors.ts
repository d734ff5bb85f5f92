/**
 * What can go wrong on a WebSocket by the peer's fault, with the code that says so in our Close frame.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 | RFC 6455 §7.4.1}
 * @module
 */

/** Close codes of RFC 6455 §7.4.1 that this layer uses itself; applications may use more of them. */
export const CLOSE = {
  /** The purpose of the connection is fulfilled. */
  NORMAL: 1000,
  /** A rule of the protocol was broken. */
  PROTOCOL_ERROR: 1002,
  /** Stands for a Close frame without a code; never on the wire. */
  NO_STATUS: 1005,
  /** Stands for an end without a Close frame; never on the wire. */
  ABNORMAL: 1006,
  /** Data that is not what it says: text that is not UTF-8, or compressed data that is none. */
  INVALID_DATA: 1007,
  /** More than we are willing to do, and nothing more specific. */
  POLICY_VIOLATION: 1008,
  /** The message is larger than we take. */
  TOO_LARGE: 1009,
  /** Something here prevents us from going on. */
  INTERNAL_ERROR: 1011,
} as const;

/** The peer broke a rule, or asked for more than it may. Nothing else is thrown upon a peer's bytes. */
export class WebSocketError extends Error {
  /** The name of this class. */
  override readonly name = "WebSocketError";
  /** Code for our Close frame, one of {@linkcode CLOSE}. */
  readonly code: number;

  /**
   * Builds the error.
   *
   * @param code One of {@linkcode CLOSE} that may be sent.
   * @param message What could not be done, for the log and, as far as it fits, the reason in the Close frame.
   */
  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
