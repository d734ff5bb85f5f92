/**
 * An exchange over `Deno.serve`: a native `Request` in, a promise of a `Response` out.
 *
 * Theory of operation. `respond` only keeps the head. The first `write` is kept too, and if `end` follows in the
 * same turn of the event loop the response is flat: one `Response` with bytes, a content-length, and the runtime's
 * fast path. A second `write`, or waiting for anything else, turns it into a stream. `abort` before `respond` resolves with
 * a 500; afterwards it breaks the body off, so that the client never takes a truncated response for a complete one
 * (RFC 9112 §8).
 *
 * @module
 */

import { type Content, contentBytes, isShortASCII } from "../content.ts";
import { ApplicationError, DisconnectError, type ReadTimeoutError } from "../errors.ts";
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
  SETTLED,
} from "../exchange.ts";
import { type FieldList, NO_CONTENT } from "../fields.ts";
import { ContentLength } from "./content_length.ts";
import { flushSoon, type Held } from "./flush_queue.ts";
import { withLength, withoutContent } from "./head_response.ts";
import type { Entry } from "./in_flight.ts";
import { addToResponse, mergeFields } from "./response_fields.ts";
import {
  checkResponseHead,
  emptyResponse,
  flatBody,
  isBodiless,
  ownBytes,
  responseInit,
} from "./response_head.ts";
import { ResponseStream, type StreamEvents } from "./response_stream.ts";
import { FILE_AFTER_CONTENT, type OpenFile, openFile, UNSTOPPABLE_BYTES } from "./send_file.ts";
import type { ServeContext } from "./serve_context.ts";
import type { NativeInfo } from "./serve_info.ts";
import { type ServeObservation, sizeOf } from "./serve_observation.ts";
import { mayHaveContent } from "./serve_request.ts";
import { ServeRequestHalf } from "./serve_request_half.ts";

const SUPPORT: ExchangeSupport = { informational: false, trailers: false, sendFile: true };

/** The listener an exchange came from: it knows the fields the server adds, and the limits. */
export type ExchangeOwner = Pick<ServeContext, "fields" | "refusal"> & {
  readonly settings: Pick<ServeContext["settings"], "limits">;
};

/** One request under `Deno.serve` as an {@link Exchange}. */
export class ServeExchange extends ServeRequestHalf implements Exchange, Entry, Held, StreamEvents {
  readonly request: RequestHead;
  readonly peer: PeerInfo;
  readonly supports: ExchangeSupport = SUPPORT;
  readonly upload: boolean;
  previous: Entry | undefined;
  next: Entry | undefined;
  /** Resolves with what the runtime is to send. */
  readonly response: Promise<Response>;
  readonly observation: ServeObservation | undefined;
  readonly #native: Request;
  readonly #info: NativeInfo;
  readonly #owner: ExchangeOwner;
  readonly #http2: boolean;
  #resolve!: (response: Response) => void;
  #state: ResponseState = "initial";
  #head: ResponseHead | undefined;
  #bodiless = false;
  #length: ContentLength | undefined;
  #held: Content | undefined;
  #stream: ResponseStream | undefined;
  /** Why the response could not be made; further calls are refused with it. */
  #fault: ApplicationError | undefined;

