/** WebSockets over HTTP/3: the handshake, and every way in which one can end. */

import assert from "node:assert/strict";
import { ApplicationError, DisconnectError, ShutdownError } from "../../src/errors.ts";
import type { WebSocketExchange, WebSocketHandler } from "../../src/exchange.ts";
import type { FieldList } from "../../src/fields.ts";
import { H3 } from "../../src/h3/mod.ts";
import { ConcurrencyLimit } from "../../src/protocol/request_limits.ts";
import type { H3Harness } from "../_support/h3_harness.ts";
import type { H3Peer } from "../_support/h3_peer.ts";
import { RecordingObserver } from "../_support/recording_observer.ts";
import { receiveAll, serveSockets, SocketPeer } from "../_support/websocket_h3_peer.ts";
import { OP } from "../_support/websocket_client.ts";
import { eventually } from "../_support/waiting.ts";

/** Receives until the end, whatever comes. */
async function drain(exchange: WebSocketExchange): Promise<void> {
  while ((await exchange.receive()).type !== "close");
}

Deno.test("a WebSocket over HTTP/3 is accepted with 200, fields, and a subprotocol that was offered", async () => {
  const { server: harness } = serveSockets(async (exchange) => {
    assert.deepEqual(exchange.subprotocols, ["soap", "chat"]);
    assert.equal(exchange.request.method, "CONNECT");
    await exchange.accept({ subprotocol: "chat", fields: [["x-a", "1"]] });
    await drain(exchange);
  });
  await using server = harness;
  const peer = server.connect();
  const socket = await SocketPeer.open(peer, [["sec-websocket-protocol", "soap, chat"]]);
  assert.deepEqual(socket.exchange.fields, [["x-a", "1"], ["sec-websocket-protocol", "chat"]]);
  assert.equal(peer.settings?.enableConnectProtocol, true);
  assert.deepEqual(await socket.close().ended(), ["close 1000"]);
  socket.exchange.finish();
  await peer.untilIdle();
});

/** What an application does before it accepts, and the answer. */
const HANDSHAKES: readonly {
  readonly name: string;
  readonly websocket: WebSocketHandler;
  readonly status: number;
  readonly content?: string;
  readonly reports?: RegExp;
}[] = [
  {
    name: "denies",
    async websocket(exchange) {
      await exchange.respond({ status: 403, fields: [] });
      await exchange.write("not ");
      await exchange.write("you");
      await exchange.end();
    },
    status: 403,
    content: "not you",
  },
  {
    name: "denies with a status that would accept",
    websocket: (exchange) => exchange.respond({ status: 204, fields: [] }),
    status: 500,
    reports: /Cannot deny the WebSocket with status 204: over HTTP\/3 that accepts it/,
  },
  {
    name: "chooses a subprotocol that was not offered",
    websocket: (exchange) => exchange.accept({ subprotocol: "chat" }),
    status: 500,
    reports: /subprotocol "chat" is not among those offered \(none\)/,
  },
  {
    name: "accepts with a field of the handshake",
    websocket: (exchange) => exchange.accept({ fields: [["sec-websocket-accept", "x"]] }),
    status: 500,
    reports: /Cannot accept the WebSocket with field "sec-websocket-accept"/,
  },
  {
    name: "sends first",
    websocket: (exchange) => exchange.send("early"),
    status: 500,
    reports: /Cannot call send\(\): the WebSocket is in state "handshake"/,
  },
  {
    name: "returns without an answer",
    websocket: () => Promise.resolve(),
    status: 500,
    reports: /The application returned without completing its response/,
  },
  {
    name: "throws as it is called",
    websocket() {
      throw new Error("at once");
    },
    status: 500,
    reports: /at once/,
  },
];

for (const { name, websocket, status, content = "", reports } of HANDSHAKES) {
  Deno.test(`an application that ${name} answers the handshake over HTTP/3 with ${status}`, async () => {
    const { server: harness } = serveSockets(websocket);
    await using server = harness;
    const peer = server.connect();
    const { exchange } = new SocketPeer(peer);
    exchange.finish();
    await exchange.response();
    assert.deepEqual([exchange.status, exchange.text], [status, content]);
    const failed = server.take("failed");
    assert.equal(failed.length, reports ? 1 : 0);
    if (reports) assert.match(failed[0]!, reports);
    await peer.untilIdle();
  });
}

Deno.test("an application that accepts over HTTP/3 and returns closes with 1011, and it is reported", async () => {
  const { server: harness } = serveSockets((exchange) => exchange.accept());
  await using server = harness;
  const peer = server.connect();
  const socket = await SocketPeer.open(peer);
  assert.deepEqual(await socket.hears(1), ["close 1011 Internal error"]);
  socket.close(1011).exchange.finish();
  await peer.untilIdle();
  assert.match(server.take("failed").join(), /returned without closing the WebSocket/);
});

