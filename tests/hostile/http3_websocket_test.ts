/**
 * Attacks by WebSockets over HTTP/3, on real QUIC: exactly what the client gets and the application is told, that others
 * on the same connection live on, and that nothing is left.
 *
 * The runtime cannot reset a stream of its own; resets are tried on the QUIC in memory, see `h3_websocket_test.ts`.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { WebSocketSettings } from "../../src/protocol/guarded_socket.ts";
import { encodeFrame as encodeH3Frame, FRAME } from "../../src/h3/mod.ts";
import { concat } from "../_support/bytes.ts";
import { readResponse } from "../_support/client.ts";
import { BACKENDS } from "../_support/contract_h3_server.ts";
import { H3Attacker, headers } from "../_support/h3_attacker.ts";
import { H3ClientConnection } from "../_support/h3_client_connection.ts";
import { H3ClientExchange } from "../_support/h3_client_stream.ts";
import { controlStart } from "../_support/h3_peer.ts";
import { eventually } from "../_support/waiting.ts";
import { type Behaviour, ECHO, Recorder, webSocketApplication } from "../_support/websocket_app.ts";
import { encodeFrame, OP, readClose, type WebSocketClient } from "../_support/websocket_client.ts";
import { openWebSocketH3 } from "../_support/websocket_h3_client.ts";
import { handshakeFields } from "../_support/websocket_h3_peer.ts";
import { H3WebSocketServer } from "../_support/websocket_h3_server.ts";

interface Row {
  readonly name: string;
  /** What the client does after the handshake. */
  attack(client: WebSocketClient): Promise<void>;
  /** Code of the Close frame that it gets; `"cut"` for FIN without one. */
  readonly outcome: number | "cut";
  /** Code that the application is told; default 1006. */
  readonly told?: number;
  readonly behaviour?: Behaviour;
  readonly limits?: Partial<WebSocketSettings>;
}

function repeat(frame: Uint8Array, count: number): Uint8Array {
  return concat(Array.from({ length: count }, () => frame));
}

