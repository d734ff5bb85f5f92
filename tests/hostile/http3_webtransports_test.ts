/**
 * Two hundred sessions over twenty-five connections, half of which are lost without a word: the others notice nothing,
 * and every count goes back to where it was.
 *
 * @module
 */

import assert from "node:assert/strict";
import { record } from "../_support/h3_attack_target.ts";
import { BACKENDS } from "../_support/quic_pair.ts";
import { RecordingObserver } from "../_support/recording_observer.ts";
import { eventually } from "../_support/waiting.ts";
import { WebTransportClient } from "../_support/webtransport_client.ts";
import type { ClientSession } from "../_support/webtransport_session.ts";
import { WebTransportTarget } from "../_support/webtransport_target.ts";

const CONNECTIONS = 25;
const SESSIONS = 8;
const STREAMS = 5;
const TOTAL = CONNECTIONS * SESSIONS;

for (const backend of BACKENDS) {
  Deno.test(`WebTransport (${backend}): of ${TOTAL} sessions on ${CONNECTIONS} connections half are lost, and the others are served`, async () => {
    const observer = new RecordingObserver();
    await using target = new WebTransportTarget({ backend, observer });
    const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
    const parties: Party[] = [];
    for (let i = 0; i < CONNECTIONS; i++) parties.push(await Party.open(target.port, endpoint));
    assert.equal(target.sessions, TOTAL);
    const start = performance.now();
    await Promise.all(parties.map((party) => party.talk("first")));
    const seconds = (performance.now() - start) / 1000;
    record(`${Math.round(TOTAL * STREAMS / seconds)} streams a second, ${backend}`);

    const lost = parties.slice(0, Math.floor(CONNECTIONS / 2));
    const others = parties.slice(lost.length);
    const talking = Promise.all(others.map((party) => party.talk("second")));
    await Promise.all(lost.map((party) => party.client.close()));
    await talking;
    const left = others.length * SESSIONS;
    await eventually(() => target.sessions === left, "the end of those that are lost");
    await Promise.all(others.map((party) => party.talk("third")));
    await Promise.all(others.map((party) => party.leave()));
    await eventually(() => target.counts().streams === 0, "the end of all streams");
    for (const { client } of others) await client.close();
    await target.empties();
    endpoint.close();

    const of = (end: string) => target.ends.filter((one) => one === end).length;
    assert.deepEqual([of("/ unclean 0"), of("/ clean 5 left")], [TOTAL - left, left]);
    assert.equal(observer.inFlight, 0);
    const ends = observer.events.map((events) => events.at(-1));
    assert.equal(ends.filter((end) => end === "ended complete").length, left);
    assert.equal(ends.filter((end) => end === "ended aborted").length, TOTAL - left);
  });
}

/** The sessions of one connection. */
class Party {
  readonly client: WebTransportClient;
  readonly #sessions: readonly ClientSession[];

  private constructor(client: WebTransportClient, sessions: readonly ClientSession[]) {
    this.client = client;
    this.#sessions = sessions;
  }

  static async open(port: number, endpoint: Deno.QuicEndpoint): Promise<Party> {
    const client = await WebTransportClient.connect(port, { endpoint });
    const opening = Array.from({ length: SESSIONS }, () => client.open());
    return new Party(client, await Promise.all(opening));
  }

  /** Sends streams on all of them, each when the one before has come back. */
  async talk(text: string): Promise<void> {
    await Promise.all(this.#sessions.map(async (session, index) => {
      for (let count = 0; count < STREAMS; count++) {
        const sent = `${text} ${index} ${count}`;
        assert.equal(await session.ask(sent), sent);
      }
    }));
  }

  /** Closes them all as it should be. */
  async leave(): Promise<void> {
    await Promise.all(this.#sessions.map(async (session) => {
      await session.close(5, "left");
      assert.equal((await session.end()).by, "fin");
    }));
  }
}
