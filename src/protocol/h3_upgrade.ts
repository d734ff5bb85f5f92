/**
 * What becomes of an extended CONNECT: a WebSocket, or a WebTransport session.
 *
 * @module
 */

import type { Application } from "../exchange.ts";
import { urlOf } from "./h3_call.ts";
import type { H3ExchangeParts, H3Upgrade } from "./h3_context.ts";
import type { H3Exchange } from "./h3_exchange.ts";
import type { RequestKind } from "./h3_kind.ts";
import { H3WebSocketExchange } from "./h3_websocket.ts";
import { H3WebTransportExchange } from "./h3_webtransport.ts";

/** An upgrade, and how the application handles it. */
export interface UpgradeCall {
  /** The handshake, and what comes of it. */
  readonly upgrade: H3Upgrade;
  /** Calls the application, which must have what was asked for. */
  readonly run: (application: Application) => Promise<void>;
}

/** What an extended CONNECT asks for, which must be one of the two. @param handshake Its exchange. */
export function upgradeOf(
  kind: RequestKind,
  handshake: H3Exchange,
  parts: H3ExchangeParts,
): UpgradeCall {
  if (kind === "webtransport") {
    const upgrade = newWebTransport(handshake, parts);
    return { upgrade, run: (application) => application.webtransport!(upgrade) };
  }
  const upgrade = newWebSocket(handshake, parts);
  return { upgrade, run: (application) => application.websocket(upgrade) };
}

/** A fault of ours in a WebSocket ends the connection. */
function newWebSocket(
  handshake: H3Exchange,
  { owner, input, writer, observed }: H3ExchangeParts,
): H3WebSocketExchange {
  const { websocket, limits } = owner.settings;
  return new H3WebSocketExchange(handshake, {
    input,
    writer,
    observed,
    settings: websocket,
    clock: limits.clock,
    onFault: (error) => owner.fail(error),
  });
}

/** A fault of ours in a session ends no more than that. */
function newWebTransport(
  handshake: H3Exchange,
  { owner, input, writer, observed, machine, head }: H3ExchangeParts,
): H3WebTransportExchange {
  const { inFlight, limits, timeouts, reporter } = owner.settings;
  const url = urlOf(head);
  return new H3WebTransportExchange(handshake, {
    id: machine.id,
    input,
    writer,
    observed,
    owner: owner.webtransport!,
    inFlight,
    clock: limits.clock,
    stallMs: timeouts.stallMs,
    onUseless: () => owner.spend("useless capsules"),
    onBroken: (error) => reporter.disconnected(error, head.method, url),
    onFault: (error) => reporter.failed(error, head.method, url),
  });
}