Deno.test("calls after the end of a WebSocket over HTTP/3: the close again and again, and DisconnectError", async () => {
  const seen: unknown[] = [];
  const { server: harness } = serveSockets(async (exchange) => {
    await exchange.accept();
    await receiveAll(exchange);
    seen.push(await exchange.receive(), await exchange.receive());
    seen.push(await exchange.send("late").catch((error) => error.constructor));
    await exchange.close(4000);
    exchange.abort(new Error("late"));
  });
  await using server = harness;
  const peer = server.connect();
  const socket = await SocketPeer.open(peer);
  assert.deepEqual(await socket.close(1001, "bye").ended(), ["close 1001"]);
  const close = { type: "close", code: 1001, reason: "bye" };
  await eventually(() => seen.length === 3, "the calls");
  assert.deepEqual(seen, [close, close, DisconnectError]);
  socket.exchange.finish();
  await peer.untilIdle();
});

Deno.test("a WebSocket over HTTP/3 refuses what cannot be sent in a Close frame, and lives on", async () => {
  const refused: unknown[] = [];
  const { server: harness } = serveSockets(async (exchange) => {
    await exchange.accept();
    for (const [code, reason] of [[1005, ""], [99, ""], [1000, "x".repeat(124)]] as const) {
      await exchange.close(code, reason).catch((error) => refused.push(error));
    }
    await exchange.send("alive");
    await exchange.close();
    await exchange.close(4000, "the second does nothing");
    await assert.rejects(exchange.send("late"), /in state "closing"/);
    await drain(exchange);
  });
  await using server = harness;
  const peer = server.connect();
  const socket = await SocketPeer.open(peer);
  assert.deepEqual(await socket.hears(2), ["text alive", "close 1000"]);
  assert.ok(refused.every((error) => error instanceof ApplicationError));
  assert.equal(refused.length, 3);
  socket.close().exchange.finish();
  await peer.untilIdle();
});

/** Ends from outside, and what both sides see. */
const ENDS: readonly {
  readonly name: string;
  end(socket: SocketPeer, server: H3Harness, peer: H3Peer): void;
  /** What the application receives last. */
  readonly received: string;
  /** What the client hears; `null` where nothing can be heard. */
  readonly heard: readonly string[] | null;
  readonly outcome: string;
}[] = [
  {
    name: "the client closes",
    end: (socket) => socket.close(3000, "done").exchange.finish(),
    received: "close 3000 done",
    heard: ["close 3000"],
    outcome: "ended complete",
  },
  {
    name: "the client closes without a code",
    end: (socket) => socket.frame(OP.close).exchange.finish(),
    received: "close 1005",
    heard: ["close 1005"],
    outcome: "ended complete",
  },
  {
    name: "the client ends its stream without a Close frame",
    end: (socket) => socket.exchange.finish(),
    received: "close 1006",
    heard: [],
    outcome: "ended aborted",
  },
  {
    name: "the client ends its stream inside a frame",
    end: (socket) => socket.frame(OP.text, "half", { length: 10n }).exchange.finish(),
    received: "close 1006",
    heard: [],
    outcome: "ended aborted",
  },
  {
    name: "the client resets the stream, and wants the answers still",
    end: (socket) => socket.exchange.stream.reset(H3.REQUEST_CANCELLED),
    received: "close 1006",
    heard: [],
    outcome: "ended aborted",
  },
  {
    name: "the client cancels the stream",
    end: (socket) => socket.exchange.cancel(H3.REQUEST_CANCELLED),
    received: "close 1006",
    heard: null,
    outcome: "ended aborted",
  },
  {
    name: "the client closes the connection",
    end: (_socket, _server, peer) => peer.client.close(H3.NO_ERROR),
    received: "close 1006",
    heard: null,
    outcome: "ended aborted",
  },
  {
    name: "the client breaks a rule",
    end: (socket) => socket.frame(3, "x").exchange.finish(),
    received: "close 1006",
    heard: ["close 1002 Cannot accept the frame: the opcode 0x3 is reserved"],
    outcome: "ended aborted",
  },
  {
    name: "the server begins to stop",
    end(socket, { inFlight }) {
      inFlight.drain();
      void socket.hears(2).then(() => socket.close(1001).exchange.finish());
    },
    received: "close 1001",
    heard: ["close 1001 Server shutting down"],
    outcome: "ended complete",
  },
  {
    name: "the server begins to restart",
    end(socket, { inFlight }) {
      inFlight.leave(1012);
      void socket.hears(2).then(() => socket.close(1012).exchange.finish());
    },
    received: "close 1012",
    heard: ["close 1012 Server restarting"],
    outcome: "ended complete",
  },
  {
    name: "a stop comes to its deadline",
    end(socket, { inFlight }) {
      inFlight.cut(new ShutdownError());
      socket.exchange.finish();
    },
    received: "close 1006",
    heard: [],
    outcome: "ended aborted",
  },
];

