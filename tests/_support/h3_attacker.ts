/**
 * An HTTP/3 client that breaks rules over real QUIC: every stream and byte is the test's.
 *
 * The runtime cannot send RESET_STREAM; what needs it is tried on the QUIC in memory, see `h3_peer.ts`.
 *
 * @module
 */

import type { FieldList } from "../../src/fields.ts";
import { encodeFrame, encodeVarints, errorName, FRAME, STREAM } from "../../src/h3/mod.ts";
import { QPACKDecoder, QPACKEncoder } from "../../src/qpack/mod.ts";
import { concat } from "./bytes.ts";
import { CERTIFICATE } from "./certificates.ts";
import { controlStart, requestFields } from "./h3_peer.ts";
import { withDeadline } from "./deadline.ts";

/** Milliseconds that an attack may take before it counts as hanging. */
export const ATTACK_MS = 30_000;

/** One connection. */
export class H3Attacker implements Disposable {
  /** Settles with the name of the code, or the runtime's words, when the connection is over. Never rejects. */
  readonly closed: Promise<string>;
  /** Whether it is over. */
  over = false;
  readonly #connection: Deno.QuicConn;
  /** `null` when it is somebody else's. */
  readonly #endpoint: Deno.QuicEndpoint | null;
  /** A collected stream would end. */
  readonly #held: unknown[] = [];

  private constructor(connection: Deno.QuicConn, endpoint: Deno.QuicEndpoint | null) {
    this.#connection = connection;
    this.#endpoint = endpoint;
    this.closed = connection.closed.then(({ closeCode }) => errorName(closeCode ?? 0), String)
      .finally(() => this.over = true);
    void this.#holdIncoming();
  }

  /**
   * Connects; nothing is sent.
   *
   * @param keepAlive Milliseconds between PING frames of a client that has nothing else to say.
   * @param shared Where to connect from; an endpoint takes some 3 MB, so a thousand attackers share one.
   */
  static async connect(
    port: number,
    keepAlive?: number,
    shared?: Deno.QuicEndpoint,
  ): Promise<H3Attacker> {
    const endpoint = shared ?? new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
    try {
      const connection = await withDeadline(
        Promise.resolve(Deno.connectQuic({
          hostname: "127.0.0.1",
          port,
          serverName: "localhost",
          alpnProtocols: ["h3"],
          caCerts: [CERTIFICATE],
          endpoint,
          ...(keepAlive === undefined ? {} : { keepAliveInterval: keepAlive }),
        })),
        "an attacker's connection",
        ATTACK_MS,
      );
      return new H3Attacker(connection, shared ? null : endpoint);
    } catch (error) {
      if (!shared) endpoint.close();
      throw error;
    }
  }

  /** Opens a control stream with SETTINGS. */
  control(): Promise<AttackStream> {
    return this.unidirectional(controlStart());
  }

  /** Opens a unidirectional stream that begins with `bytes`; waits for leave to do so. */
  async unidirectional(bytes: Uint8Array): Promise<AttackStream> {
    const stream = await this.#connection.createUnidirectionalStream({ waitUntilAvailable: true });
    return await this.#begin(new AttackStream(stream, null), bytes);
  }

  /** Opens a request stream that begins with `bytes`; waits for leave to do so. */
  async bidirectional(bytes: Uint8Array): Promise<AttackStream> {
    const { readable, writable } = await this.#connection.createBidirectionalStream({
      waitUntilAvailable: true,
    });
    return await this.#begin(new AttackStream(writable, readable), bytes);
  }

  /** Opens a request stream with a head. */
  request(method: string, path: string): Promise<AttackStream> {
    return this.bidirectional(headers(requestFields({ method, path })));
  }

  /** Closes with H3_NO_ERROR; settles when it is over. */
  async close(): Promise<string> {
    if (!this.over) this.#connection.close({ closeCode: 0x100, reason: "" });
    return await this.closed;
  }

  [Symbol.dispose](): void {
    if (!this.over) this.#connection.close({ closeCode: 0x100, reason: "" });
    this.#endpoint?.close();
  }

  async #begin(stream: AttackStream, bytes: Uint8Array): Promise<AttackStream> {
    this.#held.push(stream);
    await stream.send(bytes);
    return stream;
  }

  async #holdIncoming(): Promise<void> {
    try {
      for await (const stream of this.#connection.incomingUnidirectionalStreams) {
        this.#held.push(stream); // and never reads it
      }
    } catch { /* the connection is over */ }
  }
}

