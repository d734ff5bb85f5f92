/**
 * One request over HTTP/3, as a client sees it.
 *
 * @module
 */

import type { FieldList } from "../../src/fields.ts";
import { encodeFrame, FRAME, FrameReader, H3 } from "../../src/h3/mod.ts";
import { concat } from "./bytes.ts";
import {
  BrokenResponse,
  bytesOf,
  type ClientExchange,
  type ClientFields,
  type ClientHead,
  type ClientRequest,
} from "./client.ts";
import { withDeadline } from "./deadline.ts";
import type { H3ClientConnection } from "./h3_client_connection.ts";

/** Content of one DATA frame. */
const FRAME_BYTES = 65_536;

/** How a frame of a response is read. */
function admit(type: number): "whole" | "parts" | "skip" {
  if (type === FRAME.HEADERS) return "whole";
  return type === FRAME.DATA ? "parts" : "skip";
}

/** One request stream. */
export class H3ClientExchange implements ClientExchange {
  /** Interim responses so far. */
  readonly interim: ClientHead[] = [];
  /** Trailer section of the response, once `read()` gave `null`; `null` when there is none. */
  trailers: ClientFields | null = null;
  readonly #connection: H3ClientConnection;
  readonly #id: number;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #frames = new FrameReader({ admit });
  readonly #bodiless: boolean;
  #head: Promise<ClientHead> | undefined;
  #final: ClientHead | undefined;
  /** Bytes of content that are to come, when the head says so. */
  #expected: number | null = null;
  #received = 0;
  #sending: Promise<void> = Promise.resolve();
  #sent = false;
  #complete = false;

  private constructor(
    connection: H3ClientConnection,
    stream: Deno.QuicBidirectionalStream,
    method: string,
  ) {
    this.#connection = connection;
    this.#id = Number(stream.readable.id);
    this.#writer = stream.writable.getWriter();
    this.#writer.closed.catch(() => {}); // when the server does not want the rest, or with the connection
    this.#reader = stream.readable.getReader();
    this.#bodiless = method === "HEAD";
    connection.hold(this);
  }

