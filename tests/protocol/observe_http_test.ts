/**
 * What the TCP driver tells observers of requests: exact events for every form of application over HTTP/1.1 and HTTP/2.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { BrokenResponse, type Client, request } from "../_support/client.ts";
import { CURL_MISSING, CurlClient } from "../_support/curl_client.ts";
import { LEGACY_ABORT, testWithLegacyAbort } from "../_support/legacy_abort.ts";
import {
  FILE_BYTES,
  makeFile,
  OBSERVED_FORMS,
  observedApplication,
  type ObservedForm,
} from "../_support/observed_apps.ts";
import { ObservedServer } from "../_support/observed_server.ts";
import { RawClient, RawConnection, RawResponse } from "../_support/raw_http.ts";

const VERSIONS = [
  {
    version: "1.1",
    secure: false,
    missing: undefined,
    connect: (url: string): Client => new RawClient(url),
  },
  {
    version: "1.1",
    secure: true,
    missing: CURL_MISSING,
    connect: (url: string): Client => new CurlClient(url, "--http1.1"),
  },
  {
    version: "2",
    secure: false,
    missing: CURL_MISSING,
    connect: (url: string): Client => new CurlClient(url, "--http2-prior-knowledge"),
  },
] as const;

type Version = (typeof VERSIONS)[number];

/** Defines a test for each form and version. */
function forEach(
  name: (form: ObservedForm) => string,
  forms: readonly ObservedForm[],
  run: (form: ObservedForm, version: Version) => Promise<void>,
): void {
  for (const version of VERSIONS) {
    for (const form of forms) {
      const skipped = version.missing === undefined ? "" : ` (skipped: ${version.missing})`;
      Deno.test({
        name: `${name(form)} over HTTP/${version.version}${
          version.secure ? " and TLS" : ""
        }${skipped}`,
        ignore: version.missing !== undefined,
        fn: () => run(form, version),
      });
    }
  }
}

const FETCH: readonly ObservedForm[] = [
  "synchronous fetch",
  "asynchronous fetch",
  "fetch exchange",
];
const NOT_WSGI = OBSERVED_FORMS.filter((form) => form !== "WSGI");

const ANSWERED: readonly {
  what: string;
  method?: string;
  path: string;
  content?: string;
  forms?: readonly ObservedForm[];
  events: readonly string[];
}[] = [
  {
    what: "text",
    path: "/flat",
    events: ["responded 200", "sent 6", "ended complete"],
  },
  {
    what: "the head of text",
    method: "HEAD",
    path: "/flat",
    events: ["responded 200", "ended complete"],
  },
  {
    what: "no content",
    path: "/none",
    events: ["responded 204", "ended complete"],
  },
  {
    what: "empty content",
    path: "/empty",
    events: ["responded 200", "ended complete"],
  },
  {
    what: "a stream",
    path: "/stream",
    events: ["responded 200", "sent 30", "ended complete"],
  },
  {
    what: "the head of a stream",
    method: "HEAD",
    path: "/stream",
    events: ["responded 200", "ended complete"],
  },
  {
    what: "a file",
    path: "/file",
    forms: NOT_WSGI,
    events: ["responded 200", `sent ${FILE_BYTES}`, "ended complete"],
  },
  {
    what: "what it read",
    method: "POST",
    path: "/upload",
    content: "x".repeat(12345),
    events: ["responded 200", "sent 5", "ended complete"],
  },
  {
    what: "an exception",
    path: "/fails",
    events: ["responded 500", "ended failed"],
  },
  {
    what: "a body that was read",
    path: "/used",
    forms: FETCH,
    events: ["responded 500", "ended failed"],
  },
  {
    what: "content that breaks off",
    path: "/breaks",
    events: ["responded 200", "sent 10", "ended failed"],
  },
];

for (const { what, method = "GET", path, content, forms = OBSERVED_FORMS, events } of ANSWERED) {
  forEach(
    (form) => `${form} answers ${what}: ${events.join(", ")}`,
    forms,
    async (form, { connect, version, secure }) => {
      const file = path === "/file" ? await makeFile() : "";
      try {
        await using server = new ObservedServer(observedApplication(form, file), { secure });
        await using client = connect(server.url);
        const sent = { method, target: path, ...(content === undefined ? {} : { content }) };
        await request(client, sent).catch((error) => {
          if (path !== "/breaks" || !(error instanceof BrokenResponse)) throw error;
        });
        assert.deepEqual(await server.ended(1), [events]);
        const { method: told, target, httpVersion } = server.observer.requests[0]!.request;
        assert.deepEqual([told, target, httpVersion], [method, path, version]);
      } finally {
        if (file !== "") await Deno.remove(file);
      }
    },
  );
}

const LEFT: readonly {
  when: string;
  path: string;
  upload?: boolean;
  forms: readonly ObservedForm[];
  events: readonly string[];
}[] = [
  {
    when: "while the answer is pending",
    path: "/pending",
    forms: NOT_WSGI,
    events: ["ended aborted"],
  },
  {
    when: "during a stream",
    path: "/endless",
    forms: OBSERVED_FORMS,
    events: ["responded 200", "sent some", "ended aborted"],
  },
  {
    when: "during its upload",
    path: "/upload",
    upload: true,
    forms: OBSERVED_FORMS,
    events: ["ended aborted"],
  },
  {
    when: "during its upload, which is sent back",
    path: "/echo",
    upload: true,
    forms: FETCH,
    events: ["responded 200", "sent some", "ended aborted"],
  },
];

