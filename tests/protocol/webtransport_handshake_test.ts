/** What applications make of requests for WebTransport sessions over HTTP/3. */

import assert from "node:assert/strict";
import {
  type WebTransportHandler,
  WebTransportStreamError,
} from "../../src/webtransport_exchange.ts";
import { answer, H3Harness } from "../_support/h3_harness.ts";
import { connect, serveSessions, SessionPeer } from "./webtransport_peer.ts";

Deno.test("a session over HTTP/3 is accepted with 200, fields, a protocol that was offered, and the draft of browsers", async () => {
  const { server: harness } = serveSessions(async (exchange) => {
    assert.deepEqual(exchange.protocols, ["chat", "soap"]);
    assert.equal(exchange.request.method, "CONNECT");
    const session = await exchange.accept({ protocol: "soap", fields: [["x-a", "1"]] });
    await session.closed;
  });
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer, [
    ["wt-available-protocols", '"chat", "soap"'],
    ["sec-webtransport-http3-draft02", "1"],
  ]);
  assert.deepEqual(session.exchange.fields, [
    ["x-a", "1"],
    ["sec-webtransport-http3-draft", "draft02"],
    ["wt-protocol", '"soap"'],
  ]);
  assert.equal(peer.settings?.webTransportSessions, 4);
  assert.deepEqual(await session.close().ended(), ["close 0"]);
  await peer.untilIdle();
});

/** Servers without WebTransport. */
const WITHOUT: readonly { readonly name: string; readonly serve: () => H3Harness }[] = [
  {
    name: "no sessions are allowed",
    serve: () =>
      serveSessions(() => Promise.resolve(), { webtransport: { maxSessions: 0 } }).server,
  },
  {
    name: "the application has none",
    serve: () =>
      new H3Harness({
        http: (exchange) => answer(exchange),
        websocket: () => Promise.reject(new Error("No WebSocket can come here")),
      }, { webtransport: { maxSessions: 4, maxStreams: 100, origins: new Set() } }),
  },
];

for (const { name, serve } of WITHOUT) {
  Deno.test(`nothing of WebTransport is announced where ${name}, and a request for it gets 501`, async () => {
    await using server = serve();
    const peer = connect(server);
    await peer.get("/");
    assert.deepEqual([peer.settings?.webTransportSessions, peer.settings?.enableDatagrams], [
      0,
      false,
    ]);
    const session = new SessionPeer(peer).connect();
    assert.equal((await session.exchange.finish().response()).status, 501);
    assert.match(
      server.take("refused").join(),
      /501 .*"webtransport_max_sessions" is 0, or the application has none/,
    );
    await peer.untilIdle();
  });
}

