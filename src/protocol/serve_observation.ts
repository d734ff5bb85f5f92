/**
 * What the `Deno.serve` driver tells the observer about one request.
 *
 * The end of a request is announced from several sides: by the application, the client, a limit, the deadline of a stop.
 * {@link ServeObservation} passes the first of them on and drops whatever comes later, so that no caller has to know of
 * the others.
 *
 * How much a client got is known as far as the runtime tells. Content counts when it is handed over: static content and
 * small files at once, pieces of a stream as the runtime (fetch) or its buffer (exchanges) takes them.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Content } from "../content.ts";
import type { HttpVersion, NetAddress, ResponseHead } from "../exchange.ts";
import { combineField, type FieldList } from "../fields.ts";
import {
  type ForwardedOrigin,
  type Observation,
  type ObservedRequest,
  type ObservedResponse,
  type Observer,
  type Outcome,
  type RefusalReason,
  refusalReason,
} from "../observation.ts";
import { flushSoon, type Held } from "./flush_queue.ts";
import { isWebSocketRequest } from "./handshake.ts";
import { fieldOf } from "./request_record.ts";
import { versionOf } from "./serve_context.ts";
import type { NativeInfo } from "./serve_info.ts";
import { authorityOf, netAddress, targetOf } from "./serve_request.ts";

/** One request as its observer sees it; keeps to the rules whatever order it is called in. */
export class ServeObservation implements Observation {
  readonly #observation: Observation;
  #state: "begun" | "responded" | "ended" = "begun";
  #failed = false;
  #sent = 0;
  /** Bytes the response will have, where it said so. */
  #length = NaN;

  private constructor(observation: Observation) {
    this.#observation = observation;
  }

  /** A request begins. `null` when nobody takes note of this one. */
  static begin(observer: Observer, request: ObservedRequest): ServeObservation | null {
    const observation = observer.begin(request);
    return observation && new ServeObservation(observation);
  }

  /** Whether nothing more will be told. */
  get over(): boolean {
    return this.#state === "ended";
  }

  forwarded(origin: ForwardedOrigin): void {
    if (this.#state === "begun") this.#observation.forwarded(origin);
  }

  responded(response: ObservedResponse): void {
    if (this.#state !== "begun") return;
    this.#state = "responded";
    this.#observation.responded(response);
  }

  /**
   * The response has a content-length. Who leaves with all of it was served, even before the application has come to its
   * end: neither clients nor the runtime wait for that.
   */
  expect(length: number): void {
    this.#length = length;
  }

  sent(bytes: number): void {
    if (bytes <= 0 || this.#state !== "responded") return;
    this.#sent += bytes;
    this.#observation.sent(bytes);
  }

  /** The application failed, and the end is still to come: whatever it is, it counts as `"failed"`. */
  fail(): void {
    this.#failed = true;
  }

  ended(outcome: Outcome, reason?: RefusalReason): void {
    if (this.#state === "ended") return;
    const served = this.#sent > 0 && this.#sent >= this.#length;
    this.#state = "ended";
    if (this.#failed) this.#observation.ended("failed");
    else this.#observation.ended(outcome === "aborted" && served ? "complete" : outcome, reason);
  }

  /** The response of an exchange begins. */
  begins({ status, fields }: ResponseHead): void {
    const get = (name: string) => combineField(fields, name.toLowerCase()) ?? null;
    this.responded({ status, headers: { get } });
    this.expect(Number(get("content-length") ?? NaN));
  }

  /** The rest of the response was handed over, which are this many bytes. */
  completed(bytes = 0): void {
    this.sent(bytes);
    this.ended("complete");
  }

  /** A whole response was handed over. */
  answered(response: ObservedResponse, outcome: Outcome): void {
    this.responded(response);
    this.ended(outcome);
  }

  /** The server answered itself. @param reason Why, where the status leaves it open. */
  refused(response: ObservedResponse, reason?: RefusalReason): void {
    this.responded(response);
    this.ended("refused", reason ?? refusalReason(response.status));
  }

  run<T>(call: () => T): T {
    const observation = this.#observation;
    return observation.run ? observation.run(call) : call();
  }
}

/** A native request as observers see it. */
export class ObservedNative implements ObservedRequest {
  readonly scheme: "http" | "https";
  readonly #request: Request;
  readonly #info: NativeInfo;
  readonly #http2: boolean;
  readonly #fields: FieldList | null;

  /** @param fields Its field lines, where somebody needs them anyway. */
  constructor(
    request: Request,
    info: NativeInfo,
    scheme: "http" | "https",
    http2: boolean,
    fields: FieldList | null = null,
  ) {
    this.scheme = scheme;
    this.#request = request;
    this.#info = info;
    this.#http2 = http2;
    this.#fields = fields;
  }

  get method(): string {
    return this.#request.method;
  }

  get authority(): string {
    return authorityOf(this.#request.url);
  }

  get target(): string {
    return targetOf(this.#request.url);
  }

  /** Only HTTP/1.1 has upgrades (RFC 9113 §8.2.2), so who asks for one is not on HTTP/2 even if it names no host. */
  get httpVersion(): HttpVersion {
    return versionOf(this.#http2 && !this.websocket);
  }

  get websocket(): boolean {
    return isWebSocketRequest(this.method, { get: (name) => this.field(name) });
  }

  get client(): NetAddress | null {
    return netAddress(this.#info.remoteAddr);
  }

  field(name: string): string | null {
    return this.#fields ? combineField(this.#fields, name) ?? null : fieldOf(this.#request, name);
  }
}

/** Bytes of content, text as UTF-8. */
export function sizeOf(content: Content): number {
  return typeof content === "string" ? Buffer.byteLength(content) : content.length;
}

/**
 * Ends the observation when the client leaves before the application has answered.
 *
 * Only the request's signal tells, and looking at it costs a twentieth of a small request. Over HTTP/1.1 it answers late
 * looks too, so only requests are watched that take a moment. Over HTTP/2 it does not.
 */
export function watchClient(
  request: Request,
  info: NativeInfo,
  observation: ServeObservation,
  http2: boolean,
): ClientWatch {
  const watch = new ClientWatch(request, info, observation);
  if (http2) watch.flush();
  else flushSoon(watch);
  return watch;
}

/** Looks at the signal of one request. */
export class ClientWatch implements Held {
  readonly #request: Request;
  readonly #info: NativeInfo;
  readonly #observation: ServeObservation;
  #watching = false;

  /** Looks at nothing yet. */
  constructor(request: Request, info: NativeInfo, observation: ServeObservation) {
    this.#request = request;
    this.#info = info;
    this.#observation = observation;
  }

  /** The application has answered, maybe because the signal told it before us that the client has left. */
  onAnswer(): void {
    if (this.#watching && this.#request.signal.aborted) this.#endIfOpen();
  }

  /** Begins to watch. */
  flush(): void {
    if (this.#observation.over) return;
    this.#watching = true;
    const { signal } = this.#request;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener("abort", () => this.#onAbort(), { once: true });
  }

  /** Without the flag `no-legacy-abort` the signal aborts too when the request is upgraded or answered. */
  #onAbort(): void {
    queueMicrotask(() => this.#endIfOpen()); // the runtime closes the request right after such an abort
  }

  #endIfOpen(): void {
    if (isOpen(this.#info)) this.#observation.ended("aborted");
  }
}

/** Whether a native request is neither answered nor upgraded; its address can be read only then. */
export function isOpen(info: NativeInfo): boolean {
  try {
    void info.remoteAddr;
    return true;
  } catch {
    return false;
  }
}
