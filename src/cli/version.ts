/**
 * The version that `--version` prints.
 *
 * @module
 */

/** The version of this package; a test compares it with `deno.json`, which a module of a registry cannot always read. */
export const VERSION = "0.1.0";
