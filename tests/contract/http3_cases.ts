/**
 * The contract about what only HTTP/3 carries, and about streams that share a connection.
 *
 * @module
 */

import assert from "node:assert/strict";
import { H3 } from "../../src/h3/mod.ts";
import { type ClientResponse, fieldOf, readResponse, request } from "../_support/client.ts";
import { type Description, HINTS, TRAILERS } from "../_support/contract_plan.ts";
import { withDeadline } from "../_support/deadline.ts";
import { H3Client } from "../_support/h3_client.ts";
import type { H3ClientExchange } from "../_support/h3_client_stream.ts";
import { eventually } from "../_support/waiting.ts";
import type { Case, Context, Variant } from "./exchange_suite.ts";

/** The client of a case here, with all it can do. */
function h3({ client }: Context): H3Client {
  assert.ok(client instanceof H3Client);
  return client;
}

/** Reason of cases about what PEP 3333 has no words for. */
function unknownToWSGI({ form }: Variant): string | undefined {
  return form === "WSGI" ? "WSGI has no such thing" : undefined;
}

const SECTIONS: Case[] = [
  {
    name: "early hints arrive before the response is made, in order",
    skip: unknownToWSGI,
    run: async (context) => {
      await using exchange = await h3(context).open({ target: "/hints" });
      const head = exchange.head(); // reads on
      await eventually(() => exchange.interim.length === 2, "two early hints");
      context.probe.open();
      assert.equal((await head).status, 200);
      assert.equal((await readResponse(exchange)).text, "hello");
      const hints = HINTS.map((link) => ({ status: 103, fields: [["link", link]] }));
      assert.deepEqual(exchange.interim, hints);
    },
  },
  {
    name: "response trailers arrive after the content where the client takes them",
    skip: unknownToWSGI,
    run: async (context) => {
      const fields = [["te", "trailers"]] as const;
      await using exchange = await h3(context).open({ target: "/trailers", fields });
      assert.equal((await readResponse(exchange)).content.length, 20);
      assert.deepEqual(exchange.trailers, TRAILERS);
    },
  },
  {
    name: "response trailers are dropped where the client has not said that it takes them",
    skip: unknownToWSGI,
    run: async (context) => {
      await using exchange = await h3(context).open({ target: "/trailers" });
      assert.equal((await readResponse(exchange)).content.length, 20);
      assert.equal(exchange.trailers, null);
    },
  },
  {
    name: "request trailers end the content, and are no part of it",
    run: async (context) => {
      await using exchange = await openUpload(context, "/echo");
      await exchange.send("content");
      await exchange.finish([["x-sum", "7"]]);
      assert.equal((await readResponse(exchange)).text, "content");
    },
  },
  {
    name: "request trailers reach the application",
    skip: ({ form }) =>
      form === "fetch exchange" ? undefined : `${form} has no words for request trailers`,
    run: async (context) => {
      const rows = [
        { trailers: [["x-latin", "caf\xe9"], ["x-sum", "7"]], seen: undefined },
        { trailers: undefined, seen: ["none"] },
      ] as const;
      for (const { trailers, seen } of rows) {
        await using exchange = await openUpload(context, "/trailed");
        await exchange.send("content");
        await exchange.finish(trailers);
        assert.deepEqual(JSON.parse((await readResponse(exchange)).text), seen ?? trailers);
      }
    },
  },
  {
    name: "Expect: 100-continue is answered when the application wants the content",
    run: async (context) => {
      await using exchange = await openUpload(context, "/echo", [["expect", "100-continue"]]);
      const head = exchange.head();
      await eventually(() => exchange.interim.length > 0, "100 Continue");
      await exchange.send("content");
      await exchange.finish();
      assert.equal((await head).status, 200);
      assert.equal((await readResponse(exchange)).text, "content");
      assert.deepEqual(exchange.interim, [{ status: 100, fields: [] }]);
    },
  },
  {
    name: "cookies that came in several lines are one",
    run: async (context) => {
      const fields = [["cookie", "a=1"], ["cookie", "b=2"], ["cookie", "c=3"]] as const;
      const { text } = await request(context.client, { target: "/describe", fields });
      const seen: Description = JSON.parse(text);
      assert.deepEqual(seen.fields, [["cookie", "a=1; b=2; c=3"]]);
    },
  },
];

