/**
 * HTTP/2 frame by frame over plain TCP, for what no client library lets one see or do.
 *
 * @module
 */

import { withDeadline } from "../_support/deadline.ts";

/** Frame types (RFC 9113 §6). */
export const TYPE = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
} as const;

/** Flags of a frame. */
export const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4 } as const;

/** Identifiers of settings (RFC 9113 §6.5.2). */
export const SETTING = { MAX_CONCURRENT_STREAMS: 3, MAX_FRAME_SIZE: 5, MAX_HEADER_LIST_SIZE: 6 };

/** One frame. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
}

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD_BYTES = 9;
const DEADLINE_MS = 30_000;
const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** A client with prior knowledge. */
export class H2Wire implements Disposable {
  readonly #conn: Deno.Conn;
  #buffer: Uint8Array = new Uint8Array(0);

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Connects and sends the preface with empty SETTINGS. */
  static async open(url: string): Promise<H2Wire> {
    const { hostname, port } = new URL(url);
    const wire = new H2Wire(await Deno.connect({ hostname, port: Number(port) }));
    await wire.write(latin1(PREFACE));
    await wire.send(TYPE.SETTINGS, 0, 0);
    return wire;
  }

  /** Sends one frame. */
  send(
    type: number,
    flags: number,
    stream: number,
    payload: Uint8Array = new Uint8Array(0),
  ): Promise<void> {
    const frame = new Uint8Array(HEAD_BYTES + payload.length);
    const view = new DataView(frame.buffer);
    view.setUint32(0, payload.length << 8 | type);
    frame[4] = flags;
    view.setUint32(5, stream);
    frame.set(payload, HEAD_BYTES);
    return this.write(frame);
  }

  /** Sends GET, or POST whose content is still to come, with the fields given. */
  async request(
    stream: number,
    path: string,
    { open = false, fields = [] as readonly (readonly [string, string])[] } = {},
  ): Promise<void> {
    const [POST, GET, HTTP] = [0x83, 0x82, 0x86];
    const block = [open ? POST : GET, HTTP, ...named(4, path), ...named(1, "h")];
    for (const [name, value] of fields) block.push(0, ...text(name), ...text(value));
    const flags = FLAG.END_HEADERS | (open ? 0 : FLAG.END_STREAM);
    await this.send(TYPE.HEADERS, flags, stream, Uint8Array.from(block));
  }

  /** Sends bytes as they are. */
  async write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) rest = rest.subarray(await this.#conn.write(rest));
  }

  /** The next frame, or `null` when the server has closed the connection. */
  async next(): Promise<Frame | null> {
    if (!await this.#fill(HEAD_BYTES)) return null;
    const view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset);
    const length = view.getUint32(0) >>> 8;
    if (!await this.#fill(HEAD_BYTES + length)) return null;
    const [type, flags] = [this.#buffer[3]!, this.#buffer[4]!];
    const stream = new DataView(this.#buffer.buffer, this.#buffer.byteOffset).getUint32(5);
    const payload = this.#buffer.slice(HEAD_BYTES, HEAD_BYTES + length);
    this.#buffer = this.#buffer.subarray(HEAD_BYTES + length);
    return { type, flags, stream, payload };
  }

  /** Frames up to the first that fits, or to the end of the connection; what wants it is acknowledged on the way. */
  async until(fits: (frame: Frame) => boolean): Promise<Frame[]> {
    const frames: Frame[] = [];
    for (;;) {
      const frame = await this.next();
      if (!frame) return frames;
      frames.push(frame);
      await this.#acknowledge(frame).catch(() => {}); // the server may have closed
      if (fits(frame)) return frames;
    }
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }

  async #acknowledge({ type, flags, payload }: Frame): Promise<void> {
    if (flags & FLAG.ACK) return;
    if (type === TYPE.SETTINGS) await this.send(type, FLAG.ACK, 0);
    if (type === TYPE.PING) await this.send(type, FLAG.ACK, 0, payload);
  }

  async #fill(length: number): Promise<boolean> {
    while (this.#buffer.length < length) {
      const room = new Uint8Array(65_536);
      const count = await withDeadline(
        this.#conn.read(room).catch((error) => {
          if (error instanceof Deno.errors.ConnectionReset) return null;
          throw error;
        }),
        "a frame from the server",
        DEADLINE_MS,
      );
      if (count === null) return false;
      const joined = new Uint8Array(this.#buffer.length + count);
      joined.set(this.#buffer);
      joined.set(room.subarray(0, count), this.#buffer.length);
      this.#buffer = joined;
    }
    return true;
  }
}

/** Whether a frame ends the response of a stream. */
export function ends(stream: number): (frame: Frame) => boolean {
  return (frame) =>
    frame.stream === stream && (frame.type === TYPE.RST_STREAM ||
      frame.type <= TYPE.HEADERS && (frame.flags & FLAG.END_STREAM) !== 0);
}

/** The settings of the first SETTINGS frame among `frames`. */
export function settingsOf(frames: readonly Frame[]): Map<number, number> {
  const settings = new Map<number, number>();
  const frame = frames.find(({ type, flags }) => type === TYPE.SETTINGS && !(flags & FLAG.ACK));
  if (!frame) return settings;
  const view = new DataView(frame.payload.buffer, frame.payload.byteOffset);
  for (let at = 0; at < frame.payload.length; at += 6) {
    settings.set(view.getUint16(at), view.getUint32(at + 2));
  }
  return settings;
}

/** The error code of a GOAWAY or RST_STREAM frame. */
export function codeOf({ type, payload }: Frame): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(type === TYPE.GOAWAY ? 4 : 0);
}

/** The text of all DATA frames of a stream. */
export function contentOf(frames: readonly Frame[], stream: number): string {
  const pieces = frames.filter((frame) => frame.type === TYPE.DATA && frame.stream === stream);
  return pieces.map(({ payload }) => new TextDecoder().decode(payload)).join("");
}

/** A literal field whose name is in the static table, without indexing (RFC 7541 §6.2.2). */
function named(index: number, value: string): number[] {
  return [index, ...text(value)];
}

/** A string literal without Huffman code (RFC 7541 §5.2). */
function text(value: string): number[] {
  const bytes = latin1(value);
  return [...length(bytes.length), ...bytes];
}

/** An integer with a prefix of seven bits (RFC 7541 §5.1). */
function length(value: number): number[] {
  if (value < 127) return [value];
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest >>= 7) bytes.push(rest & 127 | 128);
  return [...bytes, rest];
}
