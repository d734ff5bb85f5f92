/**
 * Clients that go away. What applications see must not depend on the runtime's `no-legacy-abort` flag, so the last test
 * runs this file once more without it.
 */
import assert from "node:assert/strict";
import type { Framework } from "../../src/framework_types.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import type { Client, ClientExchange } from "../_support/client.ts";
import { type Form, FORMS, startForm } from "../_support/contract_server.ts";
import { CURL_MISSING, CurlClient } from "../_support/curl_client.ts";
import { withDeadline } from "../_support/deadline.ts";
import { LEGACY_ABORT, testWithLegacyAbort } from "../_support/legacy_abort.ts";
import { LogSink } from "../_support/log_sink.ts";
import { RawClient } from "../_support/raw_http.ts";
import { eventually } from "../_support/waiting.ts";
import { asgiDiary, Diary, fetchDiary, wsgiDiary } from "./disconnect_apps.ts";

const CLIENTS = [
  {
    name: "HTTP/1.1",
    tool: "raw",
    missing: undefined,
    config: {},
    connect: (url: string): Client => new RawClient(url),
  },
  {
    name: "HTTP/1.1 over TLS",
    tool: "curl",
    missing: CURL_MISSING,
    config: TLS_OPTIONS,
    connect: (url: string): Client => new CurlClient(url, "--http1.1"),
  },
  {
    name: "HTTP/2",
    tool: "curl",
    missing: CURL_MISSING,
    config: {},
    connect: (url: string): Client => new CurlClient(url, "--http2-prior-knowledge"),
  },
];

/** When the client goes, and what each form notices after that, in order. */
const MOMENTS: readonly {
  name: string;
  path: string;
  upload: boolean;
  noticed: Readonly<Partial<Record<Form, readonly string[]>>>;
}[] = [
  {
    name: "during the upload",
    path: "/upload",
    upload: true,
    noticed: {
      "fetch short cut": ["called", "read failed"],
      "fetch exchange": ["called", "read failed"],
      ASGI: ["called", "http.disconnect"],
      WSGI: [], // not even called
    },
  },
  {
    name: "while the handler is pending",
    path: "/pending",
    upload: false,
    noticed: {
      "fetch short cut": ["called", "signal"],
      "fetch exchange": ["called", "signal"],
      ASGI: ["called", "http.disconnect"],
    },
  },
  {
    name: "during a stream",
    path: "/stream",
    upload: false,
    noticed: {
      "fetch short cut": ["called", "cancel"],
      "fetch exchange": ["called", "cancel"],
      ASGI: ["called", "send: DisconnectError", "http.disconnect"],
      WSGI: ["called", "close", "finally"],
    },
  },
  {
    name: "while a stream is silent",
    path: "/idle",
    upload: false,
    noticed: {
      "fetch short cut": ["called", "cancel"],
      "fetch exchange": ["called", "cancel"],
      ASGI: ["called", "http.disconnect"],
    },
  },
];

for (const { name: moment, path, upload, noticed } of MOMENTS) {
  for (const form of FORMS) {
    const entries = noticed[form];
    if (entries === undefined) continue; // a synchronous application cannot wait
    for (const client of CLIENTS) {
      const name = `${form} application whose ${client.name} client leaves ${moment}`;
      const blind = entries.length === 0 && client.tool === "curl";
      const reason = client.missing ??
        (blind ? "nothing tells when curl has sent its request" : undefined);
      Deno.test({
        name: reason === undefined ? name : `${name} (skipped: ${reason})`,
        ignore: reason !== undefined,
        fn: () => assertNoticed(form, client, { path, upload }, entries),
      });
    }
  }
}

async function assertNoticed(
  form: Form,
  { config, connect }: (typeof CLIENTS)[number],
  { path, upload }: { path: string; upload: boolean },
  entries: readonly string[],
): Promise<void> {
  const diary = new Diary();
  const log = new LogSink();
  const server = await startForm(form, appOf(form, diary), log, config);
  try {
    await using client = connect(server.binds[0]!.url);
    const exchange = await client.open(
      upload ? { method: "POST", target: path, content: "open" } : { target: path },
    );
    await begun(exchange, diary, { upload, called: entries.length > 0, path });
    await exchange.leave();
    await eventually(() => diary.entries.length >= entries.length, `${entries}`);
    if (entries.length === 0) {
      await eventually(() => log.matching("disconnected").length > 0, "log");
    }
  } finally {
    await withDeadline(server.shutdown(), "the end of the server");
  }
  assert.deepEqual(diary.entries, entries); // and nothing twice, even after the server's end
  assert.deepEqual(log.matching("ERROR"), []);
}

/** Waits until the exchange is where the client is to leave it. */
async function begun(
  exchange: ClientExchange,
  diary: Diary,
  { upload, called, path }: { upload: boolean; called: boolean; path: string },
): Promise<void> {
  if (upload) await exchange.send("some");
  if (called) await eventually(() => diary.entries.length > 0, "the call of the application");
  if (path === "/stream" || path === "/idle") await exchange.read();
}

function appOf(form: Form, diary: Diary): Framework {
  if (form === "ASGI") return asgiDiary(diary);
  return form === "WSGI" ? wsgiDiary(diary) : fetchDiary(diary);
}

Deno.test({
  name: "the flag that these tests depend on is really off in the child process",
  ignore: !LEGACY_ABORT,
  async fn() {
    let signal: AbortSignal | undefined;
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => {
        signal = request.signal;
        return new Response();
      },
    );
    await (await fetch(`http://127.0.0.1:${server.addr.port}/`)).text();
    await eventually(() => signal!.aborted, "the abort after a complete response");
  },
});

Deno.test({
  name: "all of this is the same without the flag no-legacy-abort",
  ignore: LEGACY_ABORT,
  fn: () => testWithLegacyAbort(import.meta.filename!),
});
