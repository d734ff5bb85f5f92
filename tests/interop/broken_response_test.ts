import assert from "node:assert/strict";
import {
  type ASGIFramework,
  type FetchHandler,
  type Framework,
  type Server,
  start,
} from "../../mod.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import { withDeadline } from "../_support/deadline.ts";
import { type WireAnswer, type WireConnection, WireEndpoint } from "../_support/h3_wire.ts";
import { LogSink } from "../_support/log_sink.ts";
import { quicPort } from "./h3_server.ts";

const STREAMS = 50;
const BROKEN = "/25";
const PIECE = "x".repeat(10_000);

async function* contentOf(target: string, gate: Promise<void>): AsyncGenerator<string> {
  yield PIECE;
  await gate;
  if (target === BROKEN) throw new Error("The database is gone");
  yield target;
}

function fetchApp(gate: Promise<void>): FetchHandler {
  return (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return new Response("ok");
    const content = ReadableStream.from(contentOf(pathname, gate));
    return new Response(content.pipeThrough(new TextEncoderStream()));
  };
}

function asgiApp(gate: Promise<void>): ASGIFramework {
  return async (scope, _receive, send) => {
    if (scope.type !== "http") throw new TypeError(`Cannot handle ${scope.type}`);
    await send({ type: "http.response.start", status: 200 });
    if (scope.path === "/") return await send({ type: "http.response.body", body: "ok" });
    for await (const body of contentOf(scope.path, gate)) {
      await send({ type: "http.response.body", body, more_body: true });
    }
    await send({ type: "http.response.body" });
  };
}

const FORMS: readonly (readonly [name: string, app: (gate: Promise<void>) => Framework])[] = [
  ["a fetch", fetchApp],
  ["an ASGI", asgiApp],
];

for (const [form, appOf] of FORMS) {
  Deno.test(`HTTP/3: ${form} response that breaks off harms none of the 49 beside it, and nobody after`, async () => {
    const log = new LogSink();
    const gate = Promise.withResolvers<void>();
    await using server = await startApp(appOf(gate.promise), log);
    using endpoint = new WireEndpoint();
    using connection = await endpoint.connect(quicPort(server));
    const targets = Array.from({ length: STREAMS }, (_, index) => `/${index}`);
    const streams = await Promise.all(targets.map((target) => connection.open("GET", target)));
    await Promise.all(streams.map((stream) => stream.finish()));
    await Promise.all(streams.map((stream) => stream.readRaw())); // all are in the middle of their contents
    gate.resolve();
    const answers = await Promise.allSettled(streams.map((stream) => stream.answer()));

    for (const [index, answer] of answers.entries()) {
      if (targets[index] === BROKEN) assert.equal(answer.status, "rejected");
      else assert.equal(textOf(answer), PIECE + targets[index]);
    }
    assert.match(await endOf(connection), /^0x102 /, "H3_INTERNAL_ERROR tells the client");
    assert.equal(log.matching("The database is gone").length, 1);

    using next = await endpoint.connect(quicPort(server));
    assert.equal(await next.get("/"), "ok");
  });

  Deno.test(`HTTP/3: ${form} response that breaks off at once is never taken for a complete one`, async () => {
    await using server = await startApp(appOf(Promise.resolve()), new LogSink());
    using endpoint = new WireEndpoint();
    using connection = await endpoint.connect(quicPort(server));
    const stream = await connection.open("GET", BROKEN);
    await stream.finish();
    const [answer] = await Promise.allSettled([stream.answer()]);
    if (answer.status === "fulfilled") assert.equal(answer.value.status, "500"); // nothing had been sent
    else assert.match(await endOf(connection), /^0x102 /);
  });
}

function startApp(app: Framework, log: LogSink): Promise<Server> {
  const binds = { bind: "127.0.0.1:0", quicBind: "127.0.0.1:0" };
  return start(app, { ...TLS_OPTIONS, ...binds, errorlog: log });
}

function endOf(connection: WireConnection): Promise<string> {
  return withDeadline(connection.closed, "the end of the connection");
}

function textOf(answer: PromiseSettledResult<WireAnswer>): string {
  if (answer.status === "rejected") throw answer.reason;
  return new TextDecoder().decode(answer.value.content);
}
