/**
 * The machine of an HTTP/3 connection on sequences of anything.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { H3, H3Error } from "../../../src/h3/errors.ts";
import { encodeFrame, FRAME } from "../../../src/h3/frames.ts";
import { QPACK_ENCODER_BACKLOG_BYTES } from "../../../src/h3/limits.ts";
import { H3Connection, type RequestStream } from "../../../src/h3/mod.ts";
import { BLOCKED, REQUEST } from "../../h3/request_samples.ts";
import { SERVER } from "../connection_steps.ts";
import { attempt, type Target, target } from "../harness.ts";
import { ANY_BYTES, frameBytes, mostly, NUMBER } from "../inputs.ts";

const FRAME_TYPE = mostly([0, 1, 3, 4, 5, 6, 7, 0xd, 0x21, 0x41, 0xf0700, 0xf0701], NUMBER);
const FRAME_BYTES = fc.tuple(FRAME_TYPE, fc.uint8Array({ maxLength: 12 }), fc.nat(20))
  .map(([type, payload, length]) => frameBytes(type, payload, length > 12 ? undefined : length));
const INSTRUCTIONS = fc.array(
  fc.constantFrom(0x00, 0x01, 0x02, 0x10, 0x21, 0x3f, 0x41, 0x61, 0x80, 0x81, 0xc0, 0xff),
  { maxLength: 12 },
).map((bytes) => Uint8Array.from(bytes));
const SECTION = INSTRUCTIONS.map((bytes) => encodeFrame(FRAME.HEADERS, bytes));
const START = fc.constantFrom(
  Uint8Array.of(0x00, 0x04, 0x00),
  Uint8Array.of(0x02, 0x3f, 0xe1, 0x01, 0x41, 0x61, 0x01, 0x31),
  Uint8Array.of(0x03),
  Uint8Array.of(0x40, 0x41, 0x00),
  Uint8Array.of(0x40, 0x54, 0x04, 0x61),
  REQUEST,
  BLOCKED,
);

/** Bytes for any stream; ids below 12 are unidirectional, the others requests. */
const PUT = fc.record({
  id: fc.nat(20),
  bytes: fc.oneof(ANY_BYTES, FRAME_BYTES, INSTRUCTIONS, SECTION, START, START),
  end: mostly(["", "", "", ""], fc.constantFrom("finish", "reset", "close", "answer", "goaway")),
});

const hostile = target({
  name: "connection-hostile",
  invariant:
    "H3Connection throws only H3Error with a registered code, keeps within its limits of blocked streams and waiting bytes, and is silent on a stream after its error",
  outcomes: ["accepted", "stream", "connection"],
  inputs: fc.array(PUT, { maxLength: 25, size: "max" }),
  check(puts) {
    const connection = new HostileConnection();
    for (const put of puts) {
      const error = attempt(() => connection.put(put), H3Error);
      connection.check();
      if (!(error instanceof H3Error)) continue;
      assert.ok(CODES.has(error.code), String(error.code));
      if (error.scope === "connection") return "connection";
      assert.ok(STREAM_CODES.has(error.code), error.message);
      connection.close(put.id);
    }
    return connection.failed ? "stream" : "accepted";
  },
});

const CODES: ReadonlySet<number> = new Set(Object.values(H3));
const STREAM_CODES: ReadonlySet<number> = new Set([
  H3.MESSAGE_ERROR,
  H3.REQUEST_INCOMPLETE,
  H3.EXCESSIVE_LOAD,
]);

/** So few streams may be blocked that chance gets beyond. */
const NARROW = { ...SERVER, qpackBlockedStreams: 1 };

/** A connection that anything is put into. */
class HostileConnection {
  failed = false;
  readonly #connection = new H3Connection(NARROW);
  readonly #requests = new Map<number, RequestStream>();
  readonly #others = new Map<number, ReturnType<H3Connection["unidirectional"]>>();
  readonly #gone = new Set<number>();
  #received = 0;
  #sent = 0;

  put({ id, bytes, end }: { id: number; bytes: Uint8Array; end: string }): void {
    if (this.#gone.has(id)) return;
    this.#received += bytes.length + 8; // an end costs the client something, too
    if (end === "goaway") this.#connection.goaway(id % 2 === 0);
    if (id < 12) this.#putOther(id, bytes, end);
    else this.#putRequest(id, bytes, end);
  }

  /** The client, or an error, ended a request. */
  close(id: number): void {
    this.failed = true;
    const request = this.#requests.get(id)!;
    request.close();
    assert.equal(request.next(), null);
    this.#drop(id);
  }

  check(): void {
    const blocked = [...this.#requests.values()].filter((request) => request.blocked).length;
    assert.ok(blocked <= NARROW.qpackBlockedStreams);
    assert.equal(this.#connection.openRequests, this.#requests.size);
    assert.ok((this.#connection.takeEncoder()?.length ?? 0) <= QPACK_ENCODER_BACKLOG_BYTES);
    this.#sent += this.#connection.takeDecoder()?.length ?? 0;
    assert.ok(this.#sent <= 2 * this.#received, "acknowledgements grow with what came only");
  }

  #putOther(id: number, bytes: Uint8Array, end: string): void {
    const stream = this.#others.get(id) ?? this.#connection.unidirectional(id);
    this.#others.set(id, stream);
    for (const event of stream.receive(bytes.slice(), 0)) {
      if (event.type !== "unblocked") continue;
      const request = this.#requests.get(event.streamId);
      assert.ok(request?.blocked, "who is not there, or not blocked, cannot be unblocked");
      request.unblock();
      const error = attempt(() => this.#read(request), H3Error);
      if (error instanceof H3Error && error.scope === "connection") throw error;
      if (error instanceof H3Error) this.close(event.streamId);
    }
    if (end === "finish" || end === "reset") this.#gone.add(id);
    if (end === "finish") stream.finish();
    if (end === "reset") stream.reset(0);
  }

  #putRequest(id: number, bytes: Uint8Array, end: string): void {
    const request = this.#requests.get(id) ?? this.#connection.request(id);
    this.#requests.set(id, request);
    request.receive(bytes.slice(), 0);
    if (end === "finish") request.finish();
    if (end === "reset") request.reset(0);
    this.#read(request);
    if (end === "answer") request.encodeResponse(200, [["server", "x"], ["x", `${id}`]], "ok");
    if (end !== "close" && end !== "reset") return;
    request.close();
    this.#drop(id);
  }

  #read(request: RequestStream): void {
    while (request.next() !== null) { /* what it is does not matter here */ }
  }

  #drop(id: number): void {
    this.#requests.delete(id);
    this.#gone.add(id);
  }
}

/** The targets of this file. */
export const HOSTILE_TARGETS: readonly Target[] = [hostile];
