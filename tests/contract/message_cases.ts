/**
 * The contract about single messages: methods, targets, fields, content.
 *
 * @module
 */

import assert from "node:assert/strict";
import { bytesOf, fieldOf, fieldsOf, readResponse, request } from "../_support/client.ts";
import type { Description } from "../_support/contract_plan.ts";
import type { Form } from "../_support/contract_server.ts";
import { type Case, type Context, normalisesTarget } from "./exchange_suite.ts";

/** Asks the application what it sees. */
async function describe(
  { client }: Context,
  target: string,
  sent: { method?: string; fields?: [string, string][] } = {},
): Promise<Description> {
  const { status, text } = await request(client, { target, ...sent });
  assert.equal(status, 200);
  return JSON.parse(text);
}

/** Values of `x-twice: one` and `x-twice: two`, as each form of application sees them. */
const REPEATED: Record<Form, string[]> = {
  "fetch short cut": ["one, two"],
  "fetch exchange": ["one, two"],
  ASGI: ["one", "two"],
  WSGI: ["one,two"],
};

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];

const REQUEST_HEAD: Case[] = [
  {
    name: "the application sees the method",
    run: async (context) => {
      for (const method of METHODS) {
        assert.equal((await describe(context, "/describe", { method })).method, method);
      }
    },
  },
  {
    name: "the target is neither decoded nor normalised",
    skip: normalisesTarget,
    run: async (context) => {
      const seen = await describe(context, "/describe/a/../b%zz%20?x=%20&y=a?b");
      assert.equal(
        seen.target ?? "/describe/a/../b%zz%20?x=%20&y=a?b",
        "/describe/a/../b%zz%20?x=%20&y=a?b",
      );
      assert.equal(seen.path ?? "/describe/a/../b%zz ", "/describe/a/../b%zz ");
      assert.equal(seen.query, "x=%20&y=a?b");
    },
  },
  {
    name: "an escaped path is decoded where the form decodes it",
    run: async (context) => {
      const seen = await describe(context, "/describe/caf%C3%A9");
      assert.equal(seen.path ?? "/describe/caf\xc3\xa9", "/describe/caf\xc3\xa9");
      assert.equal(seen.target ?? "/describe/caf%C3%A9", "/describe/caf%C3%A9");
      assert.equal(seen.query, "");
    },
  },
  {
    name: "repeated fields keep their order, as lines or joined as the form wants it",
    run: async (context) => {
      const fields: [string, string][] = [["x-twice", "one"], ["x-twice", "two"], ["x-once", "1"]];
      const seen = await describe(context, "/describe", {
        fields: [...fields, ["cookie", "a=1; b=2"]],
      });
      const valuesOf = (name: string) =>
        seen.fields.filter((field) => field[0] === name).map((field) => field[1]);
      assert.deepEqual(valuesOf("x-twice"), REPEATED[context.form]);
      assert.deepEqual(valuesOf("x-once"), ["1"]);
      assert.deepEqual(valuesOf("cookie"), ["a=1; b=2"]);
    },
  },
  {
    name: "field values are latin-1",
    skip: ({ transport }) => transport.tool === "curl" ? "curl's command line is UTF-8" : undefined,
    run: async (context) => {
      const seen = await describe(context, "/describe", { fields: [["x-latin", "caf\xe9"]] });
      assert.deepEqual(seen.fields, [["x-latin", "caf\xe9"]]);
    },
  },
  {
    name: "version, scheme, host and both addresses are right",
    run: async (context) => {
      const seen = await describe(context, "/describe");
      const { hostname, port, host } = new URL(context.url);
      assert.equal(seen.version, context.transport.version);
      assert.equal(seen.scheme, context.transport.secure ? "https" : "http");
      assert.equal(seen.host, host);
      assert.deepEqual(seen.server, [hostname, Number(port)]);
      assert.equal(seen.client?.[0], "127.0.0.1");
      assert.ok(seen.client[1] > 0 && seen.client[1] !== Number(port));
    },
  },
];

