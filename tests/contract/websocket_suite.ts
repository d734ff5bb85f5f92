/**
 * What every WebSocket does, whatever carries it and whatever form the application has.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { WebSocketSettings } from "../../src/protocol/guarded_socket.ts";
import { concat } from "../_support/bytes.ts";
import {
  type Behaviour,
  type Data,
  ECHO,
  Recorder,
  type ServerSocket,
  type WebSocketServer,
} from "../_support/websocket_app.ts";
import {
  encodeFrame,
  type HandshakeOptions,
  OP,
  type Payload,
  type WebSocketClient,
} from "../_support/websocket_client.ts";

/** What the suite is run on. */
export interface WebSocketSubject {
  /** Begins the names of the tests. */
  readonly name: string;
  /** Serves a behaviour; the default message limit is 1000 bytes. */
  serve(
    behaviour: Behaviour,
    limits?: Partial<Omit<WebSocketSettings, "inFlight">>,
  ): WebSocketServer | Promise<WebSocketServer>;
  /** Status that accepts a handshake; default 101. */
  readonly accepted?: number;
  /** Code of the Close frame for a client that does not answer a ping; default 1001, which is the runtime's. */
  readonly unanswered?: number;
  /** Sends a handshake. */
  connect(url: string, options?: HandshakeOptions): Promise<WebSocketClient>;
}

/** Registers the tests. */
export function webSocketSuite(subject: WebSocketSubject): void {
  const test = (name: string, run: () => Promise<void>) =>
    Deno.test(`WebSocket, ${subject.name}: ${name}`, run);
  messages(subject, test);
  handshakes(subject, test);
  closes(subject, test);
  failures(subject, test);
}

type Test = (name: string, run: () => Promise<void>) => void;

/** Connects and expects to be accepted. */
async function open(
  subject: WebSocketSubject,
  server: WebSocketServer,
  options?: HandshakeOptions,
): Promise<WebSocketClient> {
  const client = await subject.connect(server.url, options);
  assert.equal(client.answer.status, subject.accepted ?? 101);
  return client;
}

function messages(subject: WebSocketSubject, test: Test): void {
  const cases: { name: string; data: Payload }[] = [
    { name: "text", data: "grüße" },
    { name: "empty text", data: "" },
    { name: "bytes", data: new Uint8Array([0, 1, 255]) },
    { name: "no bytes", data: new Uint8Array() },
    { name: "a 16-bit length", data: "x".repeat(900) },
  ];
  test("echoes messages of either kind, in order", async () => {
    await using server = await subject.serve(ECHO);
    using client = await open(subject, server);
    for (const { data } of cases) await client.send(data);
    for (const { name, data } of cases) assert.deepEqual(await client.message(), data, name);
  });

  test("joins fragments, answering a ping between them", async () => {
    await using server = await subject.serve(ECHO);
    using client = await open(subject, server);
    const bytes = new TextEncoder().encode("grüße");
    await client.frame(OP.text, bytes.slice(0, 3), { fin: false }); // in the middle of a character
    await client.frame(OP.ping, "here?");
    await client.frame(OP.continuation, "", { fin: false });
    await client.frame(OP.continuation, bytes.slice(3));
    const pong = await client.next();
    assert.deepEqual([pong?.opcode, pong?.payload], [OP.pong, new TextEncoder().encode("here?")]);
    assert.equal(await client.message(), "grüße");
  });

  test("delivers what was sent before the accept, in order", async () => {
    const asked = Promise.withResolvers<void>();
    const accept = Promise.withResolvers<void>();
    const received = new Recorder<Data>();
    await using server = await subject.serve({
      before() {
        asked.resolve();
        return accept.promise;
      },
      message: (data) => received.add(data),
    });
    const ahead = Array.from({ length: 300 }, (_, i) => encodeFrame(OP.text, `${i}`));
    const connected = subject.connect(server.url, { ahead: concat(ahead) });
    await asked.promise;
    accept.resolve();
    using _client = await connected;
    for (let i = 0; i < 300; i++) assert.equal(await received.next(), `${i}`);
  });

  test("measures messages in bytes of UTF-8 and takes one of exactly the limit", async () => {
    const received = new Recorder<Data>();
    const limits = { maxMessageSize: 6 };
    await using server = await subject.serve({ message: (data) => received.add(data) }, limits);
    for (const data of ["123456", "üüü", new Uint8Array(6)]) {
      using client = await open(subject, server);
      await client.send(data);
      assert.deepEqual(await received.next(), data);
    }
    for (const data of ["1234567", "üüüü", new Uint8Array(7), "😀😀"]) {
      using client = await open(subject, server);
      await client.send(data);
      assert.equal((await client.closed()).code, 1009);
    }
    assert.deepEqual(received.left, []);
  });

  test("adds fragments up for the message limit", async () => {
    const received = new Recorder<Data>();
    const limits = { maxMessageSize: 6 };
    await using server = await subject.serve({ message: (data) => received.add(data) }, limits);
    using client = await open(subject, server);
    await client.frame(OP.text, "1234", { fin: false });
    await client.frame(OP.continuation, "567");
    assert.equal((await client.closed()).code, 1009);
    assert.deepEqual(received.left, []);
  });
}

