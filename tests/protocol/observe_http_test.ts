/**
 * What the TCP driver tells observers of requests: exact events for every form of application over HTTP/1.1 and HTTP/2.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { BrokenResponse, request } from "../_support/client.ts";
import { LEGACY_ABORT, testWithLegacyAbort } from "../_support/legacy_abort.ts";
import {
  FETCH_FORMS,
  FILE_BYTES,
  makeFile,
  OBSERVED_FORMS,
  observedApplication,
  type ObservedForm,
  WAITING_FORMS,
} from "../_support/observed_apps.ts";
import { testObserved } from "../_support/observed_matrix.ts";
import { ObservedServer } from "../_support/observed_server.ts";
import { RawClient, RawConnection, RawResponse } from "../_support/raw_http.ts";

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
    what: "a stream that has its length but does not end",
    path: "/declared",
    forms: WAITING_FORMS,
    events: ["responded 200", "sent 10", "ended complete"],
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
    forms: WAITING_FORMS,
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
    forms: FETCH_FORMS,
    events: ["responded 500", "ended failed"],
  },
  {
    what: "content that breaks off",
    path: "/breaks",
    events: ["responded 200", "sent 10", "ended failed"],
  },
];

for (const { what, method = "GET", path, content, forms = OBSERVED_FORMS, events } of ANSWERED) {
  testObserved(
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
  name: "what observers are told is the same without the flag no-legacy-abort",
  ignore: LEGACY_ABORT,
  fn: () =>
    testWithLegacyAbort(
      import.meta.filename!,
      ...["./observe_departure_test.ts", "./observe_websocket_test.ts"].map((path) =>
        fileURLToPath(import.meta.resolve(path))
      ),
    ),
});
