/**
 * Logs that cannot be written: the server serves on, and the operator is told once.
 */

import assert from "node:assert/strict";
import type { CommandLine } from "../_support/command_line.ts";
import { eventually } from "../_support/waiting.ts";
import { ask, askUntil, command, exists, IS_ROOT, type Stage, test } from "./fault_stage.ts";

const CANNOT_WRITE = /Cannot write the (?:access|error) log/g;

/** How often the operator was told that lines are lost. */
function notices(server: CommandLine): number {
  return [...server.text.matchAll(CANNOT_WRITE)].length;
}

/** Mounts a small file system beside the application: with room for 20 s of access lines. */
function tinyDisk(stage: Stage): { fill(): void; clear(): void } {
  const path = stage.path("disk");
  Deno.mkdirSync(path);
  command("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", path);
  stage.defer(() => command("umount", "-l", path));
  return {
    fill: () => {
      using file = Deno.openSync(`${path}/filler`, { append: true, create: true });
      for (const bytes of [new Uint8Array(1024 * 1024), new Uint8Array(1)]) {
        assert.throws(() => {
          for (;;) file.writeSync(bytes);
        }, /No space left/);
      }
    },
    clear: () => Deno.removeSync(`${path}/filler`),
  };
}

test(
  "a full disk costs the access log lines, not requests; it is told once, and at its end with the number",
  async (stage) => {
    const disk = tinyDisk(stage);
    const server = await stage.serve(["--access-logfile", "disk/access.log"]);
    const [url = ""] = server.urls;
    disk.fill();
    let asked = await askUntil(url, () => notices(server) > 0); // lines are written in batches
    for (let count = 0; count < 200; count++) await ask(url);
    assert.equal(notices(server), 1);
    assert.match(
      server.text,
      /\[ERROR\] Cannot write the access log "disk\/access\.log": No space left on device.*\. Its lines are lost until/,
    );
    disk.clear();
    asked += 200 + await askUntil(url, () => /is written again/.test(server.text));
    const [, lost] =
      /\[WARN\] The access log "disk\/access\.log" is written again: (\d+) lines were lost/
        .exec(server.text)!;
    server.kill("SIGTERM");
    assert.equal(await server.exitCode(), 0);
    const whole = stage.read("disk/access.log").match(/^\[[^\]]+\].*"GET \/ 1\.1" 200 .*$/gm)!;
    assert.equal(whole.length + Number(lost), asked, "Each request is logged, or counted as lost");
  },
  { needs: IS_ROOT },
);

for (const workers of [0, 1]) {
  test(`the error log of ${workers} workers on a full device is told of on standard error, with what it lost`, async (stage) => {
    const server = await stage.serve(["--error-logfile", "/dev/full", "--access-logfile", "-"], {
      workers,
      wait: false,
    });
    await server.says(
      /\[ERROR\] Cannot write the error log "\/dev\/full": No space left on device/,
    );
    server.kill("SIGTERM");
    assert.equal(await server.exitCode(), 0, server.text);
    assert.match(server.text, /\[WARN\] The error log "\/dev\/full" is closed: \d+ lines? w/);
  });
}

test("a directory of logs that was removed: rotation says so and fails nothing, and works once it is back", async (stage) => {
  Deno.mkdirSync(stage.path("logs"));
  const server = await stage.serve([
    ...["--access-logfile", "logs/access.log", "--error-logfile", "logs/error.log"],
  ], { wait: false });
  await eventually(() => /Running on/.test(readIfAny(stage, "logs/error.log")), "the start");
  const [, url = ""] = /Running on (\S+)/.exec(stage.read("logs/error.log"))!;
  Deno.removeSync(stage.path("logs"), { recursive: true });
  server.kill("SIGUSR2");
  await server.says(/\[ERROR\] Cannot open "logs\/error\.log" anew: No such file/);
  await ask(url);
  Deno.mkdirSync(stage.path("logs"));
  server.kill("SIGUSR2");
  await eventually(() => exists(stage.path("logs/access.log")), "the new files");
  await ask(url);
  server.kill("SIGTERM");
  assert.equal(await server.exitCode(), 0);
  assert.match(stage.read("logs/access.log"), /"GET \/ 1\.1" 200/);
});