const RESPONSES: Case[] = [
  {
    name: "a status without content arrives",
    run: async ({ client }) => {
      for (const status of [200, 201, 299, 404, 418, 500, 599]) {
        const response = await request(client, { target: `/status/${status}` });
        assert.deepEqual([response.status, response.text], [status, ""]);
      }
    },
  },
  ...[204, 304].map((status): Case => ({
    name: `${status} has neither content nor content-length`,
    run: async ({ client }) => {
      const response = await request(client, { target: `/status/${status}` });
      assert.equal(response.status, status);
      assert.equal(response.text, "");
      assert.equal(fieldOf(response, "content-length"), undefined);
      assert.equal(fieldOf(response, "transfer-encoding"), undefined);
    },
  })),
  {
    name: "response fields are latin-1, repeated ones joined, cookies separate",
    run: async ({ client }) => {
      const response = await request(client, { target: "/fields" });
      assert.equal(fieldOf(response, "x-latin"), "caf\xe9");
      assert.equal(fieldsOf(response, "x-twice").join(", "), "one, two");
      assert.equal(fieldOf(response, "x-empty"), "");
      assert.deepEqual(fieldsOf(response, "set-cookie"), [
        "a=1; Expires=Thu, 01 Jan 2037 00:00:00 GMT",
        "b=2",
      ]);
    },
  },
  ...[1, 1000, 5_000_000].map((size): Case => ({
    name: `${size} bytes at once have a content-length`,
    run: async ({ client }) => {
      const response = await request(client, { target: `/flat/${size}` });
      assert.equal(fieldOf(response, "content-length"), String(size));
      assert.equal(fieldOf(response, "transfer-encoding"), undefined);
      assert.equal(response.content.length, size);
    },
  })),
  {
    name: "streamed content has no content-length and arrives whole",
    run: async ({ client, transport }) => {
      const response = await request(client, { target: "/stream/5" });
      assert.equal(fieldOf(response, "content-length"), undefined);
      const coding = transport.version === "1.1" ? "chunked" : undefined;
      assert.equal(fieldOf(response, "transfer-encoding"), coding);
      assert.equal(response.content.length, 50);
      assert.match(response.text, /^000000000\n000000001\n.*000000004\n$/s);
    },
  },
  {
    name: "streamed content keeps a declared content-length",
    run: async ({ client }) => {
      const response = await request(client, { target: "/declared/5" });
      assert.equal(fieldOf(response, "content-length"), "50");
      assert.equal(fieldOf(response, "transfer-encoding"), undefined);
      assert.equal(response.content.length, 50);
    },
  },
];

const HEAD: Case[] = [
  { target: "/flat/1000", length: "1000" },
  { target: "/flat/1000000", length: "1000000" },
  { target: "/declared/5", length: "50" },
  { target: "/stream/5", length: undefined },
].map(({ target, length }) => ({
  name: `HEAD ${target} has content-length ${length ?? "unknown"} and no content`,
  run: async ({ client }) => {
    const head = await request(client, { method: "HEAD", target });
    assert.equal(head.status, 200);
    assert.equal(fieldOf(head, "content-length"), length);
    assert.equal(head.content.length, 0);
    const next = await request(client, { target: "/hello" });
    assert.equal(next.text, "hello");
  },
}));

const REQUEST_CONTENT: Case[] = [
  {
    name: "empty and small request content comes back",
    run: async ({ client }) => {
      for (const content of ["", "x", "caf\xe9 \0 bytes"]) {
        const sent = { method: "POST", target: "/echo", content };
        assert.equal((await request(client, sent)).text, content);
      }
    },
  },
  {
    name: "five megabytes of request content come back",
    run: async ({ client }) => {
      const content = bytesOf("0123456789".repeat(500_000));
      const response = await request(client, { method: "POST", target: "/echo", content });
      assert.deepEqual(await digest(response.content), await digest(content));
    },
  },
  {
    name: "request content of unknown length comes back",
    run: async ({ client }) => {
      await using exchange = await client.open({
        method: "POST",
        target: "/echo",
        content: "open",
      });
      for (const piece of ["a", "bc", "x".repeat(100_000)]) await exchange.send(piece);
      await exchange.finish();
      assert.equal((await readResponse(exchange)).text, `abc${"x".repeat(100_000)}`);
    },
  },
];

async function digest(content: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(
    await crypto.subtle.digest("SHA-256", content as Uint8Array<ArrayBuffer>),
  );
}

/** The cases. */
export const MESSAGE_CASES: readonly Case[] = [
  ...REQUEST_HEAD,
  ...RESPONSES,
  ...HEAD,
  ...REQUEST_CONTENT,
];
