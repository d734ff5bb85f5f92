import assert from "node:assert/strict";
import type { ASGIFramework, ASGISend } from "../../src/asgi_types.ts";
import { ApplicationError } from "../../src/errors.ts";
import { openFile } from "../../src/protocol/send_file.ts";
import { BrokenResponse, fieldOf, readResponse, request } from "../_support/client.ts";
import { startForm } from "../_support/contract_server.ts";
import { CURL_MISSING, CurlClient } from "../_support/curl_client.ts";
import { withDeadline } from "../_support/deadline.ts";
import { LogSink } from "../_support/log_sink.ts";
import { RawClient } from "../_support/raw_http.ts";

/** Runs `test` with a file of `size` bytes. */
async function withFile(size: number, test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, new Uint8Array(size).fill(0x61));
    await test(path);
  } finally {
    await Deno.remove(path);
  }
}

const REFUSED = [
  {
    name: "that is missing",
    path: "/no/such/file",
    declared: null,
    reason: /it cannot be opened$/,
  },
  {
    name: "that is a folder",
    path: import.meta.dirname!,
    declared: null,
    reason: /it is not a regular file$/,
  },
  {
    name: "of another size than declared",
    path: import.meta.filename!,
    declared: 1,
    reason: /content-length declared 1, its size is \d+$/,
  },
];

for (const { name, path, declared, reason } of REFUSED) {
  Deno.test(`openFile() refuses a file ${name} and leaves nothing open`, async () => {
    await assert.rejects(openFile(path, declared), (error: Error) => {
      assert.ok(error instanceof ApplicationError);
      assert.match(error.message, reason);
      return true;
    });
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** An application that sends the file, `/late` only when the head has gone out already. */
function sending(path: string, headers: [string, string][] = []): ASGIFramework {
  return async (scope, _receive, send: ASGISend) => {
    if (scope.type !== "http") return;
    await send({ type: "http.response.start", status: 200, headers });
    for (let turn = 0; scope.path === "/late" && turn < 3; turn++) await nextTurn();
    await send({ type: "http.response.pathsend", path });
  };
}

const CLIENTS = [
  { name: "HTTP/1.1", missing: undefined, connect: (url: string) => new RawClient(url) },
  {
    name: "HTTP/2",
    missing: CURL_MISSING,
    connect: (url: string) => new CurlClient(url, "--http2-prior-knowledge"),
  },
];

const SIZES = [0, 1, 300_000, 3_000_000];

for (const { name: version, missing, connect } of CLIENTS) {
  const skipped = missing === undefined ? "" : ` (skipped: ${missing})`;
  for (const size of SIZES) {
    Deno.test({
      name:
        `pathsend sends ${size} bytes over ${version}, at once or late, and nothing to HEAD${skipped}`,
      ignore: missing !== undefined,
      fn: () =>
        withFile(size, async (path) => {
          const log = new LogSink();
          await using server = await startForm("ASGI", sending(path), log);
          await using client = connect(server.binds[0]!.url);
          const whole = await request(client, { target: "/" });
          assert.deepEqual([whole.content.length, fieldOf(whole, "content-length")], [
            size,
            String(size),
          ]);
          const late = await request(client, { target: "/late" });
          assert.deepEqual([late.content.length, fieldOf(late, "content-length")], [
            size,
            undefined,
          ]);
          const head = await request(client, { method: "HEAD", target: "/" });
          assert.deepEqual([head.content.length, fieldOf(head, "content-length")], [
            0,
            String(size),
          ]);
          assert.deepEqual(log.matching("ERROR"), []);
        }),
    });
  }
}

for (const target of ["/", "/late"]) {
  Deno.test(`pathsend to ${target} of a client that does not read is cut at the stop`, () =>
    withFile(64 * 1024 * 1024, async (path) => {
      const log = new LogSink();
      const server = await startForm("ASGI", sending(path), log, { gracefulTimeout: 0.1 });
      await using client = new RawClient(server.binds[0]!.url);
      await using exchange = await client.open({ target });
      await exchange.head();
      const stopped = withDeadline(server.shutdown(), "the end of the server");
      await stopped;
      await assert.rejects(readResponse(exchange), BrokenResponse);
    }));

  Deno.test(`pathsend to ${target} of a client that leaves closes the file`, () =>
    withFile(64 * 1024 * 1024, async (path) => {
      await using server = await startForm("ASGI", sending(path), new LogSink());
      await using client = new RawClient(server.binds[0]!.url);
      const exchange = await client.open({ target });
      await exchange.read();
      await exchange.leave();
      // The sanitizer of resources sees to the file.
    }));
}
