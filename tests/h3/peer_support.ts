/** What the tests of connections share: bytes of a client, every way to split them, and the error it gets. */

import assert from "node:assert/strict";
import { type ConnectionEvent, H3Connection, type H3Options } from "../../src/h3/mod.ts";
import { H3Error } from "../../src/h3/errors.ts";
import { encodeFrame, FRAME } from "../../src/h3/frames.ts";
import { STREAM, type UnidirectionalStream } from "../../src/h3/unidirectional.ts";
import { encodeVarints } from "../../src/h3/varint.ts";
import { concat } from "../_support/bytes.ts";

/** One way to cut bytes into chunks. */
export interface Split {
  /** For messages. */
  readonly name: string;
  readonly chunks: readonly Uint8Array[];
}

/** `bytes` whole, byte by byte, and cut in two at every point. */
export function splits(bytes: Uint8Array): Split[] {
  const cuts = Array.from({ length: bytes.length + 1 }, (_, at) => ({
    name: `cut at ${at}`,
    chunks: [bytes.slice(0, at), bytes.slice(at)],
  }));
  return [
    { name: "whole", chunks: [bytes] },
    { name: "byte by byte", chunks: Array.from(bytes, (byte) => Uint8Array.of(byte)) },
    ...cuts,
  ];
}

/** Checks that `act` throws a connection error with exactly this code. */
export function assertConnectionError(act: () => unknown, code: number, context = ""): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof H3Error, `${context} ${error}`);
    const { scope, status, message } = error;
    assert.deepEqual({ code: error.code, scope, status }, {
      code,
      scope: "connection",
      status: null,
    });
    assert.match(message, /^[A-Z].*[^.]$/);
    return true;
  });
}

/** Checks that `act` throws an {@link H3Error} or nothing. */
export function assertOnlyH3Error(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof H3Error)) throw error;
  }
}

/** A frame whose payload is the given integers. */
export function frame(type: number, ...integers: number[]): Uint8Array {
  return encodeFrame(type, encodeVarints(...integers));
}

/** A PRIORITY_UPDATE frame. */
export function priorityUpdate(type: number, id: number, value: string): Uint8Array {
  return encodeFrame(type, concat([encodeVarints(id), new TextEncoder().encode(value)]));
}

/** SETTINGS without any setting. */
export const EMPTY_SETTINGS = frame(FRAME.SETTINGS);

/** A connection as most tests want it. */
export function newConnection(options: Partial<H3Options> = {}): H3Connection {
  return new H3Connection({
    maxFieldSectionSize: 65_536,
    qpackTableCapacity: 4096,
    qpackBlockedStreams: 16,
    maxRequestStreams: 100,
    enableConnectProtocol: false,
    enableDatagrams: false,
    random: 0.25,
    ...options,
  });
}

/** The client's control stream on `connection`, after SETTINGS. */
export function openControl(
  connection: H3Connection,
  settings: Uint8Array = EMPTY_SETTINGS,
): UnidirectionalStream {
  const control = connection.unidirectional(2);
  control.receive(concat([encodeVarints(STREAM.CONTROL), settings]), 0);
  return control;
}

/** What comes of `chunks` on a unidirectional stream of a new connection. */
export function play(
  chunks: readonly Uint8Array[],
  connection = newConnection(),
): ConnectionEvent[] {
  const stream = connection.unidirectional(2);
  return chunks.flatMap((chunk) => [...stream.receive(chunk, 0)]);
}
