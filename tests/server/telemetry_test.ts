/** Requests over HTTP/3 in OpenTelemetry, next to those over HTTP/1, of which Deno itself makes spans and metrics. */

import assert from "node:assert/strict";
import { telemetryObserver } from "../../src/server/telemetry.ts";
import { withDeadline } from "../_support/deadline.ts";
import { type ClientFields, type ClientRequest, request } from "../_support/client.ts";
import { H3Client } from "../_support/h3_client.ts";
import {
  type CollectedPoint,
  type CollectedSpan,
  OTLPCollector,
} from "../_support/otlp_collector.ts";
import { RawClient } from "../_support/raw_client.ts";
import { fromFileUrl } from "../_support/repository.ts";

const PROGRAM = fromFileUrl(import.meta.resolve("../_support/programs/telemetry_main.ts"))!;

const SERVER = 2; // OTLP's SPAN_KIND_SERVER
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT: ClientFields = [
  ["traceparent", `00-${TRACE}-b7ad6b7169203331-01`],
  ["tracestate", "vendor=1"],
  ["baggage", "key=value"],
];

/** The program, and clients of both versions. */
class Served implements AsyncDisposable {
  readonly http3: H3Client;
  readonly #child: Deno.ChildProcess;
  #port = "";
  #output: ReadableStreamDefaultReader<Uint8Array>;

  private constructor(child: Deno.ChildProcess, udpPort: number) {
    this.#child = child;
    this.#output = child.stdout.getReader();
    this.http3 = new H3Client(`https://127.0.0.1:${udpPort}`);
  }

