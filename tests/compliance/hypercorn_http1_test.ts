/** HTTP/1 features of Hypercorn's list: what is malformed, too large or half closed, and what that costs others. */

import assert from "node:assert/strict";
import { start } from "../../mod.ts";
import { withDeadline } from "../_support/deadline.ts";
import { RawConnection } from "../_support/raw_http.ts";

/** Bytes of a request head that are more than any limit here. */
const ENDLESS = 1_000_000;

const POST = "POST / HTTP/1.1\r\nHost: h\r\n";

/** Requests that end with a status and the connection, without the application. */
const REFUSED: { name: string; bytes: string; status: number }[] = [
  { name: "that is no HTTP", bytes: "broken nonsense\r\n\r\n", status: 400 },
  { name: "of HTTP/0.9", bytes: "GET /\r\n\r\n", status: 400 },
  { name: "of HTTP/1.2", bytes: "GET / HTTP/1.2\r\nHost: h\r\n\r\n", status: 400 },
  { name: "of HTTP/2.5", bytes: "GET / HTTP/2.5\r\nHost: h\r\n\r\n", status: 400 },
  { name: "with a raw byte in its target", bytes: "GET /\xe9 HTTP/1.1\r\n\r\n", status: 400 },
  { name: "with a space in a name", bytes: "GET / HTTP/1.1\r\nHost : h\r\n\r\n", status: 400 },
  { name: "with a folded line", bytes: `${POST}a: b\r\n c\r\n\r\n`, status: 400 },
  { name: "with NUL in a value", bytes: `${POST}a: b\0\r\n\r\n`, status: 400 },
  {
    name: "with content-length and transfer-encoding",
    bytes: `${POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    name: "with two content-lengths",
    bytes: `${POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
    status: 400,
  },
  {
    name: "with a transfer coding other than chunked",
    bytes: `${POST}Transfer-Encoding: gzip\r\n\r\n`,
    status: 400,
  },
  {
    name: "of HTTP/1.0 with transfer-encoding",
    bytes: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    status: 400,
  },
];

for (const { name, bytes, status } of REFUSED) {
  Deno.test(`a request ${name} is answered with ${status} and closed, and the application not asked`, async () => {
    let calls = 0;
    await using server = await start(() => new Response(`${++calls}`), {
      bind: "127.0.0.1:0",
      errorlog: null,
    });
    using connection = await RawConnection.open(server.binds[0]!.url);
    await connection.send(bytes);
    const answer = await connection.rest();
    assert.ok(answer.startsWith(`HTTP/1.1 ${status} `), answer);
    assert.match(answer, /\r\ncontent-length: 0\r\n/i);
    assert.match(answer, /\r\nconnection: close\r\n/i);
    assert.equal(calls, 0);
  });
}

Deno.test("chunk extensions and trailers of a request are passed over", async () => {
  await using server = await start(async (request) => new Response(await request.text()), {
    bind: "127.0.0.1:0",
    errorlog: null,
  });
  using connection = await RawConnection.open(server.binds[0]!.url);
  await connection.send(
    `${POST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nab\r\n0\r\nx: y\r\n\r\n`,
  );
  assert.match(await connection.rest(), /\r\n\r\nab$/);
});

Deno.test("a broken chunk ends the connection, and no application takes what came for the whole", async () => {
  const entered = Promise.withResolvers<void>();
  await using server = await start(async (request) => {
    entered.resolve();
    const whole = await request.text().then(() => true, () => false);
    return new Response(whole ? "whole" : "broken");
  }, { bind: "127.0.0.1:0", errorlog: null });
  using connection = await RawConnection.open(server.binds[0]!.url);
  await connection.send(`${POST}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`);
  await withDeadline(entered.promise, "the request"); // the runtime drops one that breaks before it is handed over
  await connection.send("zz\r\n");
  const answer = await connection.rest();
  assert.match(answer, /\r\nconnection: close\r\n/i);
  assert.match(answer, /\r\n\r\nbroken$/);
});

for (const trickled of [false, true]) {
  const how = trickled ? "that comes in pieces" : "that comes at once";
  Deno.test(`a request head without end ${how} ends with its connection, and others are served`, async () => {
    let calls = 0;
    await using server = await start(() => new Response(`call ${++calls}`), {
      bind: "127.0.0.1:0",
      errorlog: null,
    });
    const { url } = server.binds[0]!;
    using connection = await RawConnection.open(url);
    const line = trickled ? `x: ${"a".repeat(1000)}\r\n` : `x: ${"a".repeat(ENDLESS)}\r\n`;
    const flood = async () => {
      await connection.send("GET / HTTP/1.1\r\nHost: h\r\n");
      for (let sent = 0; sent < ENDLESS; sent += line.length) await connection.send(line);
    };
    await flood().catch(() => {}); // the server closes in between
    assert.match(await connection.rest(), /^(HTTP\/1\.1 4(00|31) |$)/); // a reset may overtake the answer
    assert.equal(await (await fetch(url)).text(), "call 1");
  });
}

Deno.test("a client that closes its half is taken for one that left, and the application is told", async () => {
  const told = Promise.withResolvers<void>();
  await using server = await start(async (request) => {
    request.signal.addEventListener("abort", () => told.resolve());
    await told.promise;
    return new Response("too late");
  }, { bind: "127.0.0.1:0", errorlog: null });
  const { hostname, port } = new URL(server.binds[0]!.url);
  const socket = await Deno.connect({ hostname, port: Number(port) });
  await socket.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  await socket.closeWrite();
  using connection = new RawConnection(socket);
  await withDeadline(told.promise, "the disconnect");
  assert.equal(await connection.rest(), "");
});