/** What an application does, and what its client sees. */
const APPLICATIONS: readonly {
  readonly name: string;
  readonly webtransport: WebTransportHandler;
  readonly status: number;
  readonly heard?: readonly string[];
  readonly failed?: RegExp;
  readonly disconnected?: RegExp;
}[] = [
  {
    name: "returns",
    webtransport: async (exchange) => void await exchange.accept(),
    status: 200,
    heard: ["close 0"],
  },
  {
    name: "throws after it accepted",
    async webtransport(exchange) {
      await exchange.accept();
      throw new Error("on purpose");
    },
    status: 200,
    heard: ["close 1 Internal error"],
    failed: /CONNECT https:\/\/localhost\/ Error: on purpose/,
  },
  {
    name: "lets an error of a stream pass",
    async webtransport(exchange) {
      await exchange.accept();
      throw new WebTransportStreamError("The client reset the stream", 1);
    },
    status: 200,
    heard: ["close 1 Internal error"],
    disconnected: /The client reset the stream/,
  },
  {
    name: "throws at once",
    webtransport: () => {
      throw new Error("on purpose");
    },
    status: 500,
    failed: /on purpose/,
  },
  {
    name: "returns without an answer",
    webtransport: () => Promise.resolve(),
    status: 500,
    failed: /returned without completing its response/,
  },
  {
    name: "denies",
    async webtransport(exchange) {
      await exchange.respond({ status: 403, fields: [] });
      await exchange.write("no");
      await exchange.end();
    },
    status: 403,
  },
  {
    name: "denies with a status that accepts",
    webtransport: (exchange) => exchange.respond({ status: 204, fields: [] }),
    status: 500,
    failed: /Cannot deny the WebTransport session with status 204/,
  },
  {
    name: "chooses a protocol that was not offered",
    webtransport: async (exchange) => void await exchange.accept({ protocol: "chat" }),
    status: 500,
    failed: /protocol "chat" is not among those offered \(none\)/,
  },
  {
    name: "chooses a protocol by a field",
    webtransport: async (exchange) =>
      void await exchange.accept({ fields: [["wt-protocol", "chat"]] }),
    status: 500,
    failed: /field "wt-protocol": .* Choose a protocol with "protocols" \(fetch\) or "protocol"/,
  },
  {
    name: "names the draft by itself",
    webtransport: async (exchange) =>
      void await exchange.accept({ fields: [["sec-webtransport-http3-draft", "draft02"]] }),
    status: 500,
    failed: /field "sec-webtransport-http3-draft": the server sends it to clients that expect it/,
  },
  {
    name: "declares the length of its content",
    webtransport: async (exchange) =>
      void await exchange.accept({ fields: [["content-length", "0"]] }),
    status: 500,
    failed: /field "content-length": how long a session will be is not known. Leave it out/,
  },
  {
    name: "closes with a code that is none",
    async webtransport(exchange) {
      const session = await exchange.accept();
      session.close(2 ** 32);
    },
    status: 200,
    heard: ["close 1 Internal error"],
    failed: /ApplicationError: Cannot close the session with code 4294967296/,
  },
  {
    name: "accepts twice",
    async webtransport(exchange) {
      await exchange.accept();
      await exchange.accept();
    },
    status: 200,
    heard: ["close 1 Internal error"],
    failed: /Cannot accept the WebTransport session: its request was answered already/,
  },
  {
    name: "denies, then accepts",
    async webtransport(exchange) {
      await exchange.respond({ status: 403, fields: [] });
      await exchange.end();
      await exchange.accept();
    },
    status: 403,
    failed: /Cannot accept the WebTransport session: its request was answered already/,
  },
];

for (const { name, webtransport, status, heard, failed, disconnected } of APPLICATIONS) {
  Deno.test(`an application that ${name} answers a request for a session with ${status}`, async () => {
    const { server: harness } = serveSessions(webtransport);
    await using server = harness;
    const peer = connect(server);
    const session = new SessionPeer(peer).connect();
    await session.exchange.until(() => session.exchange.complete, "FIN");
    assert.equal(session.exchange.status, status);
    if (heard) assert.deepEqual(session.heard, heard);
    session.exchange.finish();
    await peer.untilIdle();
    assert.match(server.take("failed").join(), failed ?? /^$/);
    assert.match(server.take("disconnected").join(), disconnected ?? /^$/);
  });
}

Deno.test("accept() while the server stops answers 503, as for a WebSocket", async () => {
  const asked = Promise.withResolvers<void>();
  const stopping = Promise.withResolvers<void>();
  const { server: harness } = serveSessions(async (exchange) => {
    asked.resolve();
    await stopping.promise;
    await exchange.accept();
  });
  await using server = harness;
  const peer = connect(server);
  const session = new SessionPeer(peer).connect();
  session.exchange.finish();
  await asked.promise;
  server.inFlight.drain();
  stopping.resolve();
  assert.equal((await session.exchange.response()).status, 503);
  assert.match(
    server.take("refused").join(),
    /503 Cannot accept the WebTransport handshake: the server is shutting down/,
  );
  await peer.untilIdle();
});
