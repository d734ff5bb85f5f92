import assert from "node:assert/strict";
import fc from "fast-check";
import type { Exchange } from "../../src/exchange.ts";
import type { FieldList } from "../../src/fields.ts";
import { concat } from "../_support/bytes.ts";
import type { FakeQuicOptions } from "../_support/fake_quic.ts";
import { readAll, serveH3 } from "../_support/h3_harness.ts";
import type { H3Peer, PeerExchange } from "../_support/h3_peer.ts";

/** A request, and by that what its answer is to be. */
interface Plan {
  readonly pieces: readonly Uint8Array[];
  readonly trailers: string | null;
  readonly value: string;
  readonly interim: boolean;
  readonly streamed: boolean;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  pieces: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
  trailers: fc.option(fc.stringMatching(/^[a-z0-9]{0,40}$/)),
  value: fc.constantFrom("one value of a few", "another that comes again", "x"),
  interim: fc.boolean(),
  streamed: fc.boolean(),
});

const delivery = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  shred: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  reorder: fc.boolean(),
  delay: fc.nat({ max: 3 }),
  receiveWindow: fc.constantFrom(64, 500, 1_250_000),
  dynamic: fc.boolean(),
});

/** Answers with everything it got. */
async function mirror(exchange: Exchange): Promise<void> {
  const { fields } = exchange.request;
  const has = (name: string) => fields.some((field) => field[0] === name);
  if (has("x-interim")) await exchange.inform({ status: 103, fields: [["link", "<a>"]] });
  const seen = fields.filter(([name]) => name === "x-value");
  const content = await readAll(exchange);
  await exchange.respond({ status: 200, fields: seen });
  if (has("x-streamed")) { for (const byte of content) await exchange.write(Uint8Array.of(byte)); }
  else await exchange.write(content);
  await exchange.end(await exchange.trailers() ?? []);
}

function send(peer: H3Peer, { pieces, trailers, value, interim, streamed }: Plan): PeerExchange {
  const fields: FieldList = [
    ["te", "trailers"],
    ["x-value", value],
    ...(interim ? [["x-interim", "1"] as const] : []),
    ...(streamed ? [["x-streamed", "1"] as const] : []),
  ];
  const request = peer.request({ method: "POST", fields });
  for (const piece of pieces) request.data(piece);
  if (trailers !== null) request.headers([["x-trailer", trailers]]);
  return request.finish();
}

function check(response: PeerExchange, { pieces, trailers, value, interim }: Plan): void {
  assert.equal(response.status, 200);
  assert.deepEqual(response.content, concat(pieces));
  assert.deepEqual(response.trailers, trailers === null ? null : [["x-trailer", trailers]]);
  assert.equal(response.field("x-value"), value);
  assert.equal(response.interim.length, interim ? 1 : 0);
}

Deno.test("H3ConnectionDriver gives the same answers however requests are cut and in whatever order they arrive", async () => {
  await using server = serveH3(mirror);
  await fc.assert(
    fc.asyncProperty(
      fc.array(plan, { minLength: 1, maxLength: 6 }),
      delivery,
      async (plans, how) => {
        const { shred, dynamic, ...options } = how;
        const settings = dynamic ? { qpackMaxTableCapacity: 4096, qpackBlockedStreams: 16 } : {};
        const quic: FakeQuicOptions = shred === undefined ? options : { ...options, shred };
        const peer = server.connect({ ...quic, settings, dynamic });
        if (dynamic) await peer.until(() => peer.settings !== null, "SETTINGS");
        const requests = plans.map((each) => send(peer, each));
        for (const [i, each] of plans.entries()) check(await requests[i]!.response(), each);
        await peer.client.arrived();
        assert.equal(peer.over, false);
        peer.client.close(0x100);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("H3ConnectionDriver survives any bytes on any stream, and serves others", async () => {
  await using server = serveH3(mirror);
  const other = server.connect();
  const bytes = fc.uint8Array({ maxLength: 60 });
  const stream = fc.record({
    request: fc.boolean(),
    bytes,
    end: fc.constantFrom("fin", "reset", "open"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(stream, { maxLength: 8 }), delivery, async (streams, how) => {
      const { shred, dynamic: _, ...options } = how;
      const peer = server.connect(shred === undefined ? options : { ...options, shred });
      for (const { request, bytes, end } of streams) {
        const { client } = peer;
        const opened = request ? client.openBidirectional() : client.openUnidirectional();
        void opened.write(bytes);
        if (end === "fin") opened.finish();
        if (end === "reset") opened.reset(0x10c);
      }
      await peer.client.arrived();
      const request = other.request({ method: "POST" }).data("lives").finish();
      assert.equal((await request.response()).text, "lives");
      peer.client.close(0x100);
    }),
    { numRuns: 300 },
  );
  await other.untilIdle();
  for (const kind of ["connectionClosed", "refused"] as const) server.take(kind);
});
