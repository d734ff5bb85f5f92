/**
 * An exchange over `Deno.serve`: a native `Request` in, a promise of a `Response` out.
 *
 * Theory of operation. `respond` only keeps the head. The first `write` is kept too, and if `end` follows in the
 * same turn of the event loop the response is flat: one `Response` with bytes, a content-length, and the runtime's
 * fast path. A second `write`, or the end of the turn, turns it into a stream. `abort` before the hand-over
 * resolves with a 500; after `respond` it breaks the body off, so that the client never takes a truncated
 * response for a complete one (RFC 9112 §8).
 *
 * @module
 */

import { ApplicationError, DisconnectError } from "../errors.ts";
import {
  type Exchange,
  type ExchangeSupport,
  type InformationalHead,
  nextState,
  type PeerInfo,
  type RequestHead,
  type ResponseCall,
  type ResponseHead,
  type ResponseState,
} from "../exchange.ts";
import { type FieldList, hasField } from "../fields.ts";
import { ContentLength } from "./content_length.ts";
import { flushNextTurn, type Held } from "./flush_queue.ts";
import type { Entry } from "./in_flight.ts";
import { checkResponseHead, emptyResponse, isBodiless, responseInit } from "./response_head.ts";
import { ResponseStream, type StreamEvents } from "./response_stream.ts";
import { openFile } from "./send_file.ts";
import { mayHaveContent } from "./serve_request.ts";

const SUPPORT: ExchangeSupport = { informational: false, trailers: false, sendFile: true };

/** The listener an exchange came from. */
export interface ExchangeOwner {
  /** Adds the server's own fields before a response is handed over. */
  finish(response: Response, exchange: ServeExchange): Response;
}

/** One request under `Deno.serve` as an {@link Exchange}. */
export class ServeExchange implements Exchange, Entry, Held, StreamEvents {
  readonly request: RequestHead;
  readonly peer: PeerInfo;
  readonly supports: ExchangeSupport = SUPPORT;
  readonly upload: boolean;
  /** Resolves with what the runtime is to send. */
  readonly response: Promise<Response>;
  readonly #native: Request;
  readonly #owner: ExchangeOwner;
  #resolve!: (response: Response) => void;
  #state: ResponseState = "initial";
  #head: ResponseHead | undefined;
  #bodiless = false;
  #length: ContentLength | undefined;
  #held: Uint8Array | undefined;
  #stream: ResponseStream | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null | undefined;
  #abort: AbortController | undefined;
  #gone: DisconnectError | undefined;

