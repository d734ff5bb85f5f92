/**
 * WSGI applications that misbehave.
 *
 * @module
 */

import type { StartResponse, WSGIFramework } from "../../src/wsgi_types.ts";
import { HUGE, type Misbehaviour } from "./misbehaviour.ts";

function row(
  name: string,
  outcome: Misbehaviour["outcome"],
  log: string | null,
  play: (start: StartResponse) => unknown,
  method = "GET",
): Misbehaviour {
  const app =
    ((_environ: unknown, startResponse: StartResponse) => play(startResponse)) as WSGIFramework;
  return { name, forms: ["WSGI"], app, outcome, log, method };
}

/** A row for an application that starts properly and returns `result`. */
function returning(
  name: string,
  outcome: Misbehaviour["outcome"],
  log: string | null,
  result: () => unknown,
  headers: [string, string][] = [],
): Misbehaviour {
  return row(name, outcome, log, (start) => {
    start("200 OK", headers);
    return result();
  });
}

function boom(): never {
  throw new Error("boom");
}

const RESULTS: Misbehaviour[] = [
  row("does not start", 500, "did not call startResponse()", () => ["x"]),
  returning("returns undefined", 500, "expected an iterable", () => undefined),
  returning("returns a string", 500, "Put it into an array", () => "text"),
  returning("returns bytes", 500, "Put it into an array", () => new Uint8Array(3)),
  returning("returns a Promise", 500, "WSGI is synchronous", () => Promise.resolve(["x"])),
  returning("returns a failing Promise", 500, "WSGI is synchronous", () => Promise.reject("x")),
  returning("returns a Response", 500, 'mode: "fetch"', () => new Response("x")),
  returning("is an async generator", 500, "WSGI is synchronous", async function* () {
    yield await "x";
  }),
  returning("yields numbers", 500, "Cannot send a chunk", () => [1]),
];

const STARTS: Misbehaviour[] = [
  ...["99 LOW", "1000 HIGH", "101 NO", "200", "OK", "200 A\r\nB"].map((status) =>
    row(
      `starts with status ${JSON.stringify(status)}`,
      500,
      "expected a status of 200 to 599",
      (start) => {
        start(status, []);
        return [];
      },
    )
  ),
  row("starts with a number", 500, "expected a status of 200 to 599", (start) => {
    start(200 as unknown as string, []);
    return [];
  }),
  ...[
    { name: "a line break in a value", headers: [["x", "a\r\nb: c"]], log: "control characters" },
    { name: "NUL in a value", headers: [["x", "a\0"]], log: "control characters" },
    { name: "a space in a name", headers: [["x y", "a"]], log: "HTTP token" },
    { name: "something else than a pair", headers: ["xy"], log: "[name, value] pair" },
    { name: "a connection field", headers: [["Connection", "close"]], log: "hop-by-hop" },
    {
      name: "a length that is no number",
      headers: [["Content-Length", "-1"]],
      log: "one decimal number",
    },
  ].map(({ name, headers, log }) =>
    row(`sends ${name} as header`, 500, log, (start) => {
      start("200 OK", headers as [string, string][]);
      return ["x"];
    })
  ),
];

const CONTENT: Misbehaviour[] = [
  returning("sends more than its content-length", "ab", "the rest was cut off", () => ["abc"], [
    ["content-length", "2"],
  ]),
  returning("sends less than its content-length", "broken", "declared 9", () => ["abc"], [
    ["content-length", "9"],
  ]),
  returning("yields less than its content-length", "broken", "declared 9", function* () {
    yield "abc";
    yield "";
    yield "";
  }, [["content-length", "9"]]),
  returning("sends 64 MB at once", { bytes: HUGE.length }, null, () => [HUGE]),
  row("yields for ever to HEAD", 200, null, (start) => {
    start("200 OK", []);
    return function* () {
      for (;;) yield "part";
    }();
  }, "HEAD"),
];

const FAILURES: Misbehaviour[] = [
  row("throws before the start", 500, "Error: boom", boom),
  returning("throws after the start", 500, "Error: boom", boom),
  row("throws undefined", 500, "threw undefined", () => {
    throw undefined;
  }),
  returning("fails before the first piece", 500, "Error: boom", function* () {
    yield boom();
  }),
  returning("fails after the first piece, at once", "broken", "Error: boom", function* () {
    yield "part";
    boom();
  }),
  returning("fails after the first piece, later", "broken", "Error: boom", function* () {
    yield "part";
    yield "";
    yield "";
    boom();
  }),
  returning("fails in close()", "x", "Error: boom", () => Object.assign(["x"], { close: boom })),
];

/** The rows. */
export const WSGI_ROWS: readonly Misbehaviour[] = [...RESULTS, ...STARTS, ...CONTENT, ...FAILURES];
