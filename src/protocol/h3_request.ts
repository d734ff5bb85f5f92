/**
 * One request stream from its first byte to the end of both halves.
 *
 * @module
 */

import { DisconnectError, HandlerTimeoutError, ReadTimeoutError } from "../errors.ts";
import type { Application, PeerInfo } from "../exchange.ts";
import {
  type H3RequestHead,
  type HeadEvent,
  type RequestStream,
  sendOrder,
  type WebTransportStart,
} from "../h3/mod.ts";
import type { QuicBidirectionalStream } from "../quic/transport.ts";
import { type CallEvents, H3Call, urlOf } from "./h3_call.ts";
import type { H3Owner, H3Upgrade, StreamEvents } from "./h3_context.ts";
import { H3Exchange } from "./h3_exchange.ts";
import type { GatedRequest } from "./h3_gate.ts";
import { H3Input, type InputEvents } from "./h3_input.ts";
import { failAnswer, judgeInputError, lateStart } from "./h3_input_failure.ts";
import { kindOf, type RequestKind } from "./h3_kind.ts";
import { H3Observation } from "./h3_observation.ts";
import { refusalOf, sendRefusal } from "./h3_refusal.ts";
import { H3ResponseWriter, unsendable, type WriterEvents } from "./h3_response.ts";
import { H3Waits, type WaitEvents } from "./h3_waits.ts";
import { upgradeOf } from "./h3_upgrade.ts";
import type { Place } from "./request_limits.ts";
import type { Refusal } from "./serve_context.ts";

/** Reads one request, runs the application, and sees both halves to their end. */
export class H3Request implements InputEvents, WriterEvents, WaitEvents, CallEvents, GatedRequest {
  /** The stream. */
  readonly stream: QuicBidirectionalStream;
  readonly #machine: RequestStream;
  readonly #owner: H3Owner & StreamEvents;
  readonly #peer: PeerInfo;
  readonly #application: Application;
  readonly #input: H3Input;
  readonly #writer: H3ResponseWriter;
  readonly #waits: H3Waits;
  #observed: H3Observation | null = null;
  /** Head of the request, as it was read. */
  #request: HeadEvent | undefined;
  #kind: RequestKind = "http";
  /** The request, or the handshake of a WebSocket or WebTransport session. */
  #exchange: H3Exchange | undefined;
  #upgrade: H3Upgrade | undefined;
  /** Whether the response was broken off. */
  #truncated = false;
  /** Whether it has a place among the requests of the connection. */
  #admitted = false;
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
    owner: H3Owner & StreamEvents,
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

