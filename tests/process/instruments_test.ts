/**
 * The instruments agree: access log, StatsD and Prometheus page tell the same of 10,000 requests of every kind, over every
 * protocol, among them requests that were aborted, refused and failed.
 */

import assert from "node:assert/strict";
import { type FetchHandler, start, upgradeWebSocket } from "../../mod.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import { type Client, type ClientRequest, readResponse, request } from "../_support/client.ts";
import { FetchClient } from "../_support/fetch_client.ts";
import { H3Client } from "../_support/h3_client.ts";
import { RawClient } from "../_support/raw_http.ts";
import { freePort, isInstalled } from "../_support/server_process.ts";
import { type DatagramCounts, UDPCounter } from "../_support/udp_counter.ts";
import { eventually, pause } from "../_support/waiting.ts";
import { WebSocketClient } from "../_support/websocket_client.ts";
import { type ParsedFamily, parsePage, sumOf } from "../metrics/exposition.ts";

/** Requests whose handler has begun, by their number; clients that want to leave wait for it. */
const begun = new Map<string, () => void>();

const app: FetchHandler = async (request) => {
  const { pathname, search } = new URL(request.url);
  switch (pathname) {
    case "/socket": {
      const { socket, response } = upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    }
    case "/echo":
      return new Response(await request.text());
    case "/stream":
      return new Response(
        ReadableStream.from(["one ", "two"]).pipeThrough(new TextEncoderStream()),
      );
    case "/missing":
      return new Response("no such thing", { status: 404 });
    case "/broken":
      throw new Error("broken on purpose");
    case "/pending":
      begun.get(search)?.();
      await new Promise<void>((resolve) =>
        request.signal.addEventListener("abort", () => resolve())
      );
      return new Response("too late");
    case "/endless":
      return new Response(
        new ReadableStream({
          async pull(controller) {
            controller.enqueue(new TextEncoder().encode("again "));
            await new Promise((resolve) => setTimeout(resolve, 1));
          },
        }),
      );
    default:
      return new Response("hello");
  }
};

/** A kind of request: how a client makes it, and what the instruments have to say. */
interface Kind {
  readonly name: string;
  readonly outcome: "complete" | "aborted" | "failed" | "refused";
  run(client: Client, number: number, url: string): Promise<unknown>;
}

function whole(name: string, sent: ClientRequest, outcome: Kind["outcome"] = "complete"): Kind {
  return { name, outcome, run: (client) => request(client, sent) };
}

const OK = whole("a flat response", { target: "/" });
const HEAD = whole("HEAD", { target: "/", method: "HEAD" });
const ECHO = whole("an upload", { target: "/echo", method: "POST", content: "hello" });
const STREAM = whole("a stream", { target: "/stream" });
const MISSING = whole("404 of the application", { target: "/missing" });
const BROKEN = whole("a handler that throws", { target: "/broken" }, "failed");
const REFUSED = whole(
  "a host that is not served",
  { target: "/", fields: [["host", "evil.example"]] },
  "refused",
);
const PENDING: Kind = {
  name: "a client that leaves a pending handler",
  outcome: "aborted",
  async run(client, number, url) {
    const id = `?${new URL(url).port}-${number}`;
    const { promise, resolve } = Promise.withResolvers<void>();
    begun.set(id, resolve);
    // Over HTTP/3 Deno shows a STOP_SENDING at the next write only, so there a client leaves with its connection.
    const own = client instanceof H3Client ? new H3Client(url) : null;
    const exchange = await (own ?? client).open({ target: `/pending${id}` });
    await promise;
    begun.delete(id);
    await pause(20); // the driver looks for leaving clients after 2 ms: until then they count as answered
    if (own) await own[Symbol.asyncDispose]();
    else await exchange.leave();
    await exchange.head().catch(() => {}); // nobody answers any more
  },
};
const ENDLESS: Kind = {
  name: "a client that leaves a stream",
  outcome: "aborted",
  async run(client) {
    const exchange = await client.open({ target: "/endless" });
    await exchange.head();
    await exchange.read();
    await exchange.leave();
    await readResponse(exchange).catch(() => {}); // which it left
  },
};
const SOCKET: Kind = {
  name: "a WebSocket",
  outcome: "complete",
  async run(_client, _number, url) {
    using socket = await WebSocketClient.open(url, { target: "/socket" });
    await socket.send("hello");
    await socket.message();
    await socket.close(1000);
    await socket.closed();
  },
};

type Protocol = "h11" | "h2" | "h3";

/** How many of each kind, by protocol. */
const PLAN: Readonly<Record<Protocol, readonly (readonly [kind: Kind, count: number])[]>> = {
  h11: [
    [OK, 2600],
    [HEAD, 300],
    [ECHO, 500],
    [STREAM, 400],
    [MISSING, 300],
    [BROKEN, 300],
    [PENDING, 200],
    [ENDLESS, 200],
    [REFUSED, 200],
    [SOCKET, 100],
  ],
  h2: [[OK, 1400], [ECHO, 300], [STREAM, 200], [BROKEN, 200], [PENDING, 100], [ENDLESS, 100]],
  h3: [
    [OK, 1700],
    [HEAD, 200],
    [ECHO, 300],
    [STREAM, 100],
    [BROKEN, 100],
    [PENDING, 100],
    [ENDLESS, 100],
  ],
};

const TOTAL = 10_000;

const NAME = "10,000 requests of every kind are 10,000 access lines, and StatsD and /metrics agree";
const hasNode = await isInstalled("node", "--version");

