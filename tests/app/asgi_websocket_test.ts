import assert from "node:assert/strict";
import type {
  ASGIFramework,
  ASGIReceive,
  ASGIReceiveEvent,
  ASGISend,
  ASGISendEvent,
} from "../../src/asgi_types.ts";
import { asgiWebSocket } from "../../src/app/asgi_websocket.ts";
import { ApplicationError, UnexpectedMessageError } from "../../src/errors.ts";
import { FakeWebSocketExchange, type FakeWebSocketOptions } from "../_support/fake_exchange.ts";
import { withDeadline } from "../_support/deadline.ts";

const OPTIONS = { rootPath: "", state: {} };

type Play = (
  tools: { exchange: FakeWebSocketExchange; receive: ASGIReceive; send: ASGISend },
) => Promise<void>;

/** Runs the application's part on a fake. */
async function run(play: Play, options?: FakeWebSocketOptions): Promise<FakeWebSocketExchange> {
  const exchange = new FakeWebSocketExchange(options);
  const app: ASGIFramework = (_scope, receive, send) => play({ exchange, receive, send });
  await withDeadline(asgiWebSocket(app, OPTIONS)(exchange), "the end of the application");
  return exchange;
}

const ACCEPT: ASGISendEvent = { type: "websocket.accept" };
const SEND: ASGISendEvent = { type: "websocket.send", text: "hello" };
const CLOSE: ASGISendEvent = { type: "websocket.close" };
const START: ASGISendEvent = { type: "websocket.http.response.start", status: 400 };
const BODY: ASGISendEvent = { type: "websocket.http.response.body", body: "no" };
const MORE: ASGISendEvent = { type: "websocket.http.response.body", body: "no", more_body: true };

/** Messages that lead to each state. */
const STATES: Readonly<Record<string, readonly ASGISendEvent[]>> = {
  HANDSHAKE: [],
  CONNECTED: [ACCEPT],
  RESPONSE: [START, MORE],
  CLOSED: [ACCEPT, CLOSE],
  HTTPCLOSED: [START, BODY],
};

for (
  const [state, illegal] of Object.entries({
    HANDSHAKE: [SEND, BODY],
    CONNECTED: [ACCEPT, START, BODY],
    RESPONSE: [ACCEPT, SEND, CLOSE, START],
    CLOSED: [ACCEPT, SEND, START, BODY],
    HTTPCLOSED: [ACCEPT, SEND, CLOSE, START, BODY],
  })
) {
  const unknown = { type: "http.response.start", status: 200 } as const;
  for (const message of [...illegal, unknown]) {
    Deno.test(`asgiWebSocket() refuses ${message.type} in state ${state}`, async () => {
      await run(async ({ send }) => {
        for (const before of STATES[state]!) await send(before);
        await assert.rejects(send(message), (error) => {
          assert.ok(error instanceof UnexpectedMessageError);
          assert.match(
            error.message,
            new RegExp(`type, ${message.type} given the state ${state}$`),
          );
          return true;
        });
      });
    });
  }
}

Deno.test("asgiWebSocket() gives connect first, then messages of either kind, then one disconnect", async () => {
  const events: ASGIReceiveEvent[] = [];
  await run(async ({ exchange, receive, send }) => {
    events.push(await receive());
    exchange.message("early");
    await send(ACCEPT);
    events.push(await receive());
    exchange.message(new Uint8Array([1]));
    events.push(await receive());
    exchange.clientClose(3001, "bye");
    events.push(await receive());
  });
  assert.deepEqual(events, [
    { type: "websocket.connect" },
    { type: "websocket.receive", text: "early", bytes: null },
    { type: "websocket.receive", text: null, bytes: new Uint8Array([1]) },
    { type: "websocket.disconnect", code: 3001, reason: "bye" },
  ]);
});

Deno.test("asgiWebSocket() accepts with subprotocol and fields, names in lower case", async () => {
  const exchange = await run(async ({ send }) => {
    await send({ ...ACCEPT, subprotocol: "chat", headers: [["X-A", "1"]] });
    await send(CLOSE);
  }, { subprotocols: ["chat"] });
  assert.deepEqual(exchange.accepted, { subprotocol: "chat", fields: [["x-a", "1"]] });
});

for (const subprotocol of [null, undefined]) {
  Deno.test(`asgiWebSocket() accepts without a subprotocol for ${subprotocol}`, async () => {
    const message = { ...ACCEPT, subprotocol } as ASGISendEvent;
    const exchange = await run(({ send }) => send(message), { subprotocols: ["chat"] });
    assert.deepEqual(exchange.accepted, { fields: [] });
  });
}

Deno.test("asgiWebSocket() stays in the handshake when the accept is refused", async () => {
  const exchange = await run(async ({ send }) => {
    await assert.rejects(send({ ...ACCEPT, subprotocol: "soap" }), ApplicationError);
    await send(CLOSE);
  });
  assert.equal(exchange.head?.status, 403);
});

for (
  const { name, message, sent } of [
    { name: "text", message: { text: "a" }, sent: "a" },
    { name: "bytes", message: { bytes: new Uint8Array([1]) }, sent: new Uint8Array([1]) },
    { name: "text beside null", message: { text: "a", bytes: null }, sent: "a" },
    {
      name: "bytes before text",
      message: { text: "a", bytes: new Uint8Array() },
      sent: new Uint8Array(),
    },
  ]
) {
  Deno.test(`asgiWebSocket() sends ${name}`, async () => {
    const exchange = await run(async ({ send }) => {
      await send(ACCEPT);
      await send({ type: "websocket.send", ...message });
    });
    assert.deepEqual(exchange.sent, [sent]);
  });
}

