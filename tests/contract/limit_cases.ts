/**
 * The contract about limits on requests: what the client gets, what the application is told, and that nothing is left.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  BrokenResponse,
  type ClientExchange,
  type ClientResponse,
  fieldOf,
  readResponse,
  request,
} from "../_support/client.ts";
import { withDeadline } from "../_support/deadline.ts";
import { eventually } from "../_support/waiting.ts";
import { type Case, type Context, readsContentFirst, type Variant } from "./exchange_suite.ts";
import { losesEarlyAnswers } from "./streaming_cases.ts";

/** Ends a hang, nothing else. */
const DEADLINE_MS = 30_000;

/** Seconds of a limit that a test waits for. */
const SOON = 0.3;

/** Seconds of a limit that a test waits for and then keeps, also on a busy machine. */
const AMPLE = 0.6;

/** Lines of the log that tell of refusals. */
function refusals({ log }: Context): readonly string[] {
  return log.matching("Refused");
}

/** Checks an answer of the server itself, and that others are served. */
async function assertRefused(
  context: Context,
  response: ClientResponse,
  status: number,
  reason: RegExp,
): Promise<void> {
  assert.deepEqual([response.status, response.text], [status, ""]);
  const lines = refusals(context);
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(lines[0]!, new RegExp(`^INFO Refused [\\w ]+ with ${status}: .*`));
  assert.match(lines[0]!, reason);
  await assertServes(context);
}

async function assertServes({ transport, url }: Context): Promise<void> {
  await using other = transport.connect(url);
  assert.equal((await request(other, { target: "/hello" })).text, "hello");
}

/** Over HTTP/1 the answer says that the connection ends. */
function assertEnds({ transport }: Context, response: ClientResponse): void {
  if (transport.tool === "fetch") return; // it hides the field
  const expected = transport.version === "1.1" ? /^close(, close)?$/ : /^$/;
  assert.match(fieldOf(response, "connection") ?? "", expected);
}

function soon(context: Context, answer: Promise<ClientResponse>): Promise<ClientResponse> {
  return withDeadline(answer, `an answer over ${context.transport.name}`, DEADLINE_MS);
}

/** Reason of cases where a client that does nothing is to notice that its response is broken off. */
function cannotCut({ transport }: Variant): string | undefined {
  return transport.version === "1.1" && transport.config.guard !== "on"
    ? "the plain driver cannot cut a connection whose client is silent"
    : undefined;
}

const TARGETS: Case[] = [
  {
    name: "a target of max_target_size is served, one byte more is refused with 414",
    config: { maxTargetSize: 100 },
    run: async (context) => {
      const target = `/describe?${"x".repeat(90)}`;
      assert.equal((await request(context.client, { target })).status, 200);
      const response = await request(context.client, { target: `${target}x` });
      assertEnds(context, response);
      await assertRefused(context, response, 414, /"max_target_size" \(100 bytes\)/);
    },
  },
];

/** Bytes of fields that make a head too large for a limit of 2000, but for nothing else. */
const LARGE_FIELD = ["x-large", "y".repeat(2000)] as const;

const HEADS: Case[] = [
  {
    name: "a head that is larger than the option for its version allows is refused with 431",
    config: { h11MaxIncompleteSize: 2000, h2MaxHeaderListSize: 2000 },
    run: async (context) => {
      assert.equal((await request(context.client, { target: "/hello" })).status, 200);
      const response = await request(context.client, { target: "/hello", fields: [LARGE_FIELD] });
      assertEnds(context, response);
      await assertRefused(
        context,
        response,
        431,
        /h11_max_incomplete_size|header_list_size|field section/i,
      );
    },
  },
];

const LIMIT = { maxBodySize: 1000 };

/** Begins a request whose content is still to come, of no declared length. */
function openUpload({ client }: Context, target: string): Promise<ClientExchange> {
  return client.open({ method: "POST", target, content: "open" });
}

