import assert from "node:assert/strict";
import { type FieldList, getField } from "../../src/fields.ts";
import { encodeVarints, FRAME } from "../../src/h3/mod.ts";
import { answer, echo, readAll, serveH3 } from "../_support/h3_harness.ts";
import { type PeerExchange, requestFields } from "../_support/h3_peer.ts";
import { settled } from "../_support/response_recorder.ts";
import { eventually } from "../_support/waiting.ts";

/** A request that the server refuses by itself. */
interface Refused {
  /** What is wrong; ends the name of the test. */
  readonly name: string;
  /** Status of the answer. */
  readonly status: number;
  /** What the log says. */
  readonly reason: RegExp;
  /** The head. */
  readonly head: FieldList;
}

const GET = requestFields();

function without(name: string): FieldList {
  return GET.filter((field) => field[0] !== name);
}

const REFUSED: readonly Refused[] = [
  {
    name: "without :method",
    status: 400,
    reason: /":method" is missing/,
    head: without(":method"),
  },
  { name: "without :path", status: 400, reason: /":path" is missing/, head: without(":path") },
  {
    name: "without :scheme",
    status: 400,
    reason: /":scheme" is missing/,
    head: without(":scheme"),
  },
  {
    name: "without :authority and host",
    status: 400,
    reason: /authority|host/,
    head: without(":authority"),
  },
  {
    name: "with :path twice",
    status: 400,
    reason: /":path" occurs more than once/,
    head: [...GET, [":path", "/"]],
  },
  {
    name: "with a pseudo-header field after others",
    status: 400,
    reason: /":path"/,
    head: [...without(":path"), ["a", "b"], [":path", "/"]],
  },
  {
    name: "with a pseudo-header field of responses",
    status: 400,
    reason: /":status"/,
    head: [...GET, [":status", "200"]],
  },
  {
    name: "with :protocol and method GET",
    status: 400,
    reason: /":protocol"/,
    head: [...GET, [":protocol", "websocket"]],
  },
  {
    name: "with a :protocol that is not known",
    status: 501,
    reason: /":protocol" is "connect-udp", expected "websocket"/,
    head: [...requestFields({ method: "CONNECT" }), [":protocol", "connect-udp"]],
  },
  {
    name: "for a WebSocket of another version",
    status: 400,
    reason: /the version is "8", expected "13"/,
    head: [
      ...requestFields({ method: "CONNECT" }),
      [":protocol", "websocket"],
      ["sec-websocket-version", "8"],
    ],
  },
  {
    name: "with an upper-case field name",
    status: 400,
    reason: /X-Upper/,
    head: [...GET, ["X-Upper", "1"]],
  },
  {
    name: "with a field of HTTP/1 connections",
    status: 400,
    reason: /connection/,
    head: [...GET, ["connection", "close"]],
  },
  {
    name: "with transfer-encoding",
    status: 400,
    reason: /transfer-encoding/,
    head: [...GET, ["transfer-encoding", "chunked"]],
  },
  {
    name: "with te other than trailers",
    status: 400,
    reason: /te/,
    head: [...GET, ["te", "gzip"]],
  },
  {
    name: "with a line break in a value",
    status: 400,
    reason: /x-split/,
    head: [...GET, ["x-split", "a\r\nb: c"]],
  },
  {
    name: "with host other than :authority",
    status: 400,
    reason: /host/,
    head: [...GET, ["host", "other.example"]],
  },
  {
    name: "with two different values of content-length",
    status: 400,
    reason: /content-length/,
    head: [...GET, ["content-length", "1"], ["content-length", "2"]],
  },
  {
    name: "with a path that is no path",
    status: 400,
    reason: /":path"/,
    head: requestFields({ path: "no-slash" }),
  },
  {
    name: "with more fields than are allowed",
    status: 431,
    reason: /limit|large|allowed|exceed/i,
    head: [...GET, ["x-large", "a".repeat(4_000)]],
  },
  {
    name: "with method CONNECT",
    status: 501,
    reason: /CONNECT is for proxies/,
    head: [[":method", "CONNECT"], [":authority", "other.example:443"]],
  },
  {
    name: "for a host that is not in server_names, on a connection that was made for another one",
    status: 421,
    reason: /Host "elsewhere.example" is not in server_names/,
    head: requestFields({ authority: "elsewhere.example" }),
  },
];

for (const { name, status, reason, head } of REFUSED) {
  Deno.test(`H3Request answers ${status} to a request ${name}, and says why in the log`, async () => {
    let served = 0;
    await using server = serveH3((exchange) => {
      served++;
      return answer(exchange);
    }, { serverNames: new Set(["localhost"]), maxFieldSectionSize: 2_000 });
    const peer = server.connect();
    const response = await peer.open().headers(head).finish().response();
    assert.equal(response.status, status);
    assert.equal(response.field("content-length"), "0");
    const [report, ...more] = server.take("refused");
    assert.match(report!, new RegExp(`^\\w* ${status} `));
    assert.match(report!, reason);
    assert.deepEqual(more, []);
    assert.equal(served, 0);
    assert.equal((await peer.get()).status, 200);
    await peer.untilIdle();
  });
}

Deno.test("H3Request compares server_names without regard to case", async () => {
  await using server = serveH3(echo, { serverNames: new Set(["localhost"]) });
  const response = await server.connect().get("/", { authority: "LocalHost" });
  assert.equal(response.status, 200);
});

Deno.test("H3Request answers 431 to a HEADERS frame that is too large before it has come", async () => {
  await using server = serveH3(echo, { maxFieldSectionSize: 2_000 });
  const peer = server.connect();
  const request = peer.open().raw(Uint8Array.of(FRAME.HEADERS, ...encodeVarints(1_000_000)));
  assert.equal((await request.response()).status, 431);
  await peer.untilIdle();
  assert.match(server.take("refused").join(), / 431 /);
});

