/**
 * `readyState` of a fetch application's socket, from the handshake to the end, whoever begins to close: on either protocol
 * what the WebSockets Standard says.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fetchApplication } from "../../src/app/fetch.ts";
import type { Application } from "../../src/exchange.ts";
import { WebSocketExchangeWrapper } from "../../src/middleware/exchange_wrapper.ts";
import type { LeaveCode } from "../../src/protocol/in_flight.ts";
import { upgradeWebSocket } from "../../src/server/upgrade.ts";
import { BACKENDS } from "../_support/contract_h3_server.ts";
import { Recorder, serveWebSockets, type WebSocketServer } from "../_support/websocket_app.ts";
import { type HandshakeOptions, WebSocketClient } from "../_support/websocket_client.ts";
import { H3WebSocketServer } from "../_support/websocket_h3_server.ts";

/** A server, and how to connect to it. */
interface Way {
  readonly name: string;
  serve(application: Application): Server;
}

type Server = WebSocketServer & {
  connect(options?: HandshakeOptions): Promise<WebSocketClient>;
};

const WAYS: readonly Way[] = [
  { name: "HTTP/1.1, short cut", serve: serveHttp1 },
  { name: "HTTP/1.1", serve: ({ http, websocket }) => serveHttp1({ http, websocket }) },
  ...BACKENDS.map((backend): Way => ({
    name: `HTTP/3 (${backend})`,
    serve: (application) => new H3WebSocketServer(application, { backend }),
  })),
  {
    name: "HTTP/3, behind middleware",
    serve: (application) => new H3WebSocketServer(wrapped(application), { backend: BACKENDS[0]! }),
  },
];

function serveHttp1(application: Application): Server {
  const server = serveWebSockets(application);
  const connect = (options?: HandshakeOptions) => WebSocketClient.open(server.url, options);
  return Object.assign(server, { connect });
}

function wrapped({ http, websocket }: Application): Application {
  return { http, websocket: (exchange) => websocket(new WebSocketExchangeWrapper(exchange)) };
}

/** The application's end, and what it saw: its state, and what was delivered in it. */
class Seen {
  readonly application: Application;
  readonly states: string[] = [];
  readonly sockets = new Recorder<WebSocket>();
  readonly ended = new Recorder<void>();

  constructor() {
    this.application = fetchApplication((request) => {
      const { socket, response } = upgradeWebSocket(request);
      this.note("upgraded", socket);
      socket.onopen = () => {
        this.note("open", socket);
        this.sockets.add(socket);
      };
      socket.onmessage = ({ data }) => this.note(data, socket);
      socket.onclose = ({ code }) => {
        this.note(`close ${code}`, socket);
        this.ended.add();
      };
      return response;
    });
  }

  note(what: string, { readyState }: WebSocket): void {
    this.states.push(`${what}: ${["CONNECTING", "OPEN", "CLOSING", "CLOSED"][readyState]}`);
  }
}

for (const { name, serve } of WAYS) {
  for (const code of [1001, 1012] satisfies LeaveCode[]) {
    Deno.test(`readyState over ${name} is CLOSING once the server closes with ${code}, and nothing is delivered or sent then`, async () => {
      const seen = new Seen();
      await using server = serve(seen.application);
      using client = await server.connect();
      const socket = await seen.sockets.next();
      server.inFlight.leave(code);
      seen.note("left", socket);
      socket.send("too late");
      socket.close(4000, "too late as well");
      seen.note("closed again", socket);
      await client.send("late");
      assert.equal((await client.closing()).code, code);
      await client.send("later");
      seen.note("client knows", socket);
      await client.close(code);
      await client.ended();
      await seen.ended.next("the close event");
      assert.deepEqual(seen.states, [
        ...["upgraded: CONNECTING", "open: OPEN", "left: CLOSING", "closed again: CLOSING"],
        ...["client knows: CLOSING", `close ${code}: CLOSED`],
      ]);
      await server.idle();
    });
  }

  Deno.test(`readyState over ${name} is CLOSING once the application closes`, async () => {
    const seen = new Seen();
    await using server = serve(seen.application);
    using client = await server.connect();
    const socket = await seen.sockets.next();
    socket.close(4000);
    seen.note("closed", socket);
    await client.send("late");
    assert.equal((await client.closed()).code, 4000);
    await seen.ended.next("the close event");
    const [, , ...states] = seen.states;
    assert.deepEqual(states, ["closed: CLOSING", "close 4000: CLOSED"]);
    await server.idle();
  });

  Deno.test(`readyState over ${name} is OPEN for what came before the client's Close`, async () => {
    const seen = new Seen();
    await using server = serve(seen.application);
    using client = await server.connect();
    await client.send("one");
    await client.send("two");
    await client.close(1000);
    assert.equal((await client.closing()).code, 1000);
    await client.ended();
    await seen.ended.next("the close event");
    const [, , ...states] = seen.states;
    assert.deepEqual(states, ["one: OPEN", "two: OPEN", "close 1000: CLOSED"]);
    await server.idle();
  });
}
