import assert from "node:assert/strict";
import { parseBind } from "../../src/config/mod.ts";
import { BindError } from "../../src/errors.ts";
import { formatPrometheus, Metrics, PROMETHEUS_CONTENT_TYPE } from "../../src/metrics/mod.ts";
import { type AdminOptions, openAdmin } from "../../src/server/admin.ts";
import { AdminPages } from "../../src/server/admin_pages.ts";
import { withDeadline } from "../_support/deadline.ts";
import { LogSink } from "../_support/log_sink.ts";
import { RawClient } from "../_support/raw_client.ts";
import { eventually } from "../_support/waiting.ts";
import { parsePage, sumOf } from "../metrics/exposition.ts";
import { FakeClock, tell } from "../metrics/requests.ts";

const PAGE = "# HELP a A\n# TYPE a gauge\na 1\n";
const TEXT = "text/plain; charset=utf-8";

/** An admin listener on a port of the system's choice, that is ready unless it is told. */
async function openTestAdmin(options: Partial<AdminOptions> = {}) {
  const log = new LogSink();
  const admin = await openAdmin({
    binds: [parseBind("127.0.0.1:0")],
    metrics: () => PAGE,
    ready: () => true,
    log,
    ...options,
  });
  return {
    ...admin,
    log,
    url: admin.binds[0]!.url,
    [Symbol.asyncDispose]: () => admin.close(),
  };
}

/** Sends one request and returns the answer, without the date. */
async function exchange(url: string, request: string): Promise<string> {
  using client = await RawClient.connect(url);
  await client.send(`${request}\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  const answer = await withDeadline(client.readToEnd(), "the answer");
  return answer.replace(/date: .*\r\n/i, "");
}

const ROWS = [
  { request: "GET /metrics", status: 200, content: PAGE, type: PROMETHEUS_CONTENT_TYPE },
  { request: "GET /metrics?a=1", status: 200, content: PAGE, type: PROMETHEUS_CONTENT_TYPE },
  { request: "GET /healthz", status: 200, content: "ok\n", type: TEXT },
  { request: "GET /readyz", status: 200, content: "ready\n", type: TEXT },
  { request: "GET http://other/healthz", status: 200, content: "ok\n", type: TEXT },
  { request: "GET /", status: 404, content: "not found: see /metrics, /healthz, /readyz\n" },
  { request: "GET /metrics/", status: 404 },
  { request: "GET /healthz%00", status: 404 },
  { request: "GET //healthz", status: 404 },
  { request: "OPTIONS *", status: 404 },
  { request: "POST /", status: 404 },
  { request: "POST /metrics", status: 405, content: "method not allowed\n" },
  { request: "DELETE /healthz", status: 405 },
  { request: "BREW /readyz", status: 405 },
];
for (const { request, status, content, type = TEXT } of ROWS) {
  Deno.test(`openAdmin() answers ${request} with ${status}`, async () => {
    await using admin = await openTestAdmin();
    const answer = await exchange(admin.url, `${request} HTTP/1.1`);
    const [head, ...rest] = answer.split("\r\n\r\n");
    assert.match(head!, new RegExp(`^HTTP/1.1 ${status} `));
    assert.match(head!, /\r\ncache-control: no-store(\r\n|$)/i);
    assert.equal(/\r\ncontent-type: ([^\r]*)/i.exec(head!)?.[1], type);
    assert.equal(/\r\nallow: ([^\r]*)/i.exec(head!)?.[1], status === 405 ? "GET, HEAD" : undefined);
    if (content !== undefined) assert.equal(rest.join("\r\n\r\n"), content);
  });
}

for (const path of ["/metrics", "/healthz", "/readyz", "/nothing"]) {
  Deno.test(`openAdmin() answers HEAD ${path} like GET, without content`, async () => {
    await using admin = await openTestAdmin();
    const get = await exchange(admin.url, `GET ${path} HTTP/1.1`);
    const head = await exchange(admin.url, `HEAD ${path} HTTP/1.1`);
    assert.equal(head, get.slice(0, get.indexOf("\r\n\r\n") + 4));
    assert.match(head, /\r\ncontent-length: [1-9]/i);
  });
}

for (const host of ["localhost/metrics?", "localhost#", "/"]) {
  Deno.test(`openAdmin() refuses the Host "${host}", which would make another path of the URL`, async () => {
    await using admin = await openTestAdmin();
    using client = await RawClient.connect(admin.url);
    await client.send(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const answer = await withDeadline(client.readToEnd(), "the answer");
    assert.match(answer, /^HTTP\/1\.1 400 /);
  });
}

Deno.test("openAdmin() answers a Host that is none", async () => {
  await using admin = await openTestAdmin();
  using client = await RawClient.connect(admin.url);
  await client.send("GET /healthz HTTP/1.1\r\nHost: [[[\r\n\r\n");
  assert.match(await withDeadline(client.readUntil("\r\n\r\n"), "an answer"), / [24]00 /);
});

Deno.test("/readyz follows ready(), and /healthz does not", async () => {
  let ready = false;
  await using admin = await openTestAdmin({ ready: () => ready });
  const ask = async (path: string) => {
    const response = await fetch(admin.url + path);
    return [response.status, await response.text()];
  };
  assert.deepEqual(await ask("/readyz"), [503, "not ready\n"]);
  assert.deepEqual(await ask("/healthz"), [200, "ok\n"]);
  ready = true;
  assert.deepEqual(await ask("/readyz"), [200, "ready\n"]);
  ready = false;
  assert.deepEqual(await ask("/readyz"), [503, "not ready\n"]);
});

Deno.test("/metrics is a page that Prometheus can read", async () => {
  const clock = new FakeClock();
  const metrics = new Metrics({ now: clock.now });
  for (let count = 0; count < 7; count++) {
    tell(metrics, clock, { status: 200, milliseconds: count });
  }
  await using admin = await openTestAdmin({
    metrics: () => Promise.resolve(formatPrometheus(metrics.snapshot(), { workers: 2 })),
  });
  const response = await fetch(`${admin.url}/metrics`);
  assert.equal(response.headers.get("content-type"), PROMETHEUS_CONTENT_TYPE);
  const families = parsePage(await response.text());
  assert.equal(sumOf(families, "hypercorn_requests_total"), 7);
  assert.equal(sumOf(families, "hypercorn_workers"), 2);
});

const FAILING = [
  { name: "throws", metrics: () => assert.fail("no workers") },
  { name: "rejects", metrics: () => Promise.reject(new Error("no workers")) },
];
for (const { name, metrics } of FAILING) {
  Deno.test(`/metrics is 503 with the reason when the supplier ${name}, and recovers`, async () => {
    let supplier: AdminOptions["metrics"] = metrics;
    await using admin = await openTestAdmin({ metrics: () => supplier() });
    const failed = await fetch(`${admin.url}/metrics`);
    assert.equal(failed.status, 503);
    assert.equal(await failed.text(), "metrics are not available: no workers\n");
    assert.deepEqual(admin.log.lines, ["WARN Cannot tell metrics: no workers"]);
    supplier = () => PAGE;
    assert.equal(await (await fetch(`${admin.url}/metrics`)).text(), PAGE);
  });
}

Deno.test("/metrics is 503 when the supplier takes too long", async () => {
  const never = new Promise<string>(() => {});
  await using admin = await openTestAdmin({ metrics: () => never, metricsTimeout: 0.01 });
  const response = await fetch(`${admin.url}/metrics`);
  assert.equal(response.status, 503);
  assert.match(await response.text(), /not there after 0.01 seconds/);
});

Deno.test("/metrics is made once for scrapers that ask at the same time", async () => {
  const made: PromiseWithResolvers<string>[] = [];
  const pages = new AdminPages({
    metrics() {
      const page = Promise.withResolvers<string>();
      made.push(page);
      return page.promise;
    },
    ready: () => true,
    log: new LogSink(),
  });
  const ask = async (path: string) => {
    const request = new Request(`http://localhost${path}`);
    return await (await pages.answer(request, Promise.resolve())).text();
  };
  const answers = Promise.all([ask("/metrics"), ask("/metrics"), ask("/metrics")]);
  assert.equal(await ask("/healthz"), "ok\n");
  assert.equal(made.length, 1);
  made[0]!.resolve("first");
  assert.deepEqual(await answers, ["first", "first", "first"]);
  const later = ask("/metrics");
  made[1]!.resolve("second");
  assert.equal(await later, "second");
});

