/** What an ASGI application sends in an accepted session. */

import assert from "node:assert/strict";
import type { ASGISendEvent } from "../../src/asgi_types.ts";
import { ApplicationError } from "../../src/errors.ts";
import { WebTransportStreamError } from "../../src/webtransport_exchange.ts";
import { settled, toBytes } from "../_support/fake_exchange.ts";
import { expectEvent, inSession } from "./asgi_webtransport_harness.ts";

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

for (const type of ["webtransport.stream.reset", "webtransport.stream.stop"] as const) {
  for (const stream of [-4, 0.5, 1, 4, 6, "unknown", undefined]) {
    Deno.test(`${type} refuses the stream ${JSON.stringify(stream)}, which never was there`, async () => {
      await inSession(async ({ session, receive, send }) => {
        session.open("bidirectional"); // 0
        await expectEvent(receive, "webtransport.stream.open");
        const message = { type, stream } as ASGISendEvent;
        await assert.rejects(send(message), (error) => {
          assert.ok(error instanceof ApplicationError);
          assert.match(error.message, /^Cannot (reset|stop) a stream: expected one .*, received /);
          return true;
        });
      });
    });
  }

  Deno.test(`${type} comes too late for streams that have ended, and nothing happens`, async () => {
    await inSession(async ({ session, receive, send }) => {
      const stream = session.open("bidirectional");
      stream.finish();
      await expectEvent(receive, "webtransport.stream.open");
      await expectEvent(receive, "webtransport.stream.receive");
      await send({ type: "webtransport.stream.open", stream: "mine", unidirectional: true });
      for (const key of [stream.id, "mine"]) {
        await send({ type: "webtransport.stream.send", stream: key, more_data: false });
        await send({ type, stream: key });
      }
    });
  });
}

Deno.test("streams that are open can be reset and stopped, however many were opened since", async () => {
  await inSession(async ({ session, send }) => {
    await send({ type: "webtransport.stream.open", stream: "first" });
    for (let count = 0; count < 300; count++) {
      await send({ type: "webtransport.stream.open", stream: `${count}`, unidirectional: true });
    }
    const [first] = session.streams.values();
    await send({ type: "webtransport.stream.stop", stream: "first" });
    await send({ type: "webtransport.stream.reset", stream: "first" });
    assert.equal(first!.send.endedBy, "abort");
  });
});

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
