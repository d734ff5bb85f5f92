/**
 * Workers as processes, under a command line of their own.
 *
 * Signals and process ids are those of Linux and macOS.
 */

import assert from "node:assert/strict";
import { connect } from "node:tls";
import { CERTIFICATE, CERTIFICATE_PATH, KEY_PATH } from "../_support/certificates.ts";
import { CommandLine, isAlive } from "../_support/command_line.ts";
import { eventually } from "../_support/waiting.ts";
import { KeepAliveClients } from "./_support/clients.ts";

const ignore = Deno.build.os !== "linux";

const APP = `export default () => new Response(String(Deno.pid));\n`;

/** What a test has. */
interface Stage {
  /** Folder of the application, which is the working directory. */
  readonly cwd: string;
  /** Starts `main.ts` with these arguments and waits until so many workers run. */
  start(workers: number, ...args: string[]): Promise<CommandLine>;
}

function test(name: string, act: (stage: Stage) => Promise<void>): void {
  Deno.test({ name, ignore, fn: () => withStage(act) });
}

async function withStage(act: (stage: Stage) => Promise<void>): Promise<void> {
  const cwd = await Deno.makeTempDir();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(cwd, { recursive: true }));
  await Deno.writeTextFile(`${cwd}/main.ts`, APP);
  await act({
    cwd,
    async start(workers, ...args) {
      const all = ["main.ts", "--bind", "127.0.0.1:0", "--workers", String(workers), ...args];
      const server = stack.use(new CommandLine(all, { cwd }));
      stack.defer(() => endAll(server));
      await server.says(/Supervising/);
      return server;
    },
  });
}

/** Ends what is left of a server, also after a test that failed because workers outlived it. */
async function endAll(server: CommandLine): Promise<void> {
  for (const pid of [server.pid, ...workersOf(server)]) {
    if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
  }
  await server.exitCode();
}

/** Process ids of all workers that were ever ready, in order. */
function workersOf({ text }: CommandLine): number[] {
  return [
    ...new Set(Array.from(text.matchAll(/\[(\d+)\].*Running on/g), ([, pid]) => Number(pid))),
  ];
}

test("two workers: reloads and a crash fail no request but those of the crash, and SIGTERM ends with 0", async ({ start }) => {
  const server = await start(2);
  const [url = ""] = server.urls;
  assert.deepEqual(new Set(server.urls), new Set([url])); // port 0 became the same port for both
  await using clients = new KeepAliveClients(url, 6);
  await clients.progress(50);
  server.kill("SIGHUP");
  await server.says(/Reloaded/);
  await clients.progress(50);
  server.kill("SIGHUP");
  await server.says(/Reloaded/, 2);
  await clients.progress(50);
  assert.deepEqual(clients.failures, []);

  const [, , , , victim = 0, other = 0] = workersOf(server);
  Deno.kill(victim, "SIGKILL");
  await server.says(/Running on/, 7);
  await clients.progress(50);
  assert(clients.failures.length <= 6, clients.failures.join("\n"));
  assert.match(server.text, new RegExp(`Worker ${victim} ended by SIGKILL`));
  assert(isAlive(other), "The other worker did not outlive it");

  await clients[Symbol.asyncDispose]();
  server.kill("SIGTERM");
  assert.equal(await server.exitCode(), 0, server.text);
  assert.deepEqual(workersOf(server).filter(isAlive), []);
});

test("max_requests replaces workers without a failed request", async ({ start }) => {
  const server = await start(1, "--max-requests", "40");
  await using clients = new KeepAliveClients(server.urls[0]!, 3);
  await server.says(/Replacing worker \d+: max_requests was reached/, 2);
  await server.says(/Running on/, 3);
  await clients.progress(10);
  assert.deepEqual(clients.failures, []);
  assert.doesNotMatch(server.text, /Restarting/);
});

test("an application may send what it likes through the channel of its worker", async ({ start, cwd }) => {
  const sent = `[null, "ready", 1, {}, { type: "bye" }, { type: "retire" }, { type: "metrics" }]`;
  const send =
    `import process from "node:process"; for (const each of ${sent}) process.send(each);`;
  await Deno.writeTextFile(`${cwd}/main.ts`, `${send}\n${APP}`);
  const server = await start(1);
  assert.equal(await (await fetch(server.urls[0]!)).text(), String(workersOf(server)[0]));
  server.kill("SIGTERM");
  assert.equal(await server.exitCode(), 0, server.text);
});

test("a worker that gets SIGTERM stops by itself and is replaced at once", async ({ start }) => {
  const server = await start(1);
  const [worker = 0] = workersOf(server);
  Deno.kill(worker, "SIGINT"); // nothing: the supervisor decides about Ctrl+C
  Deno.kill(worker, "SIGHUP");
  Deno.kill(worker, "SIGTERM");
  await server.says(/Running on/, 2);
  assert.match(server.text, new RegExp(`Worker ${worker} ended with code 0`));
  assert.match(server.text, /Restarting a worker\n/);
});