Deno.test("H3Request answers 400 to a stream that ends before its head", async () => {
  await using server = serveH3(echo);
  const peer = server.connect();
  const response = await peer.open().finish().response();
  assert.equal(response.status, 400);
  assert.match(server.take("refused").join(), /ended before its HEADERS/);
  await peer.untilIdle();
});

for (
  const { title, length, content } of [
    { title: "more content than declared", length: "3", content: "four" },
    { title: "less content than declared", length: "5", content: "four" },
  ]
) {
  const fields: FieldList = [["content-length", length]];

  Deno.test(`H3Request answers 400 to ${title} while nothing was sent`, async () => {
    await using server = serveH3(async (exchange) => {
      await exchange.respond({ status: 200, fields: [] }); // held
      await readAll(exchange);
      await exchange.end();
    });
    const peer = server.connect();
    const other = peer.request({ method: "POST" });
    const request = peer.request({ method: "POST", fields }).data(content).finish();
    assert.equal((await request.response()).status, 400);
    assert.match(server.take("disconnected").join(), /^POST .*DisconnectError/);
    assert.match(server.take("refused").join(), /^POST 400 .*content-length/);
    assert.equal((await other.finish().response()).status, 200);
    await peer.untilIdle();
  });

  Deno.test(`H3Request closes the connection with H3_MESSAGE_ERROR for ${title} when the response has begun`, async () => {
    await using server = serveH3(async (exchange) => {
      await exchange.respond({ status: 200, fields: [] });
      await exchange.write("begun");
      await readAll(exchange);
      await exchange.end();
    });
    const peer = server.connect();
    const other = server.connect();
    const request = peer.request({ method: "POST", fields });
    await request.until(() => request.text === "begun", "the beginning");
    request.data(content).finish();
    assert.equal(await peer.closed(), "H3_MESSAGE_ERROR");
    assert.equal(request.complete, false);
    assert.match(server.take("connectionClosed").join(), /H3_MESSAGE_ERROR: .*content/);
    assert.equal((await other.request({ method: "POST" }).finish().response()).status, 200);
    await eventually(() => server.inFlight.requests === 0, "the end of the handlers");
    assert.deepEqual(server.listener.counts(), { connections: 1, requests: 0, streams: 0 });
  });
}

Deno.test("H3Request answers 400 to malformed trailers while nothing was sent", async () => {
  await using server = serveH3(echo);
  const peer = server.connect();
  const request = peer.request({ method: "POST" }).data("content");
  const response = await request.headers([[":path", "/"]]).finish().response();
  assert.equal(response.status, 400);
  assert.match(server.take("refused").join(), /^POST 400 /);
  await peer.untilIdle();
});

Deno.test("H3Request joins cookies and makes a host field of :authority", async () => {
  const seen: FieldList[] = [];
  await using server = serveH3((exchange) => {
    seen.push(exchange.request.fields);
    return answer(exchange);
  });
  await server.connect().get("/", { fields: [["cookie", "a=1"], ["x", "y"], ["cookie", "b=2"]] });
  assert.deepEqual(seen[0]![0], ["host", "localhost"]);
  assert.equal(getField(seen[0]!, "cookie"), "a=1; b=2");
});

Deno.test("H3Request reports what an application throws with method and URL, and answers 500", async () => {
  await using server = serveH3(() => Promise.reject(new Error("on purpose")));
  const peer = server.connect();
  assert.equal((await peer.get("/a?b")).status, 500);
  assert.deepEqual(server.take("failed"), ["GET https://localhost/a?b Error: on purpose"]);
  await peer.untilIdle();
});

Deno.test("H3Request answers 500 when an application throws before it returns a promise", async () => {
  await using server = serveH3(() => {
    throw new Error("at once");
  });
  const peer = server.connect();
  assert.equal((await peer.get()).status, 500);
  assert.deepEqual(server.take("failed"), ["GET https://localhost/ Error: at once"]);
  await peer.untilIdle();
});

Deno.test("H3Request answers 500 when an application returns without a response", async () => {
  await using server = serveH3(() => Promise.resolve());
  const peer = server.connect();
  assert.equal((await peer.get()).status, 500);
  assert.match(server.take("failed").join(), /returned without completing its response/);
  await peer.untilIdle();
});

Deno.test("H3ConnectionDriver counts handlers that run on after a reset, and serves no more than the limit", async () => {
  const running: (() => void)[] = [];
  await using server = serveH3(async (exchange) => {
    if (exchange.request.method === "GET") return answer(exchange);
    await new Promise<void>((resolve) => running.push(resolve));
  }, { maxConcurrentRequests: 3 });
  const peer = server.connect();
  for (let i = 0; i < 10; i++) {
    peer.request({ method: "POST" }).cancel(0x10c);
    await settled();
  }
  const streams: PeerExchange[] = [];
  for (let i = 0; i < 10; i++) streams.push(peer.request({ method: "POST" }));
  await settled();
  assert.equal(running.length, 3);
  for (const stream of streams) stream.cancel(0x10c);
  await settled();
  assert.equal(running.length, 3);
  assert.equal(server.listener.counts().requests, 3);
  const last = peer.request().finish();
  assert.equal(last.complete, false);
  for (let i = 0; i < running.length; i++) {
    running[i]!();
    await settled();
  }
  assert.equal((await last.response()).status, 200);
  await peer.untilIdle();
  assert.deepEqual(server.listener.counts(), { connections: 1, requests: 0, streams: 0 });
});
