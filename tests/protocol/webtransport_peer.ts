/**
 * A scriptable WebTransport client on the QUIC in memory, and servers for handlers of sessions.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ExchangeHandler } from "../../src/exchange.ts";
import type { Field, FieldList } from "../../src/fields.ts";
import { decodeDatagram, encodeDatagram } from "../../src/h3/mod.ts";
import type { H3Settings } from "../../src/protocol/h3_context.ts";
import { SessionMachine, streamHeader, type StreamKind } from "../../src/webtransport/mod.ts";
import type { WebTransportHandler, WebTransportSession } from "../../src/webtransport_exchange.ts";
import { concat } from "../_support/bytes.ts";
import type { FakeClientStream, FakeOutbox, FakeQuicOptions } from "../_support/fake_quic.ts";
import { FakeClock } from "../_support/h3_clock.ts";
import { answer, H3Harness, LONG_TIMEOUTS, type TestSettings } from "../_support/h3_harness.ts";
import {
  type H3Peer,
  type H3PeerOptions,
  type PeerExchange,
  requestFields,
} from "../_support/h3_peer.ts";
import { looseLimits } from "../_support/request_limits.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Text of bytes. */
export function textOf(bytes: Uint8Array | null): string | null {
  return bytes && decoder.decode(bytes);
}

/** What a client announces that has WebTransport. */
export const WEBTRANSPORT_PEER: H3PeerOptions = {
  settings: { enableDatagrams: true, webTransportSessions: 1 },
};

/** Settings of a server whose time is the test's. */
export type SessionSettings = Omit<TestSettings, "timeouts" | "limits" | "webtransport"> & {
  /** Answers requests; with nothing by default. */
  readonly http?: ExchangeHandler;
  readonly timeouts?: Partial<typeof LONG_TIMEOUTS>;
  readonly limits?: Parameters<typeof looseLimits>[0];
  readonly webtransport?: Partial<H3Settings["webtransport"]>;
};

/** A server for a handler of sessions, and its clock. */
export function serveSessions(
  webtransport: WebTransportHandler,
  { http = answer, timeouts = {}, limits = {}, webtransport: more = {}, ...settings }:
    SessionSettings = {},
): { readonly server: H3Harness; readonly clock: FakeClock } {
  const clock = new FakeClock();
  const server = new H3Harness({
    http: (exchange) => http(exchange),
    websocket: () => Promise.reject(new Error("No WebSocket can come here")),
    webtransport,
  }, {
    ...settings,
    timeouts: { ...LONG_TIMEOUTS, ...timeouts },
    limits: looseLimits({ ...limits, clock }),
    webtransport: { maxSessions: 4, maxStreams: 100, origins: new Set(), ...more },
  });
  return { server, clock };
}

/** Serves sessions that tests drive from outside: each is accepted and lives until it is over. */
export function serveOpen(settings: SessionSettings = {}): {
  readonly server: H3Harness;
  readonly clock: FakeClock;
  /** The sessions, in order; settles when the next one is there. */
  readonly next: () => Promise<WebTransportSession>;
} {
  const sessions: PromiseWithResolvers<WebTransportSession>[] = [];
  let accepted = 0;
  let taken = 0;
  const at = (index: number) => sessions[index] ??= Promise.withResolvers<WebTransportSession>();
  const served = serveSessions(async (exchange) => {
    const session = await exchange.accept();
    at(accepted++).resolve(session);
    await session.closed;
  }, settings);
  return { ...served, next: () => at(taken++).promise };
}

/** Connects a client that has WebTransport. */
export function connect(
  server: H3Harness,
  options: FakeQuicOptions & H3PeerOptions = {},
): H3Peer {
  return server.connect({ ...WEBTRANSPORT_PEER, ...options });
}

/** Field lines of a handshake. */
export function sessionFields(fields: FieldList = [], protocol = "webtransport"): FieldList {
  const head: Field[] = [...requestFields({ method: "CONNECT" }), [":protocol", protocol]];
  return [...head, ...fields];
}