for (const { when, path, upload = false, forms, events } of LEFT) {
  forEach(
    (form) => `${form} whose client leaves ${when}: ${events.join(", ")}`,
    forms,
    async (form, { connect, secure }) => {
      await using server = new ObservedServer(observedApplication(form), { secure });
      await using client = connect(server.url);
      const exchange = await client.open(
        upload ? { method: "POST", target: path, content: "open" } : { target: path },
      );
      if (upload) await exchange.send("some");
      await server.begun(1, events.includes("sent some") ? "sent" : "");
      await exchange.leave();
      assert.deepEqual(withoutSizes(await server.ended(1)), [events]);
      assert.deepEqual(server.log.matching("ERROR"), []);
    },
  );
}

/** Events where it depends on speed how much was sent. */
function withoutSizes(requests: readonly (readonly string[])[]): string[][] {
  return requests.map((events) => events.map((event) => event.replace(/^sent .*/, "sent some")));
}

const CUT = [
  { what: "an answer that is pending", path: "/pending", events: ["responded 503"] },
  { what: "a stream", path: "/endless", events: ["responded 200", "sent some"] },
];

for (const { what, path, events } of CUT) {
  forEach(
    (form) => `${form} with ${what} at the deadline of a stop: ${events.join(", ")}, ended aborted`,
    NOT_WSGI,
    async (form, { connect, secure }) => {
      await using server = new ObservedServer(observedApplication(form), { secure });
      await using client = connect(server.url);
      await using exchange = await client.open({ target: path });
      await server.begun(1, path === "/endless" ? "sent" : "");
      server.cut();
      assert.deepEqual(withoutSizes(await server.ended(1)), [[...events, "ended aborted"]]);
      await exchange.leave();
    },
  );
}

const REFUSED: readonly {
  what: string;
  head: string;
  draining?: boolean;
  status: number;
  reason: string;
}[] = [
  {
    what: "an invalid Host",
    head: "GET / HTTP/1.1\r\nhost: a b\r\n",
    status: 400,
    reason: "bad_request",
  },
  {
    what: "another server's name",
    head: "GET / HTTP/1.1\r\nhost: other\r\n",
    status: 404,
    reason: "server_name",
  },
  {
    what: "a transfer coding nobody knows",
    head: "POST / HTTP/1.1\r\nhost: known\r\ntransfer-encoding: gzip, chunked\r\n",
    status: 501,
    reason: "not_implemented",
  },
  {
    what: "an upload while the server stops",
    head: "POST / HTTP/1.1\r\nhost: known\r\ncontent-length: 1\r\n",
    draining: true,
    status: 503,
    reason: "shutting_down",
  },
];

for (const { what, head, draining = false, status, reason } of REFUSED) {
  for (const form of OBSERVED_FORMS) {
    Deno.test(`${form} server refuses ${what}: responded ${status}, ended refused ${reason}`, async () => {
      const serverNames = new Set(["known"]);
      await using server = new ObservedServer(observedApplication(form), { serverNames });
      if (draining) server.inFlight.drain();
      using connection = await RawConnection.open(server.url);
      await connection.send(`${head}\r\n`);
      assert.equal((await new RawResponse(connection).head()).status, status);
      assert.deepEqual(await server.ended(1), [[`responded ${status}`, `ended refused ${reason}`]]);
    });
  }
}

for (const form of OBSERVED_FORMS) {
  Deno.test(`${form} is asked three things on one connection: each is told of once`, async () => {
    await using server = new ObservedServer(observedApplication(form));
    using connection = await RawConnection.open(server.url);
    for (const path of ["/flat", "/fails", "/none"]) {
      await connection.send(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
      const response = new RawResponse(connection);
      while (await response.read() !== null); // to its end
    }
    assert.deepEqual(await server.ended(3), [
      ["responded 200", "sent 6", "ended complete"],
      ["responded 500", "ended failed"],
      ["responded 204", "ended complete"],
    ]);
  });

  Deno.test(`${form}: the observer sees the request as it came, and fields of the application alone`, async () => {
    await using server = new ObservedServer(observedApplication(form));
    using connection = await RawConnection.open(server.url);
    await connection.send(
      "GET /flat?a=%20b HTTP/1.1\r\nhost: a:80\r\nX-One: 1\r\nx-one: 2\r\nconnection: close\r\n\r\n",
    );
    assert.match(await connection.rest(), /\r\nserver: hypercorn-h11\r\n/);
    await server.ended(1);
    const { request, fields, responseFields } = server.observer.requests[0]!;
    const { client, ...told } = request;
    assert.deepEqual(told, {
      method: "GET",
      scheme: "http",
      authority: "a:80",
      target: "/flat?a=%20b",
      httpVersion: "1.1",
      websocket: false,
    });
    assert.equal(client!.hostname, "127.0.0.1");
    assert.ok(client!.port > 0);
    assert.deepEqual(fields, { host: "a:80", "x-one": "1, 2", "x-app": null, server: null });
    assert.deepEqual(responseFields, { host: null, "x-one": null, "x-app": "yes", server: null });
  });

  Deno.test(`${form} answers a request that the observer takes no note of`, async () => {
    await using server = new ObservedServer(observedApplication(form), {
      observer: { begin: () => null },
    });
    await using client = new RawClient(server.url);
    assert.equal((await request(client, { target: "/flat" })).text, "héllo");
  });
}

Deno.test({
  name: "all of this, and of WebSockets, is the same without the flag no-legacy-abort",
  ignore: LEGACY_ABORT,
  fn: () =>
    testWithLegacyAbort(
      import.meta.filename!,
      fileURLToPath(import.meta.resolve("./observe_websocket_test.ts")),
    ),
});
