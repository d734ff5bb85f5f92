/**
 * An HTTP/2 client that says exactly what it is told, in clear text with prior knowledge (RFC 9113 §3.3).
 *
 * @module
 */

import { concat } from "../_support/bytes.ts";
import { eventually } from "../_support/waiting.ts";

/** Types of frames (RFC 9113 §6). */
export const TYPE = { data: 0, headers: 1, settings: 4, ping: 6, goaway: 7 } as const;

/** A frame as it was on the wire. */
export interface Frame {
  /** Type. */
  readonly type: number;
  /** Flags. */
  readonly flags: number;
  /** Stream, 0 for the connection. */
  readonly stream: number;
}

const utf8 = new TextEncoder();

const PREFACE = utf8.encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** `:method GET`, `:scheme http`, `:path /`, `:authority localhost` (RFC 7541 §6.1 and §6.2.2). */
const GET = new Uint8Array([0x82, 0x86, 0x84, 0x01, 9, ...utf8.encode("localhost")]);

/** END_STREAM and END_HEADERS. */
const WHOLE = 0x5;

const ACK = 0x1;

/** Writes a frame. */
export function frame(type: number, flags: number, stream: number, payload = new Uint8Array()) {
  const head = new Uint8Array(9);
  const view = new DataView(head.buffer);
  view.setUint32(0, payload.length << 8 | type);
  view.setUint8(4, flags);
  view.setUint32(5, stream);
  return concat([head, payload]);
}

/** One connection. Acknowledges settings, and nothing else. */
export class Http2Client implements Disposable {
  /** What the server said. */
  readonly received: Frame[] = [];
  /** Settles when the server closed the connection. */
  readonly ended: Promise<void>;
  readonly #conn: Deno.Conn;
  #stream = -1;
  #open = true;

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
    this.ended = this.#read();
  }

  /** Connects and says the preface. */
  static async open(url: string): Promise<Http2Client> {
    const { hostname, port } = new URL(url);
    const client = new Http2Client(await Deno.connect({ hostname, port: Number(port) }));
    await client.send(PREFACE, frame(TYPE.settings, 0, 0));
    return client;
  }

  /** Sends bytes. */
  async send(...parts: Uint8Array[]): Promise<void> {
    let rest = concat(parts);
    while (rest.length > 0) rest = rest.subarray(await this.#conn.write(rest));
  }

  /** Sends a request without content. @returns Its stream. */
  async request(): Promise<number> {
    this.#stream += 2;
    await this.send(frame(TYPE.headers, WHOLE, this.#stream, GET));
    return this.#stream;
  }

  /** Sends a request, and waits for the end of its response. */
  async fetch(): Promise<void> {
    const stream = await this.request();
    const isEnd = (one: Frame) => one.stream === stream && (one.flags & 1) === 1;
    await eventually(() => this.received.some(isEnd), `the response on stream ${stream}`);
  }

  /** Waits for a frame of a type. */
  async hears(type: number): Promise<void> {
    await eventually(() => this.has(type), `a frame of type ${type}`);
  }

  /** Whether a frame of a type came. */
  has(type: number): boolean {
    return this.received.some((one) => one.type === type);
  }

  [Symbol.dispose](): void {
    if (this.#open) this.#conn.close();
    this.#open = false;
  }

  async #read(): Promise<void> {
    let bytes = new Uint8Array();
    for (;;) {
      const buffer = new Uint8Array(65_536);
      const count = await this.#conn.read(buffer).catch(() => null);
      if (count === null) return;
      bytes = concat([bytes, buffer.subarray(0, count)]);
      for (;;) {
        if (bytes.length < 9) break;
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        const size = 9 + (view.getUint32(0) >>> 8);
        if (bytes.length < size) break;
        const [type, flags, stream] = [view.getUint8(3), view.getUint8(4), view.getUint32(5)];
        this.received.push({ type, flags, stream });
        if (type === TYPE.settings && flags === 0) {
          this.send(frame(TYPE.settings, ACK, 0)).catch(() => {});
        }
        bytes = bytes.subarray(size);
      }
    }
  }
}
