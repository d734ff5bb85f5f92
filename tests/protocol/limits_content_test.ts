/** Content that is too large, or does not come: what applications see, and what they may make of it. */

import assert from "node:assert/strict";
import { normalise } from "../../src/app/framework.ts";
import type { ASGIFramework } from "../../src/asgi_types.ts";
import { resolveConfig } from "../../src/config/mod.ts";
import { ContentTooLargeError, DisconnectError, ReadTimeoutError } from "../../src/errors.ts";
import type { Application } from "../../src/exchange.ts";
import type { FetchHandler } from "../../src/fetch_types.ts";
import { adapterOptions } from "../../src/server/host.ts";
import { openLog } from "../../src/server/log.ts";
import { LogSink } from "../_support/log_sink.ts";
import { ObservedServer } from "../_support/observed_server.ts";
import { liveTimers } from "../_support/live_timers.ts";
import { RawClient } from "../_support/raw_client.ts";
import { eventually } from "../_support/waiting.ts";

/** An application that reads its content, and does what `after` says of what came of that. */
type Reader = (after: (error: unknown) => void) => Application;

function fetchReader(read: (request: Request) => Promise<unknown>, short: boolean): Reader {
  return (after) => {
    const app: FetchHandler = async (request) => {
      after(await read(request).then(() => null, (error) => error));
      return new Response("own", { status: 418 });
    };
    const application = applicationOf(app, "fetch");
    return short ? application : { http: application.http, websocket: application.websocket };
  };
}

function applicationOf(app: FetchHandler | ASGIFramework, mode: "fetch" | "asgi"): Application {
  const config = resolveConfig({ errorlog: new LogSink() });
  return normalise(app, mode, adapterOptions(config, openLog(config)));
}

const asgiReader: Reader = (after) =>
  applicationOf(async (_scope, receive, send) => {
    try {
      while ((await receive() as { more_body?: boolean }).more_body);
      after(null);
    } catch (error) {
      after(error);
    }
    await send({ type: "http.response.start", status: 418 });
    await send({ type: "http.response.body", body: "own" });
  }, "asgi");

const WAYS: Readonly<Record<string, (request: Request) => Promise<unknown>>> = {
  "json()": (request) => request.json(),
  "bytes()": (request) => request.bytes(),
  body: async (request) => await Array.fromAsync(request.body ?? []),
  "a clone": (request) => request.clone().text(),
};

const READERS: Readonly<Record<string, Reader>> = {
  ...Object.fromEntries(
    Object.entries(WAYS).flatMap(([name, read]) => [
      [`a fetch handler by ${name}`, fetchReader(read, true)],
      [`a fetch handler on exchanges by ${name}`, fetchReader(read, false)],
    ]),
  ),
  "an ASGI application": asgiReader,
};

const CHUNKS = "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n" +
  `8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n`;

const HALF = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\n12";

async function answer(server: ObservedServer, request: string): Promise<string> {
  using client = await RawClient.connect(server.url);
  await client.send(request);
  return (await client.readUntil("\r\n\r\n")).split("\r\n", 1)[0]!;
}

for (const [name, reader] of Object.entries(READERS)) {
  Deno.test(`Content beyond max_body_size makes reading fail for ${name}, whose own answer stands`, async () => {
    let seen: unknown;
    const limits = { bodySize: 10 };
    await using server = new ObservedServer(reader((error) => seen = error), { limits });
    assert.match(await answer(server, CHUNKS), / 418 /);
    assert.ok(seen instanceof ContentTooLargeError, String(seen));
    assert.deepEqual(await server.ended(1), [["responded 418", "sent 3", "ended complete"]]);
  });

  Deno.test(`Content beyond max_body_size that ${name} lets pass is answered with 413`, async () => {
    const limits = { bodySize: 10 };
    const application = reader((error) => {
      throw error;
    });
    await using server = new ObservedServer(application, { limits });
    assert.match(await answer(server, CHUNKS), / 413 /);
    assert.deepEqual(await server.ended(1), [["responded 413", "ended refused too_large"]]);
    assert.equal(server.log.matching(`Refused POST with 413`).length, 1);
    assert.deepEqual(server.log.matching("ERROR"), []);
  });

  Deno.test(`A failure of its own after content beyond max_body_size is not lost for ${name}`, async () => {
    const limits = { bodySize: 10 };
    let related = false;
    const application = reader((error) => {
      throw new Error("out of order", related ? { cause: error } : {});
    });
    await using server = new ObservedServer(application, { limits });
    assert.match(await answer(server, CHUNKS), / 413 /);
    assert.equal(server.log.matching("ERROR").length, 1);
    assert.match(server.log.matching("ERROR")[0]!, /out of order/);
    related = true;
    assert.match(await answer(server, CHUNKS), / 413 /);
    assert.equal(server.log.matching("ERROR").length, 1);
    assert.equal(server.log.matching(`Refused POST with 413`).length, 2);
    await server.ended(2);
  });

  Deno.test(`Content that does not come makes reading fail for ${name}, and the client gets 408`, async () => {
    let seen: unknown;
    const over = Promise.withResolvers<void>();
    const application = reader((error) => {
      seen = error;
      over.resolve();
    });
    await using server = new ObservedServer(application, { limits: { readMs: 100 } });
    assert.match(await answer(server, HALF), / 408 /);
    await over.promise;
    // ASGI has an event for it, see the ASGI specification on `http.disconnect`.
    if (name !== "an ASGI application") assert.ok(seen instanceof ReadTimeoutError, String(seen));
    assert.deepEqual(await server.ended(1), [["responded 408", "ended aborted"]]);
    assert.deepEqual(server.log.matching("ERROR"), []);
  });
}

Deno.test("A fetch handler whose client got 408 has no time-out left, though it goes on", async () => {
  const timers = liveTimers();
  const gate = Promise.withResolvers<void>();
  const application = applicationOf(async (request: Request) => {
    await request.text().catch(() => {});
    await gate.promise;
    return new Response();
  }, "fetch");
  const limits = { readMs: 100, handlerMs: 600_000 };
  await using server = new ObservedServer(application, { limits });
  assert.match(await answer(server, HALF), / 408 /);
  await server.ended(1);
  await eventually(() => timers() === 0, "the end of the time-out");
  gate.resolve();
});

for (const [name, read] of Object.entries(WAYS)) {
  Deno.test(`Chunks that are none make reading by ${name} fail as if the client had left`, async () => {
    const seen = Promise.withResolvers<unknown>();
    await using server = new ObservedServer(fetchReader(read, true)(seen.resolve));
    using client = await RawClient.connect(server.url);
    await client.send(CHUNKS.slice(0, CHUNKS.indexOf("0\r\n\r\n")));
    await server.begun(1);
    await client.send("x\r\n\r\n");
    assert.ok(await seen.promise instanceof DisconnectError);
    await server.ended(1);
    assert.deepEqual(server.log.matching("ERROR"), []);
  });
}
