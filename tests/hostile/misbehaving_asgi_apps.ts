/**
 * ASGI applications that misbehave.
 *
 * @module
 */

import type { ASGIReceive, ASGISend, ASGISendEvent } from "../../src/asgi_types.ts";
import { HUGE, type Misbehaviour, nextTurn } from "./misbehaviour.ts";

/** A row with what the application does. */
function row(
  name: string,
  outcome: Misbehaviour["outcome"],
  log: string | null,
  play: (send: ASGISend, receive: ASGIReceive) => unknown,
  method = "GET",
): Misbehaviour {
  const app = async (_scope: unknown, receive: ASGIReceive, send: ASGISend) =>
    await play(send, receive) as void;
  return { name, forms: ["ASGI"], app, outcome, log, method };
}

const START = { type: "http.response.start", status: 200 } as const;
const PART = { type: "http.response.body", body: "part", more_body: true } as const;
const END = { type: "http.response.body", body: "end" } as const;

/** What no type checker lets pass. */
function wrong(message: unknown): ASGISendEvent {
  return message as ASGISendEvent;
}

function start(fields: unknown): ASGISendEvent {
  return wrong({ ...START, headers: fields });
}

async function* forEver(send: ASGISend): AsyncGenerator<void> {
  await send(START);
  for (;;) yield await send(PART);
}

const ORDER: Misbehaviour[] = [
  row("sends nothing", 500, 'without sending "http.response.start"', () => {}),
  row("returns after the start", "broken", "the state is RESPONSE", (send) => send(START)),
  row("returns in the middle, at once", "broken", "the state is RESPONSE", async (send) => {
    await send(START);
    await send(PART);
  }),
  row("returns in the middle, later", "broken", "the state is RESPONSE", async (send) => {
    await send(START);
    await send(PART);
    await nextTurn();
    await nextTurn();
  }),
  row("starts twice", "broken", "http.response.start given the state RESPONSE", async (send) => {
    await send(START);
    await send(START);
  }),
  row("starts twice and catches the error", "end", null, async (send) => {
    await send(START);
    await send(START).catch(() => {});
    await send(END);
  }),
  row(
    "sends content first",
    500,
    "http.response.body given the state REQUEST",
    (send) => send(END),
  ),
  row("goes on after the end", "end", "http.response.body given the state CLOSED", async (send) => {
    await send(START);
    await send(END);
    await send(END);
  }),
  row(
    "sends an unknown message",
    500,
    "Unexpected message type, http.nonsense",
    (send) => send(wrong({ type: "http.nonsense" })),
  ),
  row(
    "sends undefined",
    500,
    "Unexpected message type, undefined",
    (send) => send(wrong(undefined)),
  ),
  row(
    "sends a WebSocket message",
    500,
    "Unexpected message type, websocket.accept",
    (send) => send({ type: "websocket.accept" }),
  ),
  row("does not await a wrong message", "end", null, async (send) => {
    send(wrong({ type: "http.nonsense" }));
    await send(START);
    await send(END);
  }),
  row("sends trailers nobody announced", "end", "given the state CLOSED", async (send) => {
    await send(START);
    await send(END);
    await send({ type: "http.response.trailers", headers: [] });
  }),
  row("sends trailers the protocol cannot carry", "end", null, async (send) => {
    await send({ ...START, trailers: true });
    await send(END);
    await send({ type: "http.response.trailers", headers: [["x", "y"]] });
  }),
  {
    ...row(
      "sends a hint the protocol cannot carry",
      500,
      "http.response.early_hint given",
      (send) => send({ type: "http.response.early_hint", links: ["</a>"] }),
    ),
    over: ["HTTP/1.1", "HTTP/2"],
  },
];

const BAD_STATUS: Misbehaviour[] = [99, 101, 199, 600, 1000, NaN, 200.5, "201 NO", null, undefined]
  .map((status) =>
    row(
      `starts with status ${status}`,
      500,
      "Cannot send status",
      (send) => send(wrong({ ...START, status })),
    )
  );

const BAD_FIELDS: Misbehaviour[] = [
  { name: "a line break in a value", fields: [["x", "a\r\nset-cookie: b"]], log: "control" },
  { name: "a line feed in a value", fields: [["x", "a\nb"]], log: "control" },
  { name: "NUL in a value", fields: [["x", "a\0b"]], log: "control" },
  { name: "a value beyond latin-1", fields: [["x", "€"]], log: "non-latin-1" },
  { name: "a space in a name", fields: [["x y", "a"]], log: 'Cannot send field name "x y"' },
  { name: "a colon in a name", fields: [["x:y", "a"]], log: 'Cannot send field name "x:y"' },
  { name: "an empty name", fields: [["", "a"]], log: 'Cannot send field name ""' },
  { name: "a triple", fields: [["x", "a", "b"]], log: "expected a [name, value] pair" },
  { name: "a string for a list", fields: "abc", log: "expected a [name, value] pair" },
  { name: "a number for a list", fields: 5, log: "expected a list of [name, value] pairs" },
  { name: "a number for a value", fields: [["x", 5]], log: "expected a string or bytes" },
  { name: "a length that is no number", fields: [["content-length", "5x"]], log: "content-length" },
  {
    name: "two lengths",
    fields: [["content-length", "3"], ["content-length", "5"]],
    log: "content-length",
  },
].map(({ name, fields, log }) =>
  row(`sends ${name} as header`, 500, log, async (send) => {
    await send(start(fields));
    await send(END);
  })
);