function handshakes(subject: WebSocketSubject, test: Test): void {
  test("accepts with a subprotocol and fields", async () => {
    const accept = {
      protocol: "chat",
      headers: [["x-a", "1"], ["set-cookie", "b=2"]] as [string, string][],
    };
    await using server = await subject.serve({ ...ECHO, accept });
    for (
      const offer of ["chat", "soap,chat", "soap ,\tchat , x", ["soap", "chat"], ", chat,"]
    ) {
      using client = await open(subject, server, { fields: { "sec-websocket-protocol": offer } });
      const { headers } = client.answer;
      assert.equal(headers.get("sec-websocket-protocol"), "chat", JSON.stringify(offer));
      assert.deepEqual([headers.get("x-a"), headers.getSetCookie()], ["1", ["b=2"]]);
      await client.send("hi");
      assert.equal(await client.message(), "hi");
    }
  });

  test("chooses no subprotocol of its own accord", async () => {
    await using server = await subject.serve(ECHO);
    using client = await open(subject, server, { fields: { "sec-websocket-protocol": "chat" } });
    assert.equal(client.answer.headers.get("sec-websocket-protocol"), null);
  });

  for (const body of [[], ["no"], ["no", ", never"]]) {
    test(`denies with status, fields and ${body.length} pieces of content`, async () => {
      const headers: [string, string][] = [["x-why", "full"]];
      await using server = await subject.serve({ deny: { status: 429, headers, body } });
      using client = await subject.connect(server.url, {
        fields: { connection: "Upgrade, close" },
      });
      assert.deepEqual([client.answer.status, client.answer.headers.get("x-why")], [429, "full"]);
      assert.equal(unchunked(client.answer.headers, await client.content()), body.join(""));
      await server.idle();
      assert.deepEqual(server.log.matching("ERROR"), []);
    });
  }

  for (const name of ["connection", "upgrade", "sec-websocket-accept", "content-length"]) {
    test(`answers 500 and logs when the application sets ${name}`, async () => {
      await using server = await subject.serve({ accept: { headers: [[name, "1"]] } });
      using client = await subject.connect(server.url);
      assert.equal(client.answer.status, 500);
      await server.idle();
      assert.equal(
        server.log.matching(`Cannot accept the WebSocket with field "${name}"`).length,
        1,
      );
    });
  }

  test("answers 503 to a handshake while the server stops", async () => {
    await using server = await subject.serve(ECHO);
    server.inFlight.drain();
    using client = await subject.connect(server.url);
    assert.equal(client.answer.status, 503);
  });

  test("answers 503 when the server began to stop during the handshake", async () => {
    const asked = Promise.withResolvers<void>();
    const accept = Promise.withResolvers<void>();
    await using server = await subject.serve({
      before() {
        asked.resolve();
        return accept.promise;
      },
    });
    const connected = subject.connect(server.url);
    await asked.promise;
    server.inFlight.drain();
    accept.resolve();
    using client = await connected;
    assert.equal(client.answer.status, 503);
  });

  test("closes with 1001 when the server begins to stop", async () => {
    const closed = new Recorder<[number, string]>();
    const opened = Promise.withResolvers<void>();
    await using server = await subject.serve({
      opened: () => opened.resolve(),
      closed: (...close) => closed.add(close),
    });
    using client = await open(subject, server);
    await opened.promise;
    server.inFlight.drain();
    assert.deepEqual(await client.closed(), { code: 1001, reason: "Server shutting down" });
    assert.equal((await closed.next())[0], 1001);
    await server.idle();
  });
}

