import assert from "node:assert/strict";
import { CLOSE, MAX_FRAGMENTS, WebSocketError, WebSocketMachine } from "../../src/websocket/mod.ts";
import { CONTROL_FRAME_BURST, MAX_WAITING_PONGS } from "../../src/websocket/limits.ts";
import { close, fragments, frame } from "./families/case.ts";
import { eventsOf, heardOf, newClient, newServer, receive, takeAll } from "./support.ts";
import { frameBytes, utf8, type WireFrame } from "./wire.ts";

const BARE_CLOSE: WireFrame = { opcode: 0x8 };

Deno.test("WebSocketMachine gives events until null and sends what is in its queue", () => {
  const machine = newServer();
  assert.deepEqual(receive(machine, [frame("text", "hello"), frame("binary", utf8("bytes"))]), [
    { type: "message", data: "hello" },
    { type: "message", data: utf8("bytes") },
  ]);
  assert.ok(machine.send("hello") && machine.send(utf8("bytes")));
  assert.equal(machine.pendingBytes, 14);
  assert.deepEqual(takeAll(machine), [
    Uint8Array.of(0x81, 5, ...utf8("hello")),
    Uint8Array.of(0x82, 5, ...utf8("bytes")),
  ]);
  assert.equal(machine.pendingBytes, 0);
});

Deno.test("WebSocketMachine reads no further than it is asked", () => {
  const machine = newServer();
  machine.receive(frameBytes(frame("text", "one")), 0);
  machine.receive(frameBytes(frame("text", "two", { key: null })), 0);
  assert.deepEqual(machine.next(), { type: "message", data: "one" });
  assert.equal(machine.state, "open");
  assert.equal(machine.next()?.type, "closed");
  assert.equal(machine.state, "closed");
});

Deno.test("send() copies: what is done to the bytes afterwards does not matter", () => {
  const machine = newServer();
  const data = utf8("bytes");
  machine.send(data);
  data.fill(0);
  assert.deepEqual(heardOf(machine), [{ type: "message", data: utf8("bytes") }]);
});

Deno.test("WebSocketMachine closed by the peer answers with the code and is closed", () => {
  const machine = newServer();
  machine.send("before");
  assert.deepEqual(receive(machine, [close(3000, "bye")]), [
    { type: "closed", code: 3000, reason: "bye", error: null },
  ]);
  assert.equal(machine.state, "closed");
  assert.equal(machine.send("after"), false);
  machine.close({}, 1);
  machine.finish();
  machine.tick(Infinity);
  assert.deepEqual(receive(machine, [frame("text", "after")]), [], "the last event comes once");
  assert.deepEqual(heardOf(machine), [
    { type: "message", data: "before" },
    { type: "close", code: 3000, reason: "" },
  ]);
});

Deno.test("WebSocketMachine closed without a code tells 1005 and answers without one (RFC 6455 §7.1.5)", () => {
  const machine = newServer();
  assert.deepEqual(receive(machine, [BARE_CLOSE]), [
    { type: "closed", code: 1005, reason: "", error: null },
  ]);
  assert.deepEqual(takeAll(machine), [Uint8Array.of(0x88, 0)]);
});

Deno.test("close() sends after what was queued, and the peer's Close frame ends it", () => {
  const machine = newServer();
  machine.send("before");
  machine.close({ code: 1001, reason: "Going away" }, 100);
  machine.close({ code: 1000 }, 100);
  assert.equal(machine.state, "closing");
  assert.equal(machine.send("after"), false);
  assert.deepEqual(heardOf(machine), [
    { type: "message", data: "before" },
    { type: "close", code: 1001, reason: "Going away" },
  ]);
  assert.deepEqual(receive(machine, [close(1001)]), [
    { type: "closed", code: 1001, reason: "", error: null },
  ]);
  assert.deepEqual(takeAll(machine), [], "one Close frame each way");
});

Deno.test("close() makes the machine skip messages, answer pings and still keep the rules", () => {
  const machine = newServer({ maxMessageSize: 4 });
  const [first, second] = fragments("text", ["abc", "d"]);
  assert.deepEqual(receive(machine, [first!]), []);
  machine.close({}, 0);
  takeAll(machine);
  const large = frame("binary", new Uint8Array(1000));
  assert.deepEqual(receive(machine, [second!, large, frame("text", Uint8Array.of(0xff))]), []);
  assert.deepEqual(receive(machine, [frame("ping", "?")]).map(({ type }) => type), ["ping"]);
  assert.deepEqual(heardOf(machine), [{ type: "pong", payload: utf8("?") }]);
  const [event] = receive(machine, [frame("continuation")]);
  assert.ok(event?.type === "closed" && event.error?.code === CLOSE.PROTOCOL_ERROR);
  assert.equal(event.code, CLOSE.ABNORMAL);
  assert.deepEqual(takeAll(machine), [], "our Close frame was sent before");
});

