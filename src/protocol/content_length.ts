/**
 * Keeps a response to the content-length it declared (RFC 9110 §8.6).
 *
 * @module
 */

import { ApplicationError } from "../errors.ts";
import { combineField, type FieldList } from "../fields.ts";

/** Counts content against the declared length. */
export class ContentLength {
  /** Declared length in bytes, or `null` when none was declared. */
  readonly declared: number | null;
  #written = 0;

  /** @throws {ApplicationError} When there are several fields, or it is not a whole number. */
  constructor(fields: FieldList) {
    const value = combineField(fields, "content-length");
    if (value !== undefined && !/^[0-9]{1,15}$/.test(value)) {
      throw new ApplicationError(
        `Cannot send the response: content-length is "${value}", expected one whole number`,
      );
    }
    this.declared = value === undefined ? null : Number(value);
  }

  /** Says whether any content was written. */
  get begun(): boolean {
    return this.#written > 0;
  }

  /** @throws {ApplicationError} When `bytes` more exceed the declared length. */
  add(bytes: number): void {
    const written = this.#written + bytes;
    if (this.declared !== null && written > this.declared) {
      throw new ApplicationError(
        `Cannot write ${written} bytes: content-length declared ${this.declared}`,
      );
    }
    this.#written = written;
  }

  /** @throws {ApplicationError} When less was written than declared. */
  finish(): void {
    if (this.declared !== null && this.#written !== this.declared) {
      throw new ApplicationError(
        `Cannot end the response after ${this.#written} bytes: content-length declared ${this.declared}`,
      );
    }
  }
}
