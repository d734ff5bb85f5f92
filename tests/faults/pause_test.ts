/**
 * Processes that stand still for a while: on an overloaded machine, or in a debugger.
 */

import assert from "node:assert/strict";
import { isAlive } from "../_support/command_line.ts";
import { pause } from "../_support/waiting.ts";
import { ask, test, workersOf } from "./fault_stage.ts";

/** Longer than each time that processes give each other: for metrics, a farewell, a look at the parent. */
const PAUSE_MS = 2_500;

test("a supervisor that stands still has workers that serve on, and loses none of them", async (stage) => {
  const server = await stage.serve(["--admin-bind", "127.0.0.1:0"], { workers: 2 });
  server.kill("SIGSTOP");
  const until = performance.now() + PAUSE_MS;
  while (performance.now() < until) assert.match(await ask(server.urls[0]!), /^\d+$/);
  server.kill("SIGCONT");
  const [, admin] = /Metrics and probes on (\S+)/.exec(server.text)!;
  assert.match(await ask(admin!, "/metrics"), /^hypercorn_workers 2$/m);
  assert.deepEqual(workersOf(server).map(isAlive), [true, true]);
  server.kill("SIGTERM");
  assert.equal(await server.exitCode(), 0, server.text);
  assert.doesNotMatch(server.text, /ERROR|WARN|Restarting/);
});

test("a worker that stands still is not replaced, and answers what waited for it", async (stage) => {
  const server = await stage.serve(["--admin-bind", "127.0.0.1:0"], { workers: 1 });
  const [worker = 0] = workersOf(server);
  Deno.kill(worker, "SIGSTOP");
  const waiting = ask(server.urls[0]!);
  const [, admin] = /Metrics and probes on (\S+)/.exec(server.text)!;
  assert.equal(await ask(admin!, "/healthz"), await ask(admin!, "/healthz")); // operators need not wait
  assert.match(await ask(admin!, "/metrics"), /^hypercorn_workers 1$/m);
  await pause(PAUSE_MS);
  Deno.kill(worker, "SIGCONT");
  assert.equal(await waiting, String(worker));
  server.kill("SIGTERM");
  assert.equal(await server.exitCode(), 0, server.text);
  assert.doesNotMatch(server.text, /ERROR|WARN|Restarting/);
});

/** Reads a stream slowly enough that it is in progress while it stands still. */
const CLIENT = `
const response = await fetch(Deno.args[0]);
let bytes = 0;
for await (const chunk of response.body) {
  if (bytes === 0) console.log("reading");
  bytes += chunk.length;
}
console.log("bytes " + bytes);
`;

const STREAM = `export default (request) => {
  if (!request.url.endsWith("/stream")) return new Response("ok");
  let left = 400;
  return new Response(new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(50_000));
      if (--left === 0) controller.close();
    },
  }));
};`;

for (const guard of ["off", "on"]) {
  test(
    `a client that stands still in a response gets the rest of it (guard ${guard})`,
    async (stage) => {
      const config = `bind = "127.0.0.1:0"\nguard = "${guard}"\n`;
      const server = await stage.serve([], { config });
      stage.write("client.ts", CLIENT);
      await using client = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", stage.path("client.ts"), `${server.urls[0]}/stream`],
        stdout: "piped",
      }).spawn();
      const output = client.stdout.pipeThrough(new TextDecoderStream()).getReader();
      assert.match((await output.read()).value!, /reading/);
      client.kill("SIGSTOP");
      await pause(PAUSE_MS);
      assert.equal(await ask(server.urls[0]!), "ok");
      client.kill("SIGCONT");
      let text = "";
      for (let chunk; (chunk = await output.read()).value !== undefined;) text += chunk.value;
      assert.equal(text, "bytes 20000000\n");
      server.kill("SIGTERM");
      assert.equal(await server.exitCode(), 0, server.text);
    },
    { app: STREAM },
  );
}
