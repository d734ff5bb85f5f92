/** What observers are told of requests over real QUIC, by both ways of reading and writing streams. */

import assert from "node:assert/strict";
import { request } from "../_support/client.ts";
import { H3Client } from "../_support/h3_client.ts";
import { BACKENDS, listenH3 } from "../_support/h3_listener.ts";
import { StrictObserver } from "../_support/strict_observer.ts";
import { eventually } from "../_support/waiting.ts";

/** Large enough that it needs many writes. */
const LARGE = 1_000_000;

function answer(request: Request): Response {
  const { pathname } = new URL(request.url);
  if (pathname === "/fails") throw new Error("on purpose");
  if (pathname === "/endless") {
    return new Response(
      new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(10_000)) }),
    );
  }
  return new Response(new Uint8Array(LARGE));
}

for (const backend of BACKENDS) {
  Deno.test(`the HTTP/3 driver tells its observer of clients over QUIC (${backend})`, async () => {
    const observer = new StrictObserver();
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const { port } = socket.addr as Deno.NetAddr;
    socket.close();
    const config = { errorlog: null, gracefulTimeout: 1 };
    const listener = listenH3(answer, { mode: "fetch", backend, port, config, observer });
    try {
      await using client = new H3Client(`https://127.0.0.1:${port}`);
      await request(client, { target: "/large" });
      await request(client, { target: "/fails" });
      const left = await client.open({ target: "/endless" });
      await left.read();
      await left.leave();
      await eventually(() => observer.open === 0, "the end of all observations");
      const unread = await client.open({ target: "/endless" });
      await unread.head();
      assert.deepEqual([observer.connections, observer.open], [1, 1]);
      await (await client.connection()).close();
      await eventually(() => observer.connections === 0, "the end of the connection");
    } finally {
      await listener.shutdown();
    }
    const told = observer.records.map(({ request, status, outcome }) => [request, status, outcome]);
    assert.deepEqual(told, [
      ["GET /large", 200, "complete"],
      ["GET /fails", 500, "failed"],
      ["GET /endless", 200, "aborted"],
      ["GET /endless", 200, "aborted"],
    ]);
    assert.equal(observer.records[0]!.sent, LARGE);
    assert.ok(observer.records[2]!.sent > 0);
    assert.deepEqual([observer.connections, observer.opened, observer.open], [0, 1, 0]);
  });
}
