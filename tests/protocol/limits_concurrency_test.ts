/**
 * Requests in progress are counted right, whatever becomes of them: the count is back at nothing after any mix of requests
 * that are answered, refused, failed, left, and of WebSockets.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { combineObservers } from "../../src/observation.ts";
import { ConcurrencyLimit } from "../../src/protocol/request_limits.ts";
import { withDeadline } from "../_support/deadline.ts";
import { observedApplication, type ObservedForm } from "../_support/observed_apps.ts";
import { ObservedServer } from "../_support/observed_server.ts";
import { RawClient } from "../_support/raw_client.ts";
import { RecordingObserver } from "../_support/recording_observer.ts";
import { eventually } from "../_support/waiting.ts";
import { handshakeRequest } from "../_support/websocket_client.ts";

const LIMIT = 3;

function get(target: string, more = ""): string {
  return `GET ${target} HTTP/1.1\r\nhost: localhost\r\n${more}\r\n`;
}

function post(target: string, rest: string): string {
  return `POST ${target} HTTP/1.1\r\nhost: localhost\r\n${rest}`;
}

/** What clients say. All of them leave after a moment. */
const SAID: Readonly<Record<string, string>> = {
  answered: get("/flat"),
  empty: get("/none"),
  streamed: get("/stream"),
  "head of a stream": get("/stream").replace("GET", "HEAD"),
  failed: get("/unknown"),
  "broken off": get("/breaks"),
  endless: get("/endless"),
  silent: get("/silent"),
  pending: get("/pending"),
  "bad host": get("/flat").replace("localhost", "a b"),
  "long target": get(`/${"x".repeat(200)}`),
  upload: post("/upload", "content-length: 3\r\n\r\nabc"),
  "upload too large": post("/upload", "content-length: 200\r\n\r\n"),
  "chunks too large": post(
    "/upload",
    `transfer-encoding: chunked\r\n\r\n70\r\n${"x".repeat(112)}\r\n0\r\n\r\n`,
  ),
  "half an upload": post("/upload", "content-length: 30\r\n\r\nabc"),
  "half an echo": post("/echo", "content-length: 30\r\n\r\nabc"),
  pipelined: get("/flat") + get("/stream") + get("/pending") + get("/flat"),
  websocket: new TextDecoder().decode(handshakeRequest()),
  "bad websocket": new TextDecoder().decode(handshakeRequest()).replace(
    /^(.*version: )13/im,
    "$18",
  ),
};

const FORMS: readonly ObservedForm[] = [
  "synchronous fetch",
  "asynchronous fetch",
  "fetch exchange",
  "ASGI",
];

/** What a client does: what it says, and how long it stays after the first bytes of an answer, or without one. */
const step = fc.record({
  said: fc.constantFrom(...Object.keys(SAID)),
  waits: fc.boolean(),
  stays: fc.integer({ min: 0, max: 30 }),
});

for (const form of FORMS) {
  Deno.test(`ConcurrencyLimit is back at nothing after any requests to an application in form ${form}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
        const concurrency = new ConcurrencyLimit(LIMIT);
        const recording = new RecordingObserver();
        const held = Promise.withResolvers<void>();
        await using server = new ObservedServer(observedApplication(form, "", held.promise), {
          observer: combineObservers([concurrency, recording]),
          limits: { concurrency, targetSize: 100, bodySize: 100, readMs: 150, handlerMs: 300 },
        });
        await Promise.all(steps.map((step) => play(server.url, step)));
        held.resolve();
        await eventually(() => concurrency.open === 0, `the end of ${concurrency.open} requests`);
        assert.equal(recording.inFlight, 0);
        for (const events of recording.events) {
          assert.equal(events.filter((event) => event.startsWith("ended")).length, 1);
        }
        assert.equal((await fetch(`${server.url}/flat`)).status < 500, true);
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });
}

/** Clients that ask one after the other, each once the one before has left. */
const CLIENTS = 20;

for (const form of ["asynchronous fetch", "fetch exchange", "ASGI"] as const) {
  for (const leave of ["hang up", "get 504"] as const) {
    Deno.test(`ConcurrencyLimit lets clients that ${leave} have no more than it allows run in form ${form}`, async () => {
      const concurrency = new ConcurrencyLimit(LIMIT);
      const recording = new RecordingObserver();
      const held = Promise.withResolvers<void>();
      const { http, websocket, fetch } = observedApplication(form, "", held.promise);
      let running = 0;
      const count = <T>(result: T): T => {
        running++;
        const returned = () => void running--;
        Promise.resolve(result).then(returned, returned);
        return result;
      };
      await using server = new ObservedServer({
        http: (exchange) => count(http(exchange)),
        websocket,
        ...(fetch && { fetch: (request, info) => count(fetch(request, info)) }),
      }, {
        observer: combineObservers([concurrency, recording]),
        limits: { concurrency, handlerMs: leave === "get 504" ? 50 : null },
      });
      for (let client = 1; client <= CLIENTS; client++) {
        using raw = await RawClient.connect(server.url);
        await raw.send(get("/pending"));
        const stays = leave === "hang up" && client <= LIMIT;
        if (stays) await eventually(() => recording.requests.length === client, "the request");
        else {assert.match(
            await withDeadline(raw.readUntil("\r\n"), "an answer"),
            client <= LIMIT ? / 504 / : / 503 /,
          );}
        raw.close();
        await eventually(() => recording.inFlight === 0, "the end of the observation");
      }
      assert.equal(running, LIMIT);
      held.resolve();
      await eventually(() => concurrency.open === 0, `the end of ${concurrency.open} requests`);
      assert.equal(running, 0);
    });
  }
}

async function play(
  url: string,
  { said, waits, stays }: { said: string; waits: boolean; stays: number },
): Promise<void> {
  using client = await RawClient.connect(url);
  await client.send(SAID[said]!);
  if (waits) await Promise.race([client.readUntil("\r\n").catch(() => {}), pause(400)]);
  await pause(stays);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
