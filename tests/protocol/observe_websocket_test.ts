/**
 * What the TCP driver tells observers of WebSockets.
 */
import assert from "node:assert/strict";
import { fetchApplication } from "../../src/app/fetch.ts";
import { acceptingStatus } from "../../src/observation.ts";
import { upgradeWebSocket } from "../../src/server/upgrade.ts";
import { ObservedServer } from "../_support/observed_server.ts";
import { RawConnection } from "../_support/raw_http.ts";
import { eventually, pause } from "../_support/waiting.ts";
import {
  type Behaviour,
  ECHO,
  WEBSOCKET_FORMS,
  webSocketApplication,
} from "../_support/websocket_app.ts";
import {
  type HandshakeOptions,
  handshakeRequest,
  WebSocketClient,
} from "../_support/websocket_client.ts";

function fail(): never {
  throw new Error("failed on purpose");
}

const CASES: readonly {
  what: string;
  behaviour: Behaviour;
  /** What the client does after the handshake. */
  client(client: WebSocketClient, server: ObservedServer): Promise<void> | void;
  handshake?: HandshakeOptions;
  /** Whether the client does not answer the close; the server waits only a moment then. */
  silent?: boolean;
  events: readonly string[];
}[] = [
  {
    what: "an echo until the client closes",
    behaviour: ECHO,
    async client(client) {
      for (const message of ["héllo", new Uint8Array(300), ""]) {
        await client.send(message);
        await client.message();
      }
      await client.close(1000);
      await client.closed();
    },
    events: ["responded 101", "sent 306", "ended complete"],
  },
  {
    what: "a close by the application",
    behaviour: { opened: (socket) => socket.close(4000, "bye") },
    client: async (client) => void await client.closed(),
    events: ["responded 101", "ended complete"],
  },
  {
    what: "a close for a message that is too big",
    behaviour: ECHO,
    async client(client) {
      await client.send(new Uint8Array(1001));
      await client.closed();
    },
    events: ["responded 101", "ended complete"],
  },
  {
    what: "a close because the server stops",
    behaviour: ECHO,
    async client(client, server) {
      await untilOpen(server);
      server.inFlight.drain();
      await client.closed();
    },
    events: ["responded 101", "ended complete"],
  },
  {
    what: "a connection that is lost",
    behaviour: ECHO,
    client: (client) => client[Symbol.dispose](),
    events: ["responded 101", "ended aborted"],
  },
  {
    what: "a peer that does not answer the close",
    behaviour: { opened: (socket) => socket.close() },
    client: untilEnd,
    silent: true,
    events: ["responded 101", "ended aborted"],
  },
  {
    what: "a cut at the deadline of a stop",
    behaviour: ECHO,
    async client(client, server) {
      await untilOpen(server);
      server.cut();
      assert.equal(server.observer.inFlight, 0); // the process may end right after it
      await untilEnd(client);
    },
    events: ["responded 101", "ended aborted"],
  },
  {
    what: "an application that fails on a message",
    behaviour: { message: fail },
    async client(client) {
      await client.send("x");
      await client.closed();
    },
    events: ["responded 101", "ended failed"],
  },
  {
    what: "an application that fails, and a peer that does not answer",
    behaviour: { opened: fail },
    client: untilEnd,
    silent: true,
    events: ["responded 101", "ended failed"],
  },
  {
    what: "an application that fails before it answers",
    behaviour: { before: fail },
    client: () => {},
    events: ["responded 500", "ended failed"],
  },
  {
    what: "a denial",
    behaviour: { deny: { status: 403, body: ["not ", "you"] } },
    client: () => {},
    events: ["responded 403", "sent 7", "ended complete"],
  },
  {
    what: "a handshake without a key",
    behaviour: ECHO,
    handshake: { fields: { "sec-websocket-key": null } },
    client: () => {},
    events: ["responded 400", "ended refused bad_request"],
  },
  {
    what: "a handshake of another version",
    behaviour: ECHO,
    handshake: { fields: { "sec-websocket-version": "12" } },
    client: () => {},
    events: ["responded 426", "ended refused handshake"],
  },
];

async function untilEnd(client: WebSocketClient): Promise<void> {
  while (await client.next() !== null); // whatever comes
}

async function untilOpen({ inFlight }: ObservedServer): Promise<void> {
  await eventually(() => inFlight.sockets === 1, "the open WebSocket");
}

