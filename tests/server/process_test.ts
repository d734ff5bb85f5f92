import assert from "node:assert/strict";
import { Child, type ChildExit } from "../_support/child.ts";
import { RawClient } from "../_support/raw_client.ts";

/** Seconds that an end may take on a busy machine; far less than what it is not to wait for. */
const SLACK = 15;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`serve() resolves and the process ends with 0 after ${signal}`, async () => {
    const child = await Child.start("serve_main.ts", ["60"]);
    assert.equal(await (await fetch(child.urls[0]!)).text(), "ok");
    child.kill(signal);
    const { code, stdout, seconds } = await child.exit();
    assert.equal(code, 0);
    assert.equal(stdout, "closed\n");
    assert.ok(seconds < SLACK, `took ${seconds} s`);
  });
}

const ROWS = [
  { name: "a handler that never answers", path: "/never", wait: "" },
  { name: "an endless stream", path: "/sse", wait: "data: 1" },
];

for (const { name, path, wait } of ROWS) {
  Deno.test(`serve() ends within graceful_timeout after SIGTERM with ${name}`, async () => {
    const child = await Child.start("serve_main.ts", ["0.5"]);
    using client = await RawClient.connect(child.urls[0]!);
    await client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    if (wait) await client.readUntil(wait);
    else await fetch(child.urls[0]!).then((response) => response.text()); // by then the first one is in
    child.kill("SIGTERM");
    const { code, stdout, stderr, seconds } = await child.exit();
    assert.equal(code, 0);
    assert.equal(stdout, "closed\n");
    assert.match(stderr, /\[WARN\] Graceful timeout: cutting 1 unfinished requests/);
    assert.ok(seconds < SLACK, `took ${seconds} s`);
    if (!wait) assert.match(await client.readToEnd(), /^HTTP\/1\.1 503 /);
  });
}

Deno.test("a second SIGTERM ends every wait of serve()", async () => {
  const child = await Child.start("serve_main.ts", ["60"]);
  using client = await RawClient.connect(child.urls[0]!);
  await client.send("GET /sse HTTP/1.1\r\nHost: h\r\n\r\n");
  await client.readUntil("data: 1");
  child.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 700)); // within half a second it counts once
  child.kill("SIGTERM");
  const { code, stdout, seconds } = await child.exit();
  assert.equal(code, 0);
  assert.equal(stdout, "closed\n");
  assert.ok(seconds < SLACK, `took ${seconds} s`);
});

/** Times that two signals are sent within half a second; a busy machine may let more time pass between them. */
const TRIES = 5;

Deno.test("a signal that arrives twice at once, as under deno task, counts once", async () => {
  for (let left = TRIES - 1; await isCutByTwo(); left--) {
    assert.ok(left > 0, "It always counts twice");
  }
});

/** Sends a signal twice while a request is in progress; returns whether that was cut. */
async function isCutByTwo(): Promise<boolean> {
  const child = await Child.start("serve_main.ts", ["60"]);
  using client = await RawClient.connect(child.urls[0]!);
  await client.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  await fetch(child.urls[0]!).then((response) => response.text()); // by then the first one is in
  child.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill("SIGINT");
  const answer = await client.readToEnd();
  const { code, stderr } = await child.exit();
  assert.equal(code, 0);
  const isCut = /WARN/.test(stderr);
  assert.equal(answer.endsWith("slow"), !isCut);
  return isCut;
}

const LEFT_BEHIND = [
  { name: "a handler that was cut goes on working", path: "/busy", wait: "" },
  { name: "a client never reads its response", path: "/large", wait: "\r\n\r\n" },
];

Deno.test("the process ends in time for its own cleaning up although something is left behind", async (t) => {
  const exits = LEFT_BEHIND.map(({ path, wait }) => exitWith(path, wait)); // each takes its 5 s
  await Promise.allSettled(exits); // none may fail while nobody looks
  for (const [index, { name }] of LEFT_BEHIND.entries()) {
    await t.step(name, async () => {
      const { code, stdout, seconds } = await exits[index]!;
      assert.deepEqual([code, stdout], [0, "closed\n"]);
      assert.ok(seconds > 5 && seconds < 5 + SLACK, `took ${seconds} s`);
    });
  }
});

/** Stops a program while the request for `path` is in progress. */
async function exitWith(path: string, wait: string): Promise<ChildExit> {
  const child = await Child.start("serve_main.ts", ["0.3"]);
  using client = await RawClient.connect(child.urls[0]!);
  await client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
  if (wait) await client.readUntil(wait);
  else await fetch(child.urls[0]!).then((response) => response.text()); // by then the first one is in
  child.kill("SIGTERM");
  return await child.exit(60);
}
