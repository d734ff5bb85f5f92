/** How many streams a client may open on a connection, by what the application can make of them. */

import assert from "node:assert/strict";
import { type ConfigInit, type Framework, start, type WSGIFramework } from "../../mod.ts";
import { dispatcher } from "../../src/middleware/mod.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import { connect } from "../_support/quic_pair.ts";

const fetchApp: Framework = () => new Response("ok");
const asgiApp: Framework = async (_scope, _receive, _send) => {};
const wsgiApp: WSGIFramework = (_environ, startResponse) => {
  startResponse("204 No Content", []);
  return [];
};

/** Streams with which every connection has to do: of requests, by the configuration, and for critical streams. */
const REQUESTS = 20;
const CRITICAL = 10;

const ROWS: readonly {
  readonly name: string;
  readonly app: Framework;
  readonly config?: ConfigInit;
  /** Streams of each kind that are for sessions. */
  readonly more: number;
}[] = [
  { name: "a fetch application", app: fetchApp, more: 30 },
  { name: "an ASGI application", app: asgiApp, more: 30 },
  { name: "a WSGI application, which can have none", app: wsgiApp, more: 0 },
  {
    name: "middleware around WSGI applications alone",
    app: dispatcher({ "/a": wsgiApp, "/b": wsgiApp }),
    more: 0,
  },
  {
    name: "middleware around one that can",
    app: dispatcher({ "/a": wsgiApp, "/b": fetchApp }),
    more: 30,
  },
  { name: "no sessions", app: fetchApp, config: { webtransportMaxSessions: 0 }, more: 0 },
];

for (const { name, app, config, more } of ROWS) {
  Deno.test(`clients may open ${more} streams of each kind for sessions: ${name}`, async () => {
    await using server = await start(app, {
      ...TLS_OPTIONS,
      bind: "127.0.0.1:0",
      quicBind: "127.0.0.1:0",
      errorlog: null,
      h2MaxConcurrentStreams: REQUESTS,
      webtransportMaxStreams: 30,
      ...config,
    });
    const client = await connect(Number(new URL(server.binds.at(-1)!.url).port));
    const counts = [
      await countStreams(() => client.createBidirectionalStream(AT_ONCE)),
      await countStreams(() => client.createUnidirectionalStream(AT_ONCE)),
    ];
    client.close();
    client.endpoint.close();
    assert.deepEqual(counts, [REQUESTS + more, CRITICAL + more]);
  });
}

/** Rejects when the server allows no more. */
const AT_ONCE = { waitUntilAvailable: false };

/** Opens streams as long as the server allows it. It learns nothing of them, as nothing is sent. */
async function countStreams(open: () => Promise<unknown>): Promise<number> {
  for (let count = 0;; count++) {
    try {
      await open();
    } catch {
      return count;
    }
  }
}
