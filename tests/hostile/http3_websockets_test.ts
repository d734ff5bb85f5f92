/**
 * Five hundred WebSockets over ten HTTP/3 connections, half of which are lost without a word: the others notice nothing,
 * and every count goes back to where it was.
 *
 * @module
 */

import assert from "node:assert/strict";
import { BACKENDS } from "../_support/contract_h3_server.ts";
import { record } from "../_support/h3_attack_target.ts";
import { H3ClientConnection } from "../_support/h3_client_connection.ts";
import { RecordingObserver } from "../_support/recording_observer.ts";
import { eventually } from "../_support/waiting.ts";
import { ECHO, webSocketApplication } from "../_support/websocket_app.ts";
import type { WebSocketClient } from "../_support/websocket_client.ts";
import { openWebSocketH3 } from "../_support/websocket_h3_client.ts";
import { H3WebSocketServer } from "../_support/websocket_h3_server.ts";

const CONNECTIONS = 10;
const SOCKETS = 50;
const MESSAGES = 20;

for (const backend of BACKENDS) {
  Deno.test(`WebSocket over HTTP/3 (${backend}): of 500 on 10 connections half are lost, and the others are served`, async () => {
    const codes: number[] = [];
    const observer = new RecordingObserver();
    const application = webSocketApplication("fetch exchange", {
      ...ECHO,
      closed: (code) => codes.push(code),
    });
    await using server = new H3WebSocketServer(application, { backend, observer });
    const parties = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => Party.open(server)),
    );
    const total = CONNECTIONS * SOCKETS;
    assert.deepEqual([server.inFlight.sockets, observer.inFlight], [total, total]);
    const start = performance.now();
    await Promise.all(parties.map((party) => party.talk("first")));
    const seconds = (performance.now() - start) / 1000;
    record(`${Math.round(total * MESSAGES / seconds)} echoes a second, ${backend}`);

    const lost = parties.slice(0, CONNECTIONS / 2);
    const others = parties.slice(CONNECTIONS / 2);
    const talking = Promise.all(others.map((party) => party.talk("second")));
    await Promise.all(lost.map((party) => party.connection.close()));
    await talking;
    await eventually(() => server.inFlight.sockets === total / 2, "the end of half of them");
    assert.equal(server.counts().streams, total / 2);
    await Promise.all(others.map((party) => party.talk("third")));
    await Promise.all(others.map((party) => party.leave()));
    await server.idle();
    await eventually(() => server.counts().streams === 0, "the end of all streams");
    await Promise.all(others.map((party) => party.connection.close()));
    await server.empties();

    const of = (code: number) => codes.filter((one) => one === code).length;
    assert.deepEqual([of(1006), of(1000)], [total / 2, total / 2]);
    assert.equal(observer.inFlight, 0);
    const ends = observer.events.map((events) => events.at(-1));
    assert.equal(ends.filter((end) => end === "ended complete").length, total / 2);
    assert.equal(ends.filter((end) => end === "ended aborted").length, total / 2);
    assert.deepEqual(server.log.matching("ERROR"), []);
  });
}

/** The WebSockets of one connection. */
class Party {
  readonly connection: H3ClientConnection;
  readonly #clients: readonly WebSocketClient[];

  private constructor(connection: H3ClientConnection, clients: readonly WebSocketClient[]) {
    this.connection = connection;
    this.#clients = clients;
  }

  static async open(server: H3WebSocketServer): Promise<Party> {
    const connection = await H3ClientConnection.open(server.url);
    server.adopt(connection);
    const opening = Array.from({ length: SOCKETS }, () => openWebSocketH3(connection));
    return new Party(connection, await Promise.all(opening));
  }

  /** Sends messages on all of them, each when the one before has come back. */
  async talk(text: string): Promise<void> {
    await Promise.all(this.#clients.map(async (client, index) => {
      for (let count = 0; count < MESSAGES; count++) {
        await client.send(`${text} ${index} ${count}`);
        assert.equal(await client.message(), `${text} ${index} ${count}`);
      }
    }));
  }

  /** Closes them all as it should be. */
  async leave(): Promise<void> {
    await Promise.all(this.#clients.map(async (client) => {
      await client.close(1000);
      assert.equal((await client.closing()).code, 1000);
      await client.ended();
      client[Symbol.dispose]();
    }));
  }
}
