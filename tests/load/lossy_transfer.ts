/**
 * Transfers between a client of ours and a server, for networks that lose packets.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { WireConnection } from "../_support/h3_wire.ts";
import { pieces, sumOf } from "./content.ts";

/** Downloads `size` bytes of `/content?N`. Whether they are the right ones. */
export async function download(connection: WireConnection, size: number): Promise<boolean> {
  const stream = await connection.open("GET", `/content?${size}`);
  await stream.finish();
  const { status, content } = await stream.answer();
  return status === "200" && createHash("sha256").update(content).digest("hex") === sumOf(size);
}

/** Uploads `size` bytes to `/sum`. Whether the server got the right ones. */
export async function upload(connection: WireConnection, size: number): Promise<boolean> {
  const stream = await connection.open("POST", "/sum");
  for (const piece of pieces(size)) await stream.send(piece);
  await stream.finish();
  const { status, content } = await stream.answer();
  return status === "200" && new TextDecoder().decode(content) === sumOf(size);
}
