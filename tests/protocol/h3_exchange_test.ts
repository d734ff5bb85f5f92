import assert from "node:assert/strict";
import { ApplicationError } from "../../src/errors.ts";
import type { Exchange } from "../../src/exchange.ts";
import type { FieldList } from "../../src/fields.ts";
import { FRAME } from "../../src/h3/mod.ts";
import { concat } from "../_support/bytes.ts";
import { answer, echo, readAll, serveH3 } from "../_support/h3_harness.ts";
import { settled } from "../_support/response_recorder.ts";
import { eventually, standstill } from "../_support/waiting.ts";

const TRAILERS: FieldList = [["te", "trailers"]];

function fill(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => index % 251);
}

Deno.test("H3Exchange answers GET with content of one piece: one HEADERS, one DATA and content-length", async () => {
  await using server = serveH3((exchange) =>
    answer(exchange, `you sent ${exchange.request.target}`)
  );
  const peer = server.connect();
  const response = await peer.get("/a%20b?c=d");
  assert.equal(response.status, 200);
  assert.equal(response.text, "you sent /a%20b?c=d");
  assert.equal(response.field("content-length"), "19");
  assert.deepEqual(response.frameTypes, [FRAME.HEADERS, FRAME.DATA]);
  await peer.untilIdle();
});

Deno.test("H3Exchange gives the application the content of POST", async () => {
  await using server = serveH3(echo);
  const peer = server.connect();
  const request = peer.request({ method: "POST", fields: [["content-length", "11"]] });
  const response = await request.data("hello ").data("world").finish().response();
  assert.equal(response.text, "hello world");
  await peer.untilIdle();
});

for (
  const { title, method, status, content, length } of [
    {
      title: "HEAD with the length of the content",
      method: "HEAD",
      status: 200,
      content: "hello",
      length: "5",
    },
    { title: "HEAD without any", method: "HEAD", status: 200, content: "", length: undefined },
    { title: "204", method: "GET", status: 204, content: "", length: undefined },
    { title: "304", method: "GET", status: 304, content: "", length: undefined },
    {
      title: "304 although content was written",
      method: "GET",
      status: 304,
      content: "hello",
      length: undefined,
    },
    { title: "200 that is empty", method: "GET", status: 200, content: "", length: "0" },
  ]
) {
  Deno.test(`H3Exchange sends no DATA for ${title}`, async () => {
    await using server = serveH3((exchange) => answer(exchange, content, status));
    const peer = server.connect();
    const response = await peer.request({ method }).finish().response();
    assert.equal(response.status, status);
    assert.equal(response.field("content-length"), length);
    assert.deepEqual(response.frameTypes, [FRAME.HEADERS]);
    await peer.untilIdle();
  });
}

Deno.test("H3Exchange sends 204 without the content-length that the application declared (RFC 9110 §8.6)", async () => {
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 204, fields: [["content-length", "5"], ["x-a", "b"]] });
    await exchange.end();
  });
  const response = await server.connect().get();
  assert.equal(response.status, 204);
  assert.deepEqual(response.fields, [["x-a", "b"]]);
});

Deno.test("H3Exchange streams what is written over time, without content-length", async () => {
  const more = Promise.withResolvers<void>();
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [["content-type", "text/plain"]] });
    await exchange.write("first");
    await more.promise;
    await exchange.write(" second");
    await exchange.end();
  });
  const peer = server.connect();
  const response = peer.request().finish();
  await response.until(() => response.text === "first", "the first piece");
  assert.equal(response.field("content-length"), undefined);
  assert.equal(response.complete, false);
  more.resolve();
  assert.equal((await response.response()).text, "first second");
  await peer.untilIdle();
});

Deno.test("H3Exchange sends the head of a response whose content is late", async () => {
  const more = Promise.withResolvers<void>();
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    await more.promise;
    await exchange.end();
  });
  const peer = server.connect();
  const response = peer.request().finish();
  await response.until(() => response.status === 200, "the head");
  more.resolve();
  assert.equal((await response.response()).text, "");
});

Deno.test("H3Exchange.write() waits for a client that does not read, and holds little meanwhile", async () => {
  let written = 0;
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    for (let i = 0; i < 100; i++) {
      await exchange.write(new Uint8Array(16_384));
      written += 16_384;
    }
    await exchange.end();
  });
  const peer = server.connect({ sendWindow: 10_000 });
  const response = peer.request().finish();
  await peer.until(() => peer.client.live.pendingWrites > 0, "the full window");
  const held = await standstill(() => written, 20);
  assert.ok(held < 256 * 1024, `${held} bytes were taken of the application`);
  // Other streams of the connection go on.
  response.stream.allow(10_000_000);
  assert.equal((await response.response()).content.length, 100 * 16_384);
  await peer.untilIdle();
});

Deno.test("H3Exchange sends one large write whole, in order and unchanged", async () => {
  const content = fill(1_000_003);
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [["content-length", "1000003"]] });
    await exchange.write(content);
    await exchange.end();
  });
  const peer = server.connect();
  assert.deepEqual((await peer.get()).content, content);
});

