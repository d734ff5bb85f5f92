/** What Hypercorn's list says of HTTP/3, where no other test shows it: over Deno's QUIC, from outside. */

import assert from "node:assert/strict";
import { type ASGIFramework, type Server, start } from "../../mod.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import { request } from "../_support/client.ts";
import { withDeadline } from "../_support/deadline.ts";
import { H3Client } from "../_support/h3_client.ts";

const app: ASGIFramework = async (scope, receive, send) => {
  if (scope.type !== "http") return;
  if (scope.path === "/drain") {
    for (;;) {
      const event = await receive();
      if (event.type !== "http.request" || !event.more_body) break;
    }
  }
  await send({ type: "http.response.start", status: 200 });
  await send({ type: "http.response.body", body: `from ${scope.path}` });
};

function serveH3(): Promise<Server> {
  const config = { bind: [], quicBind: "127.0.0.1:0", errorlog: null, gracefulTimeout: 60 };
  return start(app, { ...TLS_OPTIONS, ...config });
}

/** Sends a datagram to a server and returns what comes back, or nothing where nothing is waited for. */
async function exchange(
  server: Server,
  datagram: Uint8Array,
  { answered }: { answered: boolean },
): Promise<Uint8Array> {
  const { hostname, port } = new URL(server.binds[0]!.url);
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  try {
    await socket.send(datagram, { transport: "udp", hostname, port: Number(port) });
    if (!answered) return new Uint8Array(0);
    return (await withDeadline(socket.receive(), "a datagram"))[0];
  } finally {
    socket.close();
  }
}

Deno.test("QUIC answers a version that nobody knows with those it knows (RFC 9000 §6)", async () => {
  await using server = await serveH3();
  const [ours, theirs] = [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), new Uint8Array(8).fill(9)];
  const datagram = new Uint8Array(1200);
  datagram.set([0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, ...theirs, 8, ...ours]);
  const answer = await exchange(server, datagram, { answered: true });
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  assert.equal(view.getUint32(1), 0, "the version of Version Negotiation");
  assert.deepEqual([...answer.subarray(5, 23)], [8, ...ours, 8, ...theirs]);
  const versions: number[] = [];
  for (let at = 23; at + 4 <= answer.length; at += 4) versions.push(view.getUint32(at));
  assert.ok(versions.includes(1), `versions ${versions}`);
});

Deno.test("QUIC takes no harm from a first datagram below 1200 bytes (RFC 9000 §14.1)", async () => {
  await using server = await serveH3();
  const short = Uint8Array.of(0xc0, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 0);
  await exchange(server, short, { answered: false });
  await using client = new H3Client(server.binds[0]!.url);
  assert.equal((await request(client, { target: "/" })).text, "from /");
});

/** Requests that ended the whole QUIC listener of Hypercorn, or all clients of it. */
const DEADLY: { name: string; run(client: H3Client): Promise<void> }[] = [
  {
    name: "a path beyond ASCII",
    run: async (client) => {
      await request(client, { target: "/caf\xe9" }).catch(() => {}); // an answer or a reset, as the client likes
    },
  },
  {
    name: "request trailers",
    run: async (client) => {
      await using exchange = await client.open({ target: "/drain", content: "open" });
      await exchange.finish([["x-sum", "1"]]);
      assert.equal((await exchange.head()).status, 200);
    },
  },
  {
    name: "content after the answer",
    run: async (client) => {
      await using exchange = await client.open({ target: "/early", content: "open" });
      assert.equal((await exchange.head()).status, 200);
      await exchange.send(new Uint8Array(1000)).catch(() => {}); // the server may have asked to stop
    },
  },
  {
    name: "an upload that is left",
    run: async (client) => {
      const exchange = await client.open({ target: "/drain", content: "open" });
      await exchange.send(new Uint8Array(1000));
      await exchange.leave();
    },
  },
];

for (const { name, run } of DEADLY) {
  Deno.test(`${name} over HTTP/3 harms nobody else`, async () => {
    await using server = await serveH3();
    await using bad = new H3Client(server.binds[0]!.url);
    await using good = new H3Client(server.binds[0]!.url);
    assert.equal((await request(good, { target: "/before" })).text, "from /before");
    await run(bad);
    assert.equal((await request(good, { target: "/after" })).text, "from /after");
    await using late = new H3Client(server.binds[0]!.url);
    assert.equal((await request(late, { target: "/late" })).text, "from /late");
  });
}

Deno.test("a stop with idle HTTP/3 connections does not wait for them", async () => {
  const server = await serveH3();
  await using client = new H3Client(server.binds[0]!.url);
  await request(client, { target: "/" });
  await withDeadline(server.shutdown(), "the end of the stop"); // gracefulTimeout is 60
});