Deno.test({
  name: hasNode ? NAME : `${NAME} (skipped: node is not installed)`,
  ignore: !hasNode,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const { page, lines, counts } = await keepBooks(`${folder}/access.log`);
      compareOutcomes(lines);
      comparePage(page, lines);
      compareCounts(counts, lines);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Serves and sends what is planned, and gives what the instruments have to say. */
async function keepBooks(accesslog: string) {
  const [plain, tls, admin] = [freePort(), freePort(), freePort()];
  const [plainUrl, tlsUrl] = [`http://127.0.0.1:${plain}`, `https://127.0.0.1:${tls}`];
  await using counter = await UDPCounter.start();
  await using _server = await start(app, {
    ...TLS_OPTIONS,
    bind: `127.0.0.1:${tls}`,
    insecureBind: `127.0.0.1:${plain}`,
    quicBind: `127.0.0.1:${tls}`,
    adminBind: `127.0.0.1:${admin}`,
    serverNames: ["localhost", `127.0.0.1:${plain}`, `127.0.0.1:${tls}`],
    statsdHost: `127.0.0.1:${counter.port}`,
    errorlog: null,
    accesslog,
    logJson: true,
  });
  await Promise.all([
    send("h11", new RawClient(plainUrl), plainUrl, counter),
    send("h2", new FetchClient(tlsUrl), tlsUrl, counter),
    send("h3", new H3Client(tlsUrl), tlsUrl, counter),
  ]);
  return {
    page: await settledPage(`http://127.0.0.1:${admin}/metrics`),
    lines: await settledLines(accesslog),
    counts: await counter.settled(TOTAL),
  };
}

/** The access log has what was planned. */
function compareOutcomes(lines: readonly Line[]): void {
  assert.equal(lines.length, TOTAL);
  for (const [protocol, kinds] of Object.entries(PLAN)) {
    for (const outcome of OUTCOMES) {
      const expected = kinds.filter(([kind]) => kind.outcome === outcome)
        .reduce((sum, [, count]) => sum + count, 0);
      const found = lines.filter((line) => line.protocol === protocol && line.outcome === outcome);
      assert.equal(found.length, expected, `${protocol} ${outcome}`);
    }
  }
}

/** The page has what the access log has. */
function comparePage(page: Map<string, ParsedFamily>, lines: readonly Line[]): void {
  const withOutcome = (outcome: Kind["outcome"]) =>
    lines.filter((line) => line.outcome === outcome).length;
  assert.equal(sumOf(page, "hypercorn_requests_total"), TOTAL);
  assert.equal(sumOf(page, "hypercorn_requests_aborted_total"), withOutcome("aborted"));
  assert.equal(sumOf(page, "hypercorn_requests_failed_total"), withOutcome("failed"));
  assert.equal(sumOf(page, "hypercorn_requests_refused_total"), withOutcome("refused"));
  assert.equal(sumOf(page, "hypercorn_websockets_total"), 100);
  const bytes = lines.reduce((sum, line) => sum + line.bytes, 0);
  assert.equal(sumOf(page, "hypercorn_sent_bytes_total"), bytes);
  for (const { labels, value } of page.get("hypercorn_requests_total")!.samples) {
    const { protocol, method, status } = labels;
    const same = lines.filter((line) =>
      line.protocol === protocol && line.method === method &&
      String(line.status ?? "none") === status
    );
    assert.equal(same.length, value, JSON.stringify(labels));
  }
}

/** StatsD was sent what the access log has. */
function compareCounts(counts: DatagramCounts, lines: readonly Line[]): void {
  assert.equal(counts["hypercorn.requests"], TOTAL);
  assert.equal(counts["hypercorn.request.duration"], TOTAL);
  for (const status of [404, 500]) {
    const expected = lines.filter((line) => line.status === status).length;
    assert.equal(counts[`hypercorn.request.status.${status}`], expected, `${status}`);
  }
}

const OUTCOMES = ["complete", "aborted", "failed", "refused"] as const;

/** The members of an access line that are compared. */
interface Line {
  readonly protocol: Protocol;
  readonly method: string;
  readonly status: number | null;
  readonly outcome: Kind["outcome"];
  readonly bytes: number;
}

/** Requests in progress at a time for each protocol; few, so that the datagrams of all of them find a reader. */
const AT_ONCE = 8;

/** Sends what is planned for a protocol, the kinds mixed. */
async function send(
  protocol: Protocol,
  client: Client,
  url: string,
  counter: UDPCounter,
): Promise<void> {
  await using _client = client;
  const all = PLAN[protocol].flatMap(([kind, count]) => Array<Kind>(count).fill(kind));
  const step = 7919; // a prime: every index once, neighbours far apart
  const mixed = all.map((_kind, index) => all[(index * step) % all.length]!);
  let next = 0;
  const worker = async () => {
    while (next < mixed.length) {
      const number = next++;
      await mixed[number]!.run(client, number, url);
      await counter.keepUp();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** The page once nothing is in flight any more: a server learns a moment later that a client has left. */
async function settledPage(url: string) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const page = parsePage(await (await fetch(url)).text());
    const open = sumOf(page, "hypercorn_requests_in_flight") +
      sumOf(page, "hypercorn_websockets_open");
    if (open === 0) return page;
    await pause(50);
  }
  throw new Error("Requests are still in flight");
}

/** The access lines once they are written. */
async function settledLines(path: string): Promise<Line[]> {
  let text = "";
  await eventually(() => {
    text = Deno.readTextFileSync(path);
    return text.split("\n").length - 1 >= TOTAL;
  }, `${TOTAL} access lines`).catch(() => {}); // how many there are is compared later
  return text.trimEnd().split("\n").map((line) => JSON.parse(line) as Line);
}