Deno.test("H3Exchange takes no more of a request than the application reads: one piece and the window", async () => {
  const go = Promise.withResolvers<void>();
  const window = 20_000;
  await using server = serveH3(async (exchange) => {
    await go.promise;
    await echoLength(exchange);
  });
  const peer = server.connect({ receiveWindow: window });
  const request = peer.request({ method: "POST" });
  let taken = 0;
  for (let i = 0; i < 20; i++) {
    void request.stream.write(Uint8Array.of(FRAME.DATA, 0x67, 0x10, ...new Uint8Array(10_000)))
      .then(() => taken += 10_003);
  }
  const before = await standstill(() => taken, 20);
  assert.ok(before > 0 && before <= 2 * window, `${before} bytes were taken`);
  go.resolve();
  assert.equal((await request.finish().response()).text, "200000");
  await peer.untilIdle();
});

async function echoLength(exchange: Exchange): Promise<void> {
  await answer(exchange, String((await readAll(exchange)).length));
}

Deno.test("H3Exchange that is answered early reads a small rest of the upload, so that the client sees no error", async () => {
  await using server = serveH3((exchange) => answer(exchange, "early"));
  const peer = server.connect();
  const request = peer.request({ method: "POST" }).data(new Uint8Array(30_000));
  assert.equal((await request.response()).text, "early");
  request.data(new Uint8Array(30_000)).finish();
  await peer.untilIdle();
  assert.equal(request.stream.stopped, false);
});

Deno.test("H3Exchange.read() after the response rejects where content was dropped, not where there was none", async () => {
  const outcomes: Promise<unknown>[] = [];
  await using server = serveH3(async (exchange) => {
    await answer(exchange);
    await settled();
    const outcome = exchange.read().catch((error) => error.name);
    outcomes.push(outcome);
    await outcome;
  });
  const peer = server.connect();
  await peer.request({ method: "POST" }).data("content").finish().response();
  await peer.get();
  await settled();
  assert.deepEqual(await Promise.all(outcomes), ["DisconnectError", null]);
});

Deno.test("H3Exchange that is answered early stops a large upload", async () => {
  await using server = serveH3((exchange) => answer(exchange, "early"));
  const peer = server.connect();
  const request = peer.request({ method: "POST" }).data(new Uint8Array(30_000));
  assert.equal((await request.response()).text, "early");
  for (let i = 0; i < 4 && !request.stream.stopped; i++) {
    request.data(new Uint8Array(16_384));
    await settled();
  }
  assert.equal(request.stream.stopped, true);
  await peer.untilIdle();
});

Deno.test("H3Exchange.inform() sends interim responses before the final one", async () => {
  await using server = serveH3(async (exchange) => {
    assert.equal(exchange.supports.informational, true);
    await exchange.inform({ status: 103, fields: [["link", "</a.css>; rel=preload"]] });
    await exchange.inform({ status: 102, fields: [] });
    await answer(exchange, "done");
  });
  const peer = server.connect();
  const response = await peer.get();
  assert.deepEqual(response.interim, [
    { status: 103, fields: [["link", "</a.css>; rel=preload"]] },
    { status: 102, fields: [] },
  ]);
  assert.equal(response.status, 200);
  assert.equal(response.text, "done");
  await peer.untilIdle();
});

for (const status of [99, 100, 101, 200, 103.5, NaN]) {
  Deno.test(`H3Exchange.inform() refuses status ${status}`, async () => {
    await using server = serveH3(async (exchange) => {
      await assert.rejects(exchange.inform({ status, fields: [] }), ApplicationError);
      await answer(exchange);
    });
    const response = await server.connect().get();
    assert.equal(response.status, 200);
    assert.deepEqual(response.interim, []);
  });
}

Deno.test("H3Exchange sends 100 when content that the client holds back is first read", async () => {
  await using server = serveH3(async (exchange) => {
    if (exchange.request.target === "/reads") await readAll(exchange);
    await answer(exchange, "done");
  });
  const peer = server.connect();
  const fields: FieldList = [["expect", "100-continue"]];
  const reads = peer.request({ method: "POST", path: "/reads", fields });
  await reads.until(() => reads.interim.length === 1, "the interim response");
  assert.equal(reads.interim[0]!.status, 100);
  reads.data("content").finish();
  assert.equal((await reads.response()).text, "done");
  assert.equal(reads.interim.length, 1);

  const refuses = await peer.request({ method: "POST", path: "/", fields }).finish().response();
  assert.equal(refuses.status, 200);
  assert.deepEqual(refuses.interim, []);
  await peer.untilIdle();
});

for (
  const { title, fields, trailers } of [
    {
      title: "sends trailers to a client that looks at them",
      fields: TRAILERS,
      trailers: [["x-sum", "1"]],
    },
    {
      title: "keeps trailers from a client that does not look at them",
      fields: [],
      trailers: null,
    },
  ]
) {
  Deno.test(`H3Exchange.end() ${title}`, async () => {
    await using server = serveH3(async (exchange) => {
      assert.equal(exchange.supports.trailers, trailers !== null);
      await exchange.respond({ status: 200, fields: [] });
      await exchange.write("content");
      await exchange.end([["x-sum", "1"]]);
    });
    const peer = server.connect();
    const response = await peer.get("/", { fields: fields as FieldList });
    assert.equal(response.text, "content");
    assert.deepEqual(response.trailers, trailers);
    await peer.untilIdle();
  });
}

