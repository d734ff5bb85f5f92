/**
 * No application gets a CR, LF or NUL into the head of a response: whatever it tries in a field, a reason phrase or a
 * trailer, over every version of HTTP, the client sees neither a field nor a response that was not meant.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ASGIFramework } from "../../src/asgi_types.ts";
import type { FetchHandler } from "../../src/fetch_types.ts";
import type { Framework } from "../../src/framework_types.ts";
import type { WSGIFramework } from "../../src/wsgi_types.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import { BrokenResponse, type Client, readResponse } from "../_support/client.ts";
import { BACKENDS } from "../_support/contract_h3_server.ts";
import { type Form, FORMS, startForm } from "../_support/contract_server.ts";
import { withDeadline } from "../_support/deadline.ts";
import { H3Client } from "../_support/h3_client.ts";
import { LogSink } from "../_support/log_sink.ts";
import type { Transport } from "./exchange_suite.ts";
import { TCP_TRANSPORTS } from "./tcp_transports.ts";

/** What would end a line where it is written as it is, or as its low bytes (U+010D, U+010A). */
const BREAKS = ["\r\n", "\n", "\r", "\0", "\u010d\u010a"] as const;

/** A line that an application tries to smuggle. */
const EVIL = "x-evil: 1";

/** Places in a response, each with the application that puts `text` there. */
type Attempts<App> = Readonly<Record<string, (text: string) => App>>;

class OwnResponse extends Response {
  #text = "";

  static with(text: string): OwnResponse {
    const response = new OwnResponse(endless());
    response.#text = text;
    return response;
  }

  override get statusText(): string {
    return this.#text;
  }

  override get headers(): Headers {
    return {
      get: () => null,
      has: () => false,
      append() {},
      *[Symbol.iterator]() {
        yield ["x-a", "b"];
      },
    } as unknown as Headers;
  }
}

function endless(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode("content"));
      controller.close();
    },
  });
}

const FETCH: Attempts<FetchHandler> = {
  "the reason phrase": (text) => () => new Response("x", { statusText: text }),
  "the reason phrase of a class of its own": (text) => () => OwnResponse.with(text),
  "a value": (text) => () => new Response("x", { headers: { "x-a": text } }),
  "a value of a stream": (text) => () => new Response(endless(), { headers: { "x-a": text } }),
  "a name": (text) => () => new Response("x", { headers: { [text]: "a" } }),
  "a value that is set later": (text) => () => {
    const response = new Response("x");
    response.headers.append("x-a", text);
    return response;
  },
  "a cookie": (text) => () => new Response("x", { headers: [["set-cookie", text]] }),
  "a redirection": (text) => () => Response.redirect(`http://localhost/${text}`),
  "a trailer": (text) => (_request, info) => {
    info.trailers(() => [["x-a", text]]);
    return new Response(endless());
  },
  "an early hint": (text) => (_request, info) => {
    info.informational(103, { link: text });
    return new Response("x");
  },
};

type Line = readonly [name: string | Uint8Array, value: string | Uint8Array];

function asgi(lines: Iterable<Line>, more = {}): ASGIFramework {
  return async (_scope, _receive, send) => {
    const headers = lines as [string, string][];
    await send({ type: "http.response.start", status: 200, headers, ...more });
    await send({ type: "http.response.body", body: "x" });
  };
}

const ASGI: Attempts<ASGIFramework> = {
  "a value": (text) => asgi([["x-a", text]]),
  "a value in bytes": (text) => asgi([["x-a", new TextEncoder().encode(text)]]),
  "a name": (text) => asgi([[text, "a"]]),
  "a name in bytes": (text) => asgi([[new TextEncoder().encode(text), "a"]]),
  "the status": (text) => asgi([], { status: `200${text}` }),
  "a trailer": (text) => async (_scope, _receive, send) => {
    await send({ type: "http.response.start", status: 200, trailers: true });
    await send({ type: "http.response.body", body: "x" });
    await send({ type: "http.response.trailers", headers: [["x-a", text]] });
  },
  "an early hint": (text) => async (_scope, _receive, send) => {
    await send({ type: "http.response.early_hint", links: [text] });
    await send({ type: "http.response.start", status: 200 });
    await send({ type: "http.response.body", body: "x" });
  },
};

function wsgi(status: string, headers: [string, string][]): WSGIFramework {
  return (_environ, startResponse) => {
    startResponse(status, headers);
    return ["x"];
  };
}

const WSGI: Attempts<WSGIFramework> = {
  "the reason phrase": (text) => wsgi(`200 OK${text}`, []),
  "the status": (text) => wsgi(`200${text}`, []),
  "a value": (text) => wsgi("200 OK", [["x-a", text]]),
  "a name": (text) => wsgi("200 OK", [[text, "a"]]),
};

const ATTEMPTS: Readonly<Record<Form, Attempts<Framework>>> = {
  "fetch short cut": FETCH,
  "fetch exchange": FETCH,
  ASGI,
  WSGI,
};

const TRANSPORTS: readonly Transport[] = [
  ...TCP_TRANSPORTS.filter(({ tool, secure }) => tool === "raw" || (tool === "curl" && !secure)),
  {
    name: "HTTP/3",
    version: "3",
    secure: true,
    tool: "h3",
    config: TLS_OPTIONS,
    quic: BACKENDS[0]!,
    connect: (url) => new H3Client(url),
  },
];

for (const form of FORMS) {
  for (const transport of TRANSPORTS) {
    if (transport.version === "3" && form === "fetch short cut") continue; // there is none
    for (const [place, make] of Object.entries(ATTEMPTS[form])) {
      Deno.test({
        name: `${form} over ${transport.name}: nothing is smuggled through ${place}`,
        ignore: transport.missing !== undefined,
        fn: () => attemptAll(form, transport, make),
      });
    }
  }
}

async function attemptAll(
  form: Form,
  transport: Transport,
  make: (text: string) => Framework,
): Promise<void> {
  let current: (...parts: unknown[]) => unknown;
  const app = ((...parts: unknown[]) => current(...parts)) as Framework;
  const server = await startForm(form, app, new LogSink(), transport.config, transport.quic);
  try {
    for (const end of BREAKS.flatMap((end) => [end, end + end])) {
      current = make(`a${end}${EVIL}`) as typeof current;
      await using client = transport.connect(server.binds[0]!.url);
      await assertNothingSmuggled(client);
    }
  } finally {
    await withDeadline(server.shutdown(), "the end of the server");
  }
}

async function assertNothingSmuggled(client: Client): Promise<void> {
  await using exchange = await client.open({ target: "/" });
  const seen = await readResponse(exchange).catch((error) => {
    assert.ok(error instanceof BrokenResponse, String(error)); // trailers come when nothing can be taken back
    return null;
  });
  if (seen === null) return;
  assert.ok([200, 302, 500].includes(seen.status), String(seen.status));
  assert.ok(["x", "content", ""].includes(seen.text), seen.text);
  for (const [name, value] of seen.fields) {
    assert.doesNotMatch(name, /evil/);
    assert.doesNotMatch(value, /[\r\n\0]/);
    if (name !== "location") assert.doesNotMatch(value, /^x-evil: 1$/);
  }
}