/** A stream of an attacker. */
export class AttackStream {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  constructor(
    writable: WritableStream<Uint8Array>,
    readable: ReadableStream<Uint8Array> | null,
  ) {
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {}); // the server stopped it, or the connection is over
    this.#reader = readable?.getReader();
  }

  /** Sends bytes; says whether the server still takes them. */
  async send(bytes: Uint8Array): Promise<boolean> {
    try {
      await this.#writer.write(bytes.slice());
      return true;
    } catch {
      return false;
    }
  }

  /** Sends FIN. */
  finish(): void {
    this.#writer.close().catch(() => {});
  }

  /**
   * Status and content of the answer, up to FIN.
   *
   * @param rest Is waited for between every 200 KB.
   * @throws {Error} When it does not end with FIN.
   */
  async answer(
    rest: () => Promise<void> = () => Promise.resolve(),
  ): Promise<{ readonly status: number; readonly content: Uint8Array }> {
    const parts: Uint8Array[] = [];
    const read = async () => {
      for (let left = 200_000;;) {
        const { done, value } = await this.#reader!.read();
        if (done) return parse(concat(parts));
        parts.push(value);
        left -= value.length;
        if (left > 0) continue;
        left = 200_000;
        await rest();
      }
    };
    return await withDeadline(read(), "an answer for the attacker", ATTACK_MS);
  }

  /** Reads one piece, then no more. */
  async readOnce(): Promise<void> {
    await this.#reader!.read();
  }
}

/** A HEADERS frame without dynamic table. */
export function headers(fields: FieldList): Uint8Array {
  return encodeFrame(FRAME.HEADERS, new QPACKEncoder(NO_TABLE).encode(0, fields));
}

/** An encoder stream that allows itself a table of 4096 bytes. */
export const ENCODER_START: Uint8Array = Uint8Array.of(STREAM.QPACK_ENCODER, 0x3f, 0xe1, 0x1f);

const NO_TABLE = { maxTableCapacity: 0, maxBacklog: 0 };

/** Reads frames of a whole answer. */
function parse(bytes: Uint8Array): { readonly status: number; readonly content: Uint8Array } {
  const decoder = new QPACKDecoder({
    maxTableCapacity: 0,
    maxBlockedStreams: 0,
    maxFieldSectionSize: 65_536,
    maxNameLength: 256,
    maxValueLength: 65_536,
  });
  let status = NaN;
  const content: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const [type, afterType] = varint(bytes, at);
    const [length, start] = varint(bytes, afterType);
    at = start + length;
    const payload = bytes.subarray(start, at);
    if (type === FRAME.DATA) content.push(payload);
    else if (type === FRAME.HEADERS && !(status >= 200)) {
      status = Number(decoder.decode(0, payload)!.find(([name]) => name === ":status")![1]);
    }
  }
  return { status, content: concat(content) };
}

function varint(bytes: Uint8Array, at: number): [value: number, next: number] {
  const size = 1 << (bytes[at]! >> 6);
  let value = bytes[at]! & 0x3f;
  for (let i = 1; i < size; i++) value = value * 256 + bytes[at + i]!;
  return [value, at + size];
}

/** Frames of a control stream, several in one array. */
export function frames(count: number, make: (index: number) => Uint8Array): Uint8Array {
  return concat(Array.from({ length: count }, (_, index) => make(index)));
}

/** A frame whose payload is one number. */
export function idFrame(type: number, id: number): Uint8Array {
  return encodeFrame(type, encodeVarints(id));
}
