import assert from "node:assert/strict";
import type { ASGIReceiveEvent, ASGISendEvent } from "../../src/asgi_types.ts";
import { ApplicationError } from "../../src/errors.ts";
import { WebTransportStreamError } from "../../src/webtransport_exchange.ts";
import { settled, toBytes } from "../_support/fake_exchange.ts";
import { expectEvent, inSession } from "./asgi_webtransport_harness.ts";

const END = new Uint8Array(0);

// Receiving

for (const kind of ["bidirectional", "unidirectional"] as const) {
  Deno.test(`a ${kind} stream of the client is opened, brings pieces, then its end`, async () => {
    await inSession(async ({ session, receive }) => {
      const stream = session.open(kind);
      stream.feed("a");
      stream.feed("b");
      stream.finish();
      const events: ASGIReceiveEvent[] = [];
      for (let count = 0; count < 4; count++) events.push(await receive());
      const { id } = stream;
      const unidirectional = kind === "unidirectional";
      const type = "webtransport.stream.receive";
      assert.deepEqual(events, [
        { type: "webtransport.stream.open", stream: id, unidirectional },
        { type, stream: id, data: toBytes("a"), more_data: true },
        { type, stream: id, data: toBytes("b"), more_data: true },
        { type, stream: id, data: END, more_data: false },
      ]);
    });
  });

  Deno.test(`no more than one piece of a ${kind} stream, and one stream, waits for receive()`, async () => {
    await inSession(async ({ session, receive }) => {
      const [first] = [session.open(kind), session.open(kind), session.open(kind)];
      for (let count = 0; count < 5; count++) first!.feed("piece");
      await settled();
      assert.deepEqual([session.untaken.streams, first!.receive.unread], [2, 5]);
      await expectEvent(receive, "webtransport.stream.open");
      await settled();
      assert.deepEqual([session.untaken.streams, first!.receive.unread], [1, 4]);
      const types = [await receive(), await receive()].map(({ type }) => type).sort();
      assert.deepEqual(types, ["webtransport.stream.open", "webtransport.stream.receive"]);
      await settled();
      assert.deepEqual([session.untaken.streams, first!.receive.unread], [0, 3]);
    });
  });
}

for (const code of [0, 42, null]) {
  Deno.test(`webtransport.stream.reset tells that the client gave a stream up, code ${code}`, async () => {
    await inSession(async ({ session, receive }) => {
      const stream = session.open("unidirectional");
      await expectEvent(receive, "webtransport.stream.open");
      await settled();
      stream.reset(code);
      const event = await expectEvent(receive, "webtransport.stream.reset");
      assert.deepEqual(event, { type: "webtransport.stream.reset", stream: stream.id, code });
    });
  });
}

Deno.test("webtransport.datagram.receive brings datagrams, and one at most waits for receive()", async () => {
  await inSession(async ({ session, receive }) => {
    const datagrams = [Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2)];
    for (const datagram of datagrams) session.datagram(datagram);
    await settled();
    assert.equal(session.untaken.datagrams, 2);
    for (const data of datagrams) {
      assert.deepEqual(await receive(), { type: "webtransport.datagram.receive", data });
    }
  });
});

Deno.test("webtransport.drain tells once that the end is near", async () => {
  await inSession(async ({ session, receive }) => {
    session.clientDrains();
    await expectEvent(receive, "webtransport.drain");
    session.end();
    await expectEvent(receive, "webtransport.disconnect");
  });
});

for (
  const { end, code } of [
    { end: {}, code: 0 },
    { end: { code: 7, reason: "bye" }, code: 7 },
    { end: { clean: false, reason: "lost" }, code: null },
  ]
) {
  Deno.test(`webtransport.disconnect is given once, with code ${code}`, async () => {
    await inSession(async ({ session, receive }) => {
      const waiting = receive();
      session.end(end);
      const { reason = "" } = end;
      assert.deepEqual(await waiting, { type: "webtransport.disconnect", code, reason });
      receive().then(() => assert.fail("another event"));
      session.clientDrains();
      await settled();
    });
  });
}

