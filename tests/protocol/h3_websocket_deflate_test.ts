/** Compressed messages (RFC 7692) over HTTP/3: what is agreed on, and that it is done. */

import assert from "node:assert/strict";
import { fetchApplication } from "../../src/app/fetch.ts";
import type { WebSocketExchange } from "../../src/exchange.ts";
import { ZLIB } from "../../src/protocol/deflate_codec.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import { upgradeWebSocket } from "../../src/server/upgrade.ts";
import { settled } from "../_support/response_recorder.ts";
import { eventually } from "../_support/waiting.ts";
import {
  receiveAll,
  serveSockets,
  SocketPeer,
  type SocketSettings,
} from "../_support/websocket_h3_peer.ts";

/** Settings of a server that compresses. */
function compressing(limits: { maxMessageSize?: number } = {}): SocketSettings {
  const websocket = { maxMessageSize: 1_000_000, pingInterval: null, inFlight: new InFlight() };
  return { websocket: { ...websocket, ...limits, permessageDeflate: true } };
}

const CONTEXTS = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/** Offers, and what the server answers; `null` when it goes on without compression. */
const OFFERS: readonly (readonly [offer: string | null, answer: string | null])[] = [
  [null, null],
  ["", null],
  ["permessage-deflate", CONTEXTS],
  ["permessage-deflate; client_max_window_bits", CONTEXTS],
  ["permessage-deflate; server_max_window_bits=10", `${CONTEXTS}; server_max_window_bits=10`],
  ["x-other; a=1, permessage-deflate; client_no_context_takeover", CONTEXTS],
  ["permessage-deflate; server_max_window_bits=8", null],
  ["permessage-deflate; server_max_window_bits=16", null],
  ["permessage-deflate; server_max_window_bits=99999999999", null],
  ["permessage-deflate; client_max_window_bits=0", null],
  ["permessage-deflate; server_max_window_bits=9; server_max_window_bits=15", null],
  ["permessage-deflate; level=9", null],
];

for (const [offer, answer] of OFFERS) {
  Deno.test(`a client over HTTP/3 that offers ${JSON.stringify(offer)} gets ${JSON.stringify(answer)}`, async () => {
    const seen: unknown[] = [];
    const { server: harness } = serveSockets(async (exchange) => {
      seen.push(exchange.extensions);
      await exchange.accept();
      seen.push(exchange.extensions);
      await echo(exchange);
    }, compressing());
    await using server = harness;
    const peer = server.connect();
    const socket = await SocketPeer.open(peer, offer === null ? [] : [[FIELD, offer]]);
    assert.equal(socket.extensions, answer);
    assert.deepEqual(seen, ["", answer ?? ""]);
    const text = "é".repeat(2000);
    socket.send(text);
    assert.deepEqual(await socket.hears(1), [`text ${text}`]);
    assert.equal(socket.exchange.content.length < 100, answer !== null, "it is compressed");
    socket.close().exchange.finish();
    await peer.untilIdle();
  });
}

const FIELD = "sec-websocket-extensions";

async function echo(exchange: WebSocketExchange): Promise<void> {
  for (;;) {
    const event = await exchange.receive();
    if (event.type === "close") return;
    await exchange.send(event.data);
  }
}

Deno.test("a client over HTTP/3 whose offers come in two field lines has them read as one list", async () => {
  const { server: harness } = serveSockets(async (exchange) => {
    await exchange.accept();
    await receiveAll(exchange);
  }, compressing());
  await using server = harness;
  const peer = server.connect();
  const fields = ["permessage-deflate; level=9", "permessage-deflate"];
  const socket = await SocketPeer.open(peer, fields.map((value) => [FIELD, value]));
  assert.equal(socket.extensions, CONTEXTS);
  socket.close().exchange.finish();
  await peer.untilIdle();
});

Deno.test("a client over HTTP/3 whose offer is malformed gets 400, and the application is not to blame (RFC 6455 §9.1)", async () => {
  const { server: harness } = serveSockets((exchange) => exchange.accept(), compressing());
  await using server = harness;
  const peer = server.connect();
  for (const offer of ["permessage-deflate;", "permessage-deflate; =9", '"', "a b"]) {
    const { exchange } = new SocketPeer(peer, [[FIELD, offer]]);
    exchange.finish();
    assert.equal((await exchange.response()).status, 400, offer);
  }
  await peer.untilIdle();
  assert.equal(server.take("refused").length, 4);
  assert.deepEqual(server.take("failed"), []);
});

