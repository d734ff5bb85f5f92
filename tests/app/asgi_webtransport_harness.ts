/**
 * Plays the part of an ASGI application in a WebTransport session on fakes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { asgiWebTransport } from "../../src/app/asgi_webtransport.ts";
import type {
  ASGIFramework,
  ASGIReceive,
  ASGIReceiveEvent,
  ASGISend,
  ASGISendEvent,
} from "../../src/asgi_types.ts";
import { withDeadline } from "../_support/deadline.ts";
import {
  type FakeSession,
  FakeWebTransportExchange,
  type FakeWebTransportOptions,
} from "../_support/fake_webtransport.ts";

export const OPTIONS = { rootPath: "", state: {} };

export const ACCEPT: ASGISendEvent = { type: "webtransport.accept" };
export const CLOSE: ASGISendEvent = { type: "webtransport.close" };

/** What the part of the application has to play with. */
export interface Tools {
  readonly exchange: FakeWebTransportExchange;
  readonly receive: ASGIReceive;
  readonly send: ASGISend;
}

/** Runs the application's part of a handshake. */
export async function run(
  play: (tools: Tools) => Promise<void>,
  options?: FakeWebTransportOptions,
): Promise<FakeWebTransportExchange> {
  const exchange = new FakeWebTransportExchange(options);
  const app: ASGIFramework = (_scope, receive, send) => play({ exchange, receive, send });
  await withDeadline(asgiWebTransport(app, OPTIONS)(exchange), "the end of the application");
  return exchange;
}

/** Runs the application's part of an accepted session, which ends as the driver would end it. */
export async function inSession(
  play: (tools: Tools & { readonly session: FakeSession }) => Promise<void>,
): Promise<FakeSession> {
  const exchange = await run(async (tools) => {
    await tools.receive();
    await tools.send(ACCEPT);
    await play({ ...tools, session: await tools.exchange.session });
  });
  const session = await exchange.session;
  session.close();
  return session;
}

/** Receives an event of this type. */
export async function expectEvent<T extends ASGIReceiveEvent["type"]>(
  receive: ASGIReceive,
  type: T,
): Promise<Extract<ASGIReceiveEvent, { type: T }>> {
  const event = await receive();
  assert.equal(event.type, type, JSON.stringify(event));
  return event as Extract<ASGIReceiveEvent, { type: T }>;
}