  /** Sends a request; content that is given whole goes out while the response is read. */
  static async open(
    connection: H3ClientConnection,
    host: string,
    request: ClientRequest,
  ): Promise<H3ClientExchange> {
    const { method = "GET", content } = request;
    const stream = await withDeadline(connection.openStream(), "leave to open a stream");
    const exchange = new H3ClientExchange(connection, stream, method);
    const head = connection.encodeFields(exchange.#id, headOf(request, host));
    if (content === "open") await exchange.#writer.write(head);
    else exchange.#sending = exchange.#sendAll(head, bytesOf(content ?? "")).catch(() => {});
    return exchange;
  }

  async send(piece: Uint8Array | string): Promise<void> {
    await this.#writer.write(encodeFrame(FRAME.DATA, bytesOf(piece)));
  }

  /** Ends open content, with a trailer section if one is given. */
  async finish(trailers?: ClientFields): Promise<void> {
    this.#sent = true;
    try {
      if (trailers) {
        await this.#writer.write(this.#connection.encodeFields(this.#id, trailers));
      }
      await this.#writer.close();
    } catch { /* the server does not want the rest */ }
  }

  head(): Promise<ClientHead> {
    return this.#head ??= this.#readHead();
  }

  async read(): Promise<Uint8Array | null> {
    await this.head();
    for (;;) {
      const frame = await this.#nextFrame();
      if (frame === null) return null;
      if (frame.type === FRAME.HEADERS) await this.#readTrailers(frame.payload);
      else if (this.trailers) throw new BrokenResponse("There is content after the trailers");
      else if (frame.payload.length > 0) {
        this.#received += frame.payload.length;
        return frame.payload;
      }
    }
  }

  /** Asks the server to stop the response (STOP_SENDING, of which Deno sets the code: 0). */
  async stop(): Promise<void> {
    if (this.#complete) return;
    this.#connection.cancelFields(this.#id);
    await this.#reader.cancel().catch(() => {}); // the connection is over
    this.#release();
  }

  /**
   * Stops the response. Where that does not end the request it closes the connection, for Deno cannot reset a stream,
   * and a FIN would make the content look complete.
   */
  async leave(): Promise<void> {
    if (this.#sent) await this.stop();
    else await this.#connection.close(H3.REQUEST_CANCELLED);
    await this.#sending;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  async #sendAll(head: Uint8Array<ArrayBuffer>, content: Uint8Array): Promise<void> {
    const frames = [head];
    for (let at = 0; at < content.length; at += FRAME_BYTES) {
      frames.push(encodeFrame(FRAME.DATA, content.subarray(at, at + FRAME_BYTES)));
    }
    await this.#writer.write(concat(frames.splice(0, 2)));
    for (const frame of frames) await this.#writer.write(frame);
    this.#sent = true;
    await this.#writer.close();
  }

  async #readHead(): Promise<ClientHead> {
    for (;;) {
      const frame = await this.#nextFrame();
      if (frame?.type !== FRAME.HEADERS) {
        throw new BrokenResponse(frame ? "There is content before a head" : "There is no response");
      }
      const [[name, value] = [], ...fields] = await this.#decode(frame.payload);
      const status = Number(value);
      if (name !== ":status" || !(status >= 100 && status <= 599)) {
        throw new BrokenResponse(`The response begins with ${name}: ${value}`);
      }
      if (status < 200) this.interim.push({ status, fields });
      else {
        this.#expect(status, fields);
        return this.#final = { status, fields };
      }
    }
  }

  #expect(status: number, fields: FieldList): void {
    if (this.#bodiless || status === 204 || status === 304) this.#expected = 0;
    else {
      const length = fields.find(([name]) => name === "content-length")?.[1];
      if (length !== undefined) this.#expected = Number(length);
    }
  }

  async #readTrailers(section: Uint8Array): Promise<void> {
    if (this.trailers) throw new BrokenResponse("There are two trailer sections");
    this.trailers = await this.#decode(section);
    if (this.trailers.some(([name]) => name.startsWith(":"))) {
      throw new BrokenResponse("There are pseudo-header fields in the trailers");
    }
  }

  #decode(section: Uint8Array): Promise<FieldList> {
    return this.#connection.decodeFields(this.#id, section);
  }

  /** Next frame or part of one; `null` at the end of a response that is whole. */
  async #nextFrame(): Promise<{ type: number; payload: Uint8Array } | null> {
    for (;;) {
      const frame = this.#complete ? null : this.#frames.next();
      if (frame !== null || this.#complete) return frame;
      const bytes = await withDeadline(this.#readBytes(), "bytes of the response");
      if (bytes === null) this.#finishResponse();
      else this.#frames.receive(bytes);
    }
  }

  async #readBytes(): Promise<Uint8Array | null> {
    try {
      return (await this.#reader.read()).value ?? null;
    } catch (cause) {
      this.#release();
      throw new BrokenResponse(`The stream failed: ${cause}`, { cause });
    }
  }

  #finishResponse(): void {
    this.#release();
    if (!this.#final) throw new BrokenResponse("The stream ended without a response");
    if (this.#expected !== null && this.#expected !== this.#received) {
      throw new BrokenResponse(`There are ${this.#received} bytes of ${this.#expected}`);
    }
    try {
      this.#frames.finish();
    } catch (cause) {
      throw new BrokenResponse("The stream ended inside a frame", { cause });
    }
  }

  #release(): void {
    this.#complete = true;
    this.#connection.release(this);
  }
}

function headOf({ method = "GET", target, fields = [], content }: ClientRequest, host: string) {
  const authority = fields.find(([name]) => name === "host")?.[1] ?? host;
  const lines: (readonly [string, string])[] = [
    [":method", method],
    [":scheme", "https"],
    [":authority", authority],
    [":path", target],
    ...fields.filter(([name]) => name !== "host"),
  ];
  if (content !== undefined && content !== "open") {
    lines.push(["content-length", String(bytesOf(content).length)]);
  }
  return lines;
}
