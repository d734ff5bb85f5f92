/**
 * The families of WebSocket cases end to end: frames of a client over a network, and what an application's echo becomes.
 *
 * Over HTTP/3 the frames are ours, and all cases pass. Over HTTP/1.1 they are the runtime's: the tables here are where it
 * is on record what it does otherwise.
 *
 * @module
 */

import assert from "node:assert/strict";
import { BACKENDS } from "../_support/contract_h3_server.ts";
import { H3ClientConnection } from "../_support/h3_client_connection.ts";
import { ECHO, serveWebSockets, webSocketApplication } from "../_support/websocket_app.ts";
import { WebSocketClient } from "../_support/websocket_client.ts";
import { runCase, runDifferent, runTaken } from "../_support/websocket_families.ts";
import { openWebSocketH3 } from "../_support/websocket_h3_client.ts";
import { H3WebSocketServer } from "../_support/websocket_h3_server.ts";
import { AUTOBAHN, type Case } from "../websocket/families/mod.ts";

const LIMITS = { maxMessageSize: 16 * 1024 * 1024 };

/** Cases that are not run, and why. */
const SKIPPED: readonly { readonly reason: string; is(one: Case): boolean }[] = [
  {
    reason: "permessage-deflate is not offered",
    is: ({ extensions }) => extensions !== undefined,
  },
  {
    reason: "more than 1024 frames in a message are refused",
    is: ({ maxFragments }) => maxFragments !== undefined && maxFragments > 1024,
  },
];

const CASES = AUTOBAHN.filter((one) => !SKIPPED.some(({ is }) => is(one)));
const FAMILIES = [...Map.groupBy(CASES, ({ family }) => family)];

Deno.test("the families that are run over the network have 396 cases; 242 are skipped", () => {
  const skipped = SKIPPED.map(({ is }) => AUTOBAHN.filter(is).length);
  assert.deepEqual([CASES.length, skipped], [396, [236, 6]]);
});

for (const backend of BACKENDS) {
  for (const [family, cases] of FAMILIES) {
    Deno.test(`WebSocket over HTTP/3 (${backend}) passes family ${family}: ${cases!.length} cases`, async () => {
      const application = webSocketApplication("fetch exchange", ECHO);
      await using server = new H3WebSocketServer(application, { backend, limits: LIMITS });
      const connection = await H3ClientConnection.open(server.url);
      server.adopt(connection);
      for (const one of cases!) {
        using client = await openWebSocketH3(connection);
        await naming(one, runCase(client, one));
      }
      await server.idle();
      assert.deepEqual(server.log.matching("ERROR"), []);
    });
  }
}

/** What the runtime takes, although a server must not or need not. */
const TAKEN = [
  ...["x1.1", "x1.2"], // frames that are not masked
  ...["x1.3", "x1.4", "x1.5", "x1.6", "x1.9"], // lengths in more bytes than they need
  ...["6.6.3", "6.6.4", "6.6.6", "6.6.8", "6.6.10", "6.14.7"], // text that ends inside a character
  ...["x9.6", "x9.7"], // more than 1024 frames
];

/** What cannot be judged: the runtime tells of messages when they are whole, and these never are. */
const UNSEEN = ["x9.1", "x9.4"];

/** Other Close frames. */
const OTHER: Readonly<Record<string, number>> = {
  "7.3.6": 1000, // a Close frame of 126 bytes is answered
  "x7.7.3": 1002, // the runtime does not know code 1014
};

/** What the runtime answers with the end of the connection, and no Close frame: RFC 6455 §7.1.7 says it should send one. */
const CUT = [1002, 1007, 1009];

/** Close frames that end the connection likewise; all others are answered as over HTTP/3. */
const CUT_CLOSES = ["7.3.2", "x7.3.7", "7.5.1", "x7.5.2", "x7.5.3"];

for (const [family, cases] of FAMILIES) {
  const asScripted = cases!.filter(isAsScripted);
  const of = `${asScripted.length} of ${cases!.length} cases as over HTTP/3`;
  Deno.test(`WebSocket over HTTP/1.1 passes family ${family} as the runtime does: ${of}`, async () => {
    await using server = serveWebSockets(webSocketApplication("fetch exchange", ECHO), LIMITS);
    for (const one of cases!) {
      using client = await WebSocketClient.open(server.url);
      if (TAKEN.includes(one.id)) await naming(one, runTaken(client, one));
      else if (one.id in OTHER) await naming(one, runDifferent(client, one, OTHER[one.id]!));
      else if (asScripted.includes(one)) await naming(one, runCase(client, one));
      else if (!UNSEEN.includes(one.id)) await naming(one, runDifferent(client, one, "cut"));
    }
    await server.idle();
  });
}

function isAsScripted(one: Case): boolean {
  if ([...TAKEN, ...UNSEEN].includes(one.id) || one.id in OTHER) return false;
  if (one.family.startsWith("7 ")) return !CUT_CLOSES.includes(one.id);
  return !CUT.includes(one.script().close);
}

/** Says which case failed. */
async function naming({ id, description }: Case, run: Promise<void>): Promise<void> {
  try {
    await run;
  } catch (cause) {
    throw new Error(`Case ${id}, ${description}: ${cause}`, { cause });
  }
}