  /** @param native The runtime's request, of which `request` is the head. */
  constructor(
    native: Request,
    info: NativeInfo,
    request: RequestHead,
    peer: PeerInfo,
    owner: ExchangeOwner,
    observation: ServeObservation | null,
  ) {
    super(native, owner.settings.limits);
    this.#native = native;
    this.#info = info;
    this.observation = observation ?? undefined;
    this.request = request;
    this.peer = peer;
    this.#owner = owner;
    this.#http2 = request.httpVersion === "2";
    this.upload = mayHaveContent(native.method);
    this.response = new Promise((resolve) => this.#resolve = resolve);
  }

  /** State of the response half, for the driver. */
  get state(): ResponseState {
    return this.#state;
  }

  get ended(): boolean {
    return this.#state === "ended";
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
      flushSoon(this);
      return SETTLED;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  write(content: Content): Promise<void> {
    try {
      const next = this.#next("write");
      this.#state = next;
      if (content.length === 0) return SETTLED;
      if (typeof content === "string" && this.#holdsText(content)) {
        this.#length!.add(content.length); // counts where a length was declared
        this.#held = content;
        return SETTLED;
      }
      const chunk = ownBytes(content);
      if (!this.#bodiless) this.#length!.add(chunk.byteLength);
      if (this.#stream) return this.#stream.write(chunk);
      if (this.#held === undefined) {
        this.#held = chunk;
        return SETTLED;
      }
      if (this.#bodiless) this.#stopProducer();
      else return this.#startStream().write(chunk);
      return SETTLED;
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
      else if (this.#head) this.#sendFlat(this.#head);
      if (this.#fault) throw this.#fault;
      this.observation?.completed();
      return SETTLED;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async sendFile(path: string): Promise<void> {
    this.#state = this.#next("sendFile"); // before opening, so that the head stays held meanwhile
    try {
      if (this.#length!.begun) throw new ApplicationError(FILE_AFTER_CONTENT);
      const file = await openFile(path, this.#length!.declared);
      if (this.#bodiless || this.gone) await file.readable.cancel();
      if (this.gone) throw this.gone;
      if (!this.#bodiless) await this.#sendContentOf(file);
      else if (this.#head) this.#sendWithoutContent(this.#head, file.size);
    } catch (error) {
      if (this.#state === "ended") this.#state = "responding"; // not aborted meanwhile
      throw error;
    }
  }

  /**
   * Small files are the runtime's to read, which is faster by half. It cannot be stopped, so larger ones, which a slow
   * client could use to hold up the shutdown, go through a stream of our own.
   */
  async #sendContentOf(file: OpenFile): Promise<void> {
    if (this.#head) {
      if (this.#length!.declared === null) this.#head = withLength(this.#head, file.size);
      if (file.size <= UNSTOPPABLE_BYTES && !this.#http2) {
        this.#send(file.readable, this.#head);
        return this.observation?.completed(file.size);
      }
    }
    const stream = this.#stream ?? this.#startStream();
    this.#state = "responding"; // so that the client and the shutdown deadline can still end it
    for await (const chunk of file.readable) await stream.write(chunk);
    this.#state = "ended";
    stream.close();
    this.observation?.completed();
  }

  /**
   * Completes the exchange with a response from outside: the 101 of a WebSocket, or a refused handshake.
   *
   * The exchange counts as ended while `make` runs, since upgrading may abort the signal of the native request.
   */
  complete<T>(make: () => { readonly response: Response; readonly result: T }): T {
    if (this.gone) throw this.gone;
    const before = this.#state;
    this.#state = "ended";
    try {
      const { response, result } = make();
      this.observation?.responded(response);
      this.#resolve(addToResponse(response, this.#owner.fields(this.#http2)));
      return result;
    } catch (error) {
      this.#state = before;
      throw error;
    }
  }

  abort(error: Error): void {
    const before = this.#state;
    this.#state = nextState(before, "abort");
    if (error instanceof DisconnectError) this.observation?.ended("aborted");
    else this.observation?.fail();
    if (before === "initial") this.#send(null, { status: 500, fields: NO_CONTENT });
    else if (before === "responding") this.#breakOff(error);
    this.observation?.ended("failed");
  }

  /** Ends the exchange at the shutdown deadline. */
  cut(reason: DisconnectError): void {
    const response = () => emptyResponse(503, this.#owner.fields(this.#http2));
    this.giveUp(reason, "aborted", response);
  }

  /** Ends it in the place of the application: with `response` when nothing was sent, otherwise the body is broken off. */
  giveUp(reason: DisconnectError, outcome: "aborted" | "failed", response: () => Response): void {
    if (this.#state === "initial") {
      this.#state = "aborted";
      const answer = response();
      this.observation?.answered(answer, outcome);
      this.#resolve(answer);
    } else this.abort(reason);
    this.depart(reason);
  }

  /** The client left: told by the body stream's `cancel()`, the request signal, or a failed body read. */
  onCancel(): void {
    if (this.#state === "ended" || this.#state === "aborted") return;
    this.observation?.ended("aborted");
    this.depart(new DisconnectError());
  }

  onStall(error: ReadTimeoutError): void {
    if (this.ended) return;
    if (this.#state !== "initial") this.#info.stalled?.();
    const refusal = { status: 408, message: error.message };
    this.giveUp(error, "aborted", () => this.#owner.refusal(this.#native, this.#http2, refusal));
  }

  /** Sends the head when the application has not completed the response for a moment. */
  flush(): void {
    if (this.#state !== "responding" || this.#head === undefined) return;
    if (this.#bodiless) this.#sendWithoutContent(this.#head);
    else this.#startStream();
  }

  /** Legal next state; after a disconnect or a fault every call but `abort` is refused with it. */
  #next(call: ResponseCall): ResponseState {
    if (this.gone) throw this.gone;
    if (this.#fault) throw this.#fault;
    return nextState(this.#state, call);
  }

  /** Streamed content that nobody will receive (HEAD, 204, 304): the response is complete, the application told. */
  #stopProducer(): void {
    this.flush();
    this.#state = "ended";
    this.depart(new DisconnectError("The response has no content"));
  }

  /** Hands a response over, with the fields the server adds. */
  #send(body: BodyInit | null, head: ResponseHead): void {
    this.#head = undefined;
    this.#held = undefined;
    const added = this.#owner.fields(this.#http2);
    try {
      const init = responseInit(head.status, mergeFields(head.fields, added));
      this.#resolve(new Response(body, init));
      this.observation?.begins(head);
    } catch (cause) {
      this.#state = "aborted";
      this.#fault = new ApplicationError("Cannot send the response", { cause });
      const response = emptyResponse(500, added);
      this.observation?.answered(response, "failed");
      this.#resolve(response);
    }
  }

  #startStream(): ResponseStream {
    const stream = this.#stream = new ResponseStream(this, this.observation);
    const held = this.#held;
    this.#send(stream.readable, this.#head!);
    if (held) stream.write(contentBytes(held)).catch(() => {}); // a disconnect is reported by the next call
    return stream;
  }

  #sendFlat(head: ResponseHead): void {
    const held = this.#held;
    if (this.#bodiless) return this.#sendWithoutContent(head, held?.length); // bytes: text is not kept then
    this.#send(flatBody(held, head.fields), head);
    this.observation?.completed(held ? sizeOf(held) : 0);
  }

  /** Whether text can be held as it is. Not where its bytes have to be counted. */
  #holdsText(text: string): boolean {
    return this.#held === undefined && this.#stream === undefined && !this.#bodiless &&
      (this.#length!.declared === null || isShortASCII(text));
  }

  /** @param length What GET would have sent, if known. */
  #sendWithoutContent(head: ResponseHead, length?: number): void {
    this.#send(...withoutContent(head, length));
    this.observation?.completed();
  }

  /** After `respond` the client must notice, also when the head was only held: what it gets does not depend on timing. */
  #breakOff(error: Error): void {
    if (this.#stream) this.#stream.error(error);
    else if (this.#head && this.#bodiless) this.#sendWithoutContent(this.#head);
    else if (this.#head) this.#startStream().error(error);
  }
}