function readIfAny(stage: Stage, name: string): string {
  try {
    return stage.read(name);
  } catch {
    return "";
  }
}

test("a log path that became read-only keeps the old worker at a reload, which names the file", async (stage) => {
  Deno.mkdirSync(stage.path("logs"));
  const server = await stage.serve(["--access-logfile", "logs/access.log"], { workers: 1 });
  if (IS_ROOT) {
    command("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", stage.path("logs"));
    stage.defer(() => command("umount", "-l", stage.path("logs")));
  } else {
    Deno.removeSync(stage.path("logs/access.log"));
    Deno.chmodSync(stage.path("logs"), 0o500);
  }
  const before = await ask(server.urls[0]!);
  server.kill("SIGUSR2");
  await server.says(/\[ERROR\] Cannot open "logs\/access\.log" anew: .*Lines go on into the file/);
  server.kill("SIGHUP");
  await server.says(/The new worker could not start, the old one serves on/);
  assert.match(server.text, /Cannot use option "accesslog".*logs\/access\.log/);
  assert.equal(await ask(server.urls[0]!), before);
  server.kill("SIGTERM");
  assert.equal(await server.exitCode(), 0, server.text);
});

test("a named pipe as access log keeps nobody waiting: not the start, nor requests; a late reader gets the lines", async (stage) => {
  command("mkfifo", stage.path("pipe"));
  const server = await stage.serve(["--access-logfile", "pipe"]);
  await ask(server.urls[0]!, "/first");
  assert.match(await readPipe(stage), /"GET \/first 1\.1" 200/);
  await ask(server.urls[0]!, "/second"); // the reader has gone: no broken pipe
  assert.match(await readPipe(stage), /"GET \/second 1\.1" 200/);
  assert.equal(notices(server), 0);
  server.kill("SIGTERM");
  assert.equal(await server.exitCode(), 0);
});

/** Reads once. */
async function readPipe(stage: Stage): Promise<string> {
  using file = await Deno.open(stage.path("pipe"), { read: true });
  const bytes = new Uint8Array(10_000);
  const length = await file.read(bytes);
  return new TextDecoder().decode(bytes.subarray(0, length!));
}

test("a stalled reader of standard output stops no request; a megabyte waits, what comes then is counted", async (stage) => {
  command("mkfifo", stage.path("pipe"));
  // Open for reading and writing: a pipe that nobody ever reads, and that has a reader.
  const server = await stage.serve(["--access-logfile", "-"], { shell: `exec "$@" 1<>pipe` });
  const target = `/${"x".repeat(7_000)}`;
  const asked = await askUntil(server.urls[0]!, () => notices(server) > 0, target);
  assert(asked > 130 && asked < 400, `${asked} requests of 7 kB`);
  for (let count = 0; count < 50; count++) await ask(server.urls[0]!, target);
  assert.equal(notices(server), 1);
  assert.match(server.text, /Cannot write the access log stdout: its reader takes nothing more/);
  server.kill("SIGTERM");
  assert.equal(await server.exitCode(), 0);
  assert.match(server.text, /The access log stdout is closed: \d+ lines were lost/);
});

test("a reader of standard output that died costs lines only, and is told once", async (stage) => {
  const server = await stage.serve(["--access-logfile", "-"], {
    shell: `exec "$@" > >(head -c 1 >&2)`,
  });
  await askUntil(server.urls[0]!, () => notices(server) > 0);
  for (let count = 0; count < 20; count++) await ask(server.urls[0]!);
  assert.equal(notices(server), 1);
  assert.match(server.text, /Cannot write the access log stdout: Broken pipe/);
  server.kill("SIGTERM");
  assert.equal(await server.exitCode(), 0);
});

for (const workers of [0, 1]) {
  test(`closed standard streams stop no server of ${workers} workers`, async (stage) => {
    const server = await stage.serve([
      ...["--access-logfile", "-", "--error-logfile", "error.log"],
    ], { workers, shell: `exec "$@" >&- 2>&-`, wait: false });
    await eventually(() => /Running on/.test(readIfAny(stage, "error.log")), "the start");
    const [, url = ""] = /Running on (\S+)/.exec(stage.read("error.log"))!;
    assert.match(await ask(url), /^\d+$/);
    server.kill("SIGTERM");
    assert.equal(await server.exitCode(), 0);
  });
}
