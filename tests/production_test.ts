/** `examples/production`: its program is started by the real command line, the other files are held against it and each other. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { command } from "../src/cli/main.ts";
import { Config } from "../mod.ts";
import { PATIENCE_MS, Program } from "./_support/program.ts";
import { REPOSITORY } from "./_support/repository.ts";
import { isInstalled } from "./_support/server_process.ts";
import { eventually, pause } from "./_support/waiting.ts";

const FOLDER = new URL("examples/production/", REPOSITORY);

const config = await Config.fromToml(new URL("hypercorn.toml", FOLDER));

/** Seconds the supervisor gives a worker beyond the two times of the configuration. */
const STOP_MARGIN = 5;
const STOP_SECONDS = config.gracefulTimeout + config.shutdownTimeout + STOP_MARGIN;

const MIB = 1024 ** 2;

Deno.test("examples/production serves with probes and metrics, and logs the client that the proxy tells", async () => {
  await using program = await startProgram([], config.workers);
  const operators = adminUrl(program);
  assert.equal(await text(`${operators}/readyz`), "ready\n");
  assert.equal(await text(`${operators}/healthz`), "ok\n");
  const response = await fetch(`${program.url}/a`, { headers: proxyFields() });
  const client = "192.0.2.1";
  assert.deepEqual(await response.json(), { url: "https://example.com/a", client });
  await untilCounted(operators);
  program.stop();
  assert.equal(await program.exitCode(), 0, program.stderr);
  const { client_host, scheme, host, path, status } = JSON.parse(program.stdout);
  const logged = { client_host, scheme, host, path, status };
  assert.deepEqual(logged, {
    client_host: client,
    scheme: "https",
    host: "example.com",
    path: "/a",
    status: 200,
  });
});

Deno.test({
  name: "examples/production/logrotate.conf has lines go on in a new file",
  ignore: Deno.build.os === "windows", // it has neither signals nor logrotate
  async fn() {
    const folder = await Deno.makeTempDir();
    await using stack = new AsyncDisposableStack();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const [log, pid] = [`${folder}/access.log`, `${folder}/hypercorn.pid`];
    const flags = ["--workers", "1", "--access-logfile", log, "--pid", pid];
    const program = stack.use(await startProgram(flags, 1));
    await eventually(() => exists(log), "the log file");
    await Deno.rename(log, `${log}.1`);
    await runScript((await postrotate()).replace("/run/hypercorn/hypercorn.pid", pid));
    await eventually(() => exists(log), "the new log file");
    await text(`${program.url}/after`);
    program.stop();
    assert.equal(await program.exitCode(), 0, program.stderr);
    assert.equal(JSON.parse(await Deno.readTextFile(log)).path, "/after");
    assert.equal(await Deno.readTextFile(`${log}.1`), "");
  },
});

const COMMANDS = { "hypercorn.service": unitArguments, Containerfile: containerArguments };
for (const [name, readArguments] of Object.entries(COMMANDS)) {
  Deno.test(`examples/production/${name} starts the command line with arguments that it understands`, async () => {
    const args = await readArguments();
    assert(args.includes("main.ts"));
    const file = args.indexOf("hypercorn.toml");
    args[file] = fileURLToPath(new URL(args[file]!, FOLDER));
    let errors = "";
    const terminal = {
      out: () => {},
      err: (text: string) => void (errors += text),
      colours: false,
    };
    const code = await command([...args, "--print-config"], terminal);
    assert.deepEqual({ code, errors }, { code: 0, errors: "" });
  });
}

Deno.test("examples/production has process managers wait longer than a stop takes", async () => {
  const unit = await read("hypercorn.service");
  const manifest = await read("kubernetes.yaml");
  const patience = numberIn(unit, /^TimeoutStopSec=(\d+)$/m);
  assert(patience > STOP_SECONDS, `systemd waits ${patience} s, a stop takes ${STOP_SECONDS} s`);
  const grace = numberIn(manifest, /terminationGracePeriodSeconds: (\d+)/);
  const pause = numberIn(manifest, /preStop:\n +sleep: \{ seconds: (\d+) \}/);
  assert(grace > pause + STOP_SECONDS, `Kubernetes waits ${grace} s, ${pause} of them in preStop`);
  const tries = numberIn(
    manifest,
    /startupProbe:\n.*\n.*periodSeconds: 1\n +failureThreshold: (\d+)/,
  );
  assert(tries > config.startupTimeout, `Kubernetes gives up after ${tries} s`);
});

Deno.test("examples/production/kubernetes.yaml has room for a worker and the one that replaces it", async () => {
  const limit = numberIn(await read("kubernetes.yaml"), /limits: \{ memory: (\d+)Mi \}/) * MIB;
  // The supervisor and a fresh worker take 70 MB each.
  assert(limit > config.maxMemory! + 200 * MIB);
});