Deno.test("H3Exchange.end() sends no trailers for HEAD", async () => {
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    await exchange.end([["x-sum", "1"]]);
  });
  const peer = server.connect();
  const response = await peer.request({ method: "HEAD", fields: TRAILERS }).finish().response();
  assert.deepEqual(response.frameTypes, [FRAME.HEADERS]);
});

Deno.test("H3Exchange.trailers() has the trailers of the request when its content is read", async () => {
  const seen: (FieldList | null)[] = [];
  await using server = serveH3(async (exchange) => {
    await readAll(exchange);
    seen.push(await exchange.trailers());
    await answer(exchange);
  });
  const peer = server.connect();
  const request = peer.request({ method: "POST" }).data("content");
  await request.headers([["x-sum", "1"], ["x-more", "2"]]).finish().response();
  await peer.request({ method: "POST" }).data("content").finish().response();
  assert.deepEqual(seen, [[["x-sum", "1"], ["x-more", "2"]], null]);
});

for (
  const { title, act } of [
    {
      title: "respond() twice",
      act: (exchange: Exchange) => exchange.respond({ status: 200, fields: [] }),
    },
    {
      title: "inform() after respond()",
      act: (exchange: Exchange) => exchange.inform({ status: 103, fields: [] }),
    },
    {
      title: "a body longer than its content-length",
      act: (exchange: Exchange) => exchange.write("too long for it"),
    },
    {
      title: "a body shorter than its content-length",
      act: (exchange: Exchange) => exchange.end(),
    },
  ]
) {
  Deno.test(`H3Exchange refuses ${title}, and the response can go on`, async () => {
    await using server = serveH3(async (exchange) => {
      await exchange.respond({ status: 200, fields: [["content-length", "4"]] });
      await assert.rejects(act(exchange), ApplicationError);
      await exchange.write("four");
      await exchange.end();
    });
    assert.equal((await server.connect().get()).text, "four");
  });
}

Deno.test("H3Exchange whose fields are changed after they were checked ends its connection, and no other", async () => {
  await using server = serveH3(async (exchange) => {
    if (exchange.request.target === "/") return await answer(exchange, "served");
    const fields: [string, string][] = [["x-a", "b"]];
    await exchange.respond({ status: 200, fields });
    fields[0]![1] = "\u4e2d";
    await new Promise((resolve) => exchange.signal.addEventListener("abort", resolve));
  });
  const other = server.connect();
  const peer = server.connect();
  peer.request({ path: "/changes" }).finish();
  assert.equal(await peer.closed(), "H3_INTERNAL_ERROR");
  assert.equal((await other.get()).text, "served");
  await eventually(() => server.inFlight.requests === 0, "the end of the handler");
  assert.match(String(server.take("failed")), /latin-1|RangeError/);
  server.take("disconnected");
});

Deno.test("H3Exchange refuses a response field whose name begins with a colon", async () => {
  await using server = serveH3(async (exchange) => {
    const fields = [[":status", "204"]] as const;
    await assert.rejects(exchange.respond({ status: 200, fields }), ApplicationError);
    await answer(exchange, "sent");
  });
  const response = await server.connect().get();
  assert.deepEqual([response.status, response.text], [200, "sent"]);
});

Deno.test("H3Exchange passes no bytes on that the application changes after reading", async () => {
  const pieces: Uint8Array[] = [];
  await using server = serveH3(async (exchange) => {
    for (let piece = await exchange.read(); piece; piece = await exchange.read()) {
      pieces.push(piece.slice());
      piece.fill(0);
    }
    await answer(exchange);
  });
  const content = fill(5_000);
  const request = server.connect({ shred: 97 }).request({ method: "POST" });
  await request.data(content).data(content).finish().response();
  assert.deepEqual(concat(pieces), concat([content, content]));
});

Deno.test("H3Exchange leaves a response without its end when content that waits was transferred away", async () => {
  const written = Promise.withResolvers<void>();
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    void exchange.write(fill(70_000));
    const content = fill(40_000);
    void exchange.write(content);
    structuredClone(content, { transfer: [content.buffer as ArrayBuffer] });
    written.resolve();
    await exchange.write("more");
    await exchange.end();
  }, { gracefulTimeout: 0.01 });
  const peer = server.connect({ sendWindow: 1_000 });
  const request = peer.request().finish();
  await written.promise;
  request.stream.allow(1_000_000);
  assert.equal(await peer.closed(), "H3_INTERNAL_ERROR");
  assert.equal(request.complete, false);
  assert.match(
    server.take("connectionClosed").join(),
    / a response was broken off: its content cannot be sent$/,
  );
  const [failure, ...others] = server.take("failed");
  assert.match(failure!, /^GET https:\/\/localhost\/ ApplicationError: Cannot send the content: /);
  assert.deepEqual(others, []);
});
