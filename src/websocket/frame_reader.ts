/**
 * Frames out of bytes in any split.
 *
 * A frame is judged as soon as its header is there, before its payload costs anything. Payloads are unmasked in place
 * and passed on in the parts that they come in, as views; nothing is copied.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-5.2 | RFC 6455 §5.2}
 * @module
 */

import { Chunks } from "./chunks.ts";
import { CLOSE, WebSocketError } from "./errors.ts";
import {
  BIT,
  isControl,
  isKnownOpcode,
  LENGTH,
  MAX_CONTROL_BYTES,
  MAX_HEADER_BYTES,
  opcodeName,
  type Role,
} from "./frames.ts";
import { applyMask } from "./mask.ts";

/** What the header of a frame says. */
export interface FrameHeader {
  /** One of {@linkcode OPCODE}. */
  readonly opcode: number;
  /** Whether the frame ends its message. */
  readonly fin: boolean;
  /** RSV1, which says that the message is compressed where that was agreed on (RFC 7692 §6). */
  readonly compressed: boolean;
  /** Bytes of payload; may exceed what a number can hold exactly. */
  readonly length: number;
  /** Key of the mask: its four bytes as an integer, the first one in the highest bits; 0 for an unmasked frame. */
  readonly mask: number;
}

/** A frame, or a part of one whose payload came in parts. */
export interface FramePart {
  /** Its header, the same object for all parts. */
  readonly frame: FrameHeader;
  /** Payload or part of it, unmasked: a view of the bytes received. A payload of no bytes gives one empty part. */
  readonly payload: Uint8Array;
  /** Bytes of the frame's payload that are still to come: 0 in its last part. */
  readonly remaining: number;
}

/** What a reader is told. */
export interface FrameReaderOptions {
  /** Who reads: a server wants masked frames, a client does not (RFC 6455 §5.1). */
  readonly role: Role;
  /**
   * Called once for every frame, between its header and its payload, so that what is not allowed or too large is
   * refused before it costs anything. What holds for a frame by itself was checked.
   *
   * @throws {WebSocketError} When it is not allowed here or too large.
   */
  admit(frame: FrameHeader): void;
}

const EMPTY = new Uint8Array(0);

/** Takes the frames of one direction apart. After it threw an error a reader is of no use any more. */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #input = new Chunks();
  readonly #header = new Uint8Array(MAX_HEADER_BYTES);
  /** Bytes of the header that came. */
  #filled = 0;
  #frame: FrameHeader | null = null;
  /** Bytes of the frame's payload that were passed on. */
  #passed = 0;

  /**
   * Makes a reader.
   *
   * @param options Who reads, and what to ask about every frame.
   */
  constructor(options: FrameReaderOptions) {
    this.#options = options;
  }

  /** Takes bytes of the stream, which belong to the reader from then on: it unmasks them where they are. */
  receive(bytes: Uint8Array): void {
    this.#input.push(bytes);
  }

  /** Whether bytes are waiting that {@linkcode next} has not looked at. */
  get pending(): boolean {
    return this.#input.pending;
  }

  /**
   * The next frame or part of one.
   *
   * @returns `null` when more bytes are needed.
   * @throws {WebSocketError} 1002 for a frame against the rules, and what `admit` throws.
   */
  next(): FramePart | null {
    this.#frame ??= this.#readHeader();
    const frame = this.#frame;
    if (frame === null) return null;
    const payload = frame.length === 0 ? EMPTY : this.#input.take(frame.length - this.#passed);
    if (payload === null) return null;
    if (frame.mask !== 0) applyMask(payload, frame.mask, this.#passed);
    this.#passed += payload.length;
    const remaining = frame.length - this.#passed;
    if (remaining === 0) this.#frame = null;
    return { frame, payload, remaining };
  }

  #readHeader(): FrameHeader | null {
    const header = this.#header;
    while (this.#filled < 2 || this.#filled < headerSize(header)) {
      const byte = this.#input.takeByte();
      if (byte < 0) return null;
      header[this.#filled++] = byte;
    }
    this.#filled = 0;
    this.#passed = 0;
    const frame = decodeHeader(header, this.#options.role);
    this.#options.admit(frame);
    return frame;
  }
}

/** Size of a header of which the first two bytes are there. */
function headerSize(header: Uint8Array): number {
  const bits = header[1]! & 0x7f;
  const length = bits === LENGTH.EIGHT_BYTES ? 8 : bits === LENGTH.TWO_BYTES ? 2 : 0;
  return 2 + length + (header[1]! & BIT.MASK ? 4 : 0);
}

function decodeHeader(header: Uint8Array, role: Role): FrameHeader {
  const first = header[0]!;
  const opcode = first & 0x0f;
  if (!isKnownOpcode(opcode)) throw refuse(`the opcode ${opcodeName(opcode)} is reserved`);
  if (first & (BIT.RSV2 | BIT.RSV3)) throw refuse("RSV2 and RSV3 are reserved");
  const masked = (header[1]! & BIT.MASK) !== 0;
  if (masked !== (role === "server")) {
    throw refuse(masked ? "a server must not mask" : "a client must mask");
  }
  const fin = (first & BIT.FIN) !== 0;
  const length = decodeLength(header);
  if (isControl(opcode)) checkControl(opcode, fin, length);
  const mask = masked ? uint32(header, headerSize(header) - 4) : 0;
  return { opcode, fin, compressed: (first & BIT.RSV1) !== 0, length, mask };
}

/** A length has to be in the fewest bytes, and the highest of 64 bits is 0 (RFC 6455 §5.2). */
function decodeLength(header: Uint8Array): number {
  const bits = header[1]! & 0x7f;
  if (bits < LENGTH.TWO_BYTES) return bits;
  if (bits === LENGTH.TWO_BYTES) {
    const length = header[2]! << 8 | header[3]!;
    if (length < LENGTH.TWO_BYTES) throw refuse(`its length ${length} is not in the fewest bytes`);
    return length;
  }
  if (header[2]! & 0x80) throw refuse("the highest bit of its length is set");
  const length = uint32(header, 2) * 2 ** 32 + uint32(header, 6);
  if (length < 2 ** 16) throw refuse(`its length ${length} is not in the fewest bytes`);
  return length;
}

/** Control frames are small and whole, so that they can be held and answered at once (RFC 6455 §5.5). */
function checkControl(opcode: number, fin: boolean, length: number): void {
  if (!fin) throw refuse(`a ${opcodeName(opcode)} must not be fragmented`);
  if (length > MAX_CONTROL_BYTES) {
    throw refuse(`a ${opcodeName(opcode)} has at most ${MAX_CONTROL_BYTES} bytes, not ${length}`);
  }
}

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
}

function refuse(problem: string): WebSocketError {
  return new WebSocketError(CLOSE.PROTOCOL_ERROR, `Cannot accept the frame: ${problem}`);
}
