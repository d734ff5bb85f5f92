import assert from "node:assert/strict";
import { withDeadline } from "../_support/deadline.ts";
import { GTLSCLIENT } from "../_support/gtlsclient.ts";
import { testWithTool } from "../_support/h3_tools.ts";
import { WireEndpoint } from "../_support/h3_wire.ts";
import { LogSink } from "../_support/log_sink.ts";
import { LossyRelay } from "../_support/lossy_relay.ts";
import { sumOf } from "../load/content.ts";
import { download, upload } from "../load/lossy_transfer.ts";
import { quicPort, startH3 } from "./h3_server.ts";

/** Bytes of one transfer: some two thousand packets. */
const SIZE = 2_000_000;

/** Transfers each way; `deno task load:http3:lossy` makes more. */
const TRANSFERS = 2;

/** Milliseconds for all of a test; it takes a few seconds. */
const DEADLINE_MS = 60_000;

/** The relay did what it is for, by its own count. */
function assertLossy({ counts }: LossyRelay): void {
  const { received, lost, doubled, late } = counts;
  assert.ok(received > SIZE / 2_000, `${received} datagrams`);
  for (const [share, expected] of [[lost, 0.05], [doubled, 0.02], [late, 0.05]] as const) {
    assert.ok(share > received * expected / 3, JSON.stringify(counts));
    assert.ok(share < received * expected * 3, JSON.stringify(counts));
  }
}

Deno.test("HTTP/3: packets lost, doubled and overtaken harm no content", async () => {
  const log = new LogSink();
  {
    await using server = await startH3(log);
    using relay = new LossyRelay({ port: quicPort(server), seed: 1 });
    using endpoint = new WireEndpoint();
    await withDeadline(
      (async () => {
        using connection = await endpoint.connect(relay.port);
        for (let count = 0; count < TRANSFERS; count++) {
          assert.ok(await download(connection, SIZE), `download ${count}`);
          assert.ok(await upload(connection, SIZE), `upload ${count}`);
        }
      })(),
      "the end of the transfers",
      DEADLINE_MS,
    );
    assertLossy(relay);
  }
  assert.deepEqual(log.matching("ERROR"), []);
});

Deno.test("HTTP/3: transfers both ways at once, over the same bad network, do not harm each other", async () => {
  await using server = await startH3(new LogSink());
  using relay = new LossyRelay({ port: quicPort(server), seed: 2 });
  using endpoint = new WireEndpoint();
  using connection = await endpoint.connect(relay.port);
  const transfers = [download, upload, download, upload].map((move) => move(connection, SIZE / 2));
  const outcomes = await withDeadline(
    Promise.all(transfers),
    "the end of the transfers",
    DEADLINE_MS,
  );
  assert.deepEqual(outcomes, [true, true, true, true]);
  assertLossy(relay);
});

testWithTool(
  GTLSCLIENT,
  "HTTP/3: gtlsclient transfers 2 MB each way over the same network",
  async () => {
    await using server = await startH3(new LogSink());
    using relay = new LossyRelay({ port: quicPort(server), seed: 3 });
    await using client = await GTLSCLIENT.connect(relay.port);
    assert.equal(await client.download(`/content?${SIZE}`), sumOf(SIZE));
    assert.equal(await client.upload("/sum", SIZE), sumOf(SIZE));
    assertLossy(relay);
  },
);
