/**
 * Addresses that cannot be had: a message that says what to do, exit code 1, and nothing left open.
 */

import assert from "node:assert/strict";
import { freePort, isInstalled } from "../_support/server_process.ts";
import { IS_ROOT, type Stage, test } from "./fault_stage.ts";

/** Of TEST-NET-1 (RFC 5737): no interface has it. */
const VANISHED = "192.0.2.1:8000";

const HAS_SETPRIV = await isInstalled("setpriv", "--version");

const ROWS: { what: string; bind: () => string; says: RegExp; shell?: string; needs?: boolean }[] =
  [
    {
      what: "a name that cannot be resolved",
      bind: () => "nowhere.invalid:8000",
      says:
        /Cannot bind "nowhere\.invalid:8000": the host name "nowhere\.invalid" cannot be resolved/,
    },
    {
      what: "an address that no interface has (any more)",
      bind: () => VANISHED,
      says: /Cannot bind "192\.0\.2\.1:8000": no interface of this machine has that address/,
    },
    {
      what: "a port in use",
      bind: () => `127.0.0.1:${taken.addr.port}`,
      says:
        /Cannot bind "127\.0\.0\.1:\d+": the address is in use. Stop the other program \("ss -ltnp/,
    },
    {
      what: "a privileged port without the privilege",
      bind: () => "127.0.0.1:81",
      says: /Cannot bind "127\.0\.0\.1:81": ports below 1024 need privileges/,
      shell: `exec setpriv --bounding-set -net_bind_service --inh-caps -net_bind_service "$@"`,
      needs: IS_ROOT && HAS_SETPRIV && privilegedFrom() > 81,
    },
  ];

/** The first port that everybody may bind (`ip_unprivileged_port_start`). */
function privilegedFrom(): number {
  try {
    return Number(Deno.readTextFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start"));
  } catch {
    return 1024;
  }
}

let taken: Deno.TcpListener;

async function withTaken(act: () => Promise<void>): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  taken = listener;
  await act();
}

for (const { what, bind, says, shell, needs = true } of ROWS) {
  for (const workers of [0, 1]) {
    test(
      `${what} ends ${workers} workers with code 1 and what to do; other binds are closed`,
      (stage) =>
        withTaken(async () => {
          const free = freePort();
          const args = ["--bind", `127.0.0.1:${free}`, "--bind", bind(), "--pid", "server.pid"];
          const server = await stage.serve(args, {
            workers,
            wait: false,
            ...(shell !== undefined && { shell }),
          });
          assert.equal(await server.exitCode(), 1, server.text);
          assert.match(server.text, says);
          assert.equal([...server.text.matchAll(/Cannot bind/g)].length, 1, server.text);
          assert.doesNotMatch(server.text, /Running on/);
          assert.throws(() => stage.read("server.pid"), Deno.errors.NotFound);
          Deno.listen({ hostname: "127.0.0.1", port: free }).close();
        }),
      { needs },
    );
  }
}

test("an address that vanished keeps the workers at a reload, which says so", async (stage: Stage) => {
  const server = await stage.serve([], { workers: 1, config: `bind = "127.0.0.1:0"\n` });
  stage.write("c.toml", `bind = "${VANISHED}"\n`);
  server.kill("SIGHUP");
  await server.says(
    /Not reloaded, the workers serve on: Cannot bind "192\.0\.2\.1:8000": no interface/,
  );
  assert.equal((await fetch(server.urls[0]!).then((response) => response.text())).length > 0, true);
  server.kill("SIGTERM");
  assert.equal(await server.exitCode(), 0, server.text);
});

for (const workers of [0, 1]) {
  test(`an address in use for metrics ends ${workers} workers with code 1 and the name of the option`, (stage) =>
    withTaken(async () => {
      const admin = `127.0.0.1:${taken.addr.port}`;
      const server = await stage.serve(["--admin-bind", admin], { workers, wait: false });
      assert.equal(await server.exitCode(), 1, server.text);
      assert.match(server.text, /Cannot open "adminBind": Cannot bind ".*": the address is in use/);
    }));
}
