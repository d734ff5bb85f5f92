/**
 * Masking, which keeps what a script makes a browser send from looking like a request to a proxy.
 *
 * It is no encryption: the key is in the frame. Over HTTP/3 no proxy could be fooled, and frames are masked all the
 * same (RFC 9220 changes the handshake alone).
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-5.3 | RFC 6455 §5.3}
 * @module
 */

/** Bytes from which on it pays to make a view of words. */
const WORTH_WORDS = 48;

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Masks or unmasks `bytes` in place.
 *
 * @param key Four bytes as an integer, the first one in the highest bits.
 * @param phase How many bytes of the payload came before these.
 */
export function applyMask(bytes: Uint8Array, key: number, phase = 0): void {
  if (bytes.length < WORTH_WORDS) return maskBytes(bytes, key, phase, 0);
  const { buffer, byteOffset, length } = bytes;
  const lead = -byteOffset & 3; // bytes before the first whole word of the buffer
  for (let index = 0; index < lead; index++) bytes[index]! ^= keyByte(key, phase + index);
  const words = new Int32Array(buffer, byteOffset + lead, (length - lead) >>> 2);
  const word = nativeWord(rotate(key, phase + lead));
  for (let index = 0; index < words.length; index++) words[index]! ^= word;
  maskBytes(bytes, key, phase, lead + words.byteLength);
}

function maskBytes(bytes: Uint8Array, key: number, phase: number, start: number): void {
  for (let index = start; index < bytes.length; index++) {
    bytes[index]! ^= keyByte(key, phase + index);
  }
}

/** What byte `index` of a payload is masked with; typed arrays drop the higher bits. */
function keyByte(key: number, index: number): number {
  return key >>> (24 - 8 * (index & 3));
}

/** The key as it begins at byte `index` of a payload. */
function rotate(key: number, index: number): number {
  const bits = 8 * (index & 3);
  return bits === 0 ? key : (key << bits) | (key >>> (32 - bits));
}

/** A word whose bytes in memory are those of `key`, highest first. */
function nativeWord(key: number): number {
  if (!LITTLE_ENDIAN) return key;
  return (key >>> 24) | ((key >>> 8) & 0xff00) | ((key << 8) & 0xff0000) | (key << 24);
}
