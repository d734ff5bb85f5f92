/**
 * An HTTP/3 client with every stream in the hands of the test: on Deno's own QUIC, frames made here.
 *
 * For what clients of others do not let one do: hold streams open, stop reading, connect two thousand times.
 *
 * @module
 */

import { decodeVarint, encodeVarints, INCOMPLETE } from "../../src/h3/varint.ts";
import { QPACKDecoder } from "../../src/qpack/mod.ts";
import { concat } from "./bytes.ts";
import { CERTIFICATE } from "./certificates.ts";

const DATA = 0x00;
const HEADERS = 0x01;

/** Control stream with an empty SETTINGS frame. */
const CONTROL = Uint8Array.of(0x00, 0x04, 0x00);

/** Field lines of the static table (RFC 9204 appendix A). */
const METHODS: Readonly<Record<string, number>> = { GET: 17, POST: 20 };
const SCHEME_HTTPS = 23;
const AUTHORITY = 0;
const PATH = 1;

/** Where the connections of a test come from: one UDP socket for all of them. */
export class WireEndpoint implements Disposable {
  readonly #endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });

  /** Connects to a port of the loopback, trusting `caCerts`; returns when the handshake is done. */
  async connect(port: number, caCerts = [CERTIFICATE]): Promise<WireConnection> {
    const connection = await Deno.connectQuic({
      hostname: "127.0.0.1",
      port,
      alpnProtocols: ["h3"],
      caCerts,
      endpoint: this.#endpoint,
    });
    const control = (await connection.createUnidirectionalStream()).getWriter();
    await control.write(CONTROL.slice());
    return new WireConnection(connection, control);
  }

  [Symbol.dispose](): void {
    this.#endpoint.close();
  }
}

/** One connection. */
export class WireConnection implements Disposable {
  /** Settles with the reason when the connection is over, whoever ended it. Never rejects. */
  readonly closed: Promise<string>;
  readonly #connection: Deno.QuicConn;
  /** Streams that were opened here: a collected one would end. */
  readonly #held = new Set<unknown>();

  /** Use {@linkcode WireEndpoint}. */
  constructor(connection: Deno.QuicConn, control: unknown) {
    this.#connection = connection;
    this.#held.add(control);
    this.closed = connection.closed.then(
      ({ closeCode, reason }) => `0x${(closeCode ?? 0).toString(16)} ${reason}`,
      String,
    );
    this.#holdUnidirectional();
  }

  /** Sends a request head. The content goes on until {@linkcode WireStream.finish}. */
  async open(method: "GET" | "POST", target: string): Promise<WireStream> {
    const stream = await this.#connection.createBidirectionalStream({ waitUntilAvailable: true });
    const opened = new WireStream(stream, () => this.#held.delete(opened));
    this.#held.add(opened);
    await opened.sendRaw(encodeHead(method, target));
    return opened;
  }

  /** The content of the answer to GET. @throws {Error} When the status is not 200, or the answer breaks off. */
  async get(target: string): Promise<string> {
    const stream = await this.open("GET", target);
    await stream.finish();
    const { status, content } = await stream.answer();
    if (status !== "200") throw new Error(`The answer to ${target} has status ${status}`);
    return new TextDecoder().decode(content);
  }

  /** Closes with H3_NO_ERROR. */
  [Symbol.dispose](): void {
    this.#connection.close({ closeCode: 0x100, reason: "" });
  }

  async #holdUnidirectional(): Promise<void> {
    try {
      for await (const stream of this.#connection.incomingUnidirectionalStreams) {
        this.#held.add(stream);
      }
    } catch { /* the connection is over */ }
  }
}

/** The answer to a request. */
export interface WireAnswer {
  /** Status of the first head. */
  readonly status: string;
  /** Content. */
  readonly content: Uint8Array;
}

/** One request stream. */
export class WireStream {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #release: () => void;
  readonly #received: Uint8Array[] = [];

  /** Use {@linkcode WireConnection}. */
  constructor(stream: Deno.QuicBidirectionalStream, release: () => void) {
    this.#writer = stream.writable.getWriter();
    this.#reader = stream.readable.getReader();
    this.#release = release;
  }

  /** Sends bytes as they are. */
  async sendRaw(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#writer.write(bytes);
  }

  /** Sends content in one DATA frame. */
  async send(content: Uint8Array): Promise<void> {
    const header = encodeVarints(DATA, content.length);
    const frame = new Uint8Array(header.length + content.length);
    frame.set(header);
    frame.set(content, header.length);
    await this.sendRaw(frame);
  }

  /** Ends the request (FIN). */
  async finish(): Promise<void> {
    await this.#writer.close();
  }

  /** Next bytes of the answer as they come, `null` after FIN. @throws {Error} When the stream or connection breaks. */
  async readRaw(): Promise<Uint8Array | null> {
    const { done, value } = await this.#reader.read();
    if (done) this.#release();
    else this.#received.push(value);
    return done ? null : value;
  }

  /** The whole answer, up to FIN. @throws {Error} When the stream or connection breaks before, or it is no answer. */
  async answer(): Promise<WireAnswer> {
    while (await this.readRaw());
    return parseAnswer(concat(this.#received));
  }

  /** Asks the server to stop sending (STOP_SENDING). */
  async stop(): Promise<void> {
    this.#release();
    await this.#reader.cancel();
  }
}

function encodeHead(method: "GET" | "POST", target: string): Uint8Array<ArrayBuffer> {
  const section = Uint8Array.of(
    ...[0x00, 0x00, 0xc0 | METHODS[method]!, 0xc0 | SCHEME_HTTPS],
    ...literal(AUTHORITY, "localhost"),
    ...literal(PATH, target),
  );
  return Uint8Array.of(...encodeVarints(HEADERS, section.length), ...section);
}

/** A literal with a name of the static table (RFC 9204 §4.5.4), shorter than 127 bytes. */
function literal(name: number, value: string): number[] {
  return [0x50 | name, value.length, ...new TextEncoder().encode(value)];
}

function parseAnswer(stream: Uint8Array): WireAnswer {
  let status: string | undefined;
  const content: Uint8Array[] = [];
  for (let offset = 0; offset < stream.length;) {
    const [type, afterType] = varintAt(stream, offset);
    const [length, start] = varintAt(stream, afterType);
    if (start + length > stream.length) throw new Error("The answer ends inside a frame");
    const payload = stream.subarray(start, start + length);
    if (type === DATA) content.push(payload);
    else if (type === HEADERS) status ??= statusOf(payload);
    offset = start + length;
  }
  if (status === undefined) throw new Error("The answer has no HEADERS frame");
  return { status, content: concat(content) };
}

function statusOf(section: Uint8Array): string {
  const decoder = new QPACKDecoder({
    maxTableCapacity: 0, // as our empty SETTINGS say
    maxBlockedStreams: 0,
    maxFieldSectionSize: 65_536,
    maxNameLength: 256,
    maxValueLength: 65_536,
  });
  const fields = decoder.decode(0, section)!;
  return fields.find(([name]) => name === ":status")![1];
}

function varintAt(bytes: Uint8Array, offset: number): [value: number, next: number] {
  const value = decodeVarint(bytes, offset);
  if (value === INCOMPLETE) throw new Error("The answer ends inside a frame header");
  return [value, offset + (1 << (bytes[offset]! >> 6))];
}
