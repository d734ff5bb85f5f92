import assert from "node:assert/strict";
import { encodeVarints, FRAME } from "../../src/h3/mod.ts";
import { answer, echo, serveH3 } from "../_support/h3_harness.ts";
import type { H3Peer } from "../_support/h3_peer.ts";
import { settled } from "../_support/response_recorder.ts";
import { eventually } from "../_support/waiting.ts";

/** What a client says about the order of two responses: the first is asked for first. */
interface Order {
  /** Ends the name of the test. */
  readonly name: string;
  /** `priority` field of the two requests. */
  readonly fields?: readonly [string | null, string | null];
  /** Sends PRIORITY_UPDATE before the requests. */
  readonly before?: (peer: H3Peer) => void;
  /** Sends PRIORITY_UPDATE while they are served. */
  readonly during?: (peer: H3Peer) => void;
  /** What the send order of the first is to that of the second. */
  readonly expected: "<" | ">" | "=";
}

function update(streamId: number, value: string): (peer: H3Peer) => void {
  const payload = Uint8Array.of(...encodeVarints(streamId), ...new TextEncoder().encode(value));
  return (peer) => peer.controlFrame(FRAME.PRIORITY_UPDATE_REQUEST, payload);
}

const ORDERS: readonly Order[] = [
  { name: "the same without a word", expected: "=" },
  { name: "the more urgent first", fields: ["u=5", "u=1"], expected: "<" },
  { name: "one by one within an urgency", fields: ["u=2", "u=2"], expected: ">" },
  { name: "the incremental ones together", fields: ["u=2, i", "u=2, i"], expected: "=" },
  {
    name: "those of no use in parts before incremental ones",
    fields: ["u=2, i", "u=2"],
    expected: "<",
  },
  {
    name: "by a PRIORITY_UPDATE that came before the request",
    fields: ["u=2", "u=2"],
    before: update(4, "u=0"),
    expected: "<",
  },
  {
    name: "by a PRIORITY_UPDATE that comes during the response",
    fields: ["u=2", "u=2"],
    during: update(4, "u=0"),
    expected: "<",
  },
  {
    name: "by the last of several PRIORITY_UPDATE",
    before: update(4, "u=0"),
    during: update(4, "u=7"),
    expected: ">",
  },
];

for (const { name, fields = [null, null], before, during, expected } of ORDERS) {
  Deno.test(`H3ConnectionDriver sends responses ${name}`, async () => {
    const finish = Promise.withResolvers<void>();
    await using server = serveH3(async (exchange) => {
      await finish.promise;
      await answer(exchange);
    });
    const peer = server.connect();
    before?.(peer);
    const requests = fields.map((value) =>
      peer.request({ fields: value === null ? [] : [["priority", value]] }).finish()
    );
    await eventually(() => server.inFlight.requests === 2, "two requests");
    during?.(peer);
    await settled();
    const [first, second] = requests.map(({ stream }) => stream.inbox.sendOrder) as [
      number,
      number,
    ];
    assert.equal(first < second ? "<" : first > second ? ">" : "=", expected, `${first} ${second}`);
    finish.resolve();
    for (const request of requests) assert.equal((await request.response()).status, 200);
    await peer.untilIdle();
  });
}

Deno.test("H3ConnectionDriver sends its own streams before any response", async () => {
  await using server = serveH3(echo);
  const peer = server.connect();
  const urgent = await peer.get("/", { fields: [["priority", "u=0"]] });
  for (const { inbox } of peer.client.streams) {
    assert.ok(inbox.sendOrder > urgent.stream.inbox.sendOrder);
  }
});
