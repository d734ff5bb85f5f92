/**
 * What is wrong with the arguments themselves.
 *
 * @module
 */

import { ConfigError, type ConfigErrorDetail } from "../errors.ts";

/** Arguments that cannot be understood, or a value on the command line that its option does not accept. */
export class UsageError extends Error {
  /** The name of this class. */
  override name = "UsageError";
  /** The flag as it was written, e.g. `"--bind"`; `undefined` when it is not about one. */
  readonly flag: string | undefined;
  /** The nearest flag that exists, or `undefined`. */
  readonly nearest: string | undefined;

  /** Builds the error from a whole message. */
  constructor(message: string, about: { readonly flag?: string; readonly nearest?: string } = {}) {
    super(message);
    this.flag = about.flag;
    this.nearest = about.nearest;
  }

  /** The error for a value that a flag does not accept, in the words of {@link ConfigError}. */
  static ofValue(flag: string, detail: Omit<ConfigErrorDetail, "key">): UsageError {
    return new UsageError(new ConfigError({ ...detail, key: flag }).message, { flag });
  }

  /** A refusal of an option as the refusal of the flag that gave the value. */
  static ofOption(flag: string, error: ConfigError): UsageError {
    const { expected, received, hint } = error;
    return UsageError.ofValue(flag, { expected, received, ...(hint !== undefined && { hint }) });
  }
}
