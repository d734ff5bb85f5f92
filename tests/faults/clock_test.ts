/**
 * A clock that is set: forward by a day, and back by two.
 */

import assert from "node:assert/strict";
import { RawConnection, RawResponse } from "../_support/raw_http.ts";
import { readResponse } from "../_support/client.ts";
import { REPOSITORY } from "../_support/repository.ts";
import { test } from "./fault_stage.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** `/set/N` sets the clock by N days while the request is in progress. */
const APP = `
const { now } = Date;
const RealDate = Date;
let offset = 0;
globalThis.Date = class extends RealDate {
  constructor(...args) { args.length === 0 ? super(now() + offset) : super(...args); }
  static now() { return now() + offset; }
};
export default async (request) => {
  const [, , days] = new URL(request.url).pathname.split("/");
  if (days) offset = Number(days) * ${DAY_MS};
  await new Promise((resolve) => setTimeout(resolve, 20));
  return new Response(String(offset));
};
`;

for (const guard of ["off", "on"]) {
  for (const workers of [0, 1]) {
    test(
      `a clock that is set cuts no connection and no request, and gives no negative times (guard ${guard}, ${workers} workers)`,
      async (stage) => {
        const server = await stage.serve(
          ["--access-logfile", "access.log", "--access-logformat", "%(t)s %(D)s"],
          { workers, config: `bind = "127.0.0.1:0"\nguard = "${guard}"\nread_timeout = 60\n` },
        );
        using kept = await RawConnection.open(server.urls[0]!);
        for (const days of [0, 1, -1, 0]) {
          await kept.send(`GET /set/${days} HTTP/1.1\r\nhost: h\r\n\r\n`);
          const { status, text } = await readResponse(new RawResponse(kept, "GET"));
          assert.deepEqual([status, Number(text)], [200, days * DAY_MS]);
        }
        server.kill("SIGTERM");
        assert.equal(await server.exitCode(), 0, server.text);
        assert.doesNotMatch(server.text, /ERROR|WARN|Restarting|cutting/);
        const lines = stage.read("access.log").trim().split("\n");
        assert.equal(lines.length, 4);
        for (const [index, days] of [0, 1, -1, 0].entries()) {
          const [, day, microseconds] = /\[(\d+)\/.* (-?\d+)$/.exec(lines[index]!)!;
          assert(Number(microseconds) > 0 && Number(microseconds) < 10_000_000, lines[index]);
          const expected = [0, -1].map((seconds) =>
            new Date(Date.now() + days * DAY_MS + seconds * 10_000).getDate()
          );
          assert(expected.includes(Number(day)), lines[index]);
        }
      },
      { app: APP },
    );
  }
}

/** What shows the date to people and programs. All else measures, and takes a clock that is never set. */
const READS_DATE = [
  "src/cli/terminal.ts",
  "src/logging/error_log.ts",
  "src/logging/timestamp.ts",
  "src/metrics/metrics.ts",
  "src/protocol/date_field.ts",
  "src/server/dev_certificate.ts",
  "src/server/tls.ts",
];

Deno.test("no time-out and no limit reads the clock that can be set", async () => {
  const readers: string[] = [];
  for await (const path of sourceFiles("src")) {
    const code = (await Deno.readTextFile(new URL(path, REPOSITORY))).replaceAll(
      /^ *(?:\/?\*|\/\/).*$/gm,
      "",
    );
    if (/\bDate\.now\b|\bnew Date\(\)/.test(code)) readers.push(path);
  }
  assert.deepEqual(readers.sort(), READS_DATE);
});

async function* sourceFiles(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, REPOSITORY))) {
    if (isDirectory) yield* sourceFiles(`${folder}/${name}`);
    else if (name.endsWith(".ts")) yield `${folder}/${name}`;
  }
}