/** Sends open content of `size` bytes, and gets the answer. */
async function upload(
  context: Context,
  target: string,
  size: number,
): Promise<ClientResponse> {
  await using exchange = await openUpload(context, target);
  const sent = (async () => {
    for (let left = size; left > 0; left -= 500) {
      await exchange.send("z".repeat(Math.min(left, 500)));
    }
    await exchange.finish();
  })().catch(() => {}); // the server may have had enough
  const response = await readResponse(exchange);
  await sent;
  return response;
}

const CONTENTS: Case[] = [
  {
    name: "content of max_body_size is read, whether its length is declared or not",
    config: LIMIT,
    run: async (context) => {
      const content = "z".repeat(1000);
      const sent = { method: "POST", target: "/echo", content };
      assert.equal((await request(context.client, sent)).text, content);
      assert.equal((await upload(context, "/echo", 1000)).text, content);
    },
  },
  {
    name:
      "content that is declared larger than max_body_size is refused with 413 before the application is called",
    config: LIMIT,
    skip: losesEarlyAnswers,
    run: async (context) => {
      let called = false;
      context.probe.called.then(() => called = true);
      const sent = { method: "POST", target: "/echo", content: "z".repeat(1001) };
      const response = await request(context.client, sent);
      assertEnds(context, response);
      assert.equal(called, false);
      await assertRefused(context, response, 413, /"max_body_size" \(1000 bytes\)/);
    },
  },
  {
    name: "content that turns out to be larger than max_body_size is answered with 413",
    config: LIMIT,
    skip: losesEarlyAnswers,
    run: async (context) => {
      const response = await soon(context, upload(context, "/echo", 5000));
      assertEnds(context, response);
      await assertRefused(context, response, 413, /"max_body_size" \(1000 bytes\)/);
    },
  },
  {
    name: "content that turns out to be too large breaks a response off that has begun",
    config: LIMIT,
    skip: readsContentFirst,
    run: async (context) => {
      await using exchange = await openUpload(context, "/pump");
      await exchange.send("z".repeat(500));
      assert.equal((await exchange.head()).status, 200);
      const sent = exchange.send("z".repeat(600)).catch(() => {});
      await withDeadline(
        assert.rejects(readResponse(exchange), BrokenResponse),
        "the end of the response",
        DEADLINE_MS,
      );
      await sent;
      await assertServes(context);
    },
  },
  {
    name: "wsgi_max_body_size and max_body_size: the smaller one counts",
    config: { maxBodySize: 1000, wsgiMaxBodySize: 500 },
    skip: (variant) => variant.form === "WSGI" ? losesEarlyAnswers(variant) : "it is about WSGI",
    run: async (context) => {
      const sent = { method: "POST", target: "/echo", content: "z".repeat(501) };
      const response = await request(context.client, sent);
      await assertRefused(context, response, 413, /wsgi_max_body_size/);
    },
  },
];

const CONCURRENCY: Case[] = [
  {
    name: "requests beyond limit_concurrency get 503 and are told when to come back",
    config: { limitConcurrency: 2 },
    skip: ({ form }) => form === "WSGI" ? "a WSGI application answers at once" : undefined,
    run: async (context) => {
      const { client, probe } = context;
      for (let round = 0; round < 3; round++) {
        assert.equal((await request(client, { target: "/hello" })).text, "hello");
      }
      await using first = context.transport.connect(context.url);
      await using second = context.transport.connect(context.url);
      const held = [
        await first.open({ target: "/hang" }),
        await second.open({ target: "/hang" }),
      ];
      await eventually(() => probe.calls === 3 + held.length, "two requests in progress");
      let response = await request(client, { target: "/hello" });
      while (response.status === 200) { // the other one may be on its way
        response = await request(client, { target: "/hello" });
      }
      assert.deepEqual([response.status, fieldOf(response, "retry-after")], [503, "1"]);
      assert.match(refusals(context)[0]!, /with 503: .*"limit_concurrency"/);
      probe.open();
      for (const exchange of held) {
        assert.equal((await readResponse(exchange)).text, "hello");
        await exchange[Symbol.asyncDispose]();
      }
      assert.equal((await request(client, { target: "/hello" })).text, "hello");
    },
  },
];