  /** @param native The runtime's request, of which `request` is the head. */
  constructor(native: Request, request: RequestHead, peer: PeerInfo, owner: ExchangeOwner) {
    this.#native = native;
    this.request = request;
    this.peer = peer;
    this.#owner = owner;
    this.upload = mayHaveContent(native.method);
    this.response = new Promise((resolve) => this.#resolve = resolve);
  }

  /** State of the response half, for the driver. */
  get state(): ResponseState {
    return this.#state;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      const native = this.#native.signal;
      if (native.aborted) this.onCancel();
      else native.addEventListener("abort", () => this.onCancel(), { once: true });
      if (this.#gone) this.#abort.abort(this.#gone);
    }
    return this.#abort.signal;
  }

  async read(): Promise<Uint8Array | null> {
    if (this.#gone) throw this.#gone;
    if (this.#reader === undefined) this.#reader = this.#native.body?.getReader() ?? null;
    if (this.#reader === null) return null;
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) return null;
        if (value.byteLength > 0) return value;
      }
    } catch (error) {
      this.onCancel(); // the runtime fails a body read only when the connection is lost
      throw new DisconnectError("The client disconnected during the request", { cause: error });
    }
  }

  trailers(): Promise<FieldList | null> {
    return Promise.resolve(null);
  }

  inform(_head: InformationalHead): Promise<void> {
    return Promise.reject(
      new ApplicationError("Cannot send an interim response: HTTP/1 and HTTP/2 here carry none"),
    );
  }

  respond(head: ResponseHead): Promise<void> {
    try {
      const next = this.#next("respond");
      checkResponseHead(head);
      this.#length = new ContentLength(head.fields);
      this.#bodiless = isBodiless(this.#native.method, head.status);
      this.#head = head;
      this.#state = next;
      flushNextTurn(this);
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  write(chunk: Uint8Array): Promise<void> {
    try {
      const next = this.#next("write");
      this.#state = next;
      if (chunk.byteLength === 0) return Promise.resolve();
      if (!this.#bodiless) this.#length!.add(chunk.byteLength);
      if (this.#stream) return this.#stream.write(chunk);
      if (this.#held === undefined) {
        this.#held = chunk;
        return Promise.resolve();
      }
      if (this.#bodiless) this.#stopProducer();
      else return this.#startStream().write(chunk);
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  end(_trailers?: FieldList): Promise<void> {
    try {
      const next = this.#next("end");
      if (!this.#bodiless) this.#length!.finish();
      this.#state = next;
      if (this.#stream) this.#stream.close();
      else if (this.#head) this.#send(this.#flat(this.#head));
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async sendFile(path: string): Promise<void> {
    this.#state = this.#next("sendFile"); // before opening, so that the head stays held meanwhile
    let file;
    try {
      file = await openFile(path);
    } catch (error) {
      this.#state = "responding";
      throw error;
    }
    if (this.#head === undefined) {
      throw new ApplicationError("Cannot call sendFile(): the head was sent already");
    }
    const { fields } = this.#head;
    const sized = hasField(fields, "content-length")
      ? fields
      : [...fields, ["content-length", String(file.size)] as const];
    if (this.#bodiless) await file.readable.cancel();
    this.#hand(this.#bodiless ? null : file.readable, sized);
  }

  /**
   * Completes the exchange with a response from outside: the 101 of a WebSocket, or a refused handshake.
   *
   * The exchange counts as ended while `make` runs, since upgrading may abort the signal of the native request.
   */
  complete<T>(make: () => { readonly response: Response; readonly result: T }): T {
    const before = this.#state;
    this.#state = "ended";
    try {
      const { response, result } = make();
      this.#send(response);
      return result;
    } catch (error) {
      this.#state = before;
      throw error;
    }
  }

  abort(error: Error): void {
    const before = this.#state;
    this.#state = nextState(before, "abort");
    if (before === "initial") this.#send(emptyResponse(500));
    else if (before === "responding") this.#breakOff(error);
  }

  /** Ends the exchange at the shutdown deadline: 503 when nothing was sent, otherwise the body is broken off. */
  cut(reason: Error): void {
    if (this.#state === "initial") {
      this.#state = "aborted";
      this.#send(emptyResponse(503));
    } else this.abort(reason);
    this.#disconnect(new DisconnectError("The server is shutting down", { cause: reason }));
  }

  /** The client left: told by the body stream's `cancel()`, the request signal, or a failed body read. */
  onCancel(): void {
    if (this.#state === "ended" || this.#state === "aborted") return;
    this.#disconnect(new DisconnectError());
  }

  /** Sends the head when the turn of the event loop is over and the application has not completed the response. */
  flush(): void {
    if (this.#state !== "responding" || this.#head === undefined) return;
    if (this.#bodiless) this.#hand(null, this.#head.fields);
    else this.#startStream();
  }

  /** Legal next state; after a disconnect every call but `abort` is refused with it. */
  #next(call: ResponseCall): ResponseState {
    if (this.#gone) throw this.#gone;
    return nextState(this.#state, call);
  }

  /** Streamed content that nobody will receive (HEAD, 204, 304): the response is sent, the application told. */
  #stopProducer(): void {
    this.flush();
    this.#disconnect(new DisconnectError("The response has no content"));
  }

  #send(response: Response): void {
    this.#head = undefined;
    this.#held = undefined;
    this.#resolve(this.#owner.finish(response, this));
  }

  #disconnect(reason: DisconnectError): void {
    this.#gone ??= reason;
    this.#abort?.abort(this.#gone);
  }

  #startStream(): ResponseStream {
    const stream = this.#stream = new ResponseStream(this);
    if (this.#held) stream.write(this.#held).catch(() => {}); // a disconnect is reported by the next call
    this.#hand(stream.readable, this.#head!.fields);
    return stream;
  }

  #flat({ status, fields }: ResponseHead): Response {
    const body = this.#held as Uint8Array<ArrayBuffer> | undefined;
    if (!this.#bodiless) {
      return new Response(body ?? (status === 204 ? null : ""), responseInit(status, fields));
    }
    if (body && this.#native.method === "HEAD" && this.#length!.declared === null) {
      return new Response(
        null,
        responseInit(status, [...fields, ["content-length", String(body.length)]]),
      );
    }
    return new Response(null, responseInit(status, fields));
  }

  #hand(body: ReadableStream<Uint8Array> | null, fields: FieldList): void {
    const init = responseInit(this.#head!.status, fields);
    this.#send(new Response(body as ReadableStream<Uint8Array<ArrayBuffer>> | null, init));
  }

  #breakOff(error: Error): void {
    if (this.#stream) return this.#stream.error(error);
    if (this.#head === undefined) return;
    if (this.#bodiless) return this.#send(this.#flat(this.#head));
    this.#startStream().error(error);
  }
}
