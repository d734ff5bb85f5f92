/**
 * The least that an echo over WebSockets over HTTP/3 can be on Deno's QUIC: it counts bytes, and answers each message
 * with the same bytes.
 *
 *     deno run -A tests/bench/websocket/bare_h3.ts PORT BYTES text|binary
 *
 * As `../h3/bare.ts` it is the yardstick for ours: it parses nothing, unmasks nothing, and checks nothing. What comes on a
 * stream is taken for a head, and then for messages of BYTES each, in a DATA frame of its own.
 *
 * @module
 */

import { encodeFrame, FRAME } from "../../../src/h3/mod.ts";
import { encodeFrame as encodeWebSocketFrame, OPCODE } from "../../../src/websocket/mod.ts";
import { concat } from "../../_support/bytes.ts";
import { CERTIFICATE, KEY_PATH } from "../../_support/certificates.ts";
import { core, resourceOf } from "../h3/resources.ts";

/** Control stream (0x00) with an empty SETTINGS frame (0x04, RFC 9114 §7.2.4). */
const CONTROL = Uint8Array.of(0x00, 0x04, 0x00);
/** HEADERS (0x01) with `:status: 200`, of the static table (RFC 9204 appendix A). */
const HEAD = Uint8Array.of(0x01, 0x03, 0x00, 0x00, 0xc0 | 25);

const [port, bytes, type] = Deno.args;
const opcode = type === "binary" ? OPCODE.BINARY : OPCODE.TEXT;
const payload = new Uint8Array(Number(bytes)).fill(0x2a);
const requestBytes = encodeFrame(FRAME.DATA, encodeWebSocketFrame({ opcode, payload }, 1)).length;
const reply = encodeFrame(FRAME.DATA, encodeWebSocketFrame({ opcode, payload }));

async function echo(stream: Deno.QuicBidirectionalStream): Promise<void> {
  const receiving = resourceOf(stream.readable);
  const sending = resourceOf(stream.writable);
  const buffer = new Uint8Array(65_536);
  await core.read(receiving, buffer);
  await core.writeAll(sending, HEAD.slice());
  let size = 0;
  for (let read = -1; read !== 0;) {
    read = await core.read(receiving, buffer);
    size += read;
    const count = Math.floor(size / requestBytes);
    size -= count * requestBytes;
    if (count > 0) await core.writeAll(sending, concat(Array<Uint8Array>(count).fill(reply)));
  }
}

async function serveConnection(incoming: Deno.QuicIncoming): Promise<void> {
  const connection = await incoming.accept();
  const control = (await connection.createUnidirectionalStream()).getWriter();
  await control.write(CONTROL.slice());
  const open = new Set<unknown>([control]); // a collected writer sends FIN
  for await (const stream of connection.incomingBidirectionalStreams) {
    open.add(stream); // for the same reason
    echo(stream).catch(() => {}).finally(() => open.delete(stream));
  }
}

const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: Number(port) });
const listener = endpoint.listen({
  cert: CERTIFICATE,
  key: Deno.readTextFileSync(KEY_PATH),
  alpnProtocols: ["h3"],
});
Deno.listen({ hostname: "127.0.0.1", port: Number(port) }); // whoever waits for a TCP port learns that the UDP port is open
for await (const incoming of listener) {
  serveConnection(incoming).catch(() => {}); // it is over, whatever the reason
}
