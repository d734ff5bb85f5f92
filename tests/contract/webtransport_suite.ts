/**
 * What every WebTransport session does, whatever form the application has.
 *
 * @module
 */

import assert from "node:assert/strict";
import { withDeadline } from "../_support/deadline.ts";
import type { Behaviours } from "../_support/webtransport_app.ts";
import { WebTransportClient } from "../_support/webtransport_client.ts";
import type { ClientSession } from "../_support/webtransport_session.ts";
import { HANG_MS, type Mailbox } from "../_support/webtransport_stream.ts";

/** A server under test. */
export interface SessionServer extends AsyncDisposable {
  /** Its UDP port. */
  readonly port: number;
  /** How sessions ended, as the application was told: `"closed 0"`, `"closed 7 bye"`, `"lost"`. */
  readonly ends: Mailbox<string>;
  /** Lines of level ERROR, which are forgotten. */
  takeErrors(): string[];
}

/** What the suite is run on. */
export interface SessionSubject {
  /** Begins the names of the tests. */
  readonly name: string;
  /** Serves the application of the form, see {@linkcode Behaviours}. */
  serve(): Promise<SessionServer>;
}

type Run = (client: WebTransportClient, server: SessionServer) => Promise<void>;

/** Registers the tests. */
export function webTransportSuite(subject: SessionSubject): void {
  for (const [name, run] of [...HANDSHAKES, ...STREAMS, ...ENDS, ...TOGETHER]) {
    Deno.test(`WebTransport, ${subject.name}: ${name}`, async () => {
      await using server = await subject.serve();
      await using client = await WebTransportClient.connect(server.port);
      await run(client, server);
      assert.deepEqual(server.takeErrors(), []);
    });
  }
}

/** Opens a session with one of the behaviours. */
function open(client: WebTransportClient, behaviour: Behaviours): Promise<ClientSession> {
  return client.open({ path: `/${behaviour}` });
}

const HANDSHAKES: readonly (readonly [string, Run])[] = [
  ["accepts with fields, and with no protocol of its own accord", async (client) => {
    const fields = [["wt-available-protocols", '"chat", "game"']] as const;
    const session = await client.open({ path: "/echo", fields });
    const { fields: answer } = await session.answer;
    assert.equal(answer.get("x-behaviour"), "echo");
    assert.equal(answer.get("wt-protocol"), null);
  }],
  ["accepts with one of the protocols that the client offers", async (client) => {
    const fields = [["wt-available-protocols", '"soap", "chat";q=1']] as const;
    const session = await client.open({ path: "/protocol", fields });
    assert.equal((await session.answer).fields.get("wt-protocol"), '"chat"');
  }],
  ["takes both names of the protocol, and tells early browsers its draft", async (client) => {
    await client.open({ path: "/echo", protocol: "webtransport-h3" });
    const fields = [["sec-webtransport-http3-draft02", "1"]] as const;
    const session = await client.open({ path: "/echo", fields });
    assert.equal((await session.answer).fields.get("sec-webtransport-http3-draft"), "draft02");
  }],
  ["denies with status, fields and content", async (client) => {
    const session = await client.begin({ path: "/deny" });
    const { status, fields } = await session.answer;
    assert.deepEqual([status, fields.get("x-why")], [429, "full"]);
    assert.equal(await session.content(), "no room");
    session.stream.finish();
    const refused = await client.begin({ path: "/refuse" });
    assert.equal((await refused.answer).status, 403);
    refused.stream.finish();
  }],
];