for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, NaN]) {
  Deno.test(`close() throws for code ${code}`, () => {
    assert.throws(() => newServer().close({ code }, 0), RangeError);
  });
}

Deno.test("close() throws for a reason of more than 123 bytes", () => {
  newServer().close({ reason: "x".repeat(123) }, 0);
  assert.throws(() => newServer().close({ reason: "ü".repeat(62) }, 0), RangeError);
});

Deno.test("tick() gives up waiting for the peer's Close frame after the time-out", () => {
  const machine = newServer();
  assert.equal(machine.deadline, Infinity);
  machine.close({}, 1_000);
  assert.equal(machine.deadline, 6_000);
  machine.receive(frameBytes(frame("text", "still talking")), 5_000);
  machine.tick(5_999);
  assert.deepEqual(eventsOf(machine), []);
  machine.tick(6_000);
  assert.deepEqual(eventsOf(machine), [{ type: "closed", code: 1006, reason: "", error: null }]);
  assert.equal(machine.deadline, Infinity);
});

Deno.test("finish() ends it with 1006, after what came before", () => {
  for (const closing of [false, true]) {
    const machine = newServer();
    if (closing) machine.close({}, 0);
    else machine.receive(frameBytes(frame("text", "last words")), 0);
    machine.receive(frameBytes(frame("text", "cut off")).subarray(0, 5), 0);
    machine.finish();
    const events = eventsOf(machine);
    assert.deepEqual(events.at(-1), { type: "closed", code: 1006, reason: "", error: null });
    assert.equal(events.length, closing ? 1 : 2);
  }
});

Deno.test("finish() does not hide the error of what came before", () => {
  const machine = newServer();
  machine.receive(frameBytes(frame("continuation")), 0);
  machine.finish();
  const [event, ...rest] = eventsOf(machine);
  assert.ok(event?.type === "closed" && event.error?.code === CLOSE.PROTOCOL_ERROR);
  assert.deepEqual(rest, []);
});

Deno.test("a peer that breaks a rule gets a Close frame with code and reason, and nothing else", () => {
  const machine = newServer();
  machine.send("queued, and now in vain");
  const [ping, event] = receive(machine, [frame("ping"), frame("text", Uint8Array.of(0xff))]);
  assert.equal(ping?.type, "ping");
  assert.ok(event?.type === "closed" && event.error instanceof WebSocketError);
  assert.deepEqual([event.code, event.reason, event.error.code], [1006, "", 1007]);
  assert.deepEqual(heardOf(machine), [
    { type: "close", code: 1007, reason: "Cannot accept the message: its text is not UTF-8" },
  ]);
});

Deno.test("a silent peer is pinged, and given up with 1011 when it is silent for as long again", () => {
  const machine = newServer({ pingInterval: 1_000 });
  assert.equal(machine.deadline, 1_000);
  machine.tick(999);
  assert.deepEqual(takeAll(machine), []);
  machine.tick(1_000);
  assert.deepEqual(takeAll(machine), [Uint8Array.of(0x89, 0)]);
  assert.equal(machine.deadline, 2_000);
  assert.deepEqual(receive(machine, [frame("pong")], 1_500).map(({ type }) => type), ["pong"]);
  assert.equal(machine.deadline, 2_500);
  machine.tick(2_600);
  assert.equal(machine.deadline, 3_600);
  takeAll(machine);
  machine.tick(3_600);
  const [event] = eventsOf(machine);
  assert.ok(event?.type === "closed" && event.error?.code === CLOSE.INTERNAL_ERROR);
  assert.equal(heardOf(machine)[0]?.type, "close");
});

Deno.test("tick() does not take a peer for silent whose bytes were not looked at", () => {
  const machine = newServer({ pingInterval: 1_000 });
  machine.receive(frameBytes(frame("text", "waiting")), 0);
  machine.tick(10_000);
  assert.deepEqual(takeAll(machine), []);
  assert.equal(eventsOf(machine).length, 1);
  machine.tick(10_000);
  assert.equal(takeAll(machine).length, 1);
});

Deno.test("pongs go before what waits, and of too many the latest are sent (RFC 6455 §5.5.3)", () => {
  const machine = newServer();
  machine.send("large");
  const pings = Array.from({ length: 100 }, (_, index) => frame("ping", `${index}`));
  assert.equal(receive(machine, pings).length, 100);
  const heard = heardOf(machine);
  const latest = Array.from({ length: MAX_WAITING_PONGS }, (_, index) => ({
    type: "pong",
    payload: utf8(`${100 - MAX_WAITING_PONGS + index}`),
  }));
  assert.deepEqual(heard, [...latest, { type: "message", data: "large" }]);
  assert.equal(machine.pendingBytes, 0);
});

