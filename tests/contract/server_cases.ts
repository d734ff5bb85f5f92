/**
 * The contract about what the server itself adds and refuses, and about its binds.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fieldOf, request } from "../_support/client.ts";
import type { Description } from "../_support/contract_plan.ts";
import type { Case, Context, Variant } from "./exchange_suite.ts";

const ALT_SVC = 'h3=":443"; ma=60';

/** Names of the server, as Hypercorn gives them. */
const SERVERS = { "1.1": "hypercorn-h11", "2": "hypercorn-h2", "3": "hypercorn-h3" };

const FIELDS: Case[] = [
  {
    name: "server and date are added, alt-svc is not",
    run: async ({ client, transport }) => {
      const response = await request(client, { target: "/hello" });
      assert.equal(fieldOf(response, "server"), SERVERS[transport.version]);
      assert.match(fieldOf(response, "date") ?? "", /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
      assert.equal(fieldOf(response, "alt-svc"), undefined);
    },
  },
  {
    name: "the application's own server and date fields win",
    run: async ({ client }) => {
      const response = await request(client, { target: "/server" });
      assert.equal(fieldOf(response, "server"), "mine");
      assert.equal(fieldOf(response, "date"), "Thu, 01 Jan 1970 00:00:00 GMT");
    },
  },
  {
    name: "no server field when it is switched off, and alt-svc as configured",
    config: { includeServerHeader: false, altSvcHeaders: [ALT_SVC] },
    run: async ({ client }) => {
      const response = await request(client, { target: "/hello" });
      assert.equal(fieldOf(response, "server"), undefined);
      assert.equal(fieldOf(response, "alt-svc"), ALT_SVC);
    },
  },
];

function cannotSetHost({ transport }: Variant): string | undefined {
  return transport.tool === "fetch" ? "fetch sets Host itself" : undefined;
}

const NAMES: Case[] = [
  {
    name: "a host that is not in server_names is refused with 404",
    config: { serverNames: ["example.com", "example.com:81"] },
    run: async ({ client, log, url }) => {
      const response = await request(client, { target: "/hello" });
      assert.deepEqual([response.status, response.text], [404, ""]);
      const { host } = new URL(url);
      const line = `INFO Refused GET with 404: Host "${host}" is not in server_names`;
      assert.equal(log.matching(line).length, 1);
    },
  },
  {
    name: "hosts in server_names are served, whatever their case",
    config: { serverNames: ["example.com", "Example.org:81"] },
    skip: cannotSetHost,
    run: async ({ client }) => {
      for (const host of ["example.com", "EXAMPLE.com", "example.org:81"]) {
        const sent = { target: "/hello", fields: [["host", host]] as const };
        assert.equal((await request(client, sent)).text, "hello", host);
      }
      const other = { target: "/hello", fields: [["host", "example.org"]] as const };
      assert.equal((await request(client, other)).status, 404);
    },
  },
  ...["u@h", "h:99999"].map((host): Case => ({
    name: `authority "${host}" is refused with 400`,
    skip: cannotSetHost,
    run: async ({ client }) => {
      const response = await request(client, { target: "/hello", fields: [["host", host]] });
      assert.deepEqual([response.status, response.text], [400, ""]);
    },
  })),
];

/** Where `root_path` is "/app": what to ask for and what the application sees. */
const ROOTS: Readonly<
  Record<string, { target: string; root: string | null; path: string | null }>
> = {
  "fetch short cut": { target: "/describe/x", root: null, path: null },
  "fetch exchange": { target: "/describe/x", root: null, path: null },
  ASGI: { target: "/app/describe/x", root: "/app", path: "/app/describe/x" },
  WSGI: { target: "/app/describe/x", root: "/app", path: "/app/describe/x" },
};

async function described({ client }: Context, target: string): Promise<Description> {
  return JSON.parse((await request(client, { target })).text);
}

const BINDS: Case[] = [
  {
    name: "root_path is told as the form tells it",
    config: { rootPath: "/app" },
    run: async (context) => {
      const { target, root, path } = ROOTS[context.form]!;
      const seen = await described(context, target);
      assert.deepEqual([seen.root, seen.path], [root, path]);
    },
  },
  {
    name: "IPv6 addresses have no brackets",
    config: { bind: "[::1]:0" },
    run: async (context) => {
      const seen = await described(context, "/describe");
      assert.deepEqual(seen.server, ["::1", Number(new URL(context.url).port)]);
      assert.equal(seen.client?.[0], "::1");
      assert.equal(seen.host, new URL(context.url).host);
    },
  },
  {
    name: "IPv4 clients of a dual-stack bind have IPv4 addresses",
    config: { bind: "[::]:0" },
    run: async ({ server, transport }) => {
      const { port } = new URL(server.binds[0]!.url);
      const scheme = transport.secure ? "https" : "http";
      await using client = transport.connect(`${scheme}://127.0.0.1:${port}`);
      const { text } = await request(client, { target: "/describe" });
      assert.equal((JSON.parse(text) as Description).client?.[0], "127.0.0.1");
    },
  },
];

/** The cases. */
export const SERVER_CASES: readonly Case[] = [...FIELDS, ...NAMES, ...BINDS];
