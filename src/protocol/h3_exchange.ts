/**
 * An exchange over HTTP/3: a request stream with its head read, and the frames of the answer.
 *
 * Theory of operation. `respond` keeps the head and the first `write` its content; if `end` follows at once everything
 * goes out in one write with a content-length, otherwise the response becomes a stream of DATA frames. The transport
 * cannot reset a stream, so a response that is broken off is left without its end (`H3ResponseWriter.giveUp`).
 *
 * @module
 */

import { type Content, contentBytes, isShortASCII } from "../content.ts";
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
  SETTLED,
} from "../exchange.ts";
import { type FieldList, NO_CONTENT } from "../fields.ts";
import { asError } from "../misuse.ts";
import type { Observation } from "../observation.ts";
import { StreamResetError } from "../quic/transport.ts";
import { ContentLength } from "./content_length.ts";
import { flushSoon, type Held } from "./flush_queue.ts";
import { H3Content } from "./h3_content.ts";
import type { H3ExchangeParts } from "./h3_context.ts";
import { H3Departure } from "./h3_departure.ts";
import { completeFields, expectsContinue, sendableHead, supportOf } from "./h3_fields.ts";
import { PIECE_BYTES } from "./h3_frame_queue.ts";
import type { Entry } from "./in_flight.ts";
import {
  checkFields,
  checkInformationalHead,
  checkResponseHead,
  isBodiless,
  ownBytes,
} from "./response_head.ts";
import { FILE_AFTER_CONTENT, openFile } from "./send_file.ts";
import { mayHaveContent } from "./serve_request.ts";

/** One request stream as an {@link Exchange}. */
export class H3Exchange implements Exchange, Entry, Held {
  readonly request: RequestHead;
  readonly peer: PeerInfo;
  readonly supports: ExchangeSupport;
  readonly observation: Observation | undefined;
  readonly upload: boolean;
  /** Content of the request, for the driver. */
  readonly content: H3Content;
  previous: Entry | undefined;
  next: Entry | undefined;
  readonly #parts: H3ExchangeParts;
  #state: ResponseState = "initial";
  #head: ResponseHead | undefined;
  /** Bytes, or text that is ASCII. */
  #held: Content | undefined;
  #length: ContentLength | undefined;
  #bodiless = false;
  /** The content-length to add to the head. */
  #added: number | null = null;
  /** Whether frames went to the writer before the response was complete. */
  #begun = false;
  #expectsContinue: boolean;
  readonly #departure: H3Departure;

  constructor(parts: H3ExchangeParts) {
    const { head, peer, owner, observed, input } = parts;
    this.#parts = parts;
    this.request = head;
    this.peer = peer;
    this.observation = observed?.observation;
    this.upload = head.method !== "CONNECT" && mayHaveContent(head.method);
    this.supports = supportOf(head.fields);
    this.#expectsContinue = expectsContinue(head.fields);
    this.#departure = new H3Departure(head, owner.settings.reporter);
    this.content = new H3Content(input, owner.settings.limits.bodySize, this.#departure, this);
  }

  /** State of the response half, for the driver. */
  get state(): ResponseState {
    return this.#state;
  }

  get signal(): AbortSignal {
    return this.#departure.signal;
  }

  read(): Promise<Uint8Array | null> {
    const { reason } = this.#departure;
    if (reason) return Promise.reject(reason);
    this.#continue();
    return this.content.read();
  }

  trailers(): Promise<FieldList | null> {
    return Promise.resolve(this.#parts.input.trailers);
  }

  inform(head: InformationalHead): Promise<void> {
    return this.#call("inform", () => {
      checkInformationalHead(head);
      this.#sendFrame(this.#encodeHead(head.status, head.fields));
      return SETTLED;
    });
  }

