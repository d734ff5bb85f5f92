import assert from "node:assert/strict";
import { H3 } from "../../src/h3/errors.ts";
import { encodeFrame, FRAME } from "../../src/h3/frames.ts";
import { QPACK_DECODER_BACKLOG_BYTES } from "../../src/h3/limits.ts";
import { STREAM } from "../../src/h3/unidirectional.ts";
import { assertConnectionError, newConnection } from "./peer_support.ts";

Deno.test("H3Connection keeps decoder instructions that nobody takes up to a limit", () => {
  const connection = newConnection();
  const encoder = connection.unidirectional(2);
  // A table of 4096 bytes, and `a: b` in it.
  encoder.receive(Uint8Array.of(STREAM.QPACK_ENCODER, 0x3f, 0xe1, 0x1f, 0x41, 0x61, 1, 0x62), 0);
  const section = Uint8Array.of(0x02, 0x00, 0xd1, 0xd7, 0x50, 0x01, 0x61, 0xc1, 0x80);
  const get = encodeFrame(FRAME.HEADERS, section);
  const ask = (id: number) => {
    const request = connection.request(id);
    request.receive(get.slice(), 0);
    request.finish();
    while (request.next() !== null);
    request.close();
  };
  let id = 0;
  for (; id < 4 * 16_000; id += 4) ask(id); // some three bytes each
  connection.checkDecoderBacklog();
  for (; id < 4 * 40_000; id += 4) ask(id);
  assertConnectionError(() => connection.checkDecoderBacklog(), H3.EXCESSIVE_LOAD);
  assert.ok(connection.takeDecoder()!.length > QPACK_DECODER_BACKLOG_BYTES);
  connection.checkDecoderBacklog();
});