Deno.test("examples/production/kubernetes.yaml names the ports that the container listens on", async () => {
  const manifest = await read("kubernetes.yaml");
  const ports = Object.fromEntries(
    Array.from(
      manifest.matchAll(/name: (\w+), containerPort: (\d+)/g),
      ([, name, port]) => [name, port],
    ),
  );
  const args = await containerArguments();
  const portOf = (flag: string) => args[args.indexOf(flag) + 1]!.split(":")[1];
  assert.deepEqual(ports, { http: portOf("--bind"), admin: portOf("--admin-bind") });
  const named = Array.from(
    manifest.matchAll(/(?:[pP]ort: |targetPort: )([a-z]+)/g),
    ([, name]) => name,
  );
  assert.deepEqual(named, ["admin", "admin", "admin", "http"]);
  assert(manifest.includes(`prometheus.io/port: "${ports.admin}"`));
});

const hasYaml = await isInstalled("python3", "-c", "import yaml");
Deno.test({
  name: `examples/production/kubernetes.yaml is YAML${
    hasYaml ? "" : " (skipped: Python's yaml is not installed)"
  }`,
  ignore: !hasYaml,
  async fn() {
    const program = "import sys, yaml; print([d['kind'] for d in yaml.safe_load_all(sys.stdin)])";
    const output = await run("python3", ["-c", program], await read("kubernetes.yaml"));
    assert.equal(output, "['Deployment', 'Service']\n");
  },
});

const hasSystemd = await isInstalled("systemd-analyze", "--version");
Deno.test({
  name: `examples/production/hypercorn.service passes systemd-analyze${
    hasSystemd ? "" : " (skipped: systemd is not installed)"
  }`,
  ignore: !hasSystemd,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const unit = await read("hypercorn.service");
      const file = `${folder}/hypercorn.service`;
      await Deno.writeTextFile(file, unit.replaceAll("/usr/local/bin/deno", Deno.execPath()));
      assert.equal(await run("systemd-analyze", ["verify", file]), "");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Starts `main.ts` by the command in its doc comment, on free ports, and waits for all workers. */
async function startProgram(flags: readonly string[], workers: number): Promise<Program> {
  const source = await read("main.ts");
  const [, line] = /^ \* {5}npx -y deno@2\.9\.6 (.+)$/m.exec(source)!;
  const addresses = ["--bind", "127.0.0.1:0", "--admin-bind", "127.0.0.1:0"];
  return await Program.start([...line!.split(" "), ...addresses, ...flags], REPOSITORY, workers);
}

/** What a proxy in front says of a client that it does not know otherwise. */
function proxyFields(): Record<string, string> {
  return {
    "x-forwarded-for": "192.0.2.1",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "example.com",
  };
}

function adminUrl({ stderr }: Program): string {
  return /Metrics and probes on (http:[^" ]+)/.exec(stderr)![1]!;
}

/** A request is counted when it has ended, which a client may know before the server. */
async function untilCounted(operators: string): Promise<void> {
  const line = 'hypercorn_requests_total{protocol="h11",method="GET",status="200"} 1\n';
  const expired = performance.now() + PATIENCE_MS;
  while (!(await text(`${operators}/metrics`)).includes(line)) {
    assert(performance.now() < expired, `/metrics never had ${line}`);
    await pause(20);
  }
}

async function text(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  assert.equal(response.status, 200);
  return await response.text();
}

async function postrotate(): Promise<string> {
  return /postrotate\n([^]*?)\n +endscript/.exec(await read("logrotate.conf"))![1]!;
}

async function runScript(script: string): Promise<void> {
  assert.equal(await run("sh", ["-ec", script]), "");
}

/** Arguments of the command line in `ExecStart`. */
async function unitArguments(): Promise<string[]> {
  const [, line] = /^ExecStart=((?:.*\\\n)*.*)$/m.exec(await read("hypercorn.service"))!;
  return afterProgram(line!.replaceAll("\\\n", "").split(/ +/));
}

/** Arguments of the command line in `CMD`. */
async function containerArguments(): Promise<string[]> {
  const [, list] = /^CMD (\[[^]*\])$/m.exec(await read("Containerfile"))!;
  return afterProgram(JSON.parse(list!.replaceAll("\\\n", "")));
}

function afterProgram(words: readonly string[]): string[] {
  return words.slice(words.indexOf("jsr:@x/hypercorn/cli") + 1);
}

function numberIn(text: string, pattern: RegExp): number {
  const match = pattern.exec(text);
  assert(match, `Found no ${pattern}`);
  return Number(match[1]);
}

/** Both outputs of a program that has to end with 0. */
async function run(name: string, args: readonly string[], input = ""): Promise<string> {
  const child = new Deno.Command(name, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.equal(code, 0, output);
  return output;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function read(name: string): Promise<string> {
  return Deno.readTextFile(new URL(name, FOLDER));
}
