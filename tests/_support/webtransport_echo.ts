/**
 * Sessions that send everything back, on the interface between protocol and application.
 *
 * @module
 */

import { DisconnectError } from "../../src/errors.ts";
import {
  type WebTransportReceiveStream,
  type WebTransportSendStream,
  type WebTransportSession,
  WebTransportStreamError,
} from "../../src/webtransport_exchange.ts";

/**
 * Echoes until the session is over: streams in both directions on themselves, those in one direction on one of ours,
 * datagrams as datagrams.
 */
export async function echoSession(session: WebTransportSession): Promise<void> {
  await Promise.all([
    echoBidirectional(session),
    echoUnidirectional(session),
    echoDatagrams(session),
  ]);
}

async function echoBidirectional(session: WebTransportSession): Promise<void> {
  const running: Promise<void>[] = [];
  for (;;) {
    const stream = await session.acceptBidirectional();
    if (stream === null) break;
    running.push(unlessGone(copy(stream.receive, stream.send)));
  }
  await Promise.all(running);
}

async function echoUnidirectional(session: WebTransportSession): Promise<void> {
  const running: Promise<void>[] = [];
  for (;;) {
    const receive = await session.acceptUnidirectional();
    if (receive === null) break;
    running.push(unlessGone(answerOn(session, receive)));
  }
  await Promise.all(running);
}

async function answerOn(
  session: WebTransportSession,
  receive: WebTransportReceiveStream,
): Promise<void> {
  await copy(receive, await session.openUnidirectional());
}

async function copy(
  receive: WebTransportReceiveStream,
  send: WebTransportSendStream,
): Promise<void> {
  try {
    for (let bytes = await receive.read(); bytes !== null; bytes = await receive.read()) {
      await send.write(bytes);
    }
    await send.end();
  } catch (error) {
    receive.stop();
    send.abort();
    throw error;
  }
}

async function echoDatagrams(session: WebTransportSession): Promise<void> {
  for (;;) {
    const bytes = await session.readDatagram();
    if (bytes === null) return;
    session.sendDatagram(bytes);
  }
}

/** Clients leave; what else fails is a fault. */
async function unlessGone(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof DisconnectError || error instanceof WebTransportStreamError)) {
      throw error;
    }
  }
}