  /** Whether its head came and was judged, or never will be. */
  get judged(): boolean {
    return this.#exchange !== undefined || this.#handled;
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

  onHead(request: HeadEvent): boolean {
    this.#request = request;
    this.#kind = kindOf(request.head);
    const { gate, webtransport } = this.#owner;
    if (this.#kind === "webtransport" && webtransport && !gate.settled) { // its time is still running
      gate.await(this);
      return false;
    }
    this.#waits.inputOver();
    this.#admitted = gate.enter(this);
    if (this.#admitted) this.#open(request);
    return this.#admitted;
  }

  onAdmitted(): void {
    if (this.#handled) return this.#owner.gate.leave(); // the connection ended meanwhile
    this.#admitted = true;
    try {
      this.#waits.inputOver();
      this.#open(this.#request!);
      this.#input.resume();
    } catch (error) {
      this.#owner.fail(error); // a fault of ours ends this connection, not the process
    }
  }

  onSessionStream(start: WebTransportStart): void {
    this.#machine.close();
    this.#owner.onSessionStream(this.stream, start);
  }

  onWait(): void {
    // The rest of an answered request has its own time, and a WebSocket or session any.
    if (!this.#outputOver && !this.#isUpgraded) this.#waits.content();
  }

  onWaitOver(): void {
    if (!this.#outputOver) this.#waits.inputOver();
  }

  onInputError(error: unknown): void {
    const malformed = judgeInputError(error, this.#machine, this.#owner);
    const party = this.#party;
    if (party) return failAnswer(party, error, malformed, this.#owner);
    if (this.#handled) return; // refused, whatever the rest of it is
    if (malformed) this.#refuse(malformed, null);
    else this.#writer.finish(); // nothing was sent, so nothing can look complete
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
    if (!this.#isUpgraded) this.#observed?.sent(bytes); // which counts what is in the frames
  }

  onLost(error: unknown): void {
    if (!this.#isUpgraded) this.#observed?.decide("aborted");
    this.#party?.onLost(error, null);
  }

  onUnsendable(cause: unknown): void {
    this.#observed?.decide("failed");
    const error = unsendable(cause);
    const { request } = this.#exchange!;
    this.#owner.settings.reporter.failed(error, request.method, urlOf(request));
    this.#exchange!.onLost(error, null);
  }

  onTruncated(reason: string): void {
    this.#truncated = true;
    this.#owner.breakOff(reason);
  }

  onDone(): void {
    this.#outputOver = true;
    this.#waits.writeOver();
    this.#observed?.end();
    if (this.#truncated) this.#input.stop(); // its client is to learn of that by the end of the connection
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
      this.#owner.gate.forget(this);
      const head = this.#request?.head ?? null;
      this.#refuse(lateStart(head, settings.timeouts.headMs), head);
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

  /** Whether the stream carries what an extended CONNECT was accepted for. */
  get #isUpgraded(): boolean {
    return this.#upgrade?.accepted === true;
  }

  /** Who is told that the client is lost. */
  get #party(): H3Exchange | H3Upgrade | undefined {
    return this.#upgrade ?? this.#exchange;
  }

  /** Answers the request, or has the application do so. */
  #open({ head, contentLength }: HeadEvent): void {
    // After GOAWAY; the client may send it again elsewhere.
    if (!this.#owner.accepts(this.stream.id)) return this.#input.stop();
    // RFC 9218: without a priority of its own a stream keeps the transport's default, which costs nothing.
    const order = sendOrder(this.#machine.priority, this.stream.id);
    if (order !== 0) this.stream.send.setSendOrder(order);
    this.#begin(head);
    const { settings, webtransport } = this.#owner;
    const refusal = refusalOf({
      head,
      kind: this.#kind,
      contentLength,
      serverName: this.#peer.tls?.serverName ?? null,
      streamId: this.stream.id,
      sessions: webtransport,
    }, settings);
    // Not only at the end: that of a long response may be far away.
    if (refusal || this.#kind !== "webtransport") webtransport?.dropEarly(this.stream.id);
    if (refusal === null) return this.#call(head);
    this.#answer(refusal, head.method);
    this.onReturned();
  }

  #call(head: H3RequestHead): void {
    const { settings } = this.#owner;
    const parts = {
      head,
      peer: this.#peer,
      machine: this.#machine,
      input: this.#input,
      writer: this.#writer,
      owner: this.#owner,
      observed: this.#observed,
    };
    const exchange = this.#exchange = new H3Exchange(parts);
    settings.inFlight.add(exchange);
    this.#place = settings.limits.concurrency?.enter() ?? null;
    this.#waits.handler();
    const call = new H3Call(exchange, settings.reporter, this);
    if (this.#kind === "http") return call.http(this.#application);
    const upgrade = upgradeOf(this.#kind, exchange, parts);
    this.#upgrade = upgrade.upgrade;
    call.upgrade(this.#application, upgrade);
  }

  #begin(head: H3RequestHead | null): void {
    const { observer } = this.#owner.settings;
    this.#observed = H3Observation.begin(observer, head, this.#kind, this.#peer.client);
  }

  onReturned(): void {
    if (this.#handled) return;
    this.#handled = true;
    this.#place?.leave();
    this.#leave();
    if (this.#admitted) this.#owner.gate.leave();
  }

  /** A graceful stop waits until the application has returned, unless it had its time, and its response is sent. */
  #leave(): void {
    if (!this.#exchange || !this.#outputOver || !(this.#handled || this.#expired)) return;
    this.#owner.settings.inFlight.delete(this.#exchange);
  }

  #endIfOver(): void {
    if (!this.#inputOver || !this.#outputOver) return;
    this.#machine.close();
    this.#owner.acknowledge(); // perhaps a stream cancellation for the client's encoder
    this.#owner.onOver(this.stream.id, this.#truncated);
  }

  /** Answers what never came to be a request for anybody. */
  #refuse(refusal: Refusal, head: H3RequestHead | null): void {
    this.#begin(head);
    this.#answer(refusal, head?.method ?? "");
  }

  /** An answer of the server itself. */
  #answer(refusal: Refusal, method: string): void {
    sendRefusal(refusal, method, {
      machine: this.#machine,
      writer: this.#writer,
      owner: this.#owner,
      observed: this.#observed,
    });
  }
}
