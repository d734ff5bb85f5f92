/**
 * Steps that tests of the QUIC port are made of.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { QuicBidirectionalStream, QuicReceiveStream } from "../../src/quic/transport.ts";
import { concat } from "./bytes.ts";
import type { ClientStream, Pair } from "./quic_pair.ts";

/** What {@linkcode echoOnce} sends. */
export const HELLO: Uint8Array = new TextEncoder().encode("hello");

/** A stream of the client, which has sent `first`, with both of its ends. */
export async function openBidirectional(
  { connection, client }: Pair,
  first: Uint8Array,
): Promise<{ readonly stream: ClientStream; readonly server: QuicBidirectionalStream }> {
  const stream = await client.openBidirectional();
  stream.write(first);
  const server = await connection.acceptBidirectional();
  assert(server !== null, "The connection is over");
  return { stream, server };
}

/** One request and its answer on a stream of its own. */
export async function echoOnce(pair: Pair): Promise<void> {
  const { stream, server } = await openBidirectional(pair, HELLO);
  stream.finish();
  await echoAll(server);
  assert.deepEqual(await collect(stream), HELLO);
}

/** Sends back what comes, until FIN. */
export async function echoAll({ receive, send }: QuicBidirectionalStream): Promise<void> {
  for (let bytes; (bytes = await receive.read()) !== null;) await send.write(bytes);
  await send.finish();
}

/** Reads until FIN, at the server. */
export async function readAll(stream: QuicReceiveStream): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let bytes; (bytes = await stream.read()) !== null;) {
    assert(bytes.length > 0, "A read came back empty");
    parts.push(bytes);
  }
  return concat(parts);
}

/** Reads at least `size` bytes. */
export async function readSome(stream: QuicReceiveStream, size: number): Promise<void> {
  for (let left = size; left > 0;) left -= (await stream.read())!.length;
}

/** Reads until FIN, at the client. */
export async function collect(stream: ClientStream): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let bytes; (bytes = await stream.read()) !== null;) parts.push(bytes);
  return concat(parts);
}

/** Bytes that show where they belong. */
export function numbered(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index % 251);
}