for (const form of WEBSOCKET_FORMS) {
  for (const { what, behaviour, client: play, handshake, silent = false, events } of CASES) {
    Deno.test(`${form} application and ${what}: ${events.join(", ")}`, async () => {
      const websocket = silent ? { closeTimeoutMs: 20 } : {};
      await using server = new ObservedServer(webSocketApplication(form, behaviour), { websocket });
      using client = await WebSocketClient.connect(server.url, handshake);
      await play(client, server);
      assert.deepEqual(await server.ended(1), [events]);
      assert.equal(server.observer.requests[0]!.request.websocket, true);
    });
  }

  Deno.test(`${form} application whose client leaves before the handshake is answered: ended aborted`, async () => {
    const never = { before: () => new Promise<void>(() => {}) };
    await using server = new ObservedServer(webSocketApplication(form, never));
    using connection = await RawConnection.open(server.url);
    await connection.send(handshakeRequest());
    await server.begun(1);
    connection[Symbol.dispose]();
    assert.deepEqual(await server.ended(1), [["ended aborted"]]);
  });

  Deno.test(`${form} application with a pending handshake at the deadline of a stop: responded 503, ended aborted`, async () => {
    const never = { before: () => new Promise<void>(() => {}) };
    await using server = new ObservedServer(webSocketApplication(form, never));
    using connection = await RawConnection.open(server.url);
    await connection.send(handshakeRequest());
    await server.begun(1);
    server.cut();
    assert.deepEqual(await server.ended(1), [["responded 503", "ended aborted"]]);
  });

  Deno.test(`${form} application gets a handshake while the server stops: responded 503, ended refused shutting_down`, async () => {
    await using server = new ObservedServer(webSocketApplication(form, ECHO));
    server.inFlight.drain();
    using client = await WebSocketClient.connect(server.url);
    assert.equal(client.answer.status, 503);
    assert.deepEqual(await server.ended(1), [["responded 503", "ended refused shutting_down"]]);
  });
}

Deno.test("a client that leaves between the upgrade and its answer: responded 101, ended aborted", async () => {
  const upgraded = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const application = fetchApplication(async (request) => {
    if (!request.headers.has("upgrade")) return new Response();
    const { response } = upgradeWebSocket(request);
    upgraded.resolve();
    await left.promise;
    return response;
  });
  await using server = new ObservedServer(application, { websocket: { closeTimeoutMs: 20 } });
  using connection = await RawConnection.open(server.url);
  await connection.send(handshakeRequest());
  await upgraded.promise;
  connection[Symbol.dispose]();
  await (await fetch(server.url)).body?.cancel(); // by now the runtime has seen it; there is no event
  left.resolve();
  assert.deepEqual((await server.ended(2))[0], ["responded 101", "ended aborted"]);
});

const AFTERWARDS: readonly { what: string; finish(): Response | Promise<Response> }[] = [
  { what: "throws", finish: fail },
  { what: "rejects", finish: () => Promise.reject(new Error("failed on purpose")) },
  { what: "returns another response", finish: () => new Response("no") },
  {
    what: "returns another response a moment later",
    async finish() {
      await pause(20); // the signal of the request is watched by now
      return new Response("no");
    },
  },
];

for (const { what, finish } of AFTERWARDS) {
  Deno.test(`a handler that upgrades and then ${what}: responded 101, ended failed`, async () => {
    await using server = new ObservedServer(fetchApplication((request) => {
      upgradeWebSocket(request);
      return finish();
    }));
    using client = await WebSocketClient.open(server.url);
    await client.closed();
    assert.deepEqual(await server.ended(1), [["responded 101", "ended failed"]]);
  });
}

Deno.test("a handler that answers a refused handshake itself: its response, ended complete", async () => {
  await using server = new ObservedServer(fetchApplication((request) => {
    try {
      return upgradeWebSocket(request).response;
    } catch {
      return new Response("no", { status: 400 });
    }
  }));
  using client = await WebSocketClient.connect(server.url, {
    fields: { "sec-websocket-key": null },
  });
  assert.equal(client.answer.status, 400);
  assert.deepEqual(await server.ended(1), [["responded 400", "sent 2", "ended complete"]]);
});

Deno.test("a handshake without Host is one of HTTP/1.1, so that 200 does not count as a WebSocket", async () => {
  await using server = new ObservedServer(fetchApplication(() => new Response("no")));
  using client = await WebSocketClient.connect(server.url, { fields: { host: null } });
  assert.equal(client.answer.status, 200);
  await server.ended(1);
  const { websocket, httpVersion } = server.observer.requests[0]!.request;
  assert.equal(acceptingStatus({ websocket, httpVersion }), 101);
});

Deno.test("Deno.upgradeWebSocket() called by the application: responded 101, ended complete at once", async () => {
  await using server = new ObservedServer(fetchApplication((request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = (event) => socket.send(event.data);
    return response;
  }));
  using client = await WebSocketClient.open(server.url);
  assert.deepEqual(await server.ended(1), [["responded 101", "ended complete"]]);
  await client.send("still works");
  assert.equal(await client.message(), "still works");
  await client.close();
  await untilEnd(client);
});