Deno.test("openAdmin() listens on Unix sockets, and removes them", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/admin.sock`;
    const sockets = { umask: 0o077, user: null, group: null };
    const admin = await openTestAdmin({ binds: [parseBind(`unix:${path}`)], sockets });
    assert.equal(admin.url, `http://unix:${path}`);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o700);
    using conn = await Deno.connect({ transport: "unix", path });
    await conn.write(new TextEncoder().encode("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
    const buffer = new Uint8Array(4096);
    const count = await withDeadline(conn.read(buffer), "the answer");
    assert.match(new TextDecoder().decode(buffer.subarray(0, count!)), /^HTTP\/1.1 200 /);
    await admin.close();
    await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("openAdmin() names adminBind when an address is in use, and opens none", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  using free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const other = free.addr.port;
  free.close();
  const binds = [parseBind(`127.0.0.1:${other}`), parseBind(`127.0.0.1:${port}`)];
  await assert.rejects(openTestAdmin({ binds }), (error) => {
    assert(error instanceof BindError);
    assert.equal(error.bind, `127.0.0.1:${port}`);
    assert.match(
      error.message,
      new RegExp(
        `^Cannot open "adminBind": Cannot bind "127.0.0.1:${port}": the address is in use`,
      ),
    );
    return true;
  });
  Deno.listen({ hostname: "127.0.0.1", port: other }).close();
});

Deno.test("openAdmin() leaves a file that is no socket alone", async () => {
  const path = await Deno.makeTempFile();
  try {
    await assert.rejects(
      openTestAdmin({ binds: [parseBind(`unix:${path}`)] }),
      /^BindError: Cannot open "adminBind": .*is not a socket/,
    );
    assert((await Deno.stat(path)).isFile);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("close() lets an answer leave that was begun", async () => {
  const page = Promise.withResolvers<string>();
  let asked = false;
  const admin = await openTestAdmin({
    metrics() {
      asked = true;
      return page.promise;
    },
  });
  const answer = fetch(`${admin.url}/metrics`).then((response) => response.text());
  await eventually(() => asked, "the request");
  const closed = admin.close();
  page.resolve(PAGE);
  assert.equal(await answer, PAGE);
  await closed;
});

Deno.test("close() cuts a supplier that hangs, half a request, and an idle connection", async () => {
  let asked = false;
  const admin = await openTestAdmin({
    metrics() {
      asked = true;
      return new Promise<string>(() => {});
    },
    metricsTimeout: 3600,
  });
  using hanging = await RawClient.connect(admin.url);
  await hanging.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  using half = await RawClient.connect(admin.url);
  await half.send("GET /hea");
  using idle = await RawClient.connect(admin.url);
  await eventually(() => asked, "the request");
  await withDeadline(admin.close(), "the end of close()");
  for (const client of [hanging, half, idle]) {
    assert.equal(await withDeadline(client.readToEnd(), "the cut"), "");
  }
});
