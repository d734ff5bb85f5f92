/**
 * Messages into frames.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-5.4 | RFC 6455 §5.4}
 * @module
 */

import { deflateMessage, type DeflateOptions } from "./deflate.ts";
import { OPCODE } from "./frames.ts";
import { encodeFrame, encodeTextFrame } from "./frame_writer.ts";
import { MIN_DEFLATE_BYTES } from "./limits.ts";

/** Gives the mask of the next frame: 32 bits that nobody can foresee (RFC 6455 §5.3). */
export type MaskSource = () => number;

/** How a {@linkcode MessageWriter} writes. */
export interface MessageWriterOptions {
  /** Masks, for a client; `null` for a server. */
  readonly mask: MaskSource | null;
  /** Bytes of payload that a frame has at most; `Infinity` to send each message in one. */
  readonly fragmentSize: number;
  /** Compression, where it was agreed on. */
  readonly deflate: DeflateOptions | null;
}

/** A message to send, as bytes. */
interface Outgoing {
  readonly opcode: number;
  readonly payload: Uint8Array;
  readonly compressed: boolean;
}

const utf8 = new TextEncoder();

/** Writes one direction of a WebSocket. */
export class MessageWriter {
  readonly #options: MessageWriterOptions;
  /** Code units below which text is sent as it is in one frame. */
  readonly #plainText: number;

  /** Makes a writer. @param options How to write. */
  constructor(options: MessageWriterOptions) {
    this.#options = options;
    const bytes = Math.min(options.fragmentSize, options.deflate ? MIN_DEFLATE_BYTES : Infinity);
    this.#plainText = bytes / MAX_UNIT_BYTES;
  }

  /** A control frame. @param payload At most 125 bytes. */
  control(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
    return encodeFrame({ opcode, payload }, this.#nextMask());
  }

  /** The frames of a message. */
  encode(data: string | Uint8Array): Uint8Array<ArrayBuffer>[] {
    if (typeof data !== "string") return this.#encodeBytes(OPCODE.BINARY, data);
    if (data.length < this.#plainText) return [encodeTextFrame(data, this.#nextMask())];
    return this.#encodeBytes(OPCODE.TEXT, utf8.encode(data));
  }

  #encodeBytes(opcode: number, data: Uint8Array): Uint8Array<ArrayBuffer>[] {
    const { deflate } = this.#options;
    const worth = deflate !== null && data.length >= MIN_DEFLATE_BYTES;
    const deflated = worth ? deflateMessage(data, deflate) : null;
    return this.#fragment({ opcode, payload: deflated ?? data, compressed: deflated !== null });
  }

  /** The kind of message and whether it is compressed are in the first frame alone (RFC 7692 §6.1). */
  #fragment({ opcode, payload, compressed }: Outgoing): Uint8Array<ArrayBuffer>[] {
    const { fragmentSize } = this.#options;
    if (payload.length <= fragmentSize) {
      return [encodeFrame({ opcode, payload, compressed }, this.#nextMask())];
    }
    const frames: Uint8Array<ArrayBuffer>[] = [];
    for (let start = 0; start < payload.length; start += fragmentSize) {
      frames.push(encodeFrame({
        opcode: start === 0 ? opcode : OPCODE.CONTINUATION,
        payload: payload.subarray(start, start + fragmentSize),
        fin: start + fragmentSize >= payload.length,
        compressed: start === 0 && compressed,
      }, this.#nextMask()));
    }
    return frames;
  }

  #nextMask(): number | null {
    return this.#options.mask?.() ?? null;
  }
}

/** Bytes of UTF-8 that a code unit of a string takes at most. */
const MAX_UNIT_BYTES = 3;
