/**
 * An HTTP/2 client (RFC 9113) that breaks rules: frames as one wants them, and a record of what comes back.
 *
 * @module
 */

import { decodeHuffman } from "../../src/qpack/huffman_decode.ts";
import { concat } from "./bytes.ts";
import { latin1 } from "./client.ts";
import { withDeadline } from "./deadline.ts";

/** Types of frames (RFC 9113 §6). */
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** Flags of frames. */
export const FLAGS = { ACK: 1, END_STREAM: 1, END_HEADERS: 4 } as const;

/** What a client says first, before SETTINGS. */
export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** Milliseconds after which something that has to happen is said not to come. */
const DEADLINE_MS = 30_000;

/** Writes a frame. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(9 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length << 8 | type);
  bytes[4] = flags;
  view.setUint32(5, stream);
  bytes.set(payload, 9);
  return bytes;
}

/** A number as four bytes, for SETTINGS, RST_STREAM and WINDOW_UPDATE. */
export function uint32(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** One setting (RFC 9113 §6.5.1). */
export function setting(id: number, value: number): Uint8Array<ArrayBuffer> {
  return concat([new Uint8Array([id >> 8, id & 255]), uint32(value)]);
}

/** A field line that is not added to the table, names and values without Huffman code (RFC 7541 §6.2.2). */
export function literal(name: string, value: string): Uint8Array<ArrayBuffer> {
  return concat([new Uint8Array([0]), text(name), text(value)]);
}

/** A field line that is added to the table as its newest (RFC 7541 §6.2.1). */
export function indexedLiteral(name: string, value: string): Uint8Array<ArrayBuffer> {
  return concat([new Uint8Array([0x40]), text(name), text(value)]);
}

/** Index of the newest entry of the table as a field line (RFC 7541 §6.1). */
export const NEWEST = 0x80 | 62;

/** The fields of a request but for what is added to them. */
export function requestFields(path = "/ok", method = "GET"): Uint8Array<ArrayBuffer> {
  const fields = { ":method": method, ":scheme": "http", ":path": path, ":authority": "localhost" };
  return concat(Object.entries(fields).map(([name, value]) => literal(name, value)));
}

/** HEADERS that ask for something. */
export function requestFrame(stream: number, path?: string): Uint8Array<ArrayBuffer> {
  return frame(FRAME.HEADERS, FLAGS.END_HEADERS | FLAGS.END_STREAM, stream, requestFields(path));
}

/** One connection, in cleartext with prior knowledge; it reads in the background. */
export class H2Attacker implements Disposable {
  /** Error code of the last GOAWAY. */
  goAway: number | undefined;
  /** Status of the response on each stream. */
  readonly statuses = new Map<number, number>();
  /** Error code on each stream that was reset. */
  readonly resets = new Map<number, number>();
  /** Frames received of each type. */
  readonly counts = new Map<number, number>();
  /** Whether the server has ended the connection. */
  over = false;
  readonly #conn: Deno.TcpConn;
  #news = Promise.withResolvers<void>();
  #closed = false;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.#read();
  }

  /** Connects, and says nothing yet. */
  static async connect(url: string): Promise<H2Attacker> {
    const { hostname, port } = new URL(url);
    const conn = await Deno.connect({ hostname, port: Number(port) });
    conn.setNoDelay();
    return new H2Attacker(conn);
  }

  /** Connects and sends the preface. */
  static async open(url: string, ...settings: Uint8Array[]): Promise<H2Attacker> {
    const attacker = await H2Attacker.connect(url);
    await attacker.send(latin1(PREFACE), frame(FRAME.SETTINGS, 0, 0, concat(settings)));
    return attacker;
  }

  /** Sends bytes. @returns `false` when the server does not take them any more. */
  async send(...pieces: Uint8Array[]): Promise<boolean> {
    let rest: Uint8Array = concat(pieces);
    try {
      while (rest.length > 0) rest = rest.subarray(await this.#conn.write(rest));
      return true;
    } catch {
      return false;
    }
  }

  /** Resolves once `fits`, or the connection is over; rejects when neither comes. */
  async until(fits: () => boolean, what: string): Promise<void> {
    while (!fits() && !this.over) await withDeadline(this.#news.promise, what, DEADLINE_MS);
  }

  /** What became of the connection or of a stream, once something has. */
  async outcome(stream: number): Promise<string> {
    await this.until(
      () => this.goAway !== undefined || this.resets.has(stream) || this.statuses.has(stream),
      "an outcome",
    );
    if (this.goAway !== undefined) return `GOAWAY ${this.goAway}`;
    if (this.resets.has(stream)) return `RST_STREAM ${this.resets.get(stream)}`;
    if (this.statuses.has(stream)) return String(this.statuses.get(stream));
    return "closed";
  }

  /** Waits for the end of the connection; rejects when it does not come. */
  end(): Promise<void> {
    return this.until(() => false, "the end of the connection");
  }

  /** Leaves; a second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #read(): Promise<void> {
    const room = new Uint8Array(64 * 1024);
    let buffer: Uint8Array = new Uint8Array(0);
    for (;;) {
      const count = await this.#conn.read(room).catch(() => null);
      if (count === null) break;
      buffer = this.#take(concat([buffer, room.subarray(0, count)]));
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    }
    this.over = true;
    this.#news.resolve();
  }

  /** Takes note of whole frames; returns what is left. */
  #take(buffer: Uint8Array): Uint8Array {
    let rest = buffer;
    for (;;) {
      if (rest.length < 9) return rest;
      const view = new DataView(rest.buffer, rest.byteOffset);
      const length = view.getUint32(0) >>> 8;
      if (rest.length < 9 + length) return rest;
      this.#note(rest[3]!, view.getUint32(5), rest.slice(9, 9 + length));
      rest = rest.subarray(9 + length);
    }
  }

  #note(type: number, stream: number, payload: Uint8Array): void {
    this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
    const code = (at: number) => new DataView(payload.buffer).getUint32(at);
    if (type === FRAME.GOAWAY) this.goAway = code(4);
    else if (type === FRAME.RST_STREAM) this.resets.set(stream, code(0));
    else if (type === FRAME.HEADERS) this.statuses.set(stream, statusOf(payload));
  }
}

/** Statuses that HPACK has an index for (RFC 7541 Appendix A). */
const INDEXED_STATUSES = [200, 204, 206, 304, 400, 404, 500];

/** The status, which comes first in a block; `NaN` when it is in the dynamic table. */
function statusOf(block: Uint8Array): number {
  const rest = block.subarray((block[0]! & 0xe0) === 0x20 ? 1 : 0); // a new size of the table
  const first = rest[0]!;
  if (first >= 0x88 && first <= 0x8e) return INDEXED_STATUSES[first - 0x88]!;
  if (first !== 0x48) return NaN;
  const digits = rest.subarray(2, 2 + (rest[1]! & 0x7f));
  const huffman = (rest[1]! & 0x80) !== 0;
  const plain = new Uint8Array(3);
  if (huffman) decodeHuffman(digits, 0, digits.length, plain, plain.length);
  return Number(String.fromCharCode(...huffman ? plain : digits));
}

/** A string without Huffman code (RFC 7541 §5.2). */
function text(value: string): Uint8Array<ArrayBuffer> {
  const bytes = latin1(value);
  const prefix: number[] = [];
  let rest = bytes.length;
  if (rest >= 127) {
    prefix.push(127);
    for (rest -= 127; rest >= 128; rest >>= 7) prefix.push(rest & 127 | 128);
  }
  return concat([new Uint8Array([...prefix, rest]), bytes]);
}
