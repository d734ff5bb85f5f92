/**
 * One request stream from its first byte to the end of both halves.
 *
 * @module
 */

import {
  ApplicationError,
  DisconnectError,
  HandlerTimeoutError,
  ReadTimeoutError,
} from "../errors.ts";
import type { Application, PeerInfo } from "../exchange.ts";
import { NO_CONTENT } from "../fields.ts";
import { H3, H3Error, type H3RequestHead, type RequestStream, sendOrder } from "../h3/mod.ts";
import { type QuicBidirectionalStream, StreamResetError } from "../quic/transport.ts";
import { type CallEvents, H3Call, urlOf } from "./h3_call.ts";
import type { H3Owner } from "./h3_context.ts";
import { H3Exchange } from "./h3_exchange.ts";
import { completeFields } from "./h3_fields.ts";
import { H3Input, type InputEvents } from "./h3_input.ts";
import { H3Observation } from "./h3_observation.ts";
import { refusalOf } from "./h3_refusal.ts";
import { H3ResponseWriter, type WriterEvents } from "./h3_response.ts";
import { H3Waits, type WaitEvents } from "./h3_waits.ts";
import { H3WebSocketExchange } from "./h3_websocket.ts";
import type { Place } from "./request_limits.ts";
import type { Refusal } from "./serve_context.ts";

const UNSENDABLE =
  "Cannot send the content: bytes given to write() belong to the server, do not change or transfer them";

/** What a request tells its connection. */
export interface RequestEvents {
  /** The application has returned, or was never called. Once. */
  onHandled(): void;
  /** Both halves of the stream are over, whether or not the application has returned. Once. */
  onOver(request: H3Request): void;
}

/** Reads one request, runs the application, and sees both halves to their end. */
export class H3Request implements InputEvents, WriterEvents, WaitEvents, CallEvents {
  /** The stream. */
  readonly stream: QuicBidirectionalStream;
  /** Whether the response was broken off. */
  truncated = false;
  readonly #machine: RequestStream;
  readonly #owner: H3Owner & RequestEvents;
  readonly #peer: PeerInfo;
  readonly #application: Application;
  readonly #input: H3Input;
  readonly #writer: H3ResponseWriter;
  readonly #waits: H3Waits;
  #observed: H3Observation | null = null;
  /** The request, or the handshake of a WebSocket. */
  #exchange: H3Exchange | undefined;
  #websocket: H3WebSocketExchange | undefined;
  #inputOver = false;
  #outputOver = false;
  #handled = false;
  /** What it has among those in progress while the application runs. */
  #place: Place | null = null;
  /** The application got too much time already, so that nothing waits for it any more. */
  #expired = false;

  constructor(
    stream: QuicBidirectionalStream,
    machine: RequestStream,
    owner: H3Owner & RequestEvents,
    peer: PeerInfo,
    application: Application,
  ) {
    this.stream = stream;
    this.#machine = machine;
    this.#owner = owner;
    this.#peer = peer;
    this.#application = application;
    this.#input = new H3Input(stream.receive, machine, owner, this);
    this.#writer = new H3ResponseWriter(stream.send, this);
    this.#waits = new H3Waits(owner, this);
  }

  /** Starts to read the request. */
  start(): void {
    this.#waits.head();
    this.#input.start();
  }

  /** Ends what was due by `now`; returns when to look again, `Infinity` for never. */
  look(now: number): number {
    return this.#waits.look(now);
  }

  /** The instructions its field section waited for are there. */
  unblock(): void {
    this.#input.unblock();
  }

