import assert from "node:assert/strict";
import { asgiWebTransport } from "../../src/app/asgi_webtransport.ts";
import type { ASGIFramework, ASGIScope, ASGISendEvent } from "../../src/asgi_types.ts";
import { ApplicationError, UnexpectedMessageError } from "../../src/errors.ts";
import { settled } from "../_support/fake_exchange.ts";
import { FakeWebTransportExchange } from "../_support/fake_webtransport.ts";
import {
  ACCEPT,
  CLOSE,
  expectEvent,
  inSession,
  OPTIONS,
  run,
} from "./asgi_webtransport_harness.ts";

const START: ASGISendEvent = { type: "webtransport.http.response.start", status: 400 };
const BODY: ASGISendEvent = { type: "webtransport.http.response.body", body: "no" };
const MORE: ASGISendEvent = {
  type: "webtransport.http.response.body",
  body: "no",
  more_body: true,
};
const DRAIN: ASGISendEvent = { type: "webtransport.drain" };
const DATAGRAM: ASGISendEvent = { type: "webtransport.datagram.send", data: "x" };
const OPEN: ASGISendEvent = { type: "webtransport.stream.open", stream: "a" };
const SEND: ASGISendEvent = { type: "webtransport.stream.send", stream: "a" };
const RESET: ASGISendEvent = { type: "webtransport.stream.reset", stream: "a" };
const STOP: ASGISendEvent = { type: "webtransport.stream.stop", stream: "a" };
const IN_SESSION = [DRAIN, DATAGRAM, OPEN, SEND, RESET, STOP];

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
    HANDSHAKE: [...IN_SESSION, BODY],
    CONNECTED: [ACCEPT, START, BODY],
    RESPONSE: [...IN_SESSION, ACCEPT, CLOSE, START],
    CLOSED: [...IN_SESSION, ACCEPT, START, BODY],
    HTTPCLOSED: [...IN_SESSION, ACCEPT, CLOSE, START, BODY],
  })
) {
  const unknown = { type: "websocket.accept" } as const;
  for (const message of [...illegal, unknown]) {
    Deno.test(`asgiWebTransport() refuses ${message.type} in state ${state}`, async () => {
      await run(async ({ send }) => {
        for (const before of STATES[state]!) await send(before);
        await assert.rejects(send(message), (error) => {
          assert.ok(error instanceof UnexpectedMessageError);
          const expected = `Unexpected message type, ${message.type} given the state ${state}`;
          assert.equal(error.message, expected);
          return true;
        });
      });
    });
  }
}

Deno.test("asgiWebTransport() tells the scope", async () => {
  let scope: ASGIScope | undefined;
  const app: ASGIFramework = async (given, _receive, send) => {
    scope = given;
    await send(CLOSE);
  };
  const exchange = new FakeWebTransportExchange({
    target: "/r%C3%BCck/a%2Fb?x=%20",
    fields: [["origin", "https://example.com"]],
    protocols: ["chat", "v2"],
    peer: {
      client: { hostname: "192.0.2.9", port: 9 },
      server: null,
      tls: { version: 0x0304, serverName: "example.com" },
    },
  });
  await asgiWebTransport(app, { rootPath: "/r", state: { db: 1 } })(exchange);
  assert.deepEqual(scope, {
    type: "webtransport",
    asgi: { version: "3.0", spec_version: "1.0" },
    http_version: "3",
    scheme: "https",
    path: "/rück/a/b",
    raw_path: "/r%C3%BCck/a%2Fb",
    query_string: "x=%20",
    root_path: "/r",
    headers: [["host", "localhost"], ["origin", "https://example.com"]],
    client: ["192.0.2.9", 9],
    server: null,
    state: { db: 1 },
    protocols: ["chat", "v2"],
    extensions: {
      "webtransport.http.response": {},
      tls: {
        server_cert: null,
        client_cert_chain: [],
        client_cert_name: null,
        client_cert_error: null,
        tls_version: 0x0304,
        cipher_suite: null,
        server_name: "example.com",
      },
    },
  });
});

Deno.test("asgiWebTransport() offers no tls where it is not known", async () => {
  const app: ASGIFramework = async (scope, _receive, send) => {
    assert.ok(scope.type === "webtransport");
    assert.deepEqual(scope.extensions, { "webtransport.http.response": {} });
    await send(CLOSE);
  };
  await asgiWebTransport(app, OPTIONS)(new FakeWebTransportExchange());
});

for (
  const { protocol, accepted } of [
    { protocol: "chat", accepted: { protocol: "chat", fields: [["x-a", "1"]] } },
    { protocol: null, accepted: { fields: [["x-a", "1"]] } },
    { protocol: undefined, accepted: { fields: [["x-a", "1"]] } },
  ]
) {
  Deno.test(`asgiWebTransport() accepts with fields and the protocol ${protocol}`, async () => {
    const message = { ...ACCEPT, protocol, headers: [["X-A", "1"]] } as ASGISendEvent;
    const exchange = await run(({ send }) => send(message), { protocols: ["chat"] });
    assert.deepEqual(exchange.accepted, accepted);
  });
}

Deno.test("asgiWebTransport() stays in the handshake when the accept is refused", async () => {
  const exchange = await run(async ({ send }) => {
    await assert.rejects(send({ ...ACCEPT, protocol: "soap" } as ASGISendEvent), ApplicationError);
    await send(CLOSE);
  });
  assert.equal(exchange.head?.status, 403);
});

