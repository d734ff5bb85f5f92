/** Handshakes that an application does not accept: what the client gets, and that the log says why in one line. */

import assert from "node:assert/strict";
import {
  type ASGIFramework,
  type FetchHandler,
  type Framework,
  start,
  upgradeWebSocket,
  upgradeWebTransport,
} from "../../mod.ts";
import { CERTIFICATE, TLS_OPTIONS } from "../_support/certificates.ts";
import { LogSink } from "../_support/log_sink.ts";
import { eventually } from "../_support/waiting.ts";
import { WebTransportClient } from "../_support/webtransport_client.ts";

/** Who asks for what, as the first word of a line says it: a session, a WebSocket, a request over HTTP/3 or HTTP/1.1. */
type Ask = "webtransport" | "websocket" | "HTTP/3" | "HTTP/1.1";

interface Row {
  readonly name: string;
  readonly app: Framework;
  readonly ask: Ask;
  /** What the client gets. */
  readonly status: number;
  /** The line, after "Refused METHOD with STATUS: ". */
  readonly line: RegExp;
}

const PAGE: FetchHandler = () => new Response("page");
const SESSION: FetchHandler = (request) => upgradeWebTransport(request).response;
/** As frameworks make them for what they mount. */
const copied = (app: FetchHandler): FetchHandler => (request, info) =>
  app(new Request(request), info);
const SOCKET: FetchHandler = (request) => upgradeWebSocket(request, { protocol: "chat" }).response;

const ASGI_HINT =
  "anything\\. If it is to have no sessions, .webtransport_max_sessions. = 0 offers none$";

const ROWS: readonly Row[] = [
  {
    name: "an ASGI application that throws at scopes it does not know",
    app: asgi((type) => {
      throw new Error(`Unknown scope ${type}`);
    }),
    ask: "webtransport",
    status: 501,
    line: new RegExp(`it threw "Unknown scope webtransport" before it received ${ASGI_HINT}`),
  },
  {
    name: "an ASGI application that leaves scopes it does not know",
    app: asgi(() => {}),
    ask: "webtransport",
    status: 501,
    line: new RegExp(`it returned before it received ${ASGI_HINT}`),
  },
  {
    name: "a fetch handler that takes no notice of sessions",
    app: PAGE,
    ask: "webtransport",
    status: 501,
    line: /answered with status 200\. Return the response of upgradeWebTransport\(request\)$/,
  },
  {
    name: "a fetch handler that returns another response than that of the upgrade",
    app: (request: Request) => {
      upgradeWebTransport(request);
      return new Response("page");
    },
    ask: "webtransport",
    status: 501,
    line: /answered with status 200\. Return the response of upgradeWebTransport\(request\)$/,
  },
  {
    name: "a fetch handler that upgrades a copy of the request",
    app: copied(SESSION),
    ask: "webtransport",
    status: 501,
    line: /a copy of it, .*: pass the one that the handler was given$/,
  },
  {
    name: "a fetch handler that takes no notice of WebSockets",
    app: PAGE,
    ask: "websocket",
    status: 501,
    line: /answered with status 200\. Return the response of upgradeWebSocket\(request\)$/,
  },
  {
    name: "a fetch handler that chooses a subprotocol nobody offered",
    app: SOCKET,
    ask: "websocket",
    status: 400,
    line: /the client did not offer the subprotocol "chat"$/,
  },
  {
    name: "a fetch handler that upgrades a copy of the handshake of a WebSocket",
    app: copied(SOCKET),
    ask: "websocket",
    status: 400,
    line: /shows a copy of the request, .*: pass the one that the handler was given$/,
  },
  ...(["HTTP/3", "HTTP/1.1"] as const).map((ask): Row => ({
    name: "a fetch handler that upgrades what is no handshake to a session",
    app: SESSION,
    ask,
    status: 501,
    line: /Cannot accept the WebTransport handshake: the request is none/,
  })),
  ...(["HTTP/3", "HTTP/1.1"] as const).map((ask): Row => ({
    name: "a fetch handler that upgrades what is no handshake to a WebSocket",
    app: SOCKET,
    ask,
    status: 426,
    line: /Cannot accept the WebSocket handshake: the request does not ask for an upgrade/,
  })),
];

/** An ASGI application that knows the scope of its start and stop alone. */
function asgi(other: (type: string) => void): ASGIFramework {
  return async (scope, receive, send) => {
    if (scope.type !== "lifespan") return other(scope.type);
    await receive();
    await send({ type: "lifespan.startup.complete" });
    await receive();
    await send({ type: "lifespan.shutdown.complete" });
  };
}

for (const { name, app, ask, status, line } of ROWS) {
  Deno.test(`${name} denies ${ask} with ${status}, and one line says why`, async () => {
    const log = new LogSink();
    const address = { bind: "127.0.0.1:0", quicBind: "127.0.0.1:0" };
    await using server = await start(app, { ...address, ...TLS_OPTIONS, errorlog: log });
    const [tcp, quic] = server.binds.map(({ url }) => url);
    assert.equal(await askFor(ask, tcp!, quic!), status);
    await eventually(() => log.matching("Refused").length > 0, "the line");
    const [refused, ...others] = log.take("Refused");
    const method = ask.startsWith("HTTP") ? "GET" : "CONNECT";
    assert.ok(refused!.startsWith(`INFO Refused ${method} with ${status}: Cannot accept`), refused);
    assert.match(refused!, line);
    assert.deepEqual([...others, ...log.take("ERROR")], []);
  });
}

/** Asks; gives the status of the answer. */
async function askFor(ask: Ask, tcp: string, quic: string): Promise<number> {
  if (ask === "HTTP/1.1") {
    using client = Deno.createHttpClient({ caCerts: [CERTIFICATE], http2: false });
    const response = await fetch(tcp.replace("127.0.0.1", "localhost"), { client });
    await response.body?.cancel();
    return response.status;
  }
  await using client = await WebTransportClient.connect(Number(new URL(quic).port));
  if (ask === "HTTP/3") return (await client.get()).status;
  const fields = ask === "websocket" ? [["sec-websocket-version", "13"]] as const : [];
  const { answer } = await client.begin({ protocol: ask, fields });
  return (await answer).status;
}