Deno.test("webtransport.disconnect comes after all that came before it", async () => {
  await inSession(async ({ session, receive }) => {
    const stream = session.open("unidirectional");
    await expectEvent(receive, "webtransport.stream.open");
    await settled();
    session.datagram(Uint8Array.of(1));
    stream.feed("last words");
    session.end();
    const types = [await receive(), await receive()].map(({ type }) => type).sort();
    assert.deepEqual(types, ["webtransport.datagram.receive", "webtransport.stream.receive"]);
    await expectEvent(receive, "webtransport.disconnect");
  });
});

Deno.test("each of several receive() calls gets an event of its own", async () => {
  await inSession(async ({ session, receive }) => {
    const waiting = [receive(), receive()];
    session.datagram(Uint8Array.of(1));
    session.datagram(Uint8Array.of(2));
    const data = (await Promise.all(waiting)).map((event) => (event as { data?: Uint8Array }).data);
    assert.deepEqual(data, [Uint8Array.of(1), Uint8Array.of(2)]);
  });
});

Deno.test("receive() throws what the driver failed with, those that wait and those that come", async () => {
  await inSession(async ({ session, receive }) => {
    const stream = session.open("unidirectional");
    await expectEvent(receive, "webtransport.stream.open");
    await settled();
    const waiting = receive();
    stream.receive.fail(new TypeError("on purpose"));
    await assert.rejects(waiting, /on purpose/);
    await assert.rejects(receive(), /on purpose/);
  });
});

Deno.test("nothing reads or waits any more when the session is over", async () => {
  const session = await inSession(async ({ session, send }) => {
    for (let count = 0; count < 3; count++) session.open("bidirectional").feed("unread");
    await send({ type: "webtransport.stream.open", stream: "mine" });
    await settled();
  });
  await settled();
  for (const { receive } of session.streams.values()) assert.equal(receive.isAwaited, false);
});

// Stopping

Deno.test("webtransport.stream.stop drops what was read, asks the client to stop, and nothing more comes", async () => {
  await inSession(async ({ session, receive, send }) => {
    const stream = session.open("bidirectional");
    stream.feed("unwanted");
    await expectEvent(receive, "webtransport.stream.open");
    await settled();
    const stop: ASGISendEvent = { type: "webtransport.stream.stop", stream: stream.id };
    await send(stop);
    await send(stop); // a second one does nothing
    assert.equal(stream.receive.stopped, true);
    await settled();
    session.datagram(END);
    await expectEvent(receive, "webtransport.datagram.receive");
  });
});

Deno.test("webtransport.stream.stop drops even the end, and a reset", async () => {
  await inSession(async ({ session, receive, send }) => {
    const streams = [session.open("bidirectional"), session.open("bidirectional")];
    for (const { id } of streams) {
      await expectEvent(receive, "webtransport.stream.open");
      await settled();
      await send({ type: "webtransport.stream.stop", stream: id });
    }
    streams[0]!.finish();
    streams[1]!.reset(1);
    session.end();
    await expectEvent(receive, "webtransport.disconnect");
  });
});

// Sending

Deno.test("webtransport.stream.send answers on the client's stream, to the end", async () => {
  await inSession(async ({ session, receive, send }) => {
    const { id, send: sent } = session.open("bidirectional");
    await expectEvent(receive, "webtransport.stream.open");
    const type = "webtransport.stream.send";
    await send({ type, stream: id, data: "te" });
    await send({ type, stream: id, data: toBytes("xt"), more_data: true });
    await send({ type, stream: id });
    assert.deepEqual([sent.text, sent.written.length, sent.endedBy], ["text", 2, null]);
    await send({ type, stream: id, data: "!", more_data: false });
    assert.deepEqual([sent.text, sent.endedBy], ["text!", "end"]);
    await assert.rejects(send({ type, stream: id, data: "more" }), ApplicationError);
  });
});

Deno.test("webtransport.stream.send settles when the transport wants more", async () => {
  await inSession(async ({ session, receive, send }) => {
    const stream = session.open("bidirectional");
    stream.send.hold();
    await expectEvent(receive, "webtransport.stream.open");
    let isSent = false;
    const sending = send({ type: "webtransport.stream.send", stream: stream.id, data: "x" })
      .then(() => isSent = true);
    await settled();
    assert.equal(isSent, false);
    stream.send.release();
    await sending;
  });
});