/** Times that a request is made again which did not get far enough before a limit of {@linkcode SOON}. */
const TRIES = 10;

/** Has `/pump` begin its response to content that goes on; on a busy machine a limit may come first. */
async function beginPump(context: Context, content: string): Promise<ClientExchange> {
  for (let left = TRIES;; left--) {
    const exchange = await openUpload(context, "/pump");
    const head = await exchange.send(content).then(() => exchange.head()).catch((error) => {
      if (left === 0 || !(error instanceof BrokenResponse)) throw error;
    });
    if (head?.status === 200) return exchange;
    assert.ok(left > 0, `/pump never began, but was answered with ${head?.status}`);
    await exchange[Symbol.asyncDispose]();
    context.log.take("ERROR");
  }
}

const HANDLERS: Case[] = [
  {
    name:
      "an application that does not begin its response within handler_timeout is answered for with 504",
    waits: true,
    config: { handlerTimeout: SOON },
    skip: ({ form }) => form === "WSGI" ? "a WSGI application blocks the process" : undefined,
    run: async (context) => {
      const answer = request(context.client, { target: "/hang" });
      const response = await soon(context, answer);
      assert.deepEqual([response.status, response.text], [504, ""]);
      const errors = context.log.take("ERROR");
      assert.equal(errors.length, 1, errors.join("\n"));
      assert.match(errors[0]!, /GET http.*\/hang[^]*HandlerTimeoutError: .*"handler_timeout"/);
      context.probe.open();
      await assertServes(context);
    },
  },
  {
    name: "a response that takes longer than handler_timeout once it has begun is left alone",
    waits: true,
    config: { handlerTimeout: SOON },
    skip: readsContentFirst,
    run: async (context) => {
      await using exchange = await beginPump(context, "one");
      await new Promise((resolve) => setTimeout(resolve, SOON * 2000));
      await exchange.send("two");
      await exchange.finish();
      assert.equal((await readResponse(exchange)).text, "onetwo");
    },
  },
];

const SILENCE: Case[] = [
  {
    name: "a client that does not send the content that is read gets 408",
    waits: true,
    config: { readTimeout: SOON },
    skip: losesEarlyAnswers,
    run: async (context) => {
      await using exchange = await openUpload(context, "/echo");
      await exchange.send("some");
      const response = await soon(context, readResponse(exchange));
      assertEnds(context, response);
      await assertRefused(context, response, 408, /\(read_timeout\)/);
    },
  },
  {
    name: "a client that is silent breaks a response off that has begun",
    waits: true,
    config: { readTimeout: SOON },
    skip: (variant) => readsContentFirst(variant) ?? cannotCut(variant),
    run: async (context) => {
      await using exchange = await beginPump(context, "some");
      await withDeadline(
        assert.rejects(readResponse(exchange), BrokenResponse),
        "the end of the response",
        DEADLINE_MS,
      );
      await assertServes(context);
    },
  },
  {
    name: "content that nobody reads may take its time",
    waits: true,
    config: { readTimeout: AMPLE },
    skip: readsContentFirst,
    run: async (context) => {
      await using exchange = await openUpload(context, "/gate");
      await exchange.send("some");
      await context.probe.called;
      await new Promise((resolve) => setTimeout(resolve, AMPLE * 1500));
      await exchange.finish(); // before it is read, which then takes no time
      context.probe.open();
      assert.equal((await readResponse(exchange)).text, "4");
    },
  },
];

/** The cases. */
export const LIMIT_CASES: readonly Case[] = [
  ...TARGETS,
  ...HEADS,
  ...CONTENTS,
  ...CONCURRENCY,
  ...HANDLERS,
  ...SILENCE,
];
