/**
 * Runs a case of the WebSocket families against a server that echoes, over a network.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { constants, inflateRawSync } from "node:zlib";
import type { Answer, Case, Script } from "../websocket/families/mod.ts";
import { chop } from "../websocket/wire.ts";
import { concat } from "./bytes.ts";
import { type Frame, OP, readClose, type WebSocketClient } from "./websocket_client.ts";

/** Sends what a client sends, and judges what comes back; fails when it is not as it should be. */
export function runCase(client: WebSocketClient, one: Case): Promise<void> {
  return runDifferent(client, one, one.script().close);
}

/** Likewise for a server that ends it otherwise: with another Close frame, or `"cut"` without one. */
export async function runDifferent(
  client: WebSocketClient,
  one: Case,
  close: number | "cut",
): Promise<void> {
  const script = one.script();
  const ear = new Ear(client, script.answers.length);
  await send(client, script, ear);
  await ear.ended;
  judge(ear, script, close);
}

/** Fails unless the server takes what it should refuse: then it is the client who closes. */
export async function runTaken(client: WebSocketClient, one: Case): Promise<void> {
  for (const { bytes } of one.script().steps) await client.raw(bytes.slice());
  await client.close(1000);
  const ear = new Ear(client, 0);
  await ear.ended;
  assert.equal(ear.close, 1000);
}

/** Hears what the server says, to the end. */
class Ear {
  readonly answers: Answer[] = [];
  /** Code of the Close frame; `"cut"` when there was none. */
  close: number | "cut" = "cut";
  /** Settles at the end. */
  readonly ended: Promise<void>;
  readonly #client: WebSocketClient;
  readonly #expected: number;
  /** Logarithm of the window the server has to stay in; `null` when it must not compress. */
  readonly #windowBits: number | null;
  readonly #complete = Promise.withResolvers<void>();

  constructor(client: WebSocketClient, expected: number) {
    this.#client = client;
    this.#expected = expected;
    this.#windowBits = windowOf(client.answer.headers.get("sec-websocket-extensions"));
    this.ended = this.#listen();
  }

  /** Settles when all answers are there, or nothing more will come. */
  get complete(): Promise<void> {
    if (this.answers.length >= this.#expected) this.#complete.resolve();
    return this.#complete.promise;
  }

  async #listen(): Promise<void> {
    try {
      for (let frame = await this.#next(); frame; frame = await this.#next()) {
        if (frame.opcode === OP.close) {
          this.close = readClose(frame.payload).code;
          break;
        }
        this.answers.push(answerOf(frame, this.#windowBits));
        if (this.answers.length >= this.#expected) this.#complete.resolve();
      }
      await this.#client.ended();
    } finally {
      this.#complete.resolve();
    }
  }

  #next(): Promise<Frame | null> {
    return this.#client.next();
  }
}

/**
 * Clients close when they have what they want: an endpoint need not send an echo after it was asked to close, and an
 * application may be too late for that.
 */
async function send(client: WebSocketClient, { steps }: Script, ear: Ear): Promise<void> {
  let left = beforeClose(concat(steps.map(({ bytes }) => bytes)));
  try {
    for (const { bytes, chop: size = Infinity } of steps) {
      for (const chunk of chop(bytes, size)) {
        if (left > 0) await client.raw(chunk.subarray(0, left));
        if (left <= chunk.length) await ear.complete;
        if (left < chunk.length) await client.raw(chunk.subarray(Math.max(left, 0)));
        left -= chunk.length;
      }
    }
  } catch { /* the server has ended it by now, as the ear hears */ }
}

/** Bytes of the frames before the first Close frame; `Infinity` when there is none. */
function beforeClose(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 1 < bytes.length;) {
    if ((bytes[at]! & 0x0f) === OP.close) return at;
    const short = bytes[at + 1]! & 0x7f;
    const width = short === 126 ? 2 : short === 127 ? 8 : 0;
    const length = width === 0
      ? short
      : width === 2
      ? view.getUint16(at + 2)
      : Number(view.getBigUint64(at + 2));
    at += 2 + width + (bytes[at + 1]! >= 0x80 ? 4 : 0) + length;
  }
  return Infinity;
}

const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Window for what the server compresses, by its answer to the handshake (RFC 7692 §7.1.2.1). */
function windowOf(extensions: string | null): number | null {
  if (extensions === null) return null;
  assert.match(extensions, /^permessage-deflate; server_no_context_takeover; /);
  return Number(/server_max_window_bits=(\d+)/.exec(extensions)?.[1] ?? 15);
}

function answerOf(frame: Frame, windowBits: number | null): Answer {
  const { opcode, fin, masked, compressed } = frame;
  assert.ok(fin && !masked, "A server sends whole, unmasked frames");
  assert.ok(!compressed || windowBits !== null, "Compression was not agreed on");
  const payload = compressed ? inflate(frame.payload, windowBits!) : frame.payload;
  if (opcode === OP.text) return { type: "text", data: text.decode(payload) };
  if (opcode === OP.binary) return { type: "binary", data: payload };
  assert.equal(opcode, OP.pong);
  return { type: "pong", data: payload };
}

/** Fails when the window is too small for what was compressed, but for the length of a piece that zlib puts out. */
function inflate(payload: Uint8Array, windowBits: number): Uint8Array {
  const data = concat([payload, Uint8Array.of(0, 0, 0xff, 0xff)]);
  const finishFlush = constants.Z_SYNC_FLUSH;
  const chunkSize = windowBits < 15 ? 2 ** (windowBits - 1) : 2 ** 16;
  return inflateRawSync(data, { windowBits, chunkSize, finishFlush });
}

/** A pong may overtake echoes, which the application sends. Where the server had to fail, some may be missing. */
function judge(ear: Ear, { answers, close: scripted }: Script, close: number | "cut"): void {
  assert.equal(ear.close, close);
  const failed = close === "cut" || FAILURES.includes(scripted);
  for (const isPong of [false, true]) {
    const some = (all: readonly Answer[]) => all.filter(({ type }) => (type === "pong") === isPong);
    const [actual, wanted] = [some(ear.answers), some(answers)];
    if (failed) assert.ok(actual.length <= wanted.length);
    else assert.equal(actual.length, wanted.length);
    for (const [index, answer] of actual.entries()) assert.ok(isSame(answer, wanted[index]!));
  }
}

/** Codes that a server closes with for what the client did. */
const FAILURES = [1002, 1007, 1008, 1009];

function isSame(actual: Answer, expected: Answer): boolean {
  if (actual.type !== expected.type) return false;
  if (typeof expected.data === "string") return actual.data === expected.data;
  return Buffer.from(expected.data).equals(actual.data as Uint8Array);
}