  static async start(environment: Record<string, string>, flags: string[], args: string[] = []) {
    const udpPort = freeUdpPort();
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...flags, PROGRAM, String(udpPort), ...args],
      env: { OTEL_DENO: "false", ...environment },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const served = new Served(child, udpPort);
    const { value } = await withDeadline(served.#output.read(), "the port of the program");
    served.#port = new TextDecoder().decode(value).trim();
    if (served.#port === "") assert.fail(await new Response(child.stderr).text());
    return served;
  }

  /** Makes one request over HTTP/1.1; returns the response as it came. */
  async http1({ method = "GET", target, fields = [], content = "" }: ClientRequest) {
    using client = await RawClient.connect(`http://127.0.0.1:${this.#port}`);
    const lines = [["host", `127.0.0.1:${this.#port}`], ["connection", "close"], ...fields];
    if (content !== "") lines.push(["content-length", String(content.length)]);
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    await client.send(`${method} ${target} HTTP/1.1\r\n${head}\r\n${content}`);
    return await client.readToEnd();
  }

  /** Ends the program, which exports what it has; returns what it wrote to standard error. */
  async end(): Promise<string> {
    await this.http3[Symbol.asyncDispose]();
    await this.#child.stdin.close();
    const written = new Response(this.#child.stderr).text();
    const { code } = await withDeadline(this.#child.status, "the end of the program");
    await this.#output.cancel();
    assert.equal(code, 0, await written);
    return await written;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch { /* it has ended */ }
    await this.#child.status;
  }
}

function freeUdpPort(): number {
  const socket = Deno.listenDatagram({ hostname: "127.0.0.1", port: 0, transport: "udp" });
  const { port } = socket.addr as Deno.NetAddr;
  socket.close();
  return port;
}

/** Runs `use` against the program with its telemetry on, and collects everything that came of it. */
async function collect(use: (served: Served, collector: OTLPCollector) => Promise<unknown>) {
  const collector = new OTLPCollector();
  try {
    // It needs no permission to read the environment, and asks for none.
    const flags = ["--allow-net", "--allow-read", "--allow-sys", "--unstable-net"];
    await using served = await Served.start(collector.environment, flags);
    await use(served, collector);
    await served.end();
  } finally {
    await collector[Symbol.asyncDispose]();
  }
  return collector;
}

/** What must be equal over all versions: everything but the origin, and who made it. */
function comparable({ name, kind, parentSpanId, status, attributes }: CollectedSpan) {
  return { name, kind, parentSpanId, status, attributes: withoutOrigin(attributes) };
}

function withoutOrigin(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [
      key,
      value.replace(/https?:\/\/127\.0\.0\.1:\d+/, "ORIGIN")
        .replace(/^stringValue https?$/, "SCHEME"),
    ]),
  );
}

const REQUESTS: readonly ClientRequest[] = [
  { target: "/plain" },
  { target: "/traced?x=1&y=%zz", fields: PARENT },
  { target: "/broken-parent", fields: [["traceparent", "00-zz"], ["tracestate", "="]] },
  { target: "/a/../b/%20//c?" },
  { target: "/posted", method: "POST", content: "abc" },
  { target: "/unusual", method: "UNUSUAL" },
  { target: "/404" },
  { target: "/503" },
  { target: "/throws" },
];

Deno.test("telemetryObserver() makes of HTTP/3 requests the spans that Deno makes of HTTP/1 ones", async () => {
  const { spans } = await collect(async (served) => {
    for (const sent of REQUESTS) {
      await served.http1(sent);
      await request(served.http3, sent);
    }
  });
  const path = ({ attributes }: CollectedSpan) => attributes["url.path"]!;
  const all = spans.toSorted((one, other) => path(one) < path(other) ? -1 : 1);
  const http1 = all.filter(({ scope, kind }) => scope === "deno" && kind === SERVER);
  const http3 = all.filter(({ scope }) => scope === "@x/hypercorn");
  assert.equal(http1.length, REQUESTS.length);
  assert.deepEqual(http3.map(comparable), http1.map(comparable));
  const traced = http3.find((span) => path(span) === "stringValue /traced")!;
  assert.deepEqual([traced.traceId, traced.parentSpanId], [TRACE, "b7ad6b7169203331"]);
  assert.equal(new Set(http3.map(({ traceId }) => traceId)).size, REQUESTS.length);
});

Deno.test("telemetryObserver() has the application run in the context of the span", async () => {
  let headers: Record<string, string> = {};
  const { spans } = await collect(async (served, collector) => {
    const target = `/nested?${encodeURIComponent(`${collector.url}/echo`)}`;
    const { text } = await request(served.http3, { target, fields: PARENT });
    headers = JSON.parse(text);
  });
  const [server] = spans.filter(({ scope }) => scope === "@x/hypercorn");
  const [work] = spans.filter(({ scope }) => scope === "application");
  const [fetched] = spans.filter(({ scope, kind }) => scope === "deno" && kind === 3);
  for (const span of [work!, fetched!]) {
    assert.deepEqual([span.traceId, span.parentSpanId], [TRACE, server!.spanId]);
  }
  assert.equal(headers["traceparent"], `00-${TRACE}-${fetched!.spanId}-01`);
  assert.equal(headers["baggage"], "key=value");
});

Deno.test("telemetryObserver() marks a response that was broken off as an error, and ends the span of one that was left", async () => {
  const { spans } = await collect(async ({ http3 }) => {
    const exchange = await http3.open({ target: "/endless" });
    await exchange.read();
    await exchange.leave();
    await assert.rejects(request(http3, { target: "/breaks" }));
  });
  const results = spans.filter(({ scope }) => scope === "@x/hypercorn").map((span) => [
    span.attributes["url.path"],
    span.status,
    span.attributes["http.response.status_code"],
    span.attributes["error.type"],
  ]);
  assert.deepEqual(results.sort(), [
    ["stringValue /breaks", 2, "stringValue 200", "stringValue response_broken_off"],
    ["stringValue /endless", 0, "stringValue 200", undefined],
  ]);
});

Deno.test("telemetryObserver() measures HTTP/3 requests as Deno does HTTP/1 ones", async () => {
  const sent = { target: "/posted", method: "POST", content: "abc" };
  const { points } = await collect(async (served) => {
    await served.http1(sent);
    await request(served.http3, sent);
    await request(served.http3, { target: "/unusual", method: "UNUSUAL" });
  });
  const of = (scope: string) =>
    points.filter((point) => point.scope === scope && point.metric.startsWith("http.server."));
  const describe = ({ metric, attributes, count }: CollectedPoint) => {
    const { "network.protocol.version": version, ...others } = withoutOrigin(attributes);
    return JSON.stringify([metric, others, count, version === undefined]);
  };
  const isPosted = ({ attributes }: CollectedPoint) =>
    attributes["http.request.method"] === "stringValue POST";
  const http1 = of("deno").filter(isPosted);
  const http3 = of("@x/hypercorn").filter(isPosted);
  assert.equal(http1.length, 4);
  assert.deepEqual(http3.map(describe).sort(), http1.map(describe).sort());
  const sums = http3.filter(({ metric }) => metric.includes("body.size"))
    .map(({ metric, sum, attributes }) => [
      metric.split(" ", 1)[0],
      sum,
      attributes["network.protocol.version"],
    ]);
  assert.deepEqual(sums.sort(), [
    ["http.server.request.body.size", 3, "stringValue 3"],
    ["http.server.response.body.size", 5, "stringValue 3"],
  ]);
  const methods = new Set(of("@x/hypercorn").map((it) => it.attributes["http.request.method"]));
  assert.deepEqual([...methods].sort(), ["stringValue POST", "stringValue _OTHER"]);
});

const OFF: readonly { readonly name: string; readonly environment: Record<string, string> }[] = [
  { name: "OTEL_DENO is false", environment: { OTEL_DENO: "false" } },
  { name: "OTEL_SDK_DISABLED is true", environment: { OTEL_SDK_DISABLED: "true" } },
];
for (const { name, environment } of OFF) {
  Deno.test(`telemetryObserver() looks at nothing and makes no span when ${name}`, async () => {
    await using collector = new OTLPCollector();
    const settings = { ...collector.environment, ...environment };
    await using served = await Served.start(settings, ["-A"], ["trap"]);
    await served.http1({ target: "/" });
    assert.equal((await request(served.http3, { target: "/" })).text, "hello");
    assert.equal(await served.end(), "");
    assert.deepEqual([collector.spans, collector.points], [[], []]);
  });
}

Deno.test("telemetryObserver() leaves requests to a telemetry that is not Deno's", () => {
  const key = Symbol.for("opentelemetry.js.api.1");
  const registries = globalThis as { [key]?: unknown };
  registries[key] = { version: "1.9.0", trace: {}, metrics: {} };
  try {
    assert.equal(telemetryObserver(), null);
  } finally {
    delete registries[key];
  }
});