/** One session of the client. */
export class SessionPeer {
  /** Stream of the CONNECT request. */
  readonly exchange: PeerExchange;
  /** What it has to say about the session. */
  readonly machine = new SessionMachine();
  readonly #peer: H3Peer;
  readonly #server = new SessionMachine();
  readonly #heard: string[] = [];
  #taken = 0;

  /** Nothing is sent yet. */
  constructor(peer: H3Peer) {
    this.#peer = peer;
    this.exchange = peer.open();
  }

  /** Sends a handshake, and waits until it is accepted. */
  static async open(peer: H3Peer, fields: FieldList = []): Promise<SessionPeer> {
    const session = new SessionPeer(peer).connect(fields);
    await session.exchange.until(() => session.exchange.status !== null, "an answer");
    assert.equal(session.exchange.status, 200);
    return session;
  }

  /** Sends the handshake. */
  connect(fields: FieldList = [], protocol?: string): this {
    this.exchange.headers(sessionFields(fields, protocol));
    return this;
  }

  /** Session id. */
  get id(): number {
    return this.exchange.id;
  }

  /** Opens a stream in both directions that begins with `text`. */
  openBidirectional(text = ""): FakeClientStream {
    const stream = this.#peer.client.openBidirectional();
    this.#begin(stream, "bidirectional", text);
    return stream;
  }

  /** Opens a stream to the server that begins with `text`. */
  openUnidirectional(text = ""): FakeOutbox {
    const stream = this.#peer.client.openUnidirectional();
    this.#begin(stream, "unidirectional", text);
    return stream;
  }

  /** Sends a datagram. */
  sendDatagram(text: string): this {
    this.#peer.client.sendDatagram(encodeDatagram(this.id, bytesOf(text)));
    return this;
  }

  /** Datagrams of the server. */
  get datagrams(): string[] {
    const all = this.#peer.client.datagrams.map(decodeDatagram);
    return all.filter(({ streamId }) => streamId === this.id)
      .map(({ payload }) => decoder.decode(payload));
  }

  /** Sends CLOSE, and FIN. */
  close(code = 0, reason = ""): this {
    this.exchange.data(this.machine.close(code, reason).capsule).finish();
    return this;
  }

  /** What the server said, e.g. `["drain", "close 7 bye"]`; FIN without a word is `"close 0"`. */
  get heard(): readonly string[] {
    const { content } = this.exchange;
    const fresh = content.slice(this.#taken);
    this.#taken = content.length;
    this.#server.receive(fresh);
    if (this.exchange.complete) this.#server.finish();
    for (let event = this.#server.next(); event !== null; event = this.#server.next()) {
      this.#heard.push(
        event.type === "close" ? `close ${event.code} ${event.reason}`.trimEnd() : event.type,
      );
    }
    return this.#heard;
  }

  /** Settles when the server has ended its half; returns all it said. */
  async ended(): Promise<readonly string[]> {
    await this.exchange.until(() => this.exchange.complete, "FIN of the server");
    return this.heard;
  }

  #begin(stream: FakeOutbox, kind: StreamKind, text: string): void {
    stream.write(concat([streamHeader(kind, this.id), bytesOf(text)]));
  }
}

/** Whether a promise has settled by the time that the client got an answer to a request. */
export async function settled(promise: Promise<unknown>, peer: H3Peer): Promise<boolean> {
  let done = false;
  const note = () => done = true;
  void promise.then(note, note);
  await peer.get("/");
  return done;
}

/** What the server sent on a stream that it opened for a session, after the header; fails when that is another's. */
export function sentOn(
  { inbox }: Pick<FakeClientStream, "inbox">,
  kind: StreamKind,
  sessionId: number,
): string {
  const header = streamHeader(kind, sessionId);
  assert.deepEqual(inbox.bytes.subarray(0, header.length), header);
  return decoder.decode(inbox.bytes.subarray(header.length));
}