Deno.test("webtransport.stream.send that waits is ignored when the session ends", async () => {
  await inSession(async ({ session, receive, send }) => {
    const stream = session.open("bidirectional");
    stream.send.hold();
    await expectEvent(receive, "webtransport.stream.open");
    const sending = send({ type: "webtransport.stream.send", stream: stream.id, data: "x" });
    await settled();
    session.end({ clean: false });
    await sending;
  });
});

for (const stream of [2, 4, "unknown", undefined]) {
  Deno.test(`webtransport.stream.send refuses the stream ${JSON.stringify(stream)}, which is not open for sending`, async () => {
    await inSession(async ({ session, receive, send }) => {
      session.open("bidirectional");
      session.open("unidirectional");
      await expectEvent(receive, "webtransport.stream.open");
      await expectEvent(receive, "webtransport.stream.open");
      const message = { type: "webtransport.stream.send", stream, data: "x" } as ASGISendEvent;
      await assert.rejects(send(message), /expected one that is open for sending, received /);
    });
  });
}

for (
  const { message, expected } of [
    {
      message: { type: "webtransport.stream.send", stream: 0, data: 1 },
      expected: /on a stream: /,
    },
    { message: { type: "webtransport.datagram.send" }, expected: /a datagram: expected "data"/ },
    { message: { type: "webtransport.datagram.send", data: [1] }, expected: /a datagram: / },
    { message: { type: "webtransport.stream.open", stream: "" }, expected: /expected a name/ },
    { message: { type: "webtransport.stream.open", stream: 4 }, expected: /received number 4$/ },
    { message: { type: "webtransport.stream.open" }, expected: /received undefined$/ },
  ]
) {
  Deno.test(`an accepted session refuses ${JSON.stringify(message)}`, async () => {
    await inSession(async ({ session, receive, send }) => {
      session.open("bidirectional");
      await expectEvent(receive, "webtransport.stream.open");
      await assert.rejects(send(message as ASGISendEvent), (error) => {
        assert.ok(error instanceof ApplicationError);
        assert.match(error.message, expected);
        return true;
      });
    });
  });
}

Deno.test("webtransport.stream.reset gives up what was sent, and does nothing afterwards", async () => {
  await inSession(async ({ session, receive, send }) => {
    const stream = session.open("bidirectional");
    await expectEvent(receive, "webtransport.stream.open");
    const reset: ASGISendEvent = { type: "webtransport.stream.reset", stream: stream.id };
    await send(reset);
    await send(reset);
    assert.equal(stream.send.endedBy, "abort");
  });
});

Deno.test("webtransport.datagram.send and webtransport.drain reach the client", async () => {
  const session = await inSession(async ({ send }) => {
    await send({ type: "webtransport.datagram.send", data: "text" });
    await send({ type: "webtransport.datagram.send", data: new Uint8Array(0) });
    await send({ type: "webtransport.drain" });
  });
  assert.deepEqual(session.sentDatagrams, [toBytes("text"), new Uint8Array(0)]);
  assert.equal(session.drains, 1);
});

Deno.test("webtransport.datagram.send lets others run while somebody sends without end", async () => {
  await inSession(async ({ session, send }) => {
    setTimeout(() => session.end(), 0);
    const produce = async () => {
      for (;;) await send({ type: "webtransport.datagram.send", data: "x" });
    };
    await assert.rejects(produce(), { name: "DisconnectError" });
  });
});

// Streams of the application

for (const unidirectional of [false, true]) {
  const kind = unidirectional ? "unidirectional" : "bidirectional";
  Deno.test(`webtransport.stream.open opens a ${kind} stream that is called by its name`, async () => {
    await inSession(async ({ session, receive, send }) => {
      await send({ type: "webtransport.stream.open", stream: "news", unidirectional });
      await send({ type: "webtransport.stream.send", stream: "news", data: "1" });
      const [stream] = session.streams.values();
      assert.deepEqual([stream!.id, stream!.send.text], [unidirectional ? 3 : 1, "1"]);
      assert.equal(stream!.receive.isAwaited, !unidirectional);
      if (unidirectional) return;
      stream!.feed("answer");
      assert.deepEqual(await receive(), {
        type: "webtransport.stream.receive",
        stream: "news",
        data: toBytes("answer"),
        more_data: true,
      });
    });
  });
}

