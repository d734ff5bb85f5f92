/**
 * The contract about HTTP/1 connections, byte by byte.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type ClientResponse, fieldOf, readResponse, request } from "../_support/client.ts";
import type { Description } from "../_support/contract_plan.ts";
import { startForm } from "../_support/contract_server.ts";
import { RawClient, RawConnection, RawResponse } from "../_support/raw_http.ts";
import { appOf, type Case, type Context } from "./exchange_suite.ts";

/** Plays `talk` on one connection. */
async function onConnection(
  { url }: Context,
  talk: (connection: RawConnection) => Promise<void>,
): Promise<void> {
  using connection = await RawConnection.open(url);
  await talk(connection);
}

/** Reads the next response of a connection. */
function next(connection: RawConnection, method?: string): Promise<ClientResponse> {
  return readResponse(new RawResponse(connection, method));
}

/** Sends bytes and returns everything the server says until it closes. */
async function conversation({ url }: Context, bytes: string): Promise<string> {
  using connection = await RawConnection.open(url);
  await connection.send(bytes);
  return await connection.rest();
}

const CONNECTIONS: Case[] = [
  {
    name: "one connection carries requests one after the other, with and without content",
    run: (context) =>
      onConnection(context, async (connection) => {
        await connection.send("POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabc");
        assert.equal((await next(connection)).text, "abc");
        await connection.send("GET /stream/2 HTTP/1.1\r\nhost: h\r\n\r\n");
        assert.equal((await next(connection)).content.length, 20);
        await connection.send("HEAD /flat/9 HTTP/1.1\r\nhost: h\r\n\r\n");
        assert.equal(fieldOf(await next(connection, "HEAD"), "content-length"), "9");
        await connection.send(
          "POST /echo HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n",
        );
        assert.equal((await next(connection)).text, "xyz");
      }),
  },
  {
    name: "pipelined requests are answered in order",
    run: (context) =>
      onConnection(context, async (connection) => {
        const targets = ["/stream/3", "/hello", "/status/204", "/declared/1", "/hello"];
        const requests = targets.map((target) => `GET ${target} HTTP/1.1\r\nhost: h\r\n\r\n`);
        await connection.send(requests.join(""));
        const lengths: number[] = [];
        while (lengths.length < targets.length) {
          lengths.push((await next(connection)).content.length);
        }
        assert.deepEqual(lengths, [30, 5, 0, 10, 5]);
      }),
  },
  {
    name: "connection: close is obeyed",
    run: async (context) => {
      const seen = await conversation(
        context,
        "GET /hello HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
      );
      assert.match(
        seen,
        /^HTTP\/1\.1 200 OK\r\n(.+\r\n)*connection: close\r\n(.+\r\n)*\r\nhello$/i,
      );
    },
  },
  {
    name: "HTTP/1.0 gets a length or the end of the connection, never chunks",
    run: async (context) => {
      const flat = await conversation(context, "GET /hello HTTP/1.0\r\n\r\n");
      assert.match(
        flat,
        /^HTTP\/1\.0 200 OK\r\n(.+\r\n)*content-length: 5\r\n(.+\r\n)*\r\nhello$/i,
      );
      const stream = await conversation(context, "GET /stream/2 HTTP/1.0\r\nhost: h\r\n\r\n");
      assert.match(stream, /\r\n\r\n000000000\n000000001\n$/);
      assert.doesNotMatch(stream, /chunked/i);
    },
  },
  {
    name: "HTTP/1.0 keeps the connection when asked to",
    run: (context) =>
      onConnection(context, async (connection) => {
        const bytes = "GET /hello HTTP/1.0\r\nhost: h\r\nconnection: keep-alive\r\n\r\n";
        for (let count = 0; count < 2; count++) {
          await connection.send(bytes);
          assert.equal((await next(connection)).text, "hello");
        }
      }),
  },
  {
    name: "Expect: 100-continue is answered before the content comes",
    run: (context) =>
      onConnection(context, async (connection) => {
        await connection.send(
          "POST /echo HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n",
        );
        assert.equal(await connection.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
        await connection.send("ok");
        assert.equal((await next(connection)).text, "ok");
      }),
  },
];

const METHOD: Case = {
  name: "a method in lower case is no error",
  run: (context) =>
    onConnection(context, async (connection) => {
      await connection.send("get /describe HTTP/1.1\r\nhost: h\r\n\r\n");
      const { method } = JSON.parse((await next(connection)).text);
      assert.equal(method, context.form === "ASGI" ? "GET" : "get"); // ASGI asks for upper case
    }),
};

const INVALID_HOSTS = ["a/b?x", "a b", "u@h", "h:99999", "h:x", "[::1", "a\\b", "a#b", "<h>"];

const HOSTS: Case[] = [
  ...INVALID_HOSTS.map((host): Case => ({
    name: `Host ${JSON.stringify(host)} is refused with 400, and the connection goes on`,
    run: (context) =>
      onConnection(context, async (connection) => {
        await connection.send(`GET /hello HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
        const refused = await next(connection);
        assert.deepEqual([refused.status, refused.text], [400, ""]);
        assert.equal(
          context.log.matching(`Refused GET with 400: Host ${JSON.stringify(host)} is invalid`)
            .length,
          1,
        );
        await connection.send("GET /hello HTTP/1.1\r\nhost: h\r\n\r\n");
        assert.equal((await next(connection)).text, "hello");
      }),
  })),
  ...["u@h", "h:99999", "a b"].map((authority): Case => ({
    name: `an absolute target with authority "${authority}" is refused with 400`,
    run: (context) =>
      onConnection(context, async (connection) => {
        await connection.send(`GET http://${authority}/hello HTTP/1.1\r\nhost: h\r\n\r\n`);
        assert.equal((await next(connection)).status, 400);
      }),
  })),
  {
    name: "two Host fields are refused with 400",
    run: async (context) => {
      const seen = await conversation(context, "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n");
      assert.match(seen, /^HTTP\/1\.1 400 /);
    },
  },
  {
    // The runtime does not tell HTTP/1.0, where Host may be missing, from 1.1, where it may not (RFC 9112 §3.2).
    name: "a request without Host is answered",
    run: (context) =>
      onConnection(context, async (connection) => {
        await connection.send("GET /hello HTTP/1.1\r\n\r\n");
        assert.equal((await next(connection)).text, "hello");
      }),
  },
  {
    name: "the authority of an absolute target is the host, its path the path",
    run: (context) =>
      onConnection(context, async (connection) => {
        await connection.send(
          "GET http://other:81/describe?q HTTP/1.1\r\nhost: h\r\n\r\n",
        );
        const seen = JSON.parse((await next(connection)).text);
        assert.equal(seen.target ?? "/describe?q", "/describe?q");
        assert.equal(seen.query, "q");
      }),
  },
  {
    name: "CONNECT is refused with 501",
    run: (context) =>
      onConnection(context, async (connection) => {
        await connection.send("CONNECT h:80 HTTP/1.1\r\nhost: h:80\r\n\r\n");
        assert.equal((await next(connection)).status, 501);
        assert.equal(context.log.matching("Refused CONNECT with 501").length, 1);
      }),
  },
];

const UNIX_SOCKET: Case = {
  name: "a Unix socket serves, without addresses",
  skip: () => Deno.build.os === "windows" ? "Windows has no Unix sockets" : undefined,
  run: async ({ form, probe, log }) => {
    const folder = await Deno.makeTempDir();
    try {
      const bind = `unix:${folder}/socket`;
      await using server = await startForm(form, appOf(form, probe), log, { bind });
      await using client = new RawClient(server.binds[0]!.url);
      const seen: Description = JSON.parse((await request(client, { target: "/describe" })).text);
      assert.equal(seen.client, null);
      // PEP 3333 forbids an empty SERVER_NAME.
      assert.deepEqual(seen.server, form === "WSGI" ? ["localhost", 80] : null);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

/** The cases. */
export const HTTP1_CASES: readonly Case[] = [
  ...CONNECTIONS,
  METHOD,
  ...HOSTS,
  UNIX_SOCKET,
];
