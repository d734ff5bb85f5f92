import assert from "node:assert/strict";
import type { ASGIFramework, ASGIScope } from "../../src/asgi_types.ts";
import { Lifespan } from "../../src/app/lifespan.ts";
import { LifespanError, UnexpectedMessageError } from "../../src/errors.ts";
import { settled } from "../_support/fake_exchange.ts";
import { LogSink } from "../_support/log_sink.ts";

const STARTED = { type: "lifespan.startup.complete" } as const;
const STOPPED = { type: "lifespan.shutdown.complete" } as const;

function lifespanOf(app: ASGIFramework): { lifespan: Lifespan; log: LogSink } {
  const log = new LogSink();
  return { lifespan: new Lifespan(app, log), log };
}

Deno.test("Lifespan calls the application once, with the scope and events that ASGI says", async () => {
  const seen: unknown[] = [];
  const { lifespan, log } = lifespanOf(async (scope, receive, send) => {
    seen.push({ ...scope }, await receive());
    await send(STARTED);
    seen.push(await receive());
    await send(STOPPED);
  });
  await lifespan.startup();
  await lifespan.shutdown();
  assert.deepEqual(seen, [
    { type: "lifespan", asgi: { version: "3.0", spec_version: "2.0" }, state: {} },
    { type: "lifespan.startup" },
    { type: "lifespan.shutdown" },
  ]);
  assert.deepEqual(log.lines, []);
});

Deno.test("Lifespan.state is what the application wrote into its scope", async () => {
  const { lifespan } = lifespanOf(async (scope, receive, send) => {
    (scope as ASGIScope & { type: "lifespan" }).state.pool = "open";
    await receive();
    await send(STARTED);
  });
  await lifespan.startup();
  assert.deepEqual(lifespan.state, { pool: "open" });
});

// Outcomes of the start

const START_ROWS: { name: string; app: ASGIFramework; log: RegExp | null; error?: RegExp }[] = [
  {
    name: "reports a failure",
    app: (_scope, _receive, send) =>
      send({ type: "lifespan.startup.failed", message: "no database" }),
    log: null,
    error: /^Lifespan failure in startup: no database$/,
  },
  {
    name: "reports a failure without a reason",
    app: (_scope, _receive, send) => send({ type: "lifespan.startup.failed" }),
    log: null,
    error: /the application gave no reason$/,
  },
  {
    name: "throws",
    app: () => Promise.reject(new Error("not here")),
    log:
      /^WARN ASGI Framework Lifespan error, continuing without Lifespan support: Error: not here$/,
  },
  {
    name: "throws at once, not being async",
    app: () => {
      throw new TypeError("not here");
    },
    log: /^WARN .*: TypeError: not here$/,
  },
  {
    name: "throws something that is no error",
    app: () => Promise.reject(Object.create(null)),
    log: /^WARN .*: an object$/,
  },
  {
    name: "sends an unknown message",
    app: (_scope, _receive, send) => send({ type: "http.response.start", status: 200 }),
    log:
      /^WARN .*: UnexpectedMessageError: Unexpected message type, http.response.start given the state STARTUP$/,
  },
  { name: "returns without a word", app: () => Promise.resolve(), log: null },
];

for (const { name, app, log: line, error } of START_ROWS) {
  const outcome = error ? "fails" : line ? "warns" : "goes on silently";
  Deno.test(`Lifespan.startup() ${outcome} when the application ${name}`, async () => {
    const { lifespan, log } = lifespanOf(app);
    if (error) await assert.rejects(lifespan.startup(), { name: "LifespanError", message: error });
    else await lifespan.startup();
    await settled();
    if (line === null) assert.deepEqual(log.lines, []);
    else assert.match(log.lines.join("\n"), line);
    await lifespan.shutdown(); // there is nothing left to stop, so it does not wait
  });
}

Deno.test("Lifespan.startup() waits for an application that does not answer", async () => {
  const { lifespan } = lifespanOf(async (_scope, receive) => {
    await receive();
    await receive();
  });
  let settledEarly = false;
  lifespan.startup().then(() => settledEarly = true);
  await settled();
  assert.equal(settledEarly, false);
});

// Outcomes of the stop

/** An application that starts, waits for the shutdown event, and then does what `stop` does. */
function stopping(stop: (send: Parameters<ASGIFramework>[2]) => unknown): ASGIFramework {
  return async (_scope, receive, send) => {
    await receive();
    await send(STARTED);
    await receive();
    await stop(send);
  };
}

const STOP_ROWS: { name: string; app: ASGIFramework; error?: RegExp }[] = [
  { name: "completes", app: stopping((send) => send(STOPPED)) },
  { name: "returns", app: stopping(() => {}) },
  {
    name: "reports a failure",
    app: stopping((send) => send({ type: "lifespan.shutdown.failed", message: "still busy" })),
    error: /^Lifespan failure in shutdown: still busy$/,
  },
  {
    name: "throws",
    app: stopping(() => Promise.reject(new RangeError("boom"))),
    error: /^Lifespan failure in shutdown: RangeError: boom$/,
  },
  {
    name: "completes and does not return",
    app: stopping(async (send) => {
      await send(STOPPED);
      await new Promise(() => {});
    }),
  },
  {
    name: "completes and throws later",
    app: stopping(async (send) => {
      await send(STOPPED);
      throw new Error("too late to matter");
    }),
  },
];

for (const { name, app, error } of STOP_ROWS) {
  Deno.test(`Lifespan.shutdown() ${error ? "fails" : "succeeds"} when the application ${name}`, async () => {
    const { lifespan, log } = lifespanOf(app);
    await lifespan.startup();
    if (error) {
      await assert.rejects(lifespan.shutdown(), (thrown: LifespanError) => {
        assert.ok(thrown instanceof LifespanError);
        assert.equal(thrown.stage, "shutdown");
        assert.match(thrown.message, error);
        return true;
      });
    } else await lifespan.shutdown();
    assert.deepEqual(log.lines, []);
  });
}

Deno.test("Lifespan logs an application that throws while the server runs, and does not stop it later", async () => {
  const { lifespan, log } = lifespanOf(async (_scope, receive, send) => {
    await receive();
    await send(STARTED);
    throw new Error("background failure");
  });
  await lifespan.startup();
  await settled();
  assert.equal(log.lines.length, 1);
  assert.match(
    log.lines[0]!,
    /^ERROR .*shutdown without Lifespan support:\nError: background failure/,
  );
  await lifespan.shutdown();
});

Deno.test("Lifespan refuses messages of the other half", async () => {
  const refused: unknown[] = [];
  const { lifespan } = lifespanOf(async (_scope, receive, send) => {
    await receive();
    await send(STOPPED).catch((error) => refused.push(error));
    await send(STARTED);
    await send(STARTED).catch((error) => refused.push(error));
    await receive();
    await send(STARTED).catch((error) => refused.push(error));
    await send(STOPPED);
  });
  await lifespan.startup();
  await lifespan.shutdown();
  assert.deepEqual(
    refused.map((error) => error instanceof UnexpectedMessageError && error.message),
    [
      "Unexpected message type, lifespan.shutdown.complete given the state STARTUP",
      "Unexpected message type, lifespan.startup.complete given the state RUNNING",
      "Unexpected message type, lifespan.startup.complete given the state SHUTDOWN",
    ],
  );
});

Deno.test("Lifespan.shutdown() before or without a start does nothing", async () => {
  await lifespanOf(() => assert.fail("called")).lifespan.shutdown();
});