/** Content of a chunked answer, whose chunks here have one-digit sizes. */
function unchunked(headers: Headers, content: string): string {
  if (headers.get("transfer-encoding") !== "chunked") return content;
  return [...content.matchAll(/[0-9a-f]+\r\n(.*)\r\n/g)].map((match) => match[1]).join("");
}

function closes(subject: WebSocketSubject, test: Test): void {
  for (
    const [code, reason] of [
      [1000, ""],
      [1001, "away"],
      [1008, "policy"],
      [1011, "x".repeat(123)],
      [3000, "ü".repeat(61)],
      [4999, "last"],
    ] as const
  ) {
    test(`carries close code ${code} both ways`, async () => {
      const closed = new Recorder<[number, string]>();
      await using server = await subject.serve({
        message: (_data, socket) => socket.close(code, reason),
        closed: (...close) => closed.add(close),
      });
      using ours = await open(subject, server);
      await ours.close(code, reason);
      assert.equal((await ours.closing()).code, code); // the reason may be echoed, too (RFC 6455 §5.5.1)
      await ours.ended();
      assert.deepEqual(await closed.next("the client's close"), [code, reason]);

      using theirs = await open(subject, server);
      await theirs.send("close!");
      assert.deepEqual(await theirs.closed(), { code, reason });
      assert.equal((await closed.next("the close handshake"))[0], code);
      await server.idle();
    });
  }

  test("closes with 1000 when the application gives no code", async () => {
    await using server = await subject.serve({ message: (_data, socket) => socket.close() });
    using client = await open(subject, server);
    await client.send("close!");
    assert.deepEqual(await client.closed(), { code: 1000, reason: "" });
  });

  test("tells the application 1005 for a Close frame without a code", async () => {
    const closed = new Recorder<[number, string]>();
    await using server = await subject.serve({ closed: (...close) => closed.add(close) });
    using client = await open(subject, server);
    await client.close();
    assert.equal((await client.next())?.opcode, OP.close);
    assert.deepEqual(await closed.next(), [1005, ""]);
  });

  test("delivers what was sent before the application's close", async () => {
    await using server = await subject.serve({
      async opened(socket) {
        for (let i = 0; i < 20; i++) await socket.send(`${i}`);
        await socket.close(1000, "done");
      },
    });
    using client = await open(subject, server);
    for (let i = 0; i < 20; i++) assert.equal(await client.message(), `${i}`);
    assert.deepEqual(await client.closed(), { code: 1000, reason: "done" });
  });

  for (const code of [0, 999, 1004, 1016, 2999, 5000]) {
    test(`refuses close code ${code} and lives on`, async () => {
      const refused = new Recorder<unknown>();
      await using server = await subject.serve({
        async message(_data, socket) {
          try {
            await socket.close(code);
          } catch (error) {
            refused.add(error);
          }
          await socket.send("alive");
        },
      });
      using client = await open(subject, server);
      await client.send("close!");
      assert.equal(await client.message(), "alive");
      assert.match(String(await refused.next()), new RegExp(`with code ${code}: expected 1000`));
    });
  }

  test("completes the close handshake with a client that goes on sending", async () => {
    const received: Data[] = [];
    const closed = new Recorder<[number, string]>();
    await using server = await subject.serve({
      message(data, socket) {
        received.push(data);
        return socket.close(3001, "enough");
      },
      closed: (...close) => closed.add(close),
    });
    using client = await open(subject, server);
    const flood = Array.from({ length: 50 }, (_, i) => encodeFrame(OP.text, `${i}`));
    await client.raw(concat([...flood, encodeFrame(OP.pong)]));
    assert.deepEqual(await client.closing(), { code: 3001, reason: "enough" });
    await client.raw(concat(flood.map(() => encodeFrame(OP.text, "late"))));
    await client.close(3001);
    assert.deepEqual(await closed.next("the client's answer"), [3001, ""]);
    assert.ok(!received.includes("late"), "what comes after the close is dropped");
    await server.idle();
  });

  test("cuts a client that does not answer a close, and tells the application 1006", async () => {
    const closed = new Recorder<[number, string]>();
    await using server = await subject.serve({
      opened: (socket) => socket.close(3001, "go"),
      closed: (...close) => closed.add(close),
    }, { closeTimeoutMs: 30 });
    using client = await open(subject, server);
    assert.deepEqual(await client.closing(), { code: 3001, reason: "go" });
    await client.ended();
    assert.deepEqual(await closed.next("the cut"), [1006, ""]);
    await server.idle();
  });

  test("tells the application 1006 when the connection is lost", async () => {
    const closed = new Recorder<[number, string]>();
    await using server = await subject.serve({ closed: (...close) => closed.add(close) });
    (await open(subject, server))[Symbol.dispose]();
    assert.deepEqual(await closed.next("the loss"), [1006, ""]);
    await server.idle();
    assert.deepEqual(closed.left, [], "one close event only");
  });
}

