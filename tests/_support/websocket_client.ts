/**
 * A raw WebSocket client (RFC 6455): tests write and see single frames, also those no decent client sends.
 *
 * Every wait has a deadline, so a server that says nothing fails the test instead of hanging it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { concat } from "./bytes.ts";
import { CERTIFICATE } from "./certificates.ts";
import { withDeadline } from "./deadline.ts";

/** Opcodes (RFC 6455 §11.8). */
export const OP = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** A key and the answer it must get (the vector of Hypercorn's tests). */
export const KEY = "UnQ3lpJAH6j2PslA993iKQ==";
/** `sec-websocket-accept` for {@link KEY}. */
export const ACCEPT = "1BpNk/3ah1huDGgcuMJBcjcMbEA=";

/** One frame as it was on the wire. */
export interface Frame {
  /** Last frame of its message. */
  readonly fin: boolean;
  /** Opcode. */
  readonly opcode: number;
  /** Masked, which a server must not do. */
  readonly masked: boolean;
  /** RSV1: the first frame of a compressed message (RFC 7692 §6). */
  readonly compressed: boolean;
  /** Payload, unmasked. */
  readonly payload: Uint8Array;
}

/** How to write a frame; the default is a whole, masked, legal one. */
export interface FrameOptions {
  /** Last frame of its message; default `true`. */
  readonly fin?: boolean;
  /** Masked; default `true`. */
  readonly masked?: boolean;
  /** The three reserved bits as a number 0..7; default 0. */
  readonly reserved?: number;
  /** Announced length, if other than the true one. */
  readonly length?: bigint;
}

/** Text as UTF-8, bytes as they are. */
export type Payload = string | Uint8Array;

const utf8 = new TextEncoder();

function bytesOf(payload: Payload): Uint8Array {
  return typeof payload === "string" ? utf8.encode(payload) : payload;
}

/** Writes one frame (RFC 6455 §5.2). */
export function encodeFrame(
  opcode: number,
  payload: Payload = "",
  { fin = true, masked = true, reserved = 0, length }: FrameOptions = {},
): Uint8Array {
  const bytes = bytesOf(payload);
  const size = length ?? BigInt(bytes.length);
  const head = [(fin ? 0x80 : 0) | reserved << 4 | opcode];
  const flag = masked ? 0x80 : 0;
  if (size < 126n) head.push(flag | Number(size));
  else {
    const width = size < 65536n ? 2 : 8;
    head.push(flag | (width === 2 ? 126 : 127));
    for (let i = width - 1; i >= 0; i--) head.push(Number(size >> BigInt(8 * i) & 0xffn));
  }
  if (!masked) return concat([new Uint8Array(head), bytes]);
  const mask = [0x37, 0xfa, 0x21, 0x3d];
  return concat([new Uint8Array([...head, ...mask]), bytes.map((byte, i) => byte ^ mask[i % 4]!)]);
}

/** Payload of a Close frame (RFC 6455 §5.5.1). */
export function closePayload(code: number, reason: Payload = ""): Uint8Array {
  return concat([new Uint8Array([code >> 8, code & 0xff]), bytesOf(reason)]);
}

/** The bytes below a WebSocket. */
export interface ByteStream {
  /** Next bytes, `null` at the end, however it came. */
  read(): Promise<Uint8Array | null>;
  /** Writes all of `bytes`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends what is sent; what comes can still be read. */
  finish(): Promise<void>;
  /** Cuts the connection; a second call does nothing. */
  close(): void;
}

/** The answer to a handshake. */
export interface HandshakeAnswer {
  /** Status. */
  readonly status: number;
  /** Header section. */
  readonly headers: Headers;
}

/** The handshake request; the default is a legal one. */
export interface HandshakeOptions {
  /** Default `"/"`. */
  readonly target?: string;
  /** Default `"GET"`. */
  readonly method?: string;
  /** Field lines to add, or to leave out (`null`) where the default has them. */
  readonly fields?: Readonly<Record<string, string | readonly string[] | null>>;
  /** Bytes sent right behind the handshake, in the same write. */
  readonly ahead?: Uint8Array;
}

const FIELDS = {
  host: "localhost",
  upgrade: "websocket",
  connection: "Upgrade",
  "sec-websocket-key": KEY,
  "sec-websocket-version": "13",
};

/** Writes a handshake request (RFC 6455 §4.1). */
export function handshakeRequest(options: HandshakeOptions = {}): Uint8Array {
  const { method = "GET", target = "/", fields = {}, ahead = new Uint8Array() } = options;
  const lines = Object.entries({ ...FIELDS, ...fields }).flatMap(([name, value]) =>
    value === null ? [] : [value].flat().map((one) => `${name}: ${one}\r\n`)
  );
  return concat([utf8.encode(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`), ahead]);
}

/** A client's end of one WebSocket. */
export class WebSocketClient implements Disposable {
  /** The answer to the handshake. */
  readonly answer: HandshakeAnswer;
  readonly #stream: ByteStream;
  #buffer: Uint8Array;

  /** @param rest What followed the answer to the handshake. */
  constructor(stream: ByteStream, answer: HandshakeAnswer, rest: Uint8Array) {
    this.#stream = stream;
    this.answer = answer;
    this.#buffer = rest;
  }

  /** Connects over TCP, or over TLS to `https:`, whatever the answer will be. */
  static async connect(url: string, options: HandshakeOptions = {}): Promise<WebSocketClient> {
    const { stream, answer, rest } = await exchangeHeads(url, handshakeRequest(options));
    return new WebSocketClient(stream, answer, rest);
  }

  /** Connects likewise and expects 101. */
  static async open(url: string, options: HandshakeOptions = {}): Promise<WebSocketClient> {
    const client = await WebSocketClient.connect(url, options);
    if (client.answer.status === 101) return client;
    client[Symbol.dispose]();
    return assert.fail(`The handshake was answered with ${client.answer.status}`);
  }

  /** Sends one frame. */
  async frame(opcode: number, payload?: Payload, options?: FrameOptions): Promise<void> {
    await this.#stream.write(encodeFrame(opcode, payload, options));
  }

  /** Sends bytes as they are. */
  async raw(bytes: Uint8Array): Promise<void> {
    await this.#stream.write(bytes);
  }

  /** Sends a text or binary message in one frame. */
  async send(data: Payload): Promise<void> {
    await this.frame(typeof data === "string" ? OP.text : OP.binary, data);
  }

  /** Sends a Close frame, with an empty payload when there is no code. */
  async close(code?: number, reason?: Payload): Promise<void> {
    await this.frame(OP.close, code === undefined ? "" : closePayload(code, reason));
  }

  /** The next frame, `null` when the connection ended. */
  async next(): Promise<Frame | null> {
    for (;;) {
      const parsed = parseFrame(this.#buffer);
      if (parsed) {
        this.#buffer = this.#buffer.slice(parsed.size);
        return parsed.frame;
      }
      const more = await withDeadline(this.#stream.read(), "a frame of the server");
      if (more === null) return null;
      this.#buffer = concat([this.#buffer, more]);
    }
  }

  /** The next message, text as a string; fails on anything but a whole data frame. */
  async message(): Promise<Payload> {
    const frame = await this.next();
    assert.ok(frame, "The connection ended, a message was expected");
    assert.ok(frame.fin && !frame.masked, "A server sends whole, unmasked frames");
    if (frame.opcode === OP.binary) return frame.payload;
    assert.equal(frame.opcode, OP.text, `Received ${describeFrame(frame)}`);
    return new TextDecoder().decode(frame.payload);
  }

  /** Reads to the end of the connection, which must bring exactly one more frame: Close. */
  async closing(): Promise<{ code: number; reason: string }> {
    const frame = await this.next();
    assert.equal(frame?.opcode, OP.close, `Received ${describeFrame(frame)}`);
    return readClose(frame!.payload);
  }

  /** The server's Close frame, answered as RFC 6455 §5.5.1 asks, and then the end of the connection. */
  async closed(): Promise<{ code: number; reason: string }> {
    const close = await this.closing();
    await this.close(close.code === 1005 ? undefined : close.code);
    await this.ended();
    return close;
  }

  /** The connection ends without a further frame. */
  async ended(): Promise<void> {
    const frame = await this.next();
    assert.equal(frame, null, `Received ${describeFrame(frame)}`);
  }

  /** The content of an answer other than 101, up to its content-length. */
  async content(): Promise<string> {
    const length = Number(this.answer.headers.get("content-length") ?? Infinity);
    while (this.#buffer.length < length) {
      const more = await withDeadline(this.#stream.read(), "the content of the answer");
      if (more === null) break;
      this.#buffer = concat([this.#buffer, more]);
    }
    return new TextDecoder().decode(this.#buffer);
  }

  /** Sends no more, and reads on. */
  finish(): Promise<void> {
    return this.#stream.finish();
  }

  /** Leaves without a word. */
  [Symbol.dispose](): void {
    this.#stream.close();
  }
}

/** Code and reason in the payload of a Close frame; 1005 for an empty one (RFC 6455 §7.1.5). */
export function readClose(payload: Uint8Array): { code: number; reason: string } {
  if (payload.length === 0) return { code: 1005, reason: "" };
  const reason = new TextDecoder("utf-8", { fatal: true }).decode(payload.subarray(2));
  return { code: payload[0]! << 8 | payload[1]!, reason };
}

function describeFrame(frame: Frame | null): string {
  if (frame === null) return "the end of the connection";
  if (frame.opcode === OP.close) return `Close ${JSON.stringify(readClose(frame.payload))}`;
  return `a frame of opcode ${frame.opcode} with ${frame.payload.length} bytes`;
}

function parseFrame(bytes: Uint8Array): { frame: Frame; size: number } | null {
  if (bytes.length < 2) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const short = bytes[1]! & 0x7f;
  const masked = bytes[1]! >= 0x80;
  const wide = short === 126 ? 2 : short === 127 ? 8 : 0;
  const start = 2 + wide + (masked ? 4 : 0);
  if (bytes.length < start) return null;
  const length = wide === 0 ? short : wide === 2 ? view.getUint16(2) : Number(view.getBigUint64(2));
  if (bytes.length < start + length) return null;
  const mask = masked ? bytes.subarray(start - 4, start) : null;
  const content = bytes.slice(start, start + length);
  const payload = mask ? content.map((byte, i) => byte ^ mask[i % 4]!) : content;
  const first = bytes[0]!;
  const compressed = (first & 0x40) !== 0;
  const frame = { fin: first >= 0x80, opcode: first & 0x0f, masked, compressed, payload };
  return { frame, size: start + length };
}

/** Sends `request` on a new connection and reads the head of the answer. */
async function exchangeHeads(
  url: string,
  request: Uint8Array,
): Promise<{ stream: ByteStream; answer: HandshakeAnswer; rest: Uint8Array }> {
  const stream = connStream(await connectTo(url));
  try {
    await stream.write(request);
    let received: Uint8Array = new Uint8Array();
    for (;;) {
      const text = new TextDecoder("latin1").decode(received);
      const end = text.indexOf("\r\n\r\n");
      if (end !== -1) {
        return { stream, answer: parseHead(text.slice(0, end)), rest: received.slice(end + 4) };
      }
      const more = await withDeadline(stream.read(), "the answer to the handshake");
      assert.ok(more, "The connection ended before the handshake was answered");
      received = concat([received, more]);
    }
  } catch (error) {
    stream.close();
    throw error;
  }
}

function parseHead(text: string): HandshakeAnswer {
  const [statusLine = "", ...lines] = text.split("\r\n");
  const headers = new Headers(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as [string, string];
  }));
  return { status: Number(statusLine.split(" ")[1]), headers };
}

/** A connection to a URL of a server of ours. */
export async function connectTo(url: string): Promise<Deno.TcpConn | Deno.TlsConn> {
  const { hostname, port, protocol } = new URL(url);
  const at = { hostname, port: Number(port) };
  if (protocol === "https:") return await Deno.connectTls({ ...at, caCerts: [CERTIFICATE] });
  const conn = await Deno.connect(at);
  conn.setNoDelay(); // small frames are what tests are made of
  return conn;
}

function connStream(conn: Deno.Conn): ByteStream {
  const buffer = new Uint8Array(64 * 1024);
  let open = true;
  return {
    async read() {
      try {
        const size = await conn.read(buffer);
        return size === null ? null : buffer.slice(0, size);
      } catch (error) {
        const { ConnectionReset, UnexpectedEof } = Deno.errors; // TLS: cut without a farewell
        if (error instanceof ConnectionReset || error instanceof UnexpectedEof) return null;
        throw error;
      }
    },
    async write(bytes) {
      for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
    },
    finish: () => conn.closeWrite(),
    close() {
      if (open) conn.close();
      open = false;
    },
  };
}
