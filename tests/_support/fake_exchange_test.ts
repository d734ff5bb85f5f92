import assert from "node:assert/strict";
import { ApplicationError, DisconnectError } from "../../src/errors.ts";
import { FakeExchange, FakeWebSocketExchange, settled } from "./fake_exchange.ts";

const OK = { status: 200, fields: [] };

Deno.test("FakeExchange yields the content in the given pieces, then null for ever", async () => {
  const exchange = new FakeExchange({ content: ["ab", "", "c"] });
  const pieces = [];
  for (let read = 0; read < 4; read++) pieces.push(await exchange.read());
  assert.deepEqual(pieces, [new Uint8Array([97, 98]), new Uint8Array([99]), null, null]);
});

Deno.test("FakeExchange left open waits for feed() and endContent()", async () => {
  const exchange = new FakeExchange({ content: { open: true } });
  const first = exchange.read();
  const second = exchange.read();
  exchange.feed("a");
  exchange.endContent([["x-sum", "1"]]);
  assert.deepEqual([await first, await second], [new Uint8Array([97]), null]);
  assert.deepEqual(await exchange.trailers(), [["x-sum", "1"]]);
});

Deno.test("FakeExchange refuses calls out of order as the state table does", async () => {
  const exchange = new FakeExchange();
  await assert.rejects(exchange.write(new Uint8Array(1)), ApplicationError);
  await exchange.respond(OK);
  await assert.rejects(exchange.respond(OK), ApplicationError);
  await exchange.end();
  assert.deepEqual(exchange.calls, ["respond", "end"]);
});

Deno.test("FakeExchange holds writes until they are settled", async () => {
  const exchange = new FakeExchange();
  await exchange.respond(OK);
  exchange.holdWrites();
  let written = 0;
  const writes = [1, 2, 3].map((size) =>
    exchange.write(new Uint8Array(size)).then(() => written++)
  );
  await exchange.until("write", 3);
  exchange.settleWrite();
  await settled();
  assert.deepEqual([written, exchange.heldWrites], [1, 2]);
  exchange.releaseWrites();
  await Promise.all(writes);
});

Deno.test("FakeExchange.disconnect() rejects what waits and what follows, and aborts the signal", async () => {
  const exchange = new FakeExchange({ content: { open: true } });
  await exchange.respond(OK);
  exchange.holdWrites();
  const pending = [exchange.read(), exchange.write(new Uint8Array(1)), exchange.trailers()];
  const reason = exchange.disconnect();
  assert.equal(exchange.signal.reason, reason);
  const later = [exchange.read(), exchange.write(new Uint8Array(1)), exchange.end()];
  for (const call of [...pending, ...later]) await assert.rejects(call, DisconnectError);
});

Deno.test("FakeExchange.disconnect() leaves a complete response alone", async () => {
  const exchange = new FakeExchange();
  await exchange.respond(OK);
  await exchange.end();
  exchange.disconnect();
  assert.equal(exchange.signal.aborted, false);
});

for (
  const { name, method, written, fails } of [
    { name: "matching content", method: "GET", written: 5, fails: false },
    { name: "too little", method: "GET", written: 4, fails: true },
    { name: "nothing for HEAD", method: "HEAD", written: 0, fails: false },
  ]
) {
  Deno.test(`FakeExchange.end() with content-length 5 and ${name}`, async () => {
    const exchange = new FakeExchange({ method });
    await exchange.respond({ status: 200, fields: [["content-length", "5"]] });
    await exchange.write(new Uint8Array(written));
    if (fails) await assert.rejects(exchange.end(), ApplicationError);
    else await exchange.end();
  });
}

Deno.test("FakeWebSocketExchange exchanges messages and repeats the close event", async () => {
  const exchange = new FakeWebSocketExchange({ subprotocols: ["chat"] });
  await exchange.accept({ subprotocol: "chat" });
  const received = exchange.receive();
  exchange.message("hi");
  assert.deepEqual(await received, { type: "message", data: "hi" });
  await exchange.send("ho");
  exchange.clientClose(1001, "bye");
  const close = { type: "close", code: 1001, reason: "bye" };
  assert.deepEqual([await exchange.receive(), await exchange.receive()], [close, close]);
  await assert.rejects(exchange.send("late"), DisconnectError);
  assert.deepEqual([exchange.accepted?.subprotocol, exchange.sent], ["chat", ["ho"]]);
});

Deno.test("FakeWebSocketExchange records one's own close and then refuses to send", async () => {
  const exchange = new FakeWebSocketExchange();
  await exchange.accept();
  const waiting = exchange.receive();
  await exchange.close(1000, "done");
  await exchange.close(1011);
  assert.deepEqual(exchange.closed, { code: 1000, reason: "done" });
  assert.equal((await waiting).type, "close");
  await assert.rejects(exchange.send("late"), ApplicationError);
});

Deno.test("FakeWebSocketExchange.disconnect() aborts the handshake, later it is close code 1006", async () => {
  const early = new FakeWebSocketExchange();
  early.disconnect();
  await assert.rejects(early.accept(), DisconnectError);

  const late = new FakeWebSocketExchange();
  await late.accept();
  late.disconnect();
  assert.equal(late.signal.aborted, false);
  assert.deepEqual(await late.receive(), { type: "close", code: 1006, reason: "" });
});
