/**
 * Fetch applications that misbehave.
 *
 * @module
 */

import type { FetchHandler } from "../../src/fetch_types.ts";
import { HUGE, type Misbehaviour, nextTurn } from "./misbehaviour.ts";

/** A row for both ways of running a fetch application. */
function row(
  name: string,
  outcome: Misbehaviour["outcome"],
  log: string | null,
  play: () => unknown,
  method = "GET",
): Misbehaviour {
  const forms = ["fetch short cut", "fetch exchange"] as const;
  return { name, forms, app: play as FetchHandler, outcome, log, method };
}

const PART = new TextEncoder().encode("part");

/** A body that yields `chunks` one by one in turns of their own, then fails or ends. */
function streaming(
  chunks: readonly unknown[],
  failure?: unknown,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = [...chunks];
  return new ReadableStream({
    async pull(controller) {
      await nextTurn();
      const chunk = left.shift();
      if (chunk !== undefined) controller.enqueue(chunk as Uint8Array<ArrayBuffer>);
      else if (failure === undefined) controller.close();
      else throw failure;
    },
  });
}

function lockedResponse(): Response {
  const response = new Response(streaming([PART]));
  response.body!.getReader();
  return response;
}

async function usedResponse(): Promise<Response> {
  const response = new Response("used");
  await response.text();
  return response;
}

const RESULTS: Misbehaviour[] = [
  row("returns undefined", 500, 'mode: "asgi"', () => undefined),
  row("returns null", 500, "expected a Response, received null", () => null),
  row("returns a string", 500, 'received the string "hello"', () => "hello"),
  row("returns an iterable", 500, 'mode: "wsgi"', () => [PART]),
  row("resolves with an object", 500, "received an Object", () => Promise.resolve({})),
  row("returns an object without prototype", 500, "expected a Response", () => Object.create(null)),
  row("returns Response.error()", 500, "status", () => Response.error()),
  row("returns a response whose content was read", 500, "already been consumed", usedResponse),
  row("returns a response whose content is locked", 500, "locked", lockedResponse),
  row(
    "returns 101 without an upgrade",
    500,
    "Cannot send status",
    () => new Response(null, { status: 101 }),
  ),
];

const THROWN: readonly [name: string, thrown: unknown, log: string][] = [
  ["an Error", new Error("boom"), "Error: boom"],
  ["a string", "boom", 'threw the string "boom"'],
  ["undefined", undefined, "threw undefined"],
  ["a symbol", Symbol("boom"), "Symbol(boom)"],
  ["an object without prototype", Object.create(null), "threw an object"],
];

const FAILURES: Misbehaviour[] = [
  ...THROWN.map(([name, thrown, log]) =>
    row(`throws ${name}`, 500, log, () => {
      throw thrown;
    })
  ),
  ...THROWN.map(([name, thrown, log]) =>
    row(`rejects with ${name}`, 500, log, async () => {
      await nextTurn();
      throw thrown;
    })
  ),
  row("returns a thenable that throws", 500, "Error: boom", () => ({
    then() {
      throw new Error("boom");
    },
  })),
];

const CONTENT: Misbehaviour[] = [
  row(
    "streams and fails",
    "broken",
    "Error: boom",
    () => new Response(streaming([PART, PART], new Error("boom"))),
  ),
  row(
    "streams and fails before the first piece",
    "broken",
    "Error: boom",
    () => new Response(streaming([], new Error("boom"))),
  ),
  row(
    "streams and fails with a string",
    "broken",
    "boom",
    () => new Response(streaming([PART], "boom")),
  ),
  row(
    "streams strings",
    "broken",
    'received the string "text"',
    () => new Response(streaming(["text"])),
  ),
  row(
    "streams less than its content-length",
    "broken",
    "content-length",
    () => new Response(streaming([PART]), { headers: { "content-length": "9" } }),
  ),
  row(
    "streams more than its content-length",
    "broken",
    "content-length",
    () => new Response(streaming([PART, PART]), { headers: { "content-length": "5" } }),
  ),
  row("sends 64 MB at once", { bytes: HUGE.length }, null, () => new Response(HUGE)),
  row("streams for ever to HEAD", 200, null, () =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          await nextTurn();
          controller.enqueue(PART);
        },
      }),
    ), "HEAD"),
];

/** The rows. */
export const FETCH_ROWS: readonly Misbehaviour[] = [...RESULTS, ...FAILURES, ...CONTENT];
