/**
 * Reserved identifiers that mean nothing, sent so that peers stay able to ignore what they do not know.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-7.2.8 | RFC 9114 §7.2.8}
 * @module
 */

/** Identifiers to choose from; the largest still takes 4 bytes on the wire. */
const COUNT = 0x2_000_000;

/**
 * A reserved identifier, `0x1f * N + 0x21`, for a frame, a setting or a stream type.
 *
 * @param random Number from 0 up to but not including 1; it picks N.
 */
export function greaseId(random: number): number {
  return 0x1f * Math.floor(random * COUNT) + 0x21;
}

/** Says whether `id` is reserved in this way. Only for looking: such ids are ignored as any unknown one is. */
export function isGreaseId(id: number): boolean {
  return id >= 0x21 && (id - 0x21) % 0x1f === 0;
}