function failures(subject: WebSocketSubject, test: Test): void {
  test("answers 500 when the application crashes before the accept", async () => {
    await using server = await subject.serve({
      before() {
        throw new Error("early crash");
      },
    });
    using client = await subject.connect(server.url);
    assert.equal(client.answer.status, 500);
    await server.idle();
    assert.equal(server.log.matching("early crash").length, 1);
  });

  for (const crash of ["throws", "rejects"] as const) {
    test(`closes with 1011 when a message makes the application crash: ${crash}`, async () => {
      await using server = await subject.serve({
        message(data, socket): void | Promise<void> {
          if (data !== "crash") return socket.send(data);
          if (crash === "rejects") return Promise.reject(new Error("late crash"));
          throw new Error("late crash");
        },
      });
      using other = await open(subject, server);
      using client = await open(subject, server);
      await client.send("crash");
      assert.deepEqual(await client.closed(), { code: 1011, reason: "Internal error" });
      await other.send("alive");
      assert.equal(await other.message(), "alive");
      assert.equal(server.log.matching("late crash").length, 1);
    });
  }

  test("pings a silent client at the interval and keeps it while it answers", async () => {
    const closed = new Recorder<[number, string]>();
    await using server = await subject.serve(
      { closed: (...close) => closed.add(close) },
      { pingInterval: 0.4 },
    );
    const start = performance.now();
    using client = await open(subject, server);
    for (let i = 1; i <= 2; i++) {
      const ping = await client.next();
      assert.equal(ping?.opcode, OP.ping);
      await client.frame(OP.pong, ping!.payload);
      assert.ok(performance.now() - start > i * 390, `ping ${i} came early`);
    }
    assert.equal((await client.next())?.opcode, OP.ping);
    assert.equal((await client.closing()).code, subject.unanswered ?? 1001); // this time without an answer
    await client.ended();
    assert.deepEqual(await closed.next("the end of the dead client"), [1006, ""]);
    await server.idle();
    assert.deepEqual(closed.left, [], "one close event only");
  });

  test("ends a dead client in the middle of a message of ours", async () => {
    const opened = new Recorder<ServerSocket>();
    await using server = await subject.serve({ opened: (socket) => opened.add(socket) });
    const client = await open(subject, server);
    const socket = await opened.next();
    client[Symbol.dispose]();
    await server.idle();
    await socket.send("into the void");
  });
}
