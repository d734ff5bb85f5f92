/**
 * Applications that misuse what only HTTP/3 carries: interim responses and trailers.
 *
 * @module
 */

import type { ASGIFramework, ASGISend, ASGISendEvent } from "../../src/asgi_types.ts";
import type { FetchHandler, FetchInfo } from "../../src/fetch_types.ts";
import type { Misbehaviour } from "./misbehaviour.ts";

/** What all rows have; the client takes trailers. */
const COMMON = { over: ["HTTP/3"], fields: [["te", "trailers"]] } as const;

function asgi(
  name: string,
  outcome: Misbehaviour["outcome"],
  log: string | null,
  play: (send: ASGISend) => Promise<void>,
): Misbehaviour {
  const app: ASGIFramework = (_scope, _receive, send) => play(send);
  return { ...COMMON, name, forms: ["ASGI"], app, outcome, log };
}

function fetching(
  name: string,
  outcome: Misbehaviour["outcome"],
  log: string | null,
  play: (info: FetchInfo) => Response,
): Misbehaviour {
  const app: FetchHandler = (_request, info) => play(info);
  return { ...COMMON, name, forms: ["fetch exchange"], app, outcome, log };
}

const START = { type: "http.response.start", status: 200 } as const;
const END = { type: "http.response.body", body: "end" } as const;

function hint(link: string): ASGISendEvent {
  return { type: "http.response.early_hint", links: [link] };
}

function trailers(name: string, value: string): ASGISendEvent {
  return { type: "http.response.trailers", headers: [[name, value]] };
}

const HINTS: Misbehaviour[] = [
  asgi("sends nothing but a hint", 500, 'without sending "http.response.start"', async (send) => {
    await send(hint("</a>"));
  }),
  asgi("throws after a hint", 500, "Error: boom", async (send) => {
    await send(hint("</a>"));
    throw new Error("boom");
  }),
  asgi("sends a hint with a line break", 500, "control", async (send) => {
    await send(hint("</a>\r\nset-cookie: b"));
  }),
  asgi(
    "sends a hint after the start",
    "broken",
    "early_hint given the state RESPONSE",
    async (send) => {
      await send(START);
      await send(hint("</a>"));
    },
  ),
  fetching("throws after a hint", 500, "Error: boom", (info) => {
    info.informational(103, { link: "</a>" });
    throw new Error("boom");
  }),
  fetching("sends a final status as a hint", "end", null, (info) => {
    info.informational(200, {});
    return new Response("end");
  }),
];

const TRAILERS: Misbehaviour[] = [
  ...[
    { name: "a space in a name", field: ["x y", "a"], log: 'Cannot send field name "x y"' },
    { name: "a pseudo-header field", field: [":status", "200"], log: 'field name ":status"' },
    { name: "a line break in a value", field: ["x", "a\r\nb: c"], log: "control" },
  ].map(({ name, field, log }) =>
    asgi(`sends ${name} as trailer`, "broken", log, async (send) => {
      await send({ ...START, trailers: true });
      await send(END);
      await send(trailers(field[0]!, field[1]!));
    })
  ),
  asgi("announces trailers and sends none", "broken", "the state is TRAILERS", async (send) => {
    await send({ ...START, trailers: true });
    await send(END);
  }),
  asgi(
    "sends content after it has announced trailers",
    "broken",
    "given the state TRAILERS",
    async (send) => {
      await send({ ...START, trailers: true });
      await send(END);
      await send(END);
    },
  ),
  fetching("fails to make its trailers", "broken", "Error: boom", (info) => {
    info.trailers(() => {
      throw new Error("boom");
    });
    return new Response("end");
  }),
];

/** The rows. */
export const HTTP3_ROWS: readonly Misbehaviour[] = [...HINTS, ...TRAILERS];
