/**
 * Text of any kind, for property tests.
 *
 * @module
 */

import fc from "fast-check";

/** Strings of all code points, small ones more often, so control characters too; "binary" of fast-check takes seconds to make. */
export const ANY_TEXT: fc.Arbitrary<string> = fc.string({
  unit: fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
});
