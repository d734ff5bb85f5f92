import assert from "node:assert/strict";
import type { FieldList } from "../../src/fields.ts";
import { encodeFrame, FRAME } from "../../src/h3/mod.ts";
import { QPACKEncoder } from "../../src/qpack/mod.ts";
import { answer, readAll, serveH3 } from "../_support/h3_harness.ts";
import { type H3Peer, requestFields } from "../_support/h3_peer.ts";
import { settled } from "../_support/response_recorder.ts";
import { eventually } from "../_support/waiting.ts";

const AGAIN: FieldList = [["x-again", "a value that comes again and again"]];

/** A client whose encoder may use the dynamic table. */
async function dynamicPeer(peer: H3Peer): Promise<H3Peer> {
  await peer.until(() => peer.settings !== null, "SETTINGS");
  return peer;
}

/** A request whose field section waits at the server; `release` sends what it waits for. */
async function blockedRequest(peer: H3Peer, fields: FieldList = AGAIN) {
  peer.holdInstructions();
  let request = peer.request({ method: "POST", fields });
  // The encoder inserts what comes again, so the first may not need the table.
  for (let i = 0; i < 3; i++) request = peer.request({ method: "POST", fields });
  await settled();
  return { request, release: () => peer.releaseInstructions() };
}

Deno.test("H3ConnectionDriver decodes requests that use the dynamic table, and acknowledges them", async () => {
  const seen: FieldList[] = [];
  await using server = serveH3((exchange) => {
    seen.push(exchange.request.fields.filter(([name]) => name.startsWith("x-")));
    return answer(exchange);
  });
  const peer = await dynamicPeer(server.connect({ dynamic: true }));
  const sizes: number[] = [];
  for (let i = 0; i < 10; i++) {
    const request = peer.open();
    const section = peer.encode(request.id, requestFields({ fields: AGAIN }));
    sizes.push(section.length);
    await request.frame(0x01, section).finish().response();
    const { inbox } = peer.client.streams[2]!;
    if (i === 3) await peer.until(() => inbox.length > 1, "an acknowledgement");
  }
  assert.deepEqual(seen, Array(10).fill(AGAIN));
  assert.ok(sizes.at(-1)! < sizes[0]! / 2, `the table was not used: ${sizes}`);
  await peer.untilIdle();
});

Deno.test("H3ConnectionDriver uses the dynamic table in responses as the client allows", async () => {
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: AGAIN });
    await exchange.end();
  });
  const peer = server.connect({
    settings: { qpackMaxTableCapacity: 4096, qpackBlockedStreams: 16 },
  });
  const sizes: number[] = [];
  for (let i = 0; i < 10; i++) {
    const response = await peer.get();
    assert.deepEqual(response.fields.filter(([name]) => name.startsWith("x-")), AGAIN);
    sizes.push(response.stream.inbox.length);
  }
  assert.ok(sizes.at(-1)! < sizes[0]! / 2, `the table was not used: ${sizes}`);
  await peer.untilIdle();
});

Deno.test("H3ConnectionDriver sends nothing on its encoder stream to a client without a table", async () => {
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: AGAIN });
    await exchange.end();
  });
  const peer = server.connect();
  for (let i = 0; i < 5; i++) await peer.get();
  assert.equal(peer.client.streams[1]!.inbox.length, 1); // its type
});

Deno.test("H3ConnectionDriver serves a request whose field section waited for instructions, and others meanwhile", async () => {
  await using server = serveH3(async (exchange) => {
    await answer(exchange, new TextDecoder().decode(await readAll(exchange)));
  });
  const peer = await dynamicPeer(server.connect({ dynamic: true }));
  const { request, release } = await blockedRequest(peer);
  request.data("waited").finish();
  const meanwhile = peer.open();
  const section = new QPACKEncoder({ maxTableCapacity: 0, maxBacklog: 0 })
    .encode(meanwhile.id, requestFields({ method: "POST" })); // needs no table
  await meanwhile.frame(0x01, section).data("other").finish().response();
  assert.equal(meanwhile.text, "other");
  assert.equal(request.complete, false);
  release();
  assert.equal((await request.response()).text, "waited");
});

Deno.test("H3ConnectionDriver reads trailers that waited for instructions", async () => {
  const seen: (FieldList | null)[] = [];
  await using server = serveH3(async (exchange) => {
    await readAll(exchange);
    seen.push(await exchange.trailers());
    await answer(exchange);
  });
  const peer = await dynamicPeer(server.connect({ dynamic: true }));
  for (let i = 0; i < 3; i++) {
    await peer.request({ method: "POST" }).headers(AGAIN).finish().response();
  }
  peer.holdInstructions();
  const trailers: FieldList = [["x-new", "another value that comes again"]];
  const requests = Array.from(
    { length: 4 },
    () => peer.request({ method: "POST" }).headers(trailers).finish(),
  );
  await settled();
  const waiting = requests.filter(({ complete }) => !complete).length;
  peer.releaseInstructions();
  for (const request of requests) assert.equal((await request.response()).status, 200);
  assert.ok(waiting > 0, "no trailers waited, so this test proves nothing");
  assert.deepEqual(seen.slice(3), Array(4).fill(trailers));
});

