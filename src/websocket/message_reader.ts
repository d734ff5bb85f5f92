/**
 * Messages out of frames.
 *
 * A message is refused as early as it can be: for its size when a header announces too much, for its text at the first
 * byte that is no UTF-8. One that comes in one piece is passed on as a view of what was received.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-5.4 | RFC 6455 §5.4}
 * @module
 */

import { decodeClosePayload } from "./close_payload.ts";
import { type DeflateCodec, FLUSH_TAIL, inflateMessage, maxDeflatedSize } from "./deflate.ts";
import { CLOSE, WebSocketError } from "./errors.ts";
import type { Received } from "./events.ts";
import { type FrameHeader, type FramePart, FrameReader } from "./frame_reader.ts";
import { isControl, OPCODE, opcodeName, type Role } from "./frames.ts";
import { GatheredBytes } from "./gathered_bytes.ts";
import { decodeUtf8, Utf8Check } from "./utf8.ts";

/** What a {@linkcode MessageReader} takes. */
export interface MessageReaderOptions {
  /** Who reads. */
  readonly role: Role;
  /** Bytes of one message, after decompression. */
  readonly maxMessageSize: number;
  /** Frames of one message. */
  readonly maxFragments: number;
  /** Decompresses, where that was agreed on; else `null`. */
  readonly codec: DeflateCodec | null;
}

/** A message that has begun. */
interface Message {
  readonly text: boolean;
  readonly compressed: boolean;
  /** Frames so far. */
  fragments: number;
  /** Bytes that its frames have announced so far. */
  size: number;
}

/** Reads one direction of a WebSocket. After it threw an error a reader is of no use any more. */
export class MessageReader {
  readonly #options: MessageReaderOptions;
  readonly #frames: FrameReader;
  #message: Message | null = null;
  /** What came of the message, when it did not come at once. */
  readonly #data = new GatheredBytes();
  /**
   * Judges text that does not come at once; most does, and is judged when it is decoded. One does for all messages, as
   * each ends with a whole character.
   */
  #utf8: Utf8Check | null = null;
  /** What came of a control frame, when it did not come at once; it may be in the middle of a message. */
  readonly #control = new GatheredBytes();
  #discarding = false;

  /** Makes a reader. @param options What to take. */
  constructor(options: MessageReaderOptions) {
    this.#options = options;
    this.#frames = new FrameReader({
      role: options.role,
      admit: (frame) => this.#admit(frame),
    });
  }

  /** Takes bytes of the stream, which belong to the reader from then on: it unmasks them where they are. */
  receive(bytes: Uint8Array): void {
    this.#frames.receive(bytes);
  }

  /** Whether bytes are waiting that {@linkcode next} has not looked at. */
  get pending(): boolean {
    return this.#frames.pending;
  }

  /** From now on messages are skipped without being held; control frames still count. */
  discard(): void {
    this.#discarding = true;
    this.#data.take();
  }

  /**
   * What the peer says next.
   *
   * @returns `null` when more bytes are needed.
   * @throws {WebSocketError} When it breaks a rule or asks for too much.
   */
  next(): Received | null {
    for (let part = this.#frames.next(); part !== null; part = this.#frames.next()) {
      const received = isControl(part.frame.opcode)
        ? this.#readControl(part)
        : this.#readData(part);
      if (received !== null) return received;
    }
    return null;
  }

  #admit(frame: FrameHeader): void {
    const { opcode, compressed } = frame;
    const begins = opcode === OPCODE.TEXT || opcode === OPCODE.BINARY;
    if (compressed && !(begins && this.#options.codec !== null)) {
      throw refuse("RSV1 is reserved here");
    }
    if (isControl(opcode)) return;
    if (begins) this.#begin(frame);
    else if (this.#message === null) throw refuse("a continuation needs a message to go on with");
    if (!this.#discarding) this.#grow(this.#message!, frame.length);
  }

  #begin({ opcode, compressed }: FrameHeader): void {
    if (this.#message !== null) {
      throw refuse(`a ${opcodeName(opcode)} must not begin inside a message`);
    }
    this.#message = { text: opcode === OPCODE.TEXT, compressed, fragments: 0, size: 0 };
  }

  /** @throws {WebSocketError} 1009 for the size; 1008 for the frames, since a smaller message would not help the peer. */
  #grow(message: Message, length: number): void {
    const { maxMessageSize, maxFragments } = this.#options;
    message.fragments++;
    message.size += length;
    const limit = message.compressed ? maxDeflatedSize(maxMessageSize) : maxMessageSize;
    if (message.size > limit) {
      throw new WebSocketError(
        CLOSE.TOO_LARGE,
        `Cannot accept the message: more than ${maxMessageSize} bytes`,
      );
    }
    if (message.fragments > maxFragments) {
      throw new WebSocketError(
        CLOSE.POLICY_VIOLATION,
        `Cannot accept the message: more than ${maxFragments} frames`,
      );
    }
  }

  #readControl(part: FramePart): Received | null {
    const payload = gather(this.#control, part, part.remaining);
    if (payload === null) return null;
    const { opcode } = part.frame;
    if (opcode === OPCODE.CLOSE) return { type: "close", ...decodeClosePayload(payload) };
    return { type: opcode === OPCODE.PING ? "ping" : "pong", payload };
  }

  #readData(part: FramePart): Received | null {
    const message = this.#message!;
    const more = part.frame.fin ? part.remaining : Infinity;
    if (more === 0) this.#message = null;
    if (this.#discarding) return null;
    if (message.compressed) return this.#readCompressed(message, part, more);
    if (message.text) this.#check(part, more);
    const bytes = gather(this.#data, part, more);
    return bytes && toMessage(message, bytes);
  }

  #readCompressed(message: Message, { payload }: FramePart, more: number): Received | null {
    this.#data.append(payload, more + FLUSH_TAIL.length);
    if (more > 0) return null;
    this.#data.append(FLUSH_TAIL, 0);
    const { maxMessageSize, codec } = this.#options;
    return toMessage(message, inflateMessage(this.#data.take(), maxMessageSize, codec!));
  }

  #check({ payload }: FramePart, more: number): void {
    if (more === 0 && this.#data.length === 0) return;
    this.#utf8 ??= new Utf8Check();
    if (!this.#utf8.push(payload)) throw notUtf8();
  }
}

/**
 * All the bytes once the last part is there: a view of it where it is the only one.
 *
 * @param more Bytes that are to come after this part.
 */
function gather(bytes: GatheredBytes, { payload }: FramePart, more: number): Uint8Array | null {
  if (more === 0 && bytes.length === 0) return payload;
  bytes.append(payload, more);
  return more === 0 ? bytes.take() : null;
}

function toMessage({ text }: Message, bytes: Uint8Array): Received {
  if (!text) return { type: "message", data: bytes };
  const data = decodeUtf8(bytes);
  if (data === null) throw notUtf8();
  return { type: "message", data };
}

function notUtf8(): WebSocketError {
  return new WebSocketError(CLOSE.INVALID_DATA, "Cannot accept the message: its text is not UTF-8");
}

function refuse(problem: string): WebSocketError {
  return new WebSocketError(CLOSE.PROTOCOL_ERROR, `Cannot accept the frame: ${problem}`);
}