for (const message of [{}, { text: null }, { text: 1 }, { bytes: [1] }]) {
  Deno.test(`asgiWebSocket() refuses to send ${JSON.stringify(message)}`, async () => {
    const exchange = await run(async ({ send }) => {
      await send(ACCEPT);
      const event = { type: "websocket.send", ...message } as unknown as ASGISendEvent;
      await assert.rejects(send(event), /Cannot send a WebSocket message: expected "bytes"/);
    });
    assert.deepEqual(exchange.sent, []);
  });
}

for (
  const { code, reason, closed } of [
    { code: undefined, reason: undefined, closed: { code: 1000, reason: "" } },
    { code: 4000, reason: "done", closed: { code: 4000, reason: "done" } },
    { code: 1011, reason: null, closed: { code: 1011, reason: "" } },
    { code: 1005, reason: "", closed: { code: 1000, reason: "" } },
    { code: 1006, reason: "", closed: { code: 1000, reason: "" } },
    { code: 1000, reason: "x".repeat(200), closed: { code: 1000, reason: "x".repeat(123) } },
    { code: 1000, reason: "ü".repeat(62), closed: { code: 1000, reason: "ü".repeat(61) } },
  ]
) {
  Deno.test(`asgiWebSocket() closes with ${closed.code} for ${code} and ${reason?.length ?? reason} characters`, async () => {
    const message = { type: "websocket.close", code, reason } as ASGISendEvent;
    const exchange = await run(async ({ receive, send }) => {
      await receive();
      await send(ACCEPT);
      await send(message);
      await send(CLOSE); // a second one does nothing
      assert.equal((await receive()).type, "websocket.disconnect");
    });
    assert.deepEqual(exchange.closed, closed);
  });
}

Deno.test("asgiWebSocket() answers 403 to a close before the accept, then gives the disconnect", async () => {
  const exchange = await run(async ({ receive, send }) => {
    await receive();
    await send(CLOSE);
    assert.deepEqual(await receive(), { type: "websocket.disconnect", code: 1006, reason: "" });
  });
  assert.deepEqual(exchange.head, { status: 403, fields: [["content-length", "0"]] });
  assert.deepEqual(exchange.calls, ["respond", "end"]);
});

Deno.test("asgiWebSocket() sends a denial with its content, not before the first piece", async () => {
  const exchange = await run(async ({ exchange, send }) => {
    await send(
      { ...START, status: 401, headers: [["WWW-Authenticate", "Basic"]] } as ASGISendEvent,
    );
    assert.equal(exchange.head, null);
    await send(MORE);
    await send({ ...BODY, body: new TextEncoder().encode("!") } as ASGISendEvent);
  });
  assert.deepEqual(exchange.head, { status: 401, fields: [["www-authenticate", "Basic"]] });
  assert.equal(exchange.text, "no!");
  assert.equal(exchange.state, "closed");
});

Deno.test("asgiWebSocket() may still accept after a denial that was only started", async () => {
  const exchange = await run(async ({ send }) => {
    await send(START);
    await send(ACCEPT);
  });
  assert.equal(exchange.state, "open");
});

Deno.test("asgiWebSocket() gives the disconnect to who waits when the client leaves the handshake", async () => {
  await run(async ({ exchange, receive, send }) => {
    await receive();
    const waiting = receive();
    exchange.disconnect();
    assert.deepEqual(await waiting, { type: "websocket.disconnect", code: 1006, reason: "" });
    await send(ACCEPT); // ignored from here on, whatever it is
    await send(SEND);
    await send(START);
  });
});

Deno.test("asgiWebSocket() ignores messages to a client that left, and then throws", async () => {
  let ignored = 0;
  const exchange = await run(async ({ exchange, send }) => {
    await send(ACCEPT);
    exchange.disconnect();
    const produce = async () => {
      for (;; ignored++) await send(SEND);
    };
    await assert.rejects(produce(), { name: "DisconnectError" });
  });
  assert.equal(ignored, 100);
  assert.deepEqual(exchange.sent, []);
});

Deno.test("asgiWebSocket() delivers what came before the close although a send already failed", async () => {
  await run(async ({ exchange, receive, send }) => {
    await receive();
    await send(ACCEPT);
    exchange.message("last words");
    exchange.clientClose(1000, "bye");
    await send(SEND);
    assert.equal((await receive() as { text?: string }).text, "last words");
    assert.deepEqual(await receive(), { type: "websocket.disconnect", code: 1000, reason: "bye" });
  });
});

Deno.test("asgiWebSocket() leaves an early return to the driver", async () => {
  assert.equal((await run(() => Promise.resolve())).state, "handshake");
  assert.equal((await run(({ send }) => send(ACCEPT))).state, "open");
});

Deno.test("asgiWebSocket() refuses a result and names the right mode", async () => {
  const app = (() => Promise.resolve(new Response())) as unknown as ASGIFramework;
  const failed = asgiWebSocket(app, OPTIONS)(new FakeWebSocketExchange());
  await assert.rejects(failed, /fetch/);
});
