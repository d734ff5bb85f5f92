/**
 * The least an HTTP/3 server on Deno's QUIC can do: every request gets the same bytes, whatever it says.
 *
 *     deno run -A tests/bench/h3/bare.ts streams|resources PORT [BYTES] [--to-end]
 *
 * This is the yardstick for ours: what it reaches, nobody on this runtime can pass by much. It parses nothing, sends no
 * `date`, and answers after the first piece of a request; the rest is left to the runtime. A server that has to know
 * whether a request is complete reads it up to its end, as this one does with `--to-end`. With BYTES, the content is
 * that long.
 *
 * @module
 */

import { CERTIFICATE, KEY_PATH } from "../../_support/certificates.ts";
import { CONTENT } from "../apps.ts";
import { core, resourceOf } from "./resources.ts";

/** Answers the request on one stream. */
type Answer = (stream: Deno.QuicBidirectionalStream) => Promise<void>;

/** Bytes of a write; larger and smaller ones are slower. */
const WRITE_BYTES = 65_536;

/** Bytes of the buffer a request is read into. */
const READ_BYTES = 2048;

/** Control stream (0x00) with an empty SETTINGS frame (0x04, RFC 9114 §7.2.4). */
const CONTROL = Uint8Array.of(0x00, 0x04, 0x00);

/** HEADERS with `:status: 200`, a content type and a content length, all of the static table (RFC 9204 appendix A). */
function encodeHead(length: number): Uint8Array {
  const digits = new TextEncoder().encode(String(length));
  const section = [0x00, 0x00, 0xc0 | 25, 0xc0 | 54, 0x50 | 4, digits.length, ...digits];
  return Uint8Array.of(0x01, section.length, ...section);
}

/** The header of a DATA frame, its length in the 8-byte form (RFC 9000 §16). */
function encodeDataHeader(length: number): Uint8Array {
  const header = new Uint8Array(9);
  new DataView(header.buffer).setBigUint64(1, BigInt(length) | 0xc000000000000000n);
  return header;
}

/** The whole answer, cut into writes. */
function encodeAnswer(content: Uint8Array): Uint8Array[] {
  const parts = [encodeHead(content.length), encodeDataHeader(content.length), content];
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  const count = Math.ceil(all.length / WRITE_BYTES);
  return Array.from(
    { length: count },
    (_, index) => all.slice(index * WRITE_BYTES, (index + 1) * WRITE_BYTES),
  );
}

/** Makes the answer to every request; `toEnd`: whether the request is read up to FIN before. */
type AnswerMaker = (writes: readonly Uint8Array[], toEnd: boolean) => Answer;

/** Public API only. */
function answerByStreams(writes: readonly Uint8Array[], toEnd: boolean): Answer {
  return async (stream) => {
    const reader = stream.readable.getReader();
    while (!(await reader.read()).done && toEnd);
    const writer = stream.writable.getWriter();
    for (const bytes of writes) await writer.write(bytes.slice()); // what is written is the runtime's
    await writer.close();
  };
}

/** The same by resource id, past the stream objects. */
function answerByResources(writes: readonly Uint8Array[], toEnd: boolean): Answer {
  return async (stream) => {
    const receiving = resourceOf(stream.readable);
    const sending = resourceOf(stream.writable);
    const buffer = new Uint8Array(READ_BYTES);
    while (await core.read(receiving, buffer) > 0 && toEnd);
    for (const bytes of writes) await core.writeAll(sending, bytes);
    core.close(sending);
    core.close(receiving);
  };
}

const BACKENDS: Readonly<Record<string, AnswerMaker>> = {
  streams: answerByStreams,
  resources: answerByResources,
};

async function serveConnection(incoming: Deno.QuicIncoming, answer: Answer): Promise<void> {
  const connection = await incoming.accept();
  const control = await connection.createUnidirectionalStream();
  const writer = control.getWriter();
  await writer.write(CONTROL.slice());
  const open = new Set<unknown>([writer, keepUnidirectional(connection)]); // a collected writer sends FIN
  for await (const stream of connection.incomingBidirectionalStreams) {
    open.add(stream); // for the same reason
    answer(stream).catch(() => {}).finally(() => open.delete(stream));
  }
}

/** Takes the client's unidirectional streams and leaves them unread. */
async function keepUnidirectional(connection: Deno.QuicConn): Promise<void> {
  const open: unknown[] = [];
  try {
    for await (const stream of connection.incomingUnidirectionalStreams) open.push(stream);
  } catch { /* the connection broke */ }
}

async function main(args: readonly string[]): Promise<void> {
  const toEnd = args.includes("--to-end");
  const [backend = "", port, bytes] = args.filter((arg) => arg !== "--to-end");
  const answerBy = BACKENDS[backend];
  if (answerBy === undefined) throw new Error(`Unknown back-end "${backend}"`);
  const text = new TextEncoder().encode(CONTENT);
  const content = bytes === undefined ? text : new Uint8Array(Number(bytes)).fill(0x2e);
  const answer = answerBy(encodeAnswer(content), toEnd);
  const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: Number(port) });
  const listener = endpoint.listen({
    cert: CERTIFICATE,
    key: Deno.readTextFileSync(KEY_PATH),
    alpnProtocols: ["h3"],
  });
  Deno.listen({ hostname: "127.0.0.1", port: Number(port) }); // whoever waits for a TCP port learns that the UDP port is open
  for await (const incoming of listener) {
    serveConnection(incoming, answer).catch(() => {}); // it is over, whatever the reason
  }
}

await main(Deno.args);