test("workers end when their supervisor is killed", async ({ start }) => {
  const server = await start(2);
  const workers = workersOf(server);
  assert.equal(workers.length, 2);
  server.kill("SIGKILL");
  await eventually(() => !workers.some(isAlive), "the end of the workers");
  await server.exitCode();
});

test("a worker ends when its supervisor is killed before it read what the worker said", async ({ start }) => {
  const server = await start(1, "--max-requests", "1");
  server.kill("SIGSTOP");
  for (let count = 0; count < 3; count++) await (await fetch(server.urls[0]!)).text(); // it wants to retire
  server.kill("SIGKILL");
  await eventually(() => !workersOf(server).some(isAlive), "the end of the worker");
  await server.exitCode();
});

/** Sends signals until it ends: within half a second of the first they count once. */
async function forcedExitCode(server: CommandLine): Promise<number> {
  const again = setInterval(() => server.kill("SIGTERM"), 200);
  try {
    return await server.exitCode();
  } finally {
    clearInterval(again);
  }
}

test("a second signal ends workers that are still at work, with code 0", async ({ start, cwd }) => {
  await Deno.writeTextFile(
    `${cwd}/main.ts`,
    `export default () => { console.log("begun"); return new Promise(() => {}); };`,
  );
  const server = await start(1, "--graceful-timeout", "600");
  const request = fetch(server.urls[0]!).catch(() => "cut");
  await server.says(/begun/);
  server.kill("SIGTERM");
  assert.equal(await forcedExitCode(server), 0, server.text);
  assert.deepEqual(workersOf(server).filter(isAlive), []);
  await request;
});

const BROKEN = [
  { what: "does not load", app: "export default () => {", says: /Cannot load application/ },
  {
    what: "fails its startup",
    app: `export default async (scope, receive, send) => {
      if (scope.type !== "lifespan") return;
      await receive();
      await send({ type: "lifespan.startup.failed", message: "no database" });
    }`,
    says: /Lifespan failure in startup: no database/,
  },
  { what: "ends its process", app: "Deno.exit(3)", says: /could not start: it ended with code 3/ },
];
for (const { what, app, says } of BROKEN) {
  test(`an application that ${what} is told once, with exit code 1`, async ({ cwd }) => {
    await Deno.writeTextFile(`${cwd}/main.ts`, app);
    const args = ["main.ts", "--bind", "127.0.0.1:0", "--workers", "2", "--pid", "server.pid"];
    await using server = new CommandLine(args, { cwd });
    assert.equal(await server.exitCode(), 1);
    assert.equal([...server.text.matchAll(new RegExp(says, "g"))].length, 1, server.text);
    await assert.rejects(Deno.stat(`${cwd}/server.pid`), Deno.errors.NotFound);
  });
}

test("an address that another program has is refused, although workers share theirs", async ({ cwd }) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, reusePort: true });
  const bind = `127.0.0.1:${listener.addr.port}`;
  await using server = new CommandLine(["main.ts", "--bind", bind, "--workers", "2"], { cwd });
  assert.equal(await server.exitCode(), 1);
  assert.match(server.text, new RegExp(`Cannot bind "${bind}": the address is in use`));
});

test("--reload serves each good version, and the last good one while there is a bad one", async ({ start, cwd }) => {
  const write = (text: string) =>
    Deno.writeTextFile(`${cwd}/main.ts`, `export default () => new Response("${text}");\n`);
  const server = await start(1, "--reload");
  const text = async () => await (await fetch(server.urls[0]!)).text();
  await server.says(/Watching files/);
  await write("second");
  await server.says(/Reloading: ".*main\.ts" changed/);
  await server.says(/Reloaded/);
  assert.equal(await text(), "second");

  await Deno.writeTextFile(`${cwd}/main.ts`, `export default () => {`);
  await server.says(/The new worker could not start, the old one serves on/);
  assert.equal(await text(), "second");
  assert.equal([...server.text.matchAll(/SyntaxError/g)].length, 1, server.text);

  await write("fourth");
  await server.says(/Reloaded/, 2);
  assert.equal(await text(), "fourth");
});

test("SIGHUP reads the configuration anew, and a bad one changes nothing", async ({ cwd }) => {
  await Deno.writeTextFile(`${cwd}/c.toml`, `bind = "127.0.0.1:0"\nworkers = 1\n`);
  await using server = new CommandLine(["main.ts", "--config", "c.toml"], { cwd });
  await server.says(/Supervising/);
  await Deno.writeTextFile(`${cwd}/c.toml`, `bind = "127.0.0.1:0"\nworkers = "many"\n`);
  server.kill("SIGHUP");
  await server.says(/Not reloaded, the workers serve on: Cannot use option "workers"/);
  await Deno.writeTextFile(`${cwd}/c.toml`, `bind = "127.0.0.1:0"\nworkers = 2\n`);
  server.kill("SIGHUP");
  await server.says(/Reloaded/);
  assert.equal(workersOf(server).filter(isAlive).length, 2);
  assert.equal(new Set(server.urls).size, 1);
});

