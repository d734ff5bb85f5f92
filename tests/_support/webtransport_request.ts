/**
 * A request of a WebTransport client, and what the server answers.
 *
 * @module
 */

import type { FieldList } from "../../src/fields.ts";
import { encodeFrame, FRAME, FrameReader } from "../../src/h3/mod.ts";
import { QPACKDecoder } from "../../src/qpack/mod.ts";
import { concat } from "./bytes.ts";
import { withDeadline } from "./deadline.ts";
import type { ByteStream } from "./websocket_client.ts";
import { HANG_MS, Mailbox, type SessionStream } from "./webtransport_stream.ts";

/** Head of a final response. */
export interface ResponseHead {
  /** Status. */
  readonly status: number;
  /** Fields. */
  readonly fields: Headers;
}

/** One request stream, whose head was sent. It is read as it comes. */
export class ClientRequest {
  /** Id of the stream. */
  readonly id: number;
  /** The stream. Do not read it. */
  readonly stream: SessionStream;
  /** Settles with the head of the answer. */
  readonly answer: Promise<ResponseHead>;
  /** Content of the answer as it comes, `null` at its end, however that came. */
  readonly pieces: Mailbox<Uint8Array | null> = new Mailbox();
  readonly #answer = Promise.withResolvers<ResponseHead>();
  readonly #ended = Promise.withResolvers<"fin" | "lost">();

  /** @param stream A request stream whose head was sent. */
  constructor(stream: SessionStream) {
    this.stream = stream;
    this.id = stream.id;
    this.answer = withDeadline(this.#answer.promise, "an answer", HANG_MS);
    this.answer.catch(() => {}); // a test need not look
    void this.#read();
  }

  /** Whether the server has ended it with FIN, once it is over. @throws {Error} When that does not come. */
  over(): Promise<"fin" | "lost"> {
    return withDeadline(this.#ended.promise, "the end of an answer", HANG_MS);
  }

  /** All content that nobody took, up to the end. */
  async content(): Promise<string> {
    const parts: Uint8Array[] = [];
    const next = () => this.pieces.next("content of an answer");
    for (let piece = await next(); piece !== null; piece = await next()) parts.push(piece);
    return new TextDecoder().decode(concat(parts));
  }

  /** Sends bytes in a DATA frame; says whether the server still takes them. */
  data(bytes: Uint8Array): Promise<boolean> {
    return this.stream.send(encodeFrame(FRAME.DATA, bytes));
  }

  /** The content of both sides as the bytes below something else. */
  tunnel(): ByteStream {
    return {
      read: () => this.pieces.next("content of a tunnel"),
      write: async (bytes) => void await this.data(bytes),
      finish: () => Promise.resolve(this.stream.finish()),
      close: () => this.stream.finish(),
    };
  }

  /** Content of the answer came, at least one byte. */
  protected onData(bytes: Uint8Array): void {
    this.pieces.add(bytes);
  }

  async #read(): Promise<void> {
    const frames = new FrameReader({ admit: treatmentOf });
    try {
      for (let bytes = await this.stream.read(); bytes; bytes = await this.stream.read()) {
        frames.receive(bytes);
        for (let frame = frames.next(); frame !== null; frame = frames.next()) {
          if (frame.type === FRAME.HEADERS) this.#onHead(frame.payload);
          else if (frame.payload.length > 0) this.onData(frame.payload);
        }
      }
      this.#finish("fin", "the stream ended");
    } catch (error) {
      this.#finish("lost", error);
    }
  }

  #onHead(section: Uint8Array): void {
    const all = decode(section);
    const status = Number(all.find(([name]) => name === ":status")?.[1]);
    if (!(status >= 200)) return;
    const fields = new Headers(all.slice(1) as [string, string][]);
    this.#answer.resolve({ status, fields });
  }

  #finish(how: "fin" | "lost", cause: unknown): void {
    this.#answer.reject(new Error(`There is no answer: ${cause}`));
    this.#ended.resolve(how);
    this.pieces.add(null);
  }
}

function treatmentOf(type: number): "whole" | "parts" | "skip" {
  if (type === FRAME.HEADERS) return "whole";
  return type === FRAME.DATA ? "parts" : "skip";
}

function decode(section: Uint8Array): FieldList {
  const decoder = new QPACKDecoder({
    maxTableCapacity: 0, // as our SETTINGS say
    maxBlockedStreams: 0,
    maxFieldSectionSize: 65_536,
    maxNameLength: 256,
    maxValueLength: 65_536,
  });
  return decoder.decode(0, section)!;
}