function openUpload(
  context: Context,
  target: string,
  fields: [string, string][] = [],
): Promise<H3ClientExchange> {
  return h3(context).open({ method: "POST", target, fields, content: "open" });
}

const CONNECTION: Case[] = [
  {
    name: "the application sees the server name of the client, or that there is none",
    skip: unknownToWSGI,
    run: async ({ client, url }) => {
      await using named = new H3Client(url, "localhost");
      for (const [from, name] of [[named, "localhost"], [client, null]] as const) {
        const seen: Description = JSON.parse((await request(from, { target: "/describe" })).text);
        assert.equal(seen.serverName, name);
      }
    },
  },
  {
    name: "fields that repeat from request to request go through the dynamic tables of both sides",
    run: async (context) => {
      const fields = [["x-latin", "\xe9".repeat(99)], ["x-long", "a".repeat(200)]] as const;
      const { session } = await h3(context).connection();
      // The client inserts nothing before it knows the server's table, and answers may come before SETTINGS.
      await eventually(() => session.settings !== null, "the settings of the server");
      for (let round = 0; round < 3; round++) {
        const pending = Array.from(
          { length: 20 },
          () => request(context.client, { target: "/describe", fields }),
        );
        for (const { text } of await Promise.all(pending)) {
          assert.deepEqual(JSON.parse(text).fields, fields);
        }
      }
      const { received } = session; // on streams of their own, which arrive when they like
      await eventually(() => received.encoder > 0, "insertions of the server");
      await eventually(() => received.decoder > 0, "acknowledgements of the server");
    },
  },
  {
    name: "a stream that the client stops ends its producer and nothing else",
    run: async (context) => {
      const client = h3(context);
      const connection = await client.connection();
      const stopped = await client.open({ target: "/endless" });
      const other = await client.open({ target: "/stream/3" });
      await stopped.read();
      await stopped.stop();
      await withDeadline(context.probe.stopped, "the application's stop");
      assert.equal((await readResponse(other)).content.length, 30);
      assert.equal((await request(client, { target: "/hello" })).text, "hello");
      assert.equal(await client.connection(), connection);
    },
  },
  {
    name: "a client that closes the connection ends a handler that waits",
    skip: ({ form }) => form === "WSGI" ? "WSGI applications cannot wait" : undefined,
    run: async (context) => {
      const exchange = await h3(context).open({ target: "/hang" });
      await withDeadline(context.probe.called, "the call of the application");
      await (await h3(context).connection()).close(H3.REQUEST_CANCELLED);
      await assert.rejects(exchange.head(), { name: "BrokenResponse" });
      // The end of the case waits for the handler.
    },
  },
  {
    name: "a hundred streams at once are answered each",
    run: async ({ client }) => {
      const pending: Promise<ClientResponse>[] = [];
      for (let size = 0; size < 100; size++) {
        pending.push(request(client, { target: `/flat/${size * 100}` }));
      }
      const sizes = (await Promise.all(pending)).map(({ content }) => content.length);
      assert.deepEqual(sizes, Array.from(sizes, (_, index) => index * 100));
    },
  },
  {
    name: "a stop finishes what is in progress, tells where to go on, and closes without an error",
    skip: ({ form }) => form === "fetch exchange" ? undefined : "the form does not matter here",
    run: async (context) => {
      const connection = await h3(context).connection();
      await using exchange = await openUpload(context, "/pump");
      await exchange.send("before ");
      await exchange.head();
      const stopped = context.server.shutdown();
      await eventually(() => connection.session.goaway !== null, "GOAWAY");
      await exchange.send("after");
      await exchange.finish();
      const response = await readResponse(exchange);
      assert.equal(response.text, "before after");
      assert.equal(fieldOf(response, "connection"), undefined);
      await withDeadline(stopped, "the end of the server");
      assert.equal(await connection.closed, "0x100");
      assert.equal(connection.session.goaway, 4);
    },
  },
];

/** The cases. */
export const HTTP3_CASES: readonly Case[] = [...SECTIONS, ...CONNECTION];