  respond(head: ResponseHead): Promise<void> {
    return this.#call("respond", () => {
      checkResponseHead(head);
      this.#length = new ContentLength(head.fields);
      this.#bodiless = isBodiless(this.request.method, head.status);
      this.#head = sendableHead(head);
      flushSoon(this);
      return SETTLED;
    });
  }

  write(content: Content): Promise<void> {
    return this.#call("write", () => {
      if (content.length === 0) return SETTLED;
      const isFirst = this.#head !== undefined && this.#held === undefined;
      // Short ASCII text stays as it is: turning it into bytes costs more than writing it.
      const isText = isFirst && typeof content === "string" && isShortASCII(content);
      const chunk = isText ? content : ownBytes(content);
      if (!this.#bodiless) this.#length!.add(chunk.length);
      if (isFirst) {
        this.#held = chunk;
        return SETTLED;
      }
      if (this.#bodiless) return this.#stopProducer();
      this.#sendHead();
      return this.#parts.writer.data(contentBytes(chunk));
    });
  }

  end(trailers?: FieldList): Promise<void> {
    return this.#call("end", () => {
      if (!this.#bodiless) this.#length!.finish();
      if (trailers?.length) {
        checkFields(trailers);
        if (this.supports.trailers && !this.#bodiless) {
          this.#sendHead();
          this.#sendFrame(this.#parts.machine.encodeTrailers(trailers));
        }
      }
      if (this.#head) this.#sendFlat(this.#head, this.#held);
      else this.#parts.writer.finish();
      return SETTLED;
    });
  }

  async sendFile(path: string): Promise<void> {
    this.#state = this.#next("sendFile"); // before opening, so that the head stays held meanwhile
    try {
      if (this.#length!.begun || this.#held) throw new ApplicationError(FILE_AFTER_CONTENT);
      const file = await openFile(path, this.#length!.declared);
      this.#declare(file.size);
      this.#state = "responding";
      if (this.#bodiless || this.#departure.reason) await file.readable.cancel();
      else for await (const chunk of file.readable) await this.write(chunk);
      await this.end();
    } catch (error) {
      if (this.#state === "ended") { // the file could not be opened
        this.#state = "responding";
        flushSoon(this);
      }
      throw error;
    }
  }

  abort(_error: Error): void {
    this.#cease("failed", 500, "the application failed");
  }

  /** Ends the exchange at the deadline of a stop: 503 when nothing was sent, otherwise the response is broken off. */
  cut(reason: DisconnectError): void {
    this.#cease("aborted", 503, reason.message);
    this.#departure.tell(reason);
  }

  /** Answers in place of an application that takes too long to begin its response. */
  expire(reason: DisconnectError): void {
    this.#cease("failed", 504, reason.message);
    this.#departure.tell(reason);
  }

  /**
   * The request cannot be completed: the client left, took too long, or sent something that is malformed or too large.
   *
   * @param status What to answer where that is still possible; `null` when nobody is there to read it.
   * @returns Whether the response was complete or the answer could be sent.
   */
  onLost(cause: unknown, status: number | null, fields: FieldList = []): boolean {
    const before = this.#state;
    if (before === "ended" || before === "aborted") return true;
    this.#state = "aborted";
    const { observed, owner } = this.#parts;
    const answered = status !== null && (before === "initial" || !this.#begun); // interim responses are none
    if (answered) {
      observed?.refuse(status);
      owner.settings.reporter.refused(this.request.method, status, asError(cause).message);
      this.#answer(status, fields);
    } else {
      observed?.decide("aborted");
      const isReset = cause instanceof StreamResetError; // to be followed by a stop of the response
      this.#breakOff(asError(cause).message, isReset ? () => owner.untilStopped() : undefined);
    }
    this.#departure.tell(cause);
    return answered;
  }

  /** Sends the head that `respond` got. Both halves of the stream are not this exchange's any more. */
  handOver(): void {
    this.flush();
    this.#state = "ended";
  }

  /** Sends the head when the application has not completed the response for a moment; not while a file is opened. */
  flush(): void {
    if (this.#state !== "responding") return;
    try {
      this.#sendHead();
    } catch (error) { // fields that were changed after they were checked
      this.#parts.observed?.decide("failed");
      this.#parts.owner.fail(error);
    }
  }

  #sendHead(): void {
    if (this.#head === undefined) return;
    const { status, fields } = this.#head;
    this.#head = undefined;
    const { settings } = this.#parts.owner;
    this.#sendFrame(this.#encodeHead(status, completeFields(fields, settings, this.#added)));
    this.#parts.observed?.responded(status, fields);
    if (this.#held && !this.#bodiless) void this.#parts.writer.data(contentBytes(this.#held));
    this.#held = undefined;
  }

  #call(call: ResponseCall, act: () => Promise<void>): Promise<void> {
    const before = this.#state;
    try {
      this.#state = this.#next(call);
      return act();
    } catch (error) {
      this.#state = before;
      return Promise.reject(error);
    }
  }

  /** Legal next state; after a disconnect every call but `abort` is refused with it. */
  #next(call: ResponseCall): ResponseState {
    const { reason } = this.#departure;
    if (reason) throw reason;
    return nextState(this.#state, call);
  }

  /** The application wants the content, so the client should send it (RFC 9110 §10.1.1). */
  #continue(): void {
    if (!this.#expectsContinue || this.#state !== "initial") return;
    this.#expectsContinue = false;
    this.#sendFrame(this.#encodeHead(100, []));
  }

  /** Streamed content that nobody will receive (HEAD, 204, 304): the response is complete, the application told. */
  #stopProducer(): Promise<void> {
    this.#sendHead();
    this.#parts.writer.finish();
    this.#state = "ended";
    this.#departure.tell(new DisconnectError("The response has no content"));
    return SETTLED;
  }

  #sendFlat(head: ResponseHead, held: Content | undefined): void {
    const { machine, owner, writer, observed } = this.#parts;
    const content = this.#bodiless || held === undefined ? "" : held;
    this.#declare(held?.length ?? 0, held !== undefined);
    if (this.#begun || content.length > PIECE_BYTES / 2) {
      this.#sendHead();
      return writer.finish();
    }
    const fields = completeFields(head.fields, owner.settings, this.#added);
    this.#head = this.#held = undefined;
    const frames = machine.encodeResponse(head.status, fields, content);
    owner.flush(); // instructions for the client's decoder
    observed?.responded(head.status, head.fields);
    writer.sendAll(frames, content.length);
  }

  /** Has a content-length added to the head that is held, unless there is one or must be none (RFC 9110 §8.6). */
  #declare(length: number, known = true): void {
    if (!this.#head || this.#length!.declared !== null || (this.#bodiless && !known)) return;
    if (this.#head.status !== 204 && this.#head.status !== 304) this.#added = length;
  }

  /**
   * Ends the response from our side, unless it is over: `status` where the application has not begun it. Otherwise it
   * begins for the client, too, and lacks its end: that does not depend on timing, and some end the connection for a
   * stream without a response.
   */
  #cease(outcome: "aborted" | "failed", status: number, reason: string): void {
    const before = this.#state;
    this.#state = nextState(before, "abort");
    if (before !== "initial" && before !== "responding") return;
    this.#parts.observed?.decide(outcome);
    if (before === "initial") return this.#answer(status);
    this.#sendHead();
    this.#breakOff(reason);
  }

  /** An answer of the server itself. */
  #answer(status: number, fields: FieldList = []): void {
    this.#head = this.#held = undefined;
    const { writer, owner, observed } = this.#parts;
    const all = completeFields([...NO_CONTENT, ...fields], owner.settings);
    const head = this.#encodeHead(status, all);
    observed?.responded(status);
    if (!this.#begun) return writer.sendAll(head);
    writer.frame(head);
    writer.finish();
  }

  #breakOff(reason: string, patience?: () => Promise<void>): void {
    const { writer, observed } = this.#parts;
    if (this.#begun) writer.giveUp(reason, patience);
    else writer.finish(); // nothing was sent, so nothing can look complete
    observed?.end();
    this.#head = this.#held = undefined;
  }

  #sendFrame(frame: Uint8Array): void {
    this.#begun = true;
    this.#parts.writer.frame(frame);
  }

  #encodeHead(status: number, fields: FieldList): Uint8Array {
    const { machine, owner } = this.#parts;
    const head = machine.encodeHead(status, fields);
    owner.flush();
    return head;
  }
}