const STREAMS: readonly (readonly [string, Run])[] = [
  ["carries streams of the client in both directions, of any length", async (client) => {
    const session = await open(client, "echo");
    for (const text of ["", "x", "grüße", "long ".repeat(100_000)]) {
      assert.equal(await session.ask(text), text);
    }
  }],
  ["carries a stream in both directions back and forth", async (client) => {
    const session = await open(client, "echo");
    const stream = await session.openBidirectional("1");
    for (let turn = 2; turn < 20; turn++) {
      assert.equal(await stream.textOf(`${turn - 1}`.length), `${turn - 1}`);
      await stream.send(`${turn}`);
    }
    stream.finish();
    assert.equal(await stream.text(), "19");
  }],
  ["carries streams of the client in one direction", async (client) => {
    const session = await open(client, "echo");
    for (const text of ["", "x", "long ".repeat(100_000)]) {
      const stream = await session.openUnidirectional(text);
      stream.finish();
      const echo = await session.unidirectional.next("a stream of the server");
      assert.equal(await echo.text(), text);
    }
  }],
  ["opens streams of its own, both ways and one way", async (client) => {
    const session = await open(client, "ask");
    const question = await session.bidirectional.next("a question");
    assert.equal(await question.text(), "Who are you?");
    await question.send("a test");
    question.finish();
    const answer = await session.unidirectional.next("an answer");
    assert.equal(await answer.text(), "Hello a test");
  }],
  ["carries datagrams", async (client) => {
    const session = await open(client, "echo");
    for (const text of ["one", "", "x".repeat(1_000)]) {
      session.sendDatagram(text);
      assert.equal(await session.datagram(), text);
    }
  }],
  ["carries 50 streams at a time, each its own bytes", async (client) => {
    const session = await open(client, "echo");
    const texts = Array.from({ length: 50 }, (_, index) => `${index} `.repeat(5_000));
    assert.deepEqual(await Promise.all(texts.map((text) => session.ask(text))), texts);
  }],
];

const ENDS: readonly (readonly [string, Run])[] = [
  ["tells the application code and reason of the client", async (client, server) => {
    const session = await open(client, "echo");
    await session.close(0xffff_ffff, "grüße");
    assert.equal(await server.ends.next("the end"), "closed 4294967295 grüße");
    assert.equal((await session.end()).by, "fin");
  }],
  ["tells the application of a client that ends without a word", async (client, server) => {
    const session = await open(client, "echo");
    session.stream.finish();
    assert.equal(await server.ends.next("the end"), "closed 0");
    assert.equal((await session.end()).by, "fin");
  }],
  ["tells the application of a client that is lost", async (client, server) => {
    await open(client, "echo");
    await client.close();
    assert.equal(await server.ends.next("the end"), "lost");
  }],
  ["tells the client code and reason of the application", async (client, server) => {
    const session = await open(client, "close");
    session.sendDatagram("now");
    assert.deepEqual(await session.end(), { by: "close", code: 4000, reason: "grüße" });
    session.stream.finish();
    assert.equal(await server.ends.next("the end"), "closed 4000 grüße");
  }],
  ["ends the streams of a session that is closed", async (client, server) => {
    const session = await open(client, "echo");
    const stream = await session.openBidirectional("open");
    assert.equal(await stream.textOf(4), "open");
    await session.close();
    await server.ends.next("the end");
    await stream.stopped();
    assert.equal(await stream.end(), "fin");
  }],
];

const TOGETHER: readonly (readonly [string, Run])[] = [
  ["serves requests, a WebSocket and two sessions on one connection", async (client, server) => {
    const [one, two] = [await open(client, "echo"), await open(client, "echo")];
    const socket = await client.webSocket("/socket");
    const working = async (session: ClientSession, name: string) => {
      for (let turn = 0; turn < 20; turn++) {
        assert.equal(await session.ask(`${name} ${turn}`), `${name} ${turn}`);
        session.sendDatagram(`${name} ${turn}`);
        assert.equal(await session.datagram(), `${name} ${turn}`);
      }
    };
    const requests = async () => {
      for (let turn = 0; turn < 20; turn++) {
        assert.deepEqual(await client.get("/page"), { status: 200, text: "page" });
      }
    };
    const chatting = async () => {
      for (let turn = 0; turn < 20; turn++) {
        await socket.send(`message ${turn}`);
        assert.equal(await socket.message(), `message ${turn}`);
      }
    };
    const all = [working(one, "one"), working(two, "two"), requests(), chatting()];
    await withDeadline(Promise.all(all), "the end of all", HANG_MS);
    await one.close(1);
    assert.equal(await server.ends.next("the end of the first"), "closed 1");
    await working(two, "alone");
    await socket.send("still here");
    assert.equal(await socket.message(), "still here");
    assert.equal((await client.get("/page")).status, 200);
  }],
];