test("SIGHUP does not move workers to an address that they would share with another program", async ({ cwd }) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, reusePort: true });
  const taken = `127.0.0.1:${listener.addr.port}`;
  await Deno.writeTextFile(`${cwd}/c.toml`, `bind = "127.0.0.1:0"\n`);
  await using server = new CommandLine(["main.ts", "--config", "c.toml"], { cwd });
  await server.says(/Supervising/);
  await Deno.writeTextFile(`${cwd}/c.toml`, `bind = "${taken}"\n`);
  server.kill("SIGHUP");
  await server.says(new RegExp(`Not reloaded, the workers serve on: Cannot bind "${taken}"`));
  assert.equal(await (await fetch(server.urls[0]!)).text(), String(workersOf(server)[0]));
});

test("each worker has a UDP port of its own and advertises that one", async ({ start }) => {
  const port = freePair();
  const tls = ["--certfile", CERTIFICATE_PATH, "--keyfile", KEY_PATH];
  const server = await start(2, "--quic-bind", `127.0.0.1:${port}`, ...tls);
  const ports = new Map<string, number>();
  for (const [, pid, udp] of server.text.matchAll(/\[(\d+)\].*:(\d+) \(HTTP\/3/g)) {
    ports.set(pid!, Number(udp));
  }
  assert.deepEqual([...ports.values()].sort(), [port, port + 1]);
  const url = server.urls.find((url) => !url.endsWith(`:${port}`) && !url.endsWith(`:${port + 1}`));
  using client = Deno.createHttpClient({ caCerts: [CERTIFICATE] });
  const response = await fetch(url!, { client });
  const pid = await response.text();
  assert.match(response.headers.get("alt-svc")!, new RegExp(`h3=":${ports.get(pid)}"`));
});

test("operators see the sum of all workers, and readiness until the stop begins", async ({ start, cwd }) => {
  await Deno.writeTextFile(
    `${cwd}/main.ts`,
    `export default (request) => {
      if (!request.url.endsWith("/slow")) return new Response();
      console.log("begun");
      return new Promise(() => {});
    };`,
  );
  const server = await start(2, "--admin-bind", "127.0.0.1:0", "--graceful-timeout", "600");
  const [, admin] = /Metrics and probes on (\S+)/.exec(server.text) ?? [];
  for (let count = 0; count < 5; count++) {
    await (await fetch(server.urls[0]!, { headers: { connection: "close" } })).text();
  }
  const page = await (await fetch(`${admin}/metrics`)).text();
  assert.match(page, /^hypercorn_workers 2$/m);
  assert.match(page, /^hypercorn_requests_total\{.*\} 5$/m);
  assert.equal(await statusOf(`${admin}/readyz`), 200);
  const slow = fetch(`${server.urls[0]}/slow`).catch(() => "cut");
  await server.says(/begun/);
  server.kill("SIGTERM");
  const expired = performance.now() + 60_000;
  while (await statusOf(`${admin}/readyz`) !== 503) assert(performance.now() < expired);
  assert.equal(await statusOf(`${admin}/healthz`), 200);
  assert.equal(await forcedExitCode(server), 0, server.text);
  await slow;
});

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status;
}

/** A UDP port that is free together with the next one. */
function freePair(): number {
  for (;;) {
    const first = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const { port } = first.addr as Deno.NetAddr;
    first.close();
    try {
      Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: port + 1 }).close();
      return port;
    } catch { /* another one, then */ }
  }
}

test("a certificate for development is one for all workers and their successors", async ({ start }) => {
  const server = await start(2, "--dev-certificate");
  const [url = ""] = server.urls;
  server.kill("SIGHUP");
  await server.says(/Reloaded/);
  assert.equal([...server.text.matchAll(/Made a certificate/g)].length, 1, server.text);
  assert.match(url, /^https:/);
  const seen = new Set<string>();
  for (let attempt = 0; attempt < 8; attempt++) seen.add(await fingerprint(url));
  assert.equal(seen.size, 1);
});

test("SIGHUP takes the certificate for development away when the configuration no longer asks for it", async ({ cwd }) => {
  await Deno.writeTextFile(`${cwd}/c.toml`, `bind = "127.0.0.1:0"\ndev_certificate = true\n`);
  await using server = new CommandLine(["main.ts", "--config", "c.toml"], { cwd });
  await server.says(/Supervising/);
  await Deno.writeTextFile(`${cwd}/c.toml`, `bind = "127.0.0.1:0"\n`);
  server.kill("SIGHUP");
  await server.says(/Reloaded/);
  assert.deepEqual(server.urls.map((url) => new URL(url).protocol), ["https:", "http:"]);
});

/** Fingerprint of the certificate that a server shows to a new connection. */
function fingerprint(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const options = { host: hostname, port: Number(port), rejectUnauthorized: false };
    const socket = connect(options, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}