for (
  const { message, closed } of [
    { message: {}, closed: { code: 0, reason: "" } },
    { message: { code: 7, reason: "bye" }, closed: { code: 7, reason: "bye" } },
    { message: { code: 0xffff_ffff, reason: null }, closed: { code: 0xffff_ffff, reason: "" } },
  ]
) {
  Deno.test(`asgiWebTransport() closes with ${JSON.stringify(message)}, once`, async () => {
    const session = await inSession(async ({ receive, send }) => {
      await send({ type: "webtransport.close", ...message });
      await send({ type: "webtransport.close", code: 99 }); // a second one does nothing
      const disconnect = await expectEvent(receive, "webtransport.disconnect");
      assert.deepEqual(disconnect, { type: "webtransport.disconnect", ...closed });
    });
    assert.deepEqual(session.closedWith, closed);
  });
}

for (const code of [-1, 0x1_0000_0000, 1.5, NaN, "1"]) {
  Deno.test(`asgiWebTransport() refuses to close with the code ${JSON.stringify(code)} (${code})`, async () => {
    await inSession(async ({ session, send }) => {
      const message = { type: "webtransport.close", code } as ASGISendEvent;
      await assert.rejects(send(message), ApplicationError);
      assert.equal(session.closedWith, null);
      await send(CLOSE);
    });
  });
}

Deno.test("asgiWebTransport() answers 403 to a close before the accept, then gives one disconnect", async () => {
  const exchange = await run(async ({ receive, send }) => {
    assert.deepEqual(await receive(), { type: "webtransport.connect" });
    await send(CLOSE);
    const disconnect = { type: "webtransport.disconnect", code: null, reason: "" };
    assert.deepEqual(await receive(), disconnect);
    receive().then(() => assert.fail("a second disconnect"));
  });
  assert.deepEqual(exchange.head, { status: 403, fields: [["content-length", "0"]] });
  assert.deepEqual(exchange.calls, ["respond", "end"]);
});

Deno.test("asgiWebTransport() sends a denial with its content, not before the first piece", async () => {
  const exchange = await run(async ({ exchange, receive, send }) => {
    await receive();
    const waiting = receive();
    const headers = [["Retry-After", "9"]] as const;
    await send({ type: "webtransport.http.response.start", status: 429, headers });
    assert.equal(exchange.head, null);
    await send(MORE);
    await send(BODY);
    assert.equal((await waiting).type, "webtransport.disconnect");
  });
  assert.deepEqual(exchange.head, { status: 429, fields: [["retry-after", "9"]] });
  assert.equal(exchange.text, "nono");
});

Deno.test("asgiWebTransport() may still accept after a denial that was only started", async () => {
  const exchange = await run(async ({ send }) => {
    await send(START);
    await send(ACCEPT);
  });
  assert.deepEqual(exchange.accepted, { fields: [] });
});

Deno.test("asgiWebTransport() gives the disconnect when the client left the handshake before", async () => {
  await run(async ({ exchange, receive }) => {
    await receive();
    exchange.disconnect();
    assert.equal((await receive()).type, "webtransport.disconnect");
  });
});

Deno.test("asgiWebTransport() gives the disconnect to who waits when the client leaves the handshake", async () => {
  await run(async ({ exchange, receive, send }) => {
    await receive();
    const waiting = receive();
    exchange.disconnect();
    const disconnect = { type: "webtransport.disconnect", code: null, reason: "" };
    assert.deepEqual(await waiting, disconnect);
    for (const ignored of [ACCEPT, SEND, START]) await send(ignored);
  });
});

for (
  const message of [
    { type: "webtransport.stream.send", stream: 0, data: "x" },
    { type: "webtransport.stream.open", stream: "a" },
    { type: "webtransport.datagram.send", data: "x" },
  ] as const
) {
  Deno.test(`asgiWebTransport() ignores ${message.type} to a client that left, and then throws`, async () => {
    let ignored = 0;
    await inSession(async ({ session, receive, send }) => {
      session.open("bidirectional");
      await expectEvent(receive, "webtransport.stream.open");
      session.end({ clean: false });
      await settled();
      const produce = async () => {
        for (;; ignored++) await send(message);
      };
      await assert.rejects(produce(), { name: "DisconnectError" });
    });
    assert.equal(ignored, 100);
  });
}

for (const status of [200, 204, 299]) {
  Deno.test(`asgiWebTransport() refuses to deny with ${status} as soon as that is sent`, async () => {
    const exchange = await run(async ({ send }) => {
      const denial = send({ type: "webtransport.http.response.start", status });
      await assert.rejects(denial, { name: "ApplicationError", message: /that accepts it/ });
      await send(CLOSE);
    });
    assert.equal(exchange.head?.status, 403);
  });
}

Deno.test("asgiWebTransport() leaves an early return to the driver", async () => {
  assert.equal((await run(async ({ receive }) => void await receive())).head, null);
  const exchange = await run(({ send }) => send(ACCEPT));
  assert.equal((await exchange.session).closedWith, null);
});

Deno.test("asgiWebTransport() takes an application that fails before its first message for one without sessions", async () => {
  const unknown = { name: "HandshakeError", status: 501 };
  await assert.rejects(run(() => Promise.resolve()), unknown);
  await assert.rejects(run(() => Promise.reject(new Error("on purpose"))), unknown);
});

for (const first of ["receive", "send"] as const) {
  Deno.test(`asgiWebTransport() passes on what an application throws after its first ${first}()`, async () => {
    const failing = run(async ({ receive, send }) => {
      await (first === "receive" ? receive() : send(ACCEPT));
      throw new Error("on purpose");
    });
    await assert.rejects(failing, { name: "Error", message: "on purpose" });
  });
}

Deno.test("asgiWebTransport() refuses a result and names the right mode", async () => {
  const app = (() => Promise.resolve(new Response())) as unknown as ASGIFramework;
  const failed = asgiWebTransport(app, OPTIONS)(new FakeWebTransportExchange());
  await assert.rejects(failed, /mode: "fetch"/);
});