const ROWS: readonly Row[] = [
  {
    name: "2000 pings",
    attack: (client) => client.raw(repeat(encodeFrame(OP.ping), 2_000)),
    outcome: 1008,
  },
  {
    name: "2000 pongs",
    attack: (client) => client.raw(repeat(encodeFrame(OP.pong), 2_000)),
    outcome: 1008,
  },
  {
    name: "a message in 2000 empty frames",
    async attack(client) {
      await client.frame(OP.text, "", { fin: false });
      await client.raw(repeat(encodeFrame(OP.continuation, "", { fin: false }), 2_000));
    },
    outcome: 1008,
  },
  {
    name: "an announced length of 2^62 bytes",
    attack: (client) => client.frame(OP.binary, "", { length: 2n ** 62n }),
    outcome: 1009,
  },
  {
    name: "a message of a byte too many",
    attack: (client) => client.send("x".repeat(1001)),
    outcome: 1009,
  },
  {
    name: "a frame that is not masked",
    attack: (client) => client.frame(OP.text, "x", { masked: false }),
    outcome: 1002,
  },
  {
    name: "a request instead of frames",
    attack: (client) => client.raw(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")),
    outcome: 1002,
  },
  {
    name: "text that is not UTF-8",
    attack: (client) => client.frame(OP.text, new Uint8Array([0xff])),
    outcome: 1007,
  },
  {
    name: "half a frame, and then FIN",
    async attack(client) {
      await client.frame(OP.text, "half", { length: 10n });
      await client.finish();
    },
    outcome: "cut",
  },
  {
    name: "half a frame, and then nothing",
    attack: (client) => client.frame(OP.text, "half", { length: 10n }),
    outcome: 1011,
    limits: { pingInterval: 0.3 },
  },
  {
    name: "no answer to Close",
    attack: (client) => client.send("bye?"),
    outcome: 3000,
    behaviour: { message: (_data, socket) => socket.close(3000) },
    limits: { closeTimeoutMs: 30 },
  },
  {
    name: "a flood of messages instead of an answer to Close",
    attack: (client) => client.raw(repeat(encodeFrame(OP.text, "x".repeat(900)), 200)),
    outcome: 3000,
    behaviour: { message: (_data, socket) => socket.close(3000) },
    limits: { closeTimeoutMs: 30 },
  },
];

for (const backend of BACKENDS) {
  for (const { name, attack, outcome, told = 1006, behaviour = ECHO, limits = {} } of ROWS) {
    Deno.test(`WebSocket over HTTP/3 (${backend}): a client with ${name} gets ${outcome}, and others live on`, async () => {
      const closed = new Recorder<number>();
      const application = webSocketApplication("ASGI", {
        ...behaviour,
        closed: (code) => closed.add(code),
      });
      await using server = new H3WebSocketServer(application, { backend, limits });
      const connection = await H3ClientConnection.open(server.url);
      server.adopt(connection);
      const client = await openWebSocketH3(connection);
      await attack(client);
      assert.equal(await outcomeOf(client), outcome);
      assert.equal(await closed.next("the close"), told);
      client[Symbol.dispose]();
      await others(connection);
      await server.idle();
      await eventually(() => server.counts().streams === 0, "the end of all streams");
      assert.deepEqual(server.log.matching("ERROR"), []);
      await connection.close();
      await server.empties();
    });
  }

  Deno.test(`WebSocket over HTTP/3 (${backend}): HEADERS among the frames end the connection, and no other`, async () => {
    const closed = new Recorder<number>();
    const application = webSocketApplication("ASGI", { closed: (code) => closed.add(code) });
    await using server = new H3WebSocketServer(application, { backend });
    using attacker = await H3Attacker.connect(Number(new URL(server.url).port));
    await attacker.unidirectional(controlStart());
    const stream = await attacker.bidirectional(headers(handshakeFields()));
    await stream.readOnce();
    await stream.send(encodeH3Frame(FRAME.HEADERS, new Uint8Array(2)));
    assert.equal(await attacker.closed, "H3_FRAME_UNEXPECTED");
    assert.equal(await closed.next(), 1006);
    await server.empties();
  });

  Deno.test(`WebSocket over HTTP/3 (${backend}): 100 on one connection, requests beside them, then the connection is cut`, async () => {
    let closed = 0;
    const application = webSocketApplication("fetch exchange", { ...ECHO, closed: () => closed++ });
    // The runtime tells of streams that are free again when an eighth of them is.
    await using server = new H3WebSocketServer(application, { backend, maxStreams: 130 });
    const connection = await H3ClientConnection.open(server.url);
    server.adopt(connection);
    const clients = await Promise.all(
      Array.from({ length: 100 }, () => openWebSocketH3(connection)),
    );
    assert.equal(server.inFlight.sockets, 100);
    await Promise.all(clients.map(async (client, i) => {
      for (let n = 0; n < 5; n++) {
        await client.send(`${i} ${n}`);
        assert.equal(await client.message(), `${i} ${n}`);
      }
    }));
    for (let i = 0; i < 50; i++) await alive(connection);
    await connection.close();
    await server.empties();
    assert.equal(closed, 100);
    assert.deepEqual(server.log.matching("ERROR"), []);
  });

  Deno.test(`WebSocket over HTTP/3 (${backend}): handshakes that nobody answers are gone with their connection`, async () => {
    let asked = 0;
    const application = webSocketApplication("ASGI", {
      before() {
        asked++;
        return new Promise(() => {});
      },
    });
    const never = application.websocket;
    await using server = new H3WebSocketServer({
      ...application,
      websocket: (exchange) =>
        Promise.race([
          never(exchange),
          new Promise<void>((resolve) =>
            exchange.signal.addEventListener("abort", () => resolve())
          ),
        ]),
    }, { backend });
    const connection = await H3ClientConnection.open(server.url);
    server.adopt(connection);
    const opening = Array.from({ length: 50 }, () => openWebSocketH3(connection).catch(() => {}));
    await eventually(() => asked === 50, "50 handshakes");
    assert.equal(server.inFlight.requests, 50);
    assert.equal(server.inFlight.uploads, 0, "a stop need not wait for them");
    await connection.close();
    await Promise.all(opening);
    await server.empties();
  });
}

async function outcomeOf(client: WebSocketClient): Promise<number | "cut"> {
  for (let frame = await client.next(); frame; frame = await client.next()) {
    if (frame.opcode !== OP.close) continue; // pings and pongs before it
    await client.ended();
    return readClose(frame.payload).code;
  }
  return "cut";
}

/** A WebSocket and a request on the same connection. */
async function others(connection: H3ClientConnection): Promise<void> {
  const client = await openWebSocketH3(connection);
  await client.frame(OP.ping, "alive");
  assert.equal((await client.next())?.opcode, OP.pong);
  await client.close(1000);
  assert.equal((await client.closing()).code, 1000);
  await client.ended();
  client[Symbol.dispose]();
  await alive(connection);
}

async function alive(connection: H3ClientConnection): Promise<void> {
  const request = { target: "/alive" };
  const exchange = await H3ClientExchange.open(connection, "localhost", request);
  assert.equal((await readResponse(exchange)).text, "alive");
}
