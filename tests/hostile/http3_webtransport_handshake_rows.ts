/**
 * Attacks by handshakes: settings, origins, and more sessions than there may be.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SETTING } from "../../src/h3/mod.ts";
import type { WebTransportClient } from "../_support/webtransport_client.ts";
import type { ClientSession } from "../_support/webtransport_session.ts";
import {
  BROWSER_SETTINGS,
  type Setting,
  streamStart,
  WT_SETTING,
  WT_STREAM,
} from "../_support/webtransport_wire.ts";
import { expectAlive, expectRefusal, type SessionAttack } from "./http3_webtransport_attack.ts";

const DATAGRAMS: Setting = [SETTING.H3_DATAGRAM, 1];

/** A client that could not have meant it. */
function refused(name: string, settings: readonly Setting[]): SessionAttack {
  return {
    name: `whose SETTINGS ${name}: 400`,
    code: null,
    client: { settings },
    act: (client) => expectRefusal(client, 400),
  };
}

/** Origins that are not the one of the server `https://localhost`. */
const FOREIGN_ORIGINS = [
  "https://evil.example",
  "https://localhost.evil.example",
  "https://localhost:444",
  "http://localhost",
  "https://localhost/",
  "https://localhost, https://evil.example",
  "null",
  "",
];

function withOrigin(client: WebTransportClient, origin: string): Promise<ClientSession> {
  return client.begin({ fields: [["origin", origin]] });
}

/** The attacks. */
export const HANDSHAKE_ATTACKS: readonly SessionAttack[] = [
  refused("are empty", []),
  refused("have datagrams only", [DATAGRAMS]),
  refused("have no datagrams", [[WT_SETTING.ENABLE_DRAFT_02, 1]]),
  refused("deny WebTransport", [DATAGRAMS, [WT_SETTING.ENABLE_DRAFT_02, 0]]),
  {
    name: "whose SETTINGS never come: its handshake is answered after the time for a head",
    code: null,
    client: { settings: null },
    server: { timeouts: { headMs: 200 } },
    async act(client) {
      const session = await client.begin();
      const { status } = await session.answer;
      assert.ok(status === 400 || status === 408, `${status}`);
    },
  },
  {
    name: "whose SETTINGS come after its handshake: it is accepted",
    code: null,
    told: "clean 0",
    client: { settings: null },
    async act(client) {
      const session = await client.begin();
      const stream = await session.openBidirectional("ahead");
      await client.sendSettings(BROWSER_SETTINGS);
      assert.equal((await session.answer).status, 200);
      stream.finish();
      assert.equal(await stream.text(), "ahead");
      await session.close();
    },
  },
  {
    name: "from a page of another origin: 403",
    code: null,
    logged: ["webtransport_origins"],
    async act(client) {
      for (const origin of FOREIGN_ORIGINS) {
        await expectRefusal(client, 403, { fields: [["origin", origin]] });
      }
      const twice = [["origin", "https://localhost"], ["origin", "https://evil.example"]] as const;
      await expectRefusal(client, 403, { fields: twice });
      const session = await withOrigin(client, "https://localhost");
      assert.equal((await session.answer).status, 200);
    },
  },
  {
    name: "from a page of an origin that is not listed: 403",
    code: null,
    server: { webtransport: { origins: new Set(["https://a.example", "https://b.example:8443"]) } },
    async act(client) {
      for (const origin of ["https://c.example", "https://b.example", "https://a.example:8443"]) {
        await expectRefusal(client, 403, { fields: [["origin", origin]] });
      }
      for (const origin of ["https://localhost", "https://a.example", "https://b.example:8443"]) {
        assert.equal((await (await withOrigin(client, origin)).answer).status, 200);
      }
    },
  },
  {
    name: "that opens more sessions than it may: 429, until another one is over",
    code: null,
    server: { webtransport: { maxSessions: 3 } },
    logged: ["webtransport_max_sessions"],
    async act(client) {
      const sessions = [await client.open(), await client.open()]; // and the one of the runner
      for (let i = 0; i < 5; i++) await expectRefusal(client, 429);
      for (const session of sessions) await expectAlive(session);
      await sessions[0]!.close();
      await sessions[0]!.end();
      await expectAlive(await client.open());
      await expectRefusal(client, 429);
    },
  },
  {
    name: "of a server that offers no sessions: 501, and streams of sessions are unknown ones",
    code: null,
    server: { webtransport: { maxSessions: 0 } },
    async act(client) {
      await expectRefusal(client, 501);
      assert.equal((await client.settings).get(WT_SETTING.ENABLE_DRAFT_02) ?? 0, 0);
      const stream = await client.unidirectional(streamStart(WT_STREAM.UNIDIRECTIONAL, 0));
      await stream.stopped();
    },
  },
];