Deno.test("webtransport.stream.open waits for the client's leave", async () => {
  await inSession(async ({ session, send }) => {
    session.credit(0);
    let isOpen = false;
    const opening = send({ type: "webtransport.stream.open", stream: "a" })
      .then(() => isOpen = true);
    await settled();
    assert.equal(isOpen, false);
    session.credit(1);
    await opening;
  });
});

Deno.test("webtransport.stream.open refuses a name until both sides have ended its stream", async () => {
  await inSession(async ({ session, receive, send }) => {
    const open: ASGISendEvent = { type: "webtransport.stream.open", stream: "a" };
    const refused = {
      name: "ApplicationError",
      message: /"a" has not ended. Choose another name$/,
    };
    session.credit(0);
    const opening = send(open);
    await assert.rejects(send(open), refused);
    session.credit(9);
    await opening;
    await assert.rejects(send(open), refused);
    await send({ type: "webtransport.stream.send", stream: "a", more_data: false });
    await assert.rejects(send(open), refused);
    const [stream] = session.streams.values();
    stream!.finish();
    await expectEvent(receive, "webtransport.stream.receive");
    await settled();
    await send(open);
    assert.equal(session.streams.size, 2);
  });
});

Deno.test("a name is free at once when its stream was stopped and reset, and the old one disturbs no longer", async () => {
  await inSession(async ({ session, receive, send }) => {
    const open: ASGISendEvent = { type: "webtransport.stream.open", stream: "a" };
    await send(open);
    const [old] = session.streams.values();
    old!.feed("old");
    await settled();
    await send({ type: "webtransport.stream.stop", stream: "a" });
    await send({ type: "webtransport.stream.reset", stream: "a" });
    await send(open);
    const [, fresh] = session.streams.values();
    fresh!.feed("new");
    const { data } = await expectEvent(receive, "webtransport.stream.receive");
    assert.deepEqual(data, toBytes("new"));
    await assert.rejects(send(open), ApplicationError);
  });
});

// Stopped by the client

for (const waits of [true, false]) {
  for (const code of [42, null]) {
    Deno.test(`webtransport.stream.stop tells that the client stopped a stream with ${code} ${waits ? "while a write waits" : "before a write"}`, async () => {
      await inSession(async ({ session, receive, send }) => {
        const stream = session.open("bidirectional");
        await expectEvent(receive, "webtransport.stream.open");
        const message = { type: "webtransport.stream.send", stream: stream.id, data: "x" } as const;
        if (waits) stream.send.hold();
        else stream.stop(code);
        const sending = [send(message), send(message)];
        stream.stop(code);
        await Promise.all(sending); // ignored, as to a client that left
        const event = await expectEvent(receive, "webtransport.stream.stop");
        assert.deepEqual(event, { type: "webtransport.stream.stop", stream: stream.id, code });
        await send(message);
        await send({ ...message, more_data: false });
        session.end();
        await expectEvent(receive, "webtransport.disconnect"); // it was told once
      });
    });
  }
}

Deno.test("an application that goes on to send on a stopped stream is told after 100 messages", async () => {
  await inSession(async ({ session, receive, send }) => {
    const stream = session.open("bidirectional");
    await expectEvent(receive, "webtransport.stream.open");
    stream.stop(7);
    let ignored = 0;
    const produce = async () => {
      for (;; ignored++) {
        await send({ type: "webtransport.stream.send", stream: stream.id, data: "x" });
      }
    };
    await assert.rejects(produce(), (error) => {
      assert.ok(error instanceof WebTransportStreamError);
      assert.equal(error.code, 7);
      return true;
    });
    assert.equal(ignored, 101); // the first one showed it
  });
});

Deno.test("stopped streams are forgotten, the oldest first, when there are too many", async () => {
  await inSession(async ({ session, send }) => {
    const message = (stream: string): ASGISendEvent => {
      return { type: "webtransport.stream.send", stream, data: "x" };
    };
    for (let count = 0; count <= 256; count++) {
      await send({ type: "webtransport.stream.open", stream: `${count}`, unidirectional: true });
      [...session.streams.values()].at(-1)!.stop(1);
      await send(message(`${count}`));
    }
    await assert.rejects(send(message("0")), ApplicationError);
    await send(message("1"));
  });
});