for (const kind of ["ping", "pong"] as const) {
  Deno.test(`a flood of ${kind}s ends with 1008, a few in a second do not`, () => {
    const machine = newServer();
    const flood = new Array<WireFrame>(CONTROL_FRAME_BURST).fill(frame(kind));
    assert.equal(receive(machine, flood).length, CONTROL_FRAME_BURST);
    for (let second = 1; second <= 60; second++) {
      const few = new Array<WireFrame>(33).fill(frame(kind));
      assert.equal(receive(machine, few, second * 1_000).length, 33);
    }
    const [event] = receive(machine, [frame(kind)], 60_000);
    assert.ok(event?.type === "closed" && event.error?.code === CLOSE.POLICY_VIOLATION);
  });
}

Deno.test("maxMessageSize refuses what a header announces, before any of it comes", () => {
  const machine = newServer({ maxMessageSize: 10 });
  assert.equal(receive(machine, [frame("text", "0123456789")]).length, 1);
  const [first, second] = fragments("text", ["012345", "67890"]);
  assert.deepEqual(receive(machine, [first!]), []);
  machine.receive(frameBytes(second!).subarray(0, 6), 0);
  const [event] = eventsOf(machine);
  assert.ok(event?.type === "closed" && event.error?.code === CLOSE.TOO_LARGE);
});

Deno.test("maxFragments counts the frames of one message, not the pings between them", () => {
  const machine = newServer({ maxFragments: 3 });
  const three = fragments("text", ["a", "b", "c"]);
  for (let round = 0; round < 3; round++) {
    assert.equal(receive(machine, three.flatMap((it) => [it, frame("ping")])).length, 4);
  }
  const [event] = receive(machine, fragments("text", ["a", "b", "c", "d"]));
  assert.ok(event?.type === "closed" && event.error?.code === CLOSE.POLICY_VIOLATION);
  assert.equal(MAX_FRAGMENTS, 1024);
});

Deno.test("fragmentSize sends larger messages in frames, between which pongs may go", () => {
  const machine = newServer({ fragmentSize: 4 });
  machine.send("0123456789");
  machine.send("0123");
  machine.send(new Uint8Array(8));
  const first = machine.take()!;
  assert.deepEqual(first, Uint8Array.of(0x01, 4, ...utf8("0123")));
  receive(machine, [frame("ping", "?")]);
  assert.deepEqual(takeAll(machine).map((bytes) => [...bytes.subarray(0, 2)]), [
    [0x8a, 1],
    [0x00, 4],
    [0x80, 2],
    [0x81, 4],
    [0x02, 4],
    [0x80, 4],
  ]);
});

Deno.test("new WebSocketMachine() wants masks for clients alone, and fragments with bytes in them", () => {
  const common = { maxMessageSize: 1, closeTimeout: 1 };
  assert.throws(() => new WebSocketMachine({ role: "client", ...common }, 0), TypeError);
  assert.throws(() => newServer({ mask: () => 1 }), TypeError);
  assert.throws(() => newServer({ fragmentSize: 0 }), RangeError);
});

Deno.test("two machines talk: messages, pings and the close handshake between client and server", () => {
  const [client, server] = [newClient({ pingInterval: 10 }), newServer({ fragmentSize: 3 })];
  const pass = (from: WebSocketMachine, to: WebSocketMachine) => {
    for (const bytes of takeAll(from)) to.receive(bytes, 10);
    return eventsOf(to);
  };
  client.send("Grüße");
  client.tick(10);
  assert.deepEqual(pass(client, server), [
    { type: "message", data: "Grüße" },
    { type: "ping", payload: new Uint8Array(0) },
  ]);
  server.send("zurück");
  server.close({ code: 4000, reason: "enough" }, 10);
  assert.deepEqual(pass(server, client), [
    { type: "pong", payload: new Uint8Array(0) },
    { type: "message", data: "zurück" },
    { type: "closed", code: 4000, reason: "enough", error: null },
  ]);
  assert.deepEqual(pass(client, server), [
    { type: "closed", code: 4000, reason: "", error: null },
  ]);
});

Deno.test("a client refuses frames that are masked", () => {
  const [event] = receive(newClient(), [frame("text", "hello")]);
  assert.ok(event?.type === "closed" && event.error?.code === CLOSE.PROTOCOL_ERROR);
});