for (const { name, end, received, heard, outcome } of ENDS) {
  Deno.test(`a WebSocket over HTTP/3 is over when ${name}: ${received}, ${outcome}, and others live on`, async () => {
    const results: Promise<string[]>[] = [];
    const observer = new RecordingObserver();
    const { server: harness, clock } = serveSockets(async (exchange) => {
      await exchange.accept();
      await exchange.send("hi");
      const received = receiveAll(exchange);
      results.push(received);
      await received;
    }, { observer });
    await using server = harness;
    const peer = server.connect();
    const socket = await SocketPeer.open(peer);
    await socket.hears(1);
    end(socket, server, peer);
    assert.deepEqual(await results[0], [received]);
    if (heard) assert.deepEqual(await socket.ended(), ["text hi", ...heard]);
    if (!peer.over) {
      await peer.untilIdle();
      assert.equal((await peer.get()).status, 200);
    }
    await eventually(() => observer.inFlight === 0, "the end for the observer");
    assert.deepEqual(observer.events[0], ["responded 200", "sent 2", outcome]);
    assert.equal(server.inFlight.sockets, 0);
    assert.equal(clock.size, peer.over ? 0 : 1, "the connection alone is watched");
  });
}

/** What an observer is told, where an application or the server ends it. */
const OBSERVED: readonly {
  readonly name: string;
  readonly websocket: WebSocketHandler;
  readonly fields?: FieldList;
  readonly draining?: boolean;
  play?(socket: SocketPeer): Promise<unknown>;
  readonly events: readonly string[];
  /** What is reported beside it. */
  readonly reports?: "failed" | "refused";
}[] = [
  {
    name: "an echo of messages of either kind, in bytes of UTF-8",
    async websocket(exchange) {
      await exchange.accept();
      for (;;) {
        const event = await exchange.receive();
        if (event.type === "close") return;
        await exchange.send(event.data);
      }
    },
    play: (socket) => socket.send("h\u00e9llo").send(new Uint8Array(300)).send("").hears(3),
    events: ["responded 200", "sent 306", "ended complete"],
  },
  {
    name: "a message that is too big",
    async websocket(exchange) {
      await exchange.accept();
      await drain(exchange);
    },
    play: (socket) => socket.frame(OP.binary, "", { length: 2n ** 40n }).ended(),
    events: ["responded 200", "ended aborted"],
  },
  {
    name: "an application that fails",
    async websocket(exchange) {
      await exchange.accept();
      throw new Error("failed on purpose");
    },
    play: (socket) => socket.hears(1),
    events: ["responded 200", "ended failed"],
    reports: "failed",
  },
  {
    name: "an application that fails before it answers",
    websocket: () => Promise.reject(new Error("failed on purpose")),
    events: ["responded 500", "ended failed"],
    reports: "failed",
  },
  {
    name: "a denial",
    async websocket(exchange) {
      await exchange.respond({ status: 403, fields: [] });
      await exchange.write("not you");
      await exchange.end();
    },
    events: ["responded 403", "sent 7", "ended complete"],
  },
  {
    name: "a version that is not known",
    websocket: (exchange) => exchange.accept(),
    fields: [["sec-websocket-version", "8"]],
    events: ["responded 400", "ended refused handshake"],
    reports: "refused",
  },
  {
    name: "a handshake while the server stops",
    websocket: (exchange) => exchange.accept(),
    draining: true,
    events: ["responded 503", "ended refused shutting_down"],
    reports: "refused",
  },
];

for (const row of OBSERVED) {
  const { name, websocket, fields, draining, play, events, reports } = row;
  Deno.test(`the observer of a WebSocket over HTTP/3 is told of ${name}: ${events.join(", ")}`, async () => {
    const observer = new RecordingObserver();
    const { server: harness } = serveSockets(websocket, { observer });
    await using server = harness;
    const peer = server.connect();
    if (draining) server.inFlight.drain();
    const socket = new SocketPeer(peer, fields);
    await play?.(socket);
    if (play) socket.close();
    socket.exchange.finish();
    await eventually(() => observer.requests.length === 1 && observer.inFlight === 0, "the end");
    assert.deepEqual(observer.events, [events]);
    const { request } = observer.requests[0]!;
    const { method, httpVersion } = request;
    assert.deepEqual([method, httpVersion, request.websocket], ["CONNECT", "3", true]);
    await peer.untilIdle();
    assert.equal(reports ? server.take(reports).length : 1, 1);
  });
}

Deno.test("an open WebSocket over HTTP/3 counts for limit_concurrency", async () => {
  const concurrency = new ConcurrencyLimit(1);
  const { server: harness } = serveSockets(async (exchange) => {
    await exchange.accept();
    await drain(exchange);
  }, { observer: concurrency, limits: { concurrency } });
  await using server = harness;
  const peer = server.connect();
  const socket = await SocketPeer.open(peer);
  assert.equal((await peer.get()).status, 503);
  const second = new SocketPeer(peer);
  second.exchange.finish();
  assert.equal((await second.exchange.response()).status, 503);
  assert.equal(server.take("refused").length, 2);
  socket.close().exchange.finish();
  await socket.ended();
  await eventually(() => concurrency.open === 0, "the end of the WebSocket");
  assert.equal((await peer.get()).status, 200);
});
