/**
 * Requests over HTTP/3 in OpenTelemetry: the spans and metrics that Deno itself makes for those over HTTP/1 and 2.
 *
 * Deno has telemetry built in and turns it on by environment variables (`OTEL_DENO` and others). When it is on, Deno
 * registers its providers where the OpenTelemetry API looks for them. So that registry says what is on, down to traces
 * without metrics, and needs no permission to read the environment. Where it is missing, nothing else is looked at.
 *
 * @see {@link https://docs.deno.com/runtime/fundamentals/open_telemetry/ | OpenTelemetry in Deno}
 * @module
 */

import {
  combineObservers,
  type ForwardedOrigin,
  type Observation,
  type ObservedRequest,
  type ObservedResponse,
  type Observer,
  type Outcome,
} from "../observation.ts";
import { type MeterProvider, TelemetryMetrics } from "./telemetry_metrics.ts";

/** Name of the instrumentation, which tells our spans and metrics from Deno's own. */
const SCOPE = "@x/hypercorn";

/** Where implementations of the OpenTelemetry API register, by the major version of it. */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");

/** Key of the span in a context, as in the OpenTelemetry API. */
const SPAN_KEY = Symbol.for("OpenTelemetry Context Key SPAN");

/** `SpanKind.SERVER` and `SpanStatusCode.ERROR` of the OpenTelemetry API. */
const KIND_SERVER = 1;
const STATUS_ERROR = 2;

/** `error.type` of a response that was broken off after its status; a status of 500 and more is its own type. */
const BROKEN_OFF = "response_broken_off";

/** As much of the OpenTelemetry API as is used here. */
interface Context {
  setValue(key: symbol, value: unknown): Context;
}

interface Span {
  setAttribute(key: string, value: string): unknown;
  setStatus(status: { code: number }): unknown;
  end(): void;
}

interface Tracer {
  startSpan(
    name: string,
    options: { kind: number; attributes: Readonly<Record<string, string>> },
    context: Context,
  ): Span;
}

interface ContextManager {
  active(): Context;
  with<T>(context: Context, call: () => T): T;
}

interface Getter<Carrier> {
  get(carrier: Carrier, name: string): string | undefined;
  keys(carrier: Carrier): string[];
}

interface Propagation {
  extract<Carrier>(context: Context, carrier: Carrier, getter: Getter<Carrier>): Context;
}

/** `Deno.telemetry`, whose own types say nothing. */
interface Telemetry {
  readonly tracerProvider: { getTracer(name: string): Tracer };
  readonly meterProvider: MeterProvider;
  readonly contextManager: ContextManager;
}

/** What is registered; a member that is off is absent. */
interface Registry {
  readonly trace?: unknown;
  readonly metrics?: unknown;
  readonly propagation?: Propagation;
}

/** Makes the observer that tells Deno's telemetry; `null` when that is off. */
export function telemetryObserver(): Observer | null {
  const registry = (globalThis as { [REGISTRY]?: Registry })[REGISTRY];
  if (registry === undefined) return null;
  const { tracerProvider, meterProvider, contextManager } = Deno.telemetry as Telemetry;
  const observers: Observer[] = [];
  // Whatever else is registered there knows nothing of requests over HTTP/1 and 2 either.
  if (registry.trace === tracerProvider) {
    const tracer = tracerProvider.getTracer(SCOPE);
    observers.push(new SpanObserver(tracer, contextManager, registry.propagation));
  }
  if (registry.metrics === meterProvider) {
    observers.push(new TelemetryMetrics(meterProvider.getMeter(SCOPE)));
  }
  return combineObservers(observers);
}

/** Reads `traceparent`, `tracestate` and `baggage` of a request (W3C Trace Context §3). */
const FIELDS: Getter<ObservedRequest> = {
  get: (request, name) => request.field(name) ?? undefined,
  keys: () => [],
};

/** Makes a span of every request. */
class SpanObserver implements Observer {
  readonly #tracer: Tracer;
  readonly #contexts: ContextManager;
  readonly #propagation: Propagation | undefined;

  constructor(tracer: Tracer, contexts: ContextManager, propagation: Propagation | undefined) {
    this.#tracer = tracer;
    this.#contexts = contexts;
    this.#propagation = propagation;
  }

  begin(request: ObservedRequest): Observation | null {
    if (request.method === "") return null; // malformed; Deno makes no span of such a one either
    const active = this.#contexts.active();
    const parent = this.#propagation?.extract(active, request, FIELDS) ?? active;
    const options = { kind: KIND_SERVER, attributes: attributesOf(request) };
    const span = this.#tracer.startSpan(request.method, options, parent);
    return new RequestSpan(span, parent.setValue(SPAN_KEY, span), this.#contexts);
  }
}

/** One request as a span, which lasts until the exchange is over. */
class RequestSpan implements Observation {
  readonly #span: Span;
  readonly #context: Context;
  readonly #contexts: ContextManager;
  #isError = false;

  constructor(span: Span, context: Context, contexts: ContextManager) {
    this.#span = span;
    this.#context = context;
    this.#contexts = contexts;
  }

  forwarded(_origin: ForwardedOrigin): void {} // Deno's spans know the connection only

  responded({ status }: ObservedResponse): void {
    this.#span.setAttribute("http.response.status_code", String(status)); // text, as Deno has it
    if (status >= 500) this.#fail(String(status));
  }

  sent(_bytes: number): void {}

  ended(outcome: Outcome): void {
    if (outcome === "failed" && !this.#isError) this.#fail(BROKEN_OFF);
    this.#span.end();
  }

  run<T>(call: () => T): T {
    return this.#contexts.with(this.#context, call);
  }

  #fail(type: string): void {
    this.#isError = true;
    this.#span.setAttribute("error.type", type);
    this.#span.setStatus({ code: STATUS_ERROR });
  }
}

/** Attributes of a request, named as in the semantic conventions, with the values Deno gives them. */
function attributesOf({ method, scheme, authority, target }: ObservedRequest) {
  const full = `${scheme}://${authority}${target}`;
  const url = URL.parse(full);
  return {
    "http.request.method": method,
    "url.full": full,
    "url.scheme": scheme,
    "url.path": url?.pathname ?? target,
    "url.query": url?.search.slice(1) ?? "",
  };
}