  /** The connection is to end: what is left of an upload that was answered already holds it up no longer. */
  stopAnswered(): void {
    if (this.#outputOver) this.#input.stop();
  }

  /** The connection is over. */
  lose(error: unknown): void {
    this.#party?.onLost(error, null);
    this.#input.stop();
  }

  onHead(head: H3RequestHead, contentLength: number | null): void {
    this.#waits.inputOver();
    // RFC 9218: without a priority of its own a stream keeps the transport's default, which costs nothing.
    const order = sendOrder(this.#machine.priority, this.stream.id);
    if (order !== 0) this.stream.send.setSendOrder(order);
    this.#begin(head);
    const { settings } = this.#owner;
    const serverName = this.#peer.tls?.serverName ?? null;
    const refusal = refusalOf({ head, contentLength, serverName }, settings);
    if (refusal) {
      this.#answer(refusal, head.method);
      return this.onReturned();
    }
    const exchange = this.#exchange = new H3Exchange({
      head,
      peer: this.#peer,
      machine: this.#machine,
      input: this.#input,
      writer: this.#writer,
      owner: this.#owner,
      observed: this.#observed,
    });
    settings.inFlight.add(exchange);
    this.#place = settings.limits.concurrency?.enter() ?? null;
    this.#waits.handler();
    const call = new H3Call(exchange, settings.reporter, this);
    if (head.protocol === null) return call.http(this.#application);
    this.#websocket = this.#newWebSocket(exchange);
    call.websocket(this.#application, this.#websocket);
  }

  onWait(): void {
    // The rest of an answered request has its own time, and a WebSocket any.
    if (!this.#outputOver && !this.#isWebSocket) this.#waits.content();
  }

  onWaitOver(): void {
    if (!this.#outputOver) this.#waits.inputOver();
  }

  onInputError(error: unknown): void {
    const malformed = this.#judgeError(error);
    const party = this.#party;
    if (party === undefined) {
      if (this.#handled) return; // refused, whatever the rest of it is
      if (malformed) {
        this.#begin(null);
        this.#answer(malformed, "");
      } else this.#writer.finish(); // nothing was sent, so nothing can look complete
    } else if (!party.onLost(error, malformed?.status ?? null) && malformed) {
      // The response has begun, and the transport cannot reset it (RFC 9114 §4.1.2).
      this.#owner.fail(new H3Error(H3.MESSAGE_ERROR, malformed.message));
    }
  }

  onInputOver(): void {
    this.#inputOver = true;
    this.#waits.inputOver();
    if (this.#exchange === undefined) {
      this.#writer.finish(); // there was no request
      this.onReturned();
    }
    this.#endIfOver();
  }

  onWriting(): void {
    this.#waits.write();
  }

  onTaken(): void {
    this.#waits.taken();
  }

  onSent(bytes: number): void {
    if (!this.#isWebSocket) this.#observed?.sent(bytes); // which counts its messages
  }

  onLost(error: unknown): void {
    if (!this.#isWebSocket) this.#observed?.decide("aborted");
    this.#party?.onLost(error, null);
  }

  onUnsendable(cause: unknown): void {
    this.#observed?.decide("failed");
    const error = new ApplicationError(UNSENDABLE, { cause });
    const { request } = this.#exchange!;
    this.#owner.settings.reporter.failed(error, request.method, urlOf(request));
    this.#exchange!.onLost(error, null);
  }

  onTruncated(reason: string): void {
    this.truncated = true;
    this.#owner.breakOff(reason);
  }

  onDone(): void {
    this.#outputOver = true;
    this.#waits.writeOver();
    this.#observed?.end();
    if (!this.#inputOver) this.#waits.rest();
    this.#input.discard();
    this.#leave();
    this.#endIfOver();
  }

  onInputLate(): void {
    if (this.#outputOver) return this.#input.stop();
    const { settings } = this.#owner;
    if (this.#exchange) {
      this.#exchange.onLost(new ReadTimeoutError(settings.limits.readMs / 1000), 408);
    } else {
      this.#begin(null);
      const seconds = settings.timeouts.headMs / 1000;
      this.#answer({ status: 408, message: `The head was not complete within ${seconds} s` }, "");
    }
    this.#input.stop();
  }

  onHandlerLate(): void {
    const exchange = this.#exchange!;
    if (this.#handled || exchange.state !== "initial") return;
    this.#expired = true;
    const { reporter, limits } = this.#owner.settings;
    const error = new HandlerTimeoutError(limits.handlerMs! / 1000);
    reporter.failed(error, exchange.request.method, urlOf(exchange.request));
    exchange.expire(error);
  }

  onNothingTaken(): void {
    const seconds = this.#owner.settings.timeouts.stallMs / 1000;
    const reason = `the client took nothing of it for ${seconds} s`;
    this.#observed?.decide("aborted");
    this.#writer.stall(reason);
    this.#party?.onLost(new DisconnectError(`The response was given up: ${reason}`), null);
  }

  /** Whether the stream carries frames of WebSockets. */
  get #isWebSocket(): boolean {
    return this.#websocket?.accepted === true;
  }

  /** Who is told that the client is lost. */
  get #party(): H3Exchange | H3WebSocketExchange | undefined {
    return this.#websocket ?? this.#exchange;
  }

  #newWebSocket(exchange: H3Exchange): H3WebSocketExchange {
    const { websocket, limits } = this.#owner.settings;
    return new H3WebSocketExchange(exchange, {
      input: this.#input,
      writer: this.#writer,
      observed: this.#observed,
      settings: websocket,
      clock: limits.clock,
      onFault: (error) => this.#owner.fail(error),
    });
  }

  #begin(head: H3RequestHead | null): void {
    const { observer } = this.#owner.settings;
    if (observer) this.#observed = H3Observation.begin(observer, head, this.#peer.client);
  }

  onReturned(): void {
    if (this.#handled) return;
    this.#handled = true;
    this.#place?.leave();
    this.#leave();
    this.#owner.onHandled();
  }

  /** A graceful stop waits until the application has returned, unless it had its time, and its response is sent. */
  #leave(): void {
    const isOver = this.#outputOver && (this.#handled || this.#expired);
    if (!isOver || this.#exchange === undefined) return;
    this.#owner.settings.inFlight.delete(this.#exchange);
  }

  #endIfOver(): void {
    if (!this.#inputOver || !this.#outputOver) return;
    this.#machine.close();
    this.#owner.acknowledge(); // perhaps a stream cancellation for the client's encoder
    this.#owner.onOver(this);
  }

  /** What to answer an error of the request itself with; `null` when there is nobody to answer. */
  #judgeError(error: unknown): Refusal | null {
    if (error instanceof H3Error && error.scope === "stream") {
      return { status: error.status ?? 400, message: error.message };
    }
    if (error instanceof StreamResetError) this.#reset(error.code);
    else this.#owner.fail(error);
    return null;
  }

  #reset(code: number): void {
    try {
      this.#machine.reset(code);
    } catch (error) {
      this.#owner.fail(error); // too many of them
    }
  }

  /** An answer of the server itself. */
  #answer({ status, message, fields = [], reason }: Refusal, method: string): void {
    const { settings } = this.#owner;
    settings.reporter.refused(method, status, message);
    const all = completeFields([...NO_CONTENT, ...fields], settings);
    const head = this.#machine.encodeHead(status, all);
    this.#owner.flush();
    this.#observed?.refuse(status, reason);
    this.#observed?.responded(status);
    this.#writer.sendAll(head);
  }
}
