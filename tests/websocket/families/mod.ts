/**
 * All cases, family by family.
 *
 * @module
 */

import type { Case } from "./case.ts";
import { CLOSING } from "./closing.ts";
import { AGREEMENTS, COMPRESSION } from "./compression.ts";
import { FRAGMENTATION } from "./fragmentation.ts";
import { FRAMING } from "./framing.ts";
import { PINGS } from "./pings.ts";
import { OPCODES, RESERVED_BITS } from "./reserved.ts";
import { MISCELLANEOUS, SIZES } from "./sizes.ts";
import { TEXT } from "./text.ts";

export type { Answer, Case, Script, Step } from "./case.ts";

/** Cases of the Autobahn test suite, and some more whose numbers begin with `"x"`. */
export const AUTOBAHN: readonly Case[] = [
  ...FRAMING,
  ...PINGS,
  ...RESERVED_BITS,
  ...OPCODES,
  ...FRAGMENTATION,
  ...TEXT,
  ...CLOSING,
  ...SIZES,
  ...MISCELLANEOUS,
  ...COMPRESSION,
  ...AGREEMENTS,
];
