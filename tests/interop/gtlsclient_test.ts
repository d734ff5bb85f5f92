import assert from "node:assert/strict";
import { GTLSCLIENT, traceGtlsclient } from "../_support/gtlsclient.ts";
import { testWithTool } from "../_support/h3_tools.ts";
import { LogSink } from "../_support/log_sink.ts";
import { sumOf } from "../load/content.ts";
import { quicPort, startH3 } from "./h3_server.ts";

/** Bytes of a content that takes a second or two under loss. */
const LOSSY_BYTES = 1_000_000;

/** What the transport goes through before the request is sent, and how the trace shows that it really did. */
const TRIALS: readonly (readonly [name: string, options: string[], proof: RegExp])[] = [
  [
    "updates its keys",
    ["--key-update=50ms", "--delay-stream=150ms"],
    /key update confirmed/,
  ],
  [
    "moves to another address",
    ["--change-local-addr=50ms", "--delay-stream=150ms"],
    /frm rx .* PATH_RESPONSE/,
  ],
  [
    "gets another address without knowing",
    ["--change-local-addr=50ms", "--nat-rebinding", "--delay-stream=150ms"],
    /frm rx .* PATH_CHALLENGE/,
  ],
];

for (const [name, options, proof] of TRIALS) {
  testWithTool(GTLSCLIENT, `HTTP/3: a client that ${name} is served`, async () => {
    await using server = await startH3(new LogSink());
    const trace = await traceGtlsclient(quicPort(server), "/", ...options);
    assert.match(trace, proof);
    assert.match(trace, /\[:status: 200\]/);
  });
}

testWithTool(GTLSCLIENT, "HTTP/3: every tenth packet lost both ways harms no content", async () => {
  await using server = await startH3(new LogSink());
  await using client = await GTLSCLIENT.connect(quicPort(server), "--tx-loss=0.1", "--rx-loss=0.1");
  assert.equal(await client.download(`/content?${LOSSY_BYTES}`), sumOf(LOSSY_BYTES));
  assert.equal(await client.upload("/sum", LOSSY_BYTES), sumOf(LOSSY_BYTES));
});

testWithTool(
  GTLSCLIENT,
  "HTTP/3: a request in early data is answered, after the handshake",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "gtlsclient-" });
    try {
      await using server = await startH3(new LogSink());
      const session = [`--session-file=${folder}/session`, `--tp-file=${folder}/parameters`];
      await traceGtlsclient(quicPort(server), "/", ...session);
      const trace = await traceGtlsclient(quicPort(server), "/", ...session);
      assert.match(trace, /frm tx .* 0RTT STREAM/);
      assert.match(trace, /\[:status: 200\]/);
      const answered = trace.indexOf("[:status: 200]");
      assert.ok(trace.indexOf("HANDSHAKE_DONE") < answered, "replayed early data would be served");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