for (
  const { title, end } of [
    { title: "the client closes the connection", end: (peer: H3Peer) => peer.client.close(0x100) },
    { title: "the transport loses the connection", end: (peer: H3Peer) => peer.client.fail() },
  ]
) {
  Deno.test(`H3ConnectionDriver leaves nothing of a field section that waits when ${title}`, async () => {
    let served = 0;
    await using server = serveH3((exchange) => {
      served++;
      return answer(exchange);
    });
    const peer = await dynamicPeer(server.connect({ dynamic: true }));
    const { request } = await blockedRequest(peer);
    const before = served;
    assert.ok(before < 4, "no section waits, so this test proves nothing");
    end(peer);
    await eventually(() => server.listener.counts().connections === 0, "the end");
    assert.equal(request.complete, false);
    assert.equal(served, before);
    assert.deepEqual(server.take("refused"), []);
    server.take("connectionClosed");
  });
}

Deno.test("H3ConnectionDriver is closed with QPACK_DECOMPRESSION_FAILED by more waiting sections than it allows", async () => {
  await using server = serveH3((exchange) => answer(exchange));
  const peer = server.connect();
  // Required Insert Count 1 (encoded 2), base 0: a field line of an entry that has not come.
  peer.encoderStream;
  for (let i = 0; i < 17; i++) peer.open().frame(0x01, Uint8Array.of(0x02, 0x00, 0x80));
  assert.equal(await peer.closed(), "QPACK_DECOMPRESSION_FAILED");
  server.take("connectionClosed");
});

Deno.test("H3ConnectionDriver tells the client's encoder of a request that was reset", async () => {
  await using server = serveH3(async (exchange) => {
    await readAll(exchange);
    await answer(exchange);
  });
  const peer = await dynamicPeer(server.connect({ dynamic: true }));
  const request = peer.request({ method: "POST" });
  await eventually(() => server.inFlight.requests === 1, "the request");
  const decoder = peer.client.streams[2]!.inbox;
  const before = decoder.length;
  request.cancel(0x10c);
  await peer.until(() => decoder.length > before, "a Stream Cancellation");
  assert.equal(decoder.bytes.at(-1), 0x40 | request.id);
  await peer.untilIdle({ receiving: 1, pendingReads: 1 });
});

Deno.test("H3ConnectionDriver queues no instructions for a client that gives the encoder stream no credit", async () => {
  let answered = 0;
  await using server = serveH3(async (exchange) => {
    await exchange.respond({
      status: 200,
      fields: [["x-powered-by", `a value of its own: ${exchange.request.target}`]],
    });
    await exchange.end();
    answered++;
  });
  const peer = server.connect({
    sendWindow: 100,
    settings: { qpackMaxTableCapacity: 4096, qpackBlockedStreams: 100 },
  });
  const requests = Array.from({ length: 20 }, (_, i) => peer.request({ path: `/${i}` }).finish());
  await eventually(() => answered === 20, "the responses");
  await settled();
  assert.equal(peer.client.live.pendingWrites, 1);
  peer.client.streams[1]!.inbox.onAllow(100_000);
  for (const request of requests) assert.equal((await request.response()).status, 200);
});

Deno.test("An HTTP/3 connection is closed with H3_EXCESSIVE_LOAD for a peer that lets no acknowledgement of its sections out", async () => {
  await using server = serveH3((exchange) => answer(exchange));
  const peer = server.connect({ serverStreams: 2 }); // the third would be our decoder stream
  // A table of 4096 bytes, and `a: b` in it.
  peer.encoderStream.write(Uint8Array.of(0x3f, 0xe1, 0x1f, 0x41, 0x61, 1, 0x62));
  const section = Uint8Array.of(0x02, 0x00, 0xd1, 0xd7, 0x50, 0x01, 0x61, 0xc1, 0x80);
  for (let count = 0; count < 40_000 && !peer.over; count++) {
    const stream = peer.client.openBidirectional();
    stream.write(encodeFrame(FRAME.HEADERS, section));
    stream.finish();
    if (count % 50 === 0) await settled();
  }
  assert.equal(await peer.closed(), "H3_EXCESSIVE_LOAD");
  assert.match(server.take("connectionClosed").join(), /takes nothing of the decoder stream/);
});
