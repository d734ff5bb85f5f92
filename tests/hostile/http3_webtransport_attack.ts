/**
 * What attacks on WebTransport have in common.
 *
 * @module
 */

import assert from "node:assert/strict";
import type {
  WebTransportClient,
  WebTransportClientOptions,
} from "../_support/webtransport_client.ts";
import type { ClientSession } from "../_support/webtransport_session.ts";
import type {
  WebTransportTarget,
  WebTransportTargetOptions,
} from "../_support/webtransport_target.ts";

/** An attack, and what it leads to. */
export interface SessionAttack {
  /** What the client does; ends the name of the test. */
  readonly name: string;
  /** Code its connection is closed with; `null`: it lives on, and so does another session on it. */
  readonly code: string | null;
  /** How the application is told that the session at `/` ended; absent when there is none, or it lives on. */
  readonly told?: string;
  /** What the client's SETTINGS say. */
  readonly client?: WebTransportClientOptions;
  /** The server. */
  readonly server?: Omit<WebTransportTargetOptions, "backend">;
  /** Texts of the server's log that must be there; everything else of level ERROR fails. */
  readonly logged?: readonly string[];
  /** Does it, and checks what streams got. */
  act(client: WebTransportClient, target: WebTransportTarget): Promise<void>;
}

/** Begins a session and expects that it is refused. */
export async function expectRefusal(
  client: WebTransportClient,
  status: number,
  request: Parameters<WebTransportClient["begin"]>[0] = {},
): Promise<void> {
  const session = await client.begin(request);
  assert.equal((await session.answer).status, status);
  await session.end();
  session.stream.finish();
}

/** Uses everything that a session has. */
export async function expectAlive(session: ClientSession): Promise<void> {
  assert.equal(await session.ask("both ways"), "both ways");
  (await session.openUnidirectional("one way")).finish();
  const stream = await session.unidirectional.next("a stream of the server");
  assert.equal(await stream.text(), "one way");
}
