/**
 * What the server logs through.
 *
 * @module
 */

/** The error log of a server. No method throws: a server must not end because its log does. */
export interface ServerLog {
  /** Detail for developers. */
  debug(message: string): void;
  /** Normal operation. */
  info(message: string): void;
  /** Odd, but no harm yet. */
  warn(message: string): void;
  /** A failure. */
  error(message: string): void;
  /** A failure of the application; a log that counts tells it from the others, the rest use {@link error}. */
  exception?(message: string): void;
  /** Opens files anew by their names, after they were moved away. A failure is logged, and the old file stays. */
  reopen(): void;
  /** Releases what the log holds open. */
  close(): void;
}
