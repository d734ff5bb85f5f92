/**
 * UTF-8 that is checked while it arrives.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc3629#section-4 | RFC 3629 §4}
 * @module
 */

const [LOWEST, HIGHEST] = [0x80, 0xbf];

/**
 * Says of bytes in any split whether they can be the beginning of UTF-8. The first byte that rules it out is the one
 * that counts: no overlong form, surrogate or number above U+10FFFF is waited for.
 */
export class Utf8Check {
  /** Bytes that the character which was begun still needs. */
  #needed = 0;
  /** What the next of them may be. */
  #lower = LOWEST;
  #upper = HIGHEST;

  /** Goes on. @returns Whether it can still be UTF-8; never ask again after `false`. */
  push(bytes: Uint8Array): boolean {
    for (let index = 0; index < bytes.length; index++) {
      const byte = bytes[index]!;
      if (this.#needed === 0) {
        if (byte >= 0x80 && !this.#begin(byte)) return false;
      } else {
        if (byte < this.#lower || byte > this.#upper) return false;
        this.#needed--;
        this.#lower = LOWEST;
        this.#upper = HIGHEST;
      }
    }
    return true;
  }

  /** The first byte of a character says how many follow, and four of them restrict the second one. */
  #begin(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    this.#needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte === 0xe0) this.#lower = 0xa0; // else overlong
    else if (byte === 0xed) this.#upper = 0x9f; // else a surrogate
    else if (byte === 0xf0) this.#lower = 0x90; // else overlong
    else if (byte === 0xf4) this.#upper = 0x8f; // else above U+10FFFF
    return true;
  }
}

/** `ignoreBOM` means to keep it: to a WebSocket it is a character as any other. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text that `bytes` are; `null` when they are no UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
