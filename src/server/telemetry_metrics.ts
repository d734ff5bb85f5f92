/**
 * Metrics of requests over HTTP/3 in OpenTelemetry: instruments of the names and buckets that Deno uses for HTTP/1 and 2.
 *
 * Two things differ. Methods beyond the known ones are `_OTHER`, as the semantic conventions want it, so that no client
 * can make more and more series. And the size of a request is recorded where the client declared it, for observers are
 * not told of request content.
 *
 * @see {@link https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ | Semantic conventions for HTTP metrics}
 * @module
 */

import type {
  ForwardedOrigin,
  Observation,
  ObservedRequest,
  ObservedResponse,
  Observer,
} from "../observation.ts";

/** Attributes of a measurement; a number has to be a bigint, lest it becomes a floating-point one. */
type Attributes = Readonly<Record<string, string | bigint>>;

/** As much of the OpenTelemetry API as is used here. */
interface Histogram {
  record(value: number, attributes: Attributes): void;
}

interface UpDownCounter {
  add(value: number, attributes: Attributes): void;
}

interface InstrumentOptions {
  readonly description: string;
  readonly unit: string;
  readonly advice?: { readonly explicitBucketBoundaries: number[] };
}

interface Meter {
  createHistogram(name: string, options: InstrumentOptions): Histogram;
  createUpDownCounter(name: string, options: InstrumentOptions): UpDownCounter;
}

/** Where meters come from. */
export interface MeterProvider {
  /** The meter of one instrumentation. */
  getMeter(name: string): Meter;
}

const METHODS = new Set([
  "CONNECT",
  "DELETE",
  "GET",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "POST",
  "PUT",
  "QUERY",
  "TRACE",
]);

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const BYTES = [0, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/** The instruments. */
class Instruments {
  readonly duration: Histogram;
  readonly active: UpDownCounter;
  readonly requestSize: Histogram;
  readonly responseSize: Histogram;

  constructor(meter: Meter) {
    const histogram = (name: string, description: string, unit: string, bounds: number[]) =>
      meter.createHistogram(`http.server.${name}`, {
        description,
        unit,
        advice: { explicitBucketBoundaries: bounds },
      });
    this.duration = histogram(
      "request.duration",
      "Duration of HTTP server requests.",
      "s",
      SECONDS,
    );
    this.active = meter.createUpDownCounter("http.server.active_requests", {
      description: "Number of active HTTP server requests.",
      unit: "{request}",
    });
    this.requestSize = histogram(
      "request.body.size",
      "Size of HTTP server request bodies.",
      "By",
      BYTES,
    );
    this.responseSize = histogram(
      "response.body.size",
      "Size of HTTP server response bodies.",
      "By",
      BYTES,
    );
  }
}

/** Measures every request. */
export class TelemetryMetrics implements Observer {
  readonly #instruments: Instruments;

  /** Makes the instruments. */
  constructor(meter: Meter) {
    this.#instruments = new Instruments(meter);
  }

  begin(request: ObservedRequest): Observation | null {
    if (request.method === "") return null; // malformed; Deno does not measure such a one either
    return new Measurement(this.#instruments, request);
  }
}

/** One request. */
class Measurement implements Observation {
  readonly #instruments: Instruments;
  readonly #begun = performance.now();
  /** What tells active requests apart. */
  readonly #attributes: Attributes;
  readonly #version: string;
  readonly #requestSize: number;
  #status: number | undefined;
  #sent = 0;

  constructor(instruments: Instruments, request: ObservedRequest) {
    const { method, scheme, httpVersion } = request;
    this.#instruments = instruments;
    this.#attributes = {
      "http.request.method": METHODS.has(method) ? method : "_OTHER",
      "url.scheme": scheme,
    };
    this.#version = httpVersion;
    this.#requestSize = Number(request.field("content-length") ?? NaN);
    instruments.active.add(1, this.#attributes);
  }

  forwarded(_origin: ForwardedOrigin): void {} // as Deno, which knows the connection only

  responded({ status }: ObservedResponse): void {
    this.#status = status;
  }

  sent(bytes: number): void {
    this.#sent += bytes;
  }

  ended(): void {
    const { duration, active, requestSize, responseSize } = this.#instruments;
    active.add(-1, this.#attributes);
    const attributes: Attributes = {
      ...this.#attributes,
      "network.protocol.version": this.#version,
      ...(this.#status === undefined ? {} : { "http.response.status_code": BigInt(this.#status) }),
    };
    duration.record((performance.now() - this.#begun) / 1000, attributes);
    if (Number.isSafeInteger(this.#requestSize)) requestSize.record(this.#requestSize, attributes);
    responseSize.record(this.#sent, attributes);
  }
}
