/**
 * The families of WebSocket cases on everything that can run them: the machine, and servers of either protocol.
 *
 * Over HTTP/3 the frames are ours, and all cases pass. Over HTTP/1.1 they are the runtime's: the tables here are where it
 * is on record what it does otherwise.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { BackendName } from "../../src/quic/deno.ts";
import { AUTOBAHN, type Case } from "../websocket/families/mod.ts";
import { runOnMachine } from "../websocket/machine_cases.ts";
import { BACKENDS } from "./contract_h3_server.ts";
import { H3ClientConnection } from "./h3_client_connection.ts";
import {
  ECHO,
  serveWebSockets,
  webSocketApplication,
  type WebSocketServer,
} from "./websocket_app.ts";
import { WebSocketClient } from "./websocket_client.ts";
import { runCase, runDifferent, runTaken } from "./websocket_families.ts";
import { openWebSocketH3 } from "./websocket_h3_client.ts";
import { H3WebSocketServer } from "./websocket_h3_server.ts";

/** What is expected of a case: what Autobahn wants, something else that is on record, or nothing, as it is not run. */
export type Expectation = "passes" | "differs" | "is not run";

/** Something that runs cases. */
export interface FamilyWay {
  /** What it is, for names of tests and headings. */
  readonly name: string;
  /** What is expected of a case. */
  expect(one: Case): Expectation;
  /** Makes it ready. */
  open(): Promise<FamilyRunner>;
}

/** Runs cases, one after the other. */
export interface FamilyRunner extends AsyncDisposable {
  /** Runs one; fails when it is not as expected, and says which case it is. */
  run(one: Case): Promise<void>;
  /** Fails when something was left over. */
  settled(): Promise<void>;
}

const LIMITS = { maxMessageSize: 16 * 1024 * 1024, permessageDeflate: true };

/** The machine, without any transport. */
export const MACHINE: FamilyWay = {
  name: "the machine",
  expect: () => "passes",
  open: () =>
    Promise.resolve({
      // deno-lint-ignore require-await -- errors are to be rejections
      run: (one) => naming(one, async () => runOnMachine(one)),
      settled: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
};

/** Servers of either protocol. */
export const SERVERS: readonly FamilyWay[] = [
  ...BACKENDS.map((backend): FamilyWay => ({
    name: `HTTP/3 (${backend})`,
    expect: (one) => hasTooManyFrames(one) ? "is not run" : "passes",
    open: () => openHttp3(backend),
  })),
  { name: "HTTP/1.1", expect: expectHttp1, open: openHttp1 },
];

/** All cases by family. */
export const FAMILIES: readonly (readonly [family: string, cases: readonly Case[]])[] = [
  ...Map.groupBy(AUTOBAHN, ({ family }) => family),
];

/** Servers take messages of 1024 frames. */
function hasTooManyFrames({ maxFragments = 0 }: Case): boolean {
  return maxFragments > 1024;
}

async function openHttp3(backend: BackendName): Promise<FamilyRunner> {
  const server = new H3WebSocketServer(webSocketApplication("fetch exchange", ECHO), {
    backend,
    limits: LIMITS,
  });
  const connection = await H3ClientConnection.open(server.url);
  server.adopt(connection);
  return runner(server, async (one) => {
    const { extensions = null } = one;
    using client = await openWebSocketH3(connection, {
      fields: { "sec-websocket-extensions": extensions },
    });
    const agreed = client.answer.headers.get("sec-websocket-extensions");
    assert.equal(agreed === null, extensions === null);
    await runCase(client, one);
  });
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

/** The runtime has no compression. */
function expectHttp1(one: Case): Expectation {
  if (one.extensions !== undefined || hasTooManyFrames(one) || UNSEEN.includes(one.id)) {
    return "is not run";
  }
  if (TAKEN.includes(one.id) || one.id in OTHER) return "differs";
  return isCut(one) ? "differs" : "passes";
}

function isCut(one: Case): boolean {
  if (one.family.startsWith("7 ")) return CUT_CLOSES.includes(one.id);
  return CUT.includes(one.script().close);
}

function openHttp1(): Promise<FamilyRunner> {
  const server = serveWebSockets(webSocketApplication("fetch exchange", ECHO), LIMITS);
  return Promise.resolve(runner(server, async (one) => {
    using client = await WebSocketClient.open(server.url);
    if (TAKEN.includes(one.id)) await runTaken(client, one);
    else if (one.id in OTHER) await runDifferent(client, one, OTHER[one.id]!);
    else if (isCut(one)) await runDifferent(client, one, "cut");
    else await runCase(client, one);
  }));
}

function runner(server: WebSocketServer, run: (one: Case) => Promise<void>): FamilyRunner {
  return {
    run: (one) => naming(one, () => run(one)),
    async settled() {
      await server.idle();
      assert.deepEqual(server.log.matching("ERROR"), []);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Says which case failed. */
async function naming({ id, description }: Case, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (cause) {
    throw new Error(`Case ${id}, ${description}: ${cause}`, { cause });
  }
}
