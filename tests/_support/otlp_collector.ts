/**
 * A collector of OpenTelemetry data (OTLP over HTTP, JSON), as far as tests look at it.
 *
 * @module
 */

/** A value of OTLP, e.g. `{ stringValue: "GET" }`. */
type Value = Readonly<Record<string, unknown>>;

/** A list of attributes. */
type Attributes = readonly { readonly key: string; readonly value: Value }[];

/** A span. */
export interface CollectedSpan {
  /** Name of the instrumentation. */
  readonly scope: string;
  /** Its own name. */
  readonly name: string;
  /** Kind: 1 internal, 2 server, 3 client. */
  readonly kind: number;
  /** Trace. */
  readonly traceId: string;
  /** Span. */
  readonly spanId: string;
  /** Parent, `""` without one. */
  readonly parentSpanId: string;
  /** Status: 0 unset, 2 error. */
  readonly status: number;
  /** Attributes with their types, e.g. `"stringValue GET"`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A data point of a metric. */
export interface CollectedPoint {
  /** Name of the instrumentation. */
  readonly scope: string;
  /** Name, description, unit and buckets of the metric. */
  readonly metric: string;
  /** Attributes as in {@link CollectedSpan}. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Number of measurements, or the value of a sum. */
  readonly count: number;
  /** Sum of a histogram. */
  readonly sum: number;
}

interface Scope {
  readonly scope: { readonly name: string };
}

interface TraceData {
  readonly resourceSpans: {
    readonly scopeSpans: (Scope & { readonly spans: RawSpan[] })[];
  }[];
}

interface RawSpan extends Omit<CollectedSpan, "scope" | "status" | "attributes"> {
  readonly status: { readonly code: number };
  readonly attributes: Attributes;
}

interface MetricsData {
  readonly resourceMetrics: {
    readonly scopeMetrics: (Scope & { readonly metrics: RawMetric[] })[];
  }[];
}

interface RawMetric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly sum?: { readonly dataPoints: RawPoint[] };
  readonly histogram?: { readonly dataPoints: RawPoint[] };
}

interface RawPoint {
  readonly attributes: Attributes;
  readonly asInt?: string;
  readonly asDouble?: number;
  readonly count?: string;
  readonly sum?: number;
  readonly explicitBounds?: number[];
}

/** Collects on a free port of the loopback; `GET /echo` answers with the request fields as JSON. */
export class OTLPCollector implements AsyncDisposable {
  /** Every span so far. */
  readonly spans: CollectedSpan[] = [];
  /** Every data point so far; those exported again are there again. */
  readonly points: CollectedPoint[] = [];
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => this.#take(request),
  );

  /** Where it listens, without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Environment of a process that exports to it, soon. */
  get environment(): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: this.url,
      OTEL_DENO_CONSOLE: "ignore",
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #take(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/echo") return Response.json(Object.fromEntries(request.headers));
    const data = await request.json();
    if (pathname === "/v1/traces") this.#takeSpans(data);
    if (pathname === "/v1/metrics") this.#takePoints(data);
    return Response.json({});
  }

  #takeSpans({ resourceSpans }: TraceData): void {
    for (const { scope, spans } of resourceSpans.flatMap(({ scopeSpans }) => scopeSpans)) {
      for (const { name, kind, traceId, spanId, parentSpanId, status, attributes } of spans) {
        this.spans.push({
          scope: scope.name,
          name,
          kind,
          traceId,
          spanId,
          parentSpanId,
          status: status.code,
          attributes: readAttributes(attributes),
        });
      }
    }
  }

  #takePoints({ resourceMetrics }: MetricsData): void {
    for (const { scope, metrics } of resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics)) {
      for (const { name, description, unit, sum, histogram } of metrics) {
        for (const point of (histogram ?? sum)?.dataPoints ?? []) {
          const bounds = point.explicitBounds?.join(" ") ?? "";
          this.points.push({
            scope: scope.name,
            metric: `${name} (${unit}) ${description} [${bounds}]`,
            attributes: readAttributes(point.attributes),
            count: Number(point.count ?? point.asInt ?? point.asDouble),
            sum: point.sum ?? 0,
          });
        }
      }
    }
  }
}

function readAttributes(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, Object.entries(value)[0]!.join(" ")]).sort(),
  );
}