const CONTENT: Misbehaviour[] = [
  row("sends more than its content-length", "broken", "content-length declared 2", async (send) => {
    await send(start([["content-length", "2"]]));
    await send(END);
  }),
  row("sends less than its content-length", "broken", "content-length declared 9", async (send) => {
    await send(start([["content-length", "9"]]));
    await send(END);
  }),
  row("streams more than its content-length", "broken", "declared 5", async (send) => {
    await send(start([["content-length", "5"]]));
    await send(PART);
    await nextTurn();
    await nextTurn();
    await send(PART);
  }),
  row("streams less than its content-length", "broken", "declared 9", async (send) => {
    await send(start([["content-length", "9"]]));
    await send(PART);
    await nextTurn();
    await nextTurn();
    await send({ type: "http.response.body" });
  }),
  ...[5, [1], new ArrayBuffer(1), null].map((body) =>
    row(
      `sends content of type ${Object.prototype.toString.call(body)}`,
      "broken",
      "Cannot send a body",
      async (send) => {
        await send(START);
        await send(wrong({ ...END, body }));
      },
    )
  ),
  row("sends 64 MB at once", { bytes: HUGE.length }, null, async (send) => {
    await send(START);
    await send({ ...END, body: HUGE });
  }),
  row("streams for ever to HEAD", 200, null, async (send) => {
    for await (const _ of forEver(send)) await nextTurn();
  }, "HEAD"),
  row("streams for ever to HEAD without a pause", 200, null, async (send) => {
    for await (const _ of forEver(send));
  }, "HEAD"),
  row(
    "sends a file that is missing",
    "broken",
    'Cannot send file "/no/such/file"',
    async (send) => {
      await send(START);
      await send({ type: "http.response.pathsend", path: "/no/such/file" });
    },
  ),
  row("sends a folder as a file", "broken", "it is not a regular file", async (send) => {
    await send(START);
    await send({ type: "http.response.pathsend", path: import.meta.dirname! });
  }),
  row("sends a missing file, late", "broken", "it cannot be opened", async (send) => {
    await send(START);
    await nextTurn();
    await nextTurn();
    await send({ type: "http.response.pathsend", path: "/no/such/file" });
  }),
  row(
    "sends a file after content",
    "broken",
    "content was written already",
    async (send) => {
      await send(START);
      await send(PART);
      await send({ type: "http.response.pathsend", path: import.meta.filename! });
    },
  ),
];

/** Errors of every kind, and what the log makes of them. */
const THROWN: readonly [name: string, thrown: unknown, log: string][] = [
  ["an Error", new Error("boom"), "Error: boom"],
  ["a string", "boom", 'threw the string "boom"'],
  ["undefined", undefined, "threw undefined"],
  ["null", null, "threw null"],
  ["a symbol", Symbol("boom"), "Symbol(boom)"],
  ["an object without prototype", Object.create(null), "threw an object"],
];

const FAILURES: Misbehaviour[] = [
  ...THROWN.map(([name, thrown, log]) =>
    row(`throws ${name} before the start`, 500, log, () => {
      throw thrown;
    })
  ),
  row("throws after the start, at once", "broken", "Error: boom", async (send) => {
    await send(START);
    throw new Error("boom");
  }),
  row("throws after the start, later", "broken", "Error: boom", async (send) => {
    await send(START);
    await nextTurn();
    await nextTurn();
    throw new Error("boom");
  }),
  row("throws while it streams", "broken", "Error: boom", async (send) => {
    await send(START);
    for (let count = 0; count < 3; count++) {
      await send(PART);
      await nextTurn();
    }
    throw new Error("boom");
  }),
  row("throws after the end", "end", "Error: boom", async (send) => {
    await send(START);
    await send(END);
    throw new Error("boom");
  }),
  row("returns a Response", 500, 'mode: "fetch"', () => new Response("x")),
  row("returns a number", 500, "expected nothing, received number 5", () => 5),
];

/** The rows. */
export const ASGI_ROWS: readonly Misbehaviour[] = [
  ...ORDER,
  ...BAD_STATUS,
  ...BAD_FIELDS,
  ...CONTENT,
  ...FAILURES,
];
