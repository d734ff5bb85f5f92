/** What Hypercorn's list says of several workers, where no other test shows it: processes under a command line. */

import assert from "node:assert/strict";
import { request } from "../_support/client.ts";
import { CERTIFICATE_PATH, KEY_PATH } from "../_support/certificates.ts";
import { CommandLine } from "../_support/command_line.ts";
import { withDeadline } from "../_support/deadline.ts";
import { H3Client } from "../_support/h3_client.ts";
import { RawConnection } from "../_support/raw_http.ts";
import { refusal } from "./hypercorn_refusal.ts";

/** Answers with the process id; `/held` only once a file `release` is there. */
const APP = `
const released = async () => {
  while (!await Deno.stat("release").catch(() => null)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
export default async (request) => {
  if (request.url.endsWith("/held")) {
    console.log("begun");
    await released();
  }
  return new Response(String(Deno.pid));
};`;

const ignore = Deno.build.os === "windows"; // which has no SIGTERM to send

/** Runs two workers while a test acts on them. */
async function withWorkers(
  args: readonly string[],
  act: (server: CommandLine, release: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${cwd}/main.ts`, APP);
    const all = ["main.ts", "--workers", "2", "--bind", "127.0.0.1:0", ...args];
    await using server = new CommandLine([...all, "--graceful-timeout", "60"], { cwd });
    await server.says(/Supervising/);
    await act(server, () => Deno.writeTextFile(`${cwd}/release`, ""));
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test({
  name: "HTTP/3 connections of several workers each reach one worker, as often as one tries",
  ignore,
  fn: () => {
    const tls = ["--certfile", CERTIFICATE_PATH, "--keyfile", KEY_PATH];
    return withWorkers(["--quic-bind", "127.0.0.1:0", ...tls], async (server) => {
      const pattern = /\[(\d+)\] \[INFO\] Running on (\S+) \(HTTP\/3/g;
      const workers = new Map(
        Array.from(server.text.matchAll(pattern), ([, pid, url]) => [url!, pid!]),
      );
      assert.equal(workers.size, 2, server.text);
      for (const [url, pid] of workers) {
        for (let attempt = 0; attempt < 6; attempt++) {
          await using client = new H3Client(url);
          assert.equal((await request(client, { target: "/" })).text, pid);
        }
      }
    });
  },
});

Deno.test({
  name:
    "a stop of several workers lets every request finish, and refuses new connections meanwhile",
  ignore,
  fn: () =>
    withWorkers([], async (server, release) => {
      const url = server.urls[0]!;
      using stack = new DisposableStack();
      const held: RawConnection[] = [];
      for (let count = 1; count <= 8; count++) {
        const connection = stack.use(await RawConnection.open(url));
        await connection.send("GET /held HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        held.push(connection);
        await server.says(/begun/, count);
      }
      server.kill("SIGTERM");
      await withDeadline(refusal(url), "the refusal of a connection");
      await release();
      for (const connection of held) {
        assert.match(await connection.rest(), /^HTTP\/1\.1 200 [^]*\r\n\r\n\d+$/);
      }
      assert.equal(await server.exitCode(), 0, server.text);
    }),
});