Deno.test("without websocket_permessage_deflate an offer over HTTP/3 is not looked at, and RSV1 closes with 1002", async () => {
  const { server: harness } = serveSockets(async (exchange) => {
    await exchange.accept();
    assert.equal(exchange.extensions, "");
    await receiveAll(exchange);
  });
  await using server = harness;
  const peer = server.connect();
  for (const offer of ["permessage-deflate", "permessage-deflate;"]) {
    const socket = await SocketPeer.open(peer, [[FIELD, offer]]);
    assert.equal(socket.extensions, null);
    socket.compressed(ZLIB.deflate(new Uint8Array(9), 15));
    assert.match((await socket.ended()).join(), /^close 1002 /);
    socket.exchange.finish();
  }
  await peer.untilIdle();
});

Deno.test("an application that sends the field itself is refused, compression or not", async () => {
  const { server: harness } = serveSockets(
    (exchange) => exchange.accept({ fields: [[FIELD, "permessage-deflate"]] }),
    compressing(),
  );
  await using server = harness;
  const peer = server.connect();
  const { exchange } = new SocketPeer(peer, [[FIELD, "permessage-deflate"]]);
  exchange.finish();
  assert.equal((await exchange.response()).status, 500);
  assert.match(server.take("failed").join(), /with field "sec-websocket-extensions"/);
  await peer.untilIdle();
});

Deno.test("a fetch application over HTTP/3 sees in extensions what was agreed on, once the socket is open", async () => {
  const seen: string[] = [];
  const application = fetchApplication((request) => {
    const { socket, response } = upgradeWebSocket(request);
    seen.push(socket.extensions);
    socket.onopen = () => seen.push(socket.extensions);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  });
  const { server: harness } = serveSockets(application.websocket, compressing());
  await using server = harness;
  const peer = server.connect();
  const socket = await SocketPeer.open(peer, [[FIELD, "permessage-deflate"]]);
  await eventually(() => seen.length === 2, "the open event");
  assert.deepEqual(seen, ["", CONTEXTS]);
  socket.compressed(ZLIB.deflate(new Uint8Array(70_000), 15));
  assert.deepEqual(await socket.hears(1), ["70000 bytes"]);
  socket.close().exchange.finish();
  await peer.untilIdle();
});

/** Counts messages that are decompressed. */
class Inflations implements Disposable {
  count = 0;
  readonly #inflate = ZLIB.inflate;

  constructor() {
    ZLIB.inflate = (data, limit) => {
      this.count++;
      return this.#inflate(data, limit);
    };
  }

  [Symbol.dispose](): void {
    ZLIB.inflate = this.#inflate;
  }
}

/** Messages that cannot be taken: bytes after DEFLATE, and the code of the Close frame. */
const REFUSED: readonly (readonly [name: string, deflated: Uint8Array, code: number])[] = [
  ["a byte more than the limit", ZLIB.deflate(new Uint8Array(1_000_001), 15), 1009],
  ["16 MiB in 16 KiB", ZLIB.deflate(new Uint8Array(1 << 24), 15), 1009],
  ["what is no DEFLATE", Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0), 1007],
];

for (const [name, deflated, code] of REFUSED) {
  Deno.test(`a compressed message over HTTP/3 of ${name} closes with ${code}`, async () => {
    using inflations = new Inflations();
    const received: string[] = [];
    const { server: harness } = serveSockets(async (exchange) => {
      await exchange.accept();
      received.push(...await receiveAll(exchange));
    }, compressing());
    await using server = harness;
    const peer = server.connect();
    const socket = await SocketPeer.open(peer, [[FIELD, "permessage-deflate"]]);
    socket.compressed(ZLIB.deflate(new Uint8Array(1_000_000), 15));
    for (let i = 0; i < 10; i++) socket.compressed(deflated); // of which the first one counts
    assert.match((await socket.ended()).join(), new RegExp(`^close ${code} Cannot accept`));
    await eventually(() => received.length === 2, "the close");
    assert.deepEqual(received, ["1000000 bytes", "close 1006"]);
    assert.equal(inflations.count, 2);
    socket.exchange.finish();
    await peer.untilIdle();
  });
}

Deno.test("compressed messages over HTTP/3 wait compressed for an application that does not receive", async () => {
  using inflations = new Inflations();
  const start = Promise.withResolvers<void>();
  const { server: harness } = serveSockets(async (exchange) => {
    await exchange.accept();
    await start.promise;
    await echo(exchange);
  }, compressing());
  await using server = harness;
  const peer = server.connect();
  const socket = await SocketPeer.open(peer, [[FIELD, "permessage-deflate"]]);
  const deflated = ZLIB.deflate(new Uint8Array(1_000_000), 15);
  for (let i = 0; i < 100; i++) socket.compressed(deflated);
  await eventually(() => inflations.count > 0, "the first of them");
  await settled();
  assert.equal(inflations.count, 1, "one is enough to hold up the client");
  start.resolve();
  assert.equal((await socket.hears(100)).length, 100);
  socket.close().exchange.finish();
  await peer.untilIdle();
});
