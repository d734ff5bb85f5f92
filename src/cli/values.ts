/**
 * From the text of an argument to the value of an option. Whether the value makes sense is the option's business.
 *
 * @module
 */

/** A grammar of values. */
export interface Grammar {
  /** What it accepts, as a message says it after "expected"; never shown for one that accepts any text. */
  readonly expected: string;
  /** The value, or `undefined` when the text does not follow the grammar. */
  read(text: string): string | number | undefined;
}

/** Any text. */
export const TEXT: Grammar = { expected: "a text", read: (text) => text };

/** A decimal integer. */
export const INTEGER: Grammar = {
  expected: "an integer",
  read: (text) => /^[-+]?[0-9]+$/.test(text) ? Number(text) : undefined,
};

/** Seconds; fractions are accepted, unlike on Hypercorn's command line. */
export const SECONDS: Grammar = {
  expected: "a number of seconds",
  read: (text) => /^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$/.test(text) ? Number(text) : undefined,
};

/**
 * File mode bits: octal with a leading zero (`022`, `0o22`), as everybody writes them, else decimal as in Hypercorn.
 *
 * The option itself reads octal text.
 */
export const MODE_BITS: Grammar = {
  expected: 'file mode bits such as "0o077"',
  read(text) {
    if (!text.startsWith("0")) return INTEGER.read(text);
    return /^0o?[0-7]*$/.test(text) ? text : undefined;
  },
};

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** Bytes, or with a suffix KiB, MiB or GiB: `512M`. */
export const SIZE: Grammar = {
  expected: 'a number of bytes, or one with the suffix K, M or G such as "512M"',
  read(text) {
    const [, digits, unit = ""] = /^([0-9]+)([kmg]?)(?:i?b)?$/i.exec(text) ?? [];
    return digits === undefined ? undefined : Number(digits) * UNITS[unit.toLowerCase()]!;
  },
};
