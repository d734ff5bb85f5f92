/**
 * Requests put together by chance from good and bad parts: whatever they are, the application gets nothing that a proxy
 * by the letter of RFC 9112 would not have forwarded.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { CONTENT } from "../_support/attack_bystander.ts";
import { allowed } from "../_support/attack_proxy.ts";
import { AttackTarget } from "../_support/attack_target.ts";
import { RawAttacker } from "../_support/raw_attacker.ts";

/** Stands for the number of the connection in paths. */
const ID = "NUMBER";

const SMUGGLED = `GET /${ID}/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n`;

const LINES = [
  `GET /${ID}/first HTTP/1.1`,
  `POST /${ID}/first HTTP/1.1`,
  `POST /${ID}/first HTTP/1.0`,
  `POST http://localhost/${ID}/first HTTP/1.1`,
  `PUT  /${ID}/first HTTP/1.1`,
];

const FIELDS = [
  "Content-Length: 0",
  "Content-Length: 5",
  "Content-Length: 40",
  "content-length:5",
  "Content-Length: 5, 5",
  "Content-Length: +5",
  "Content-Length : 5",
  "Transfer-Encoding: chunked",
  "transfer-encoding:chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked, gzip",
  "Transfer-Encoding : chunked",
  "Transfer-Encoding: \x0bchunked",
  " folded",
  "X: a\rContent-Length: 5",
  "X: y",
  "Connection: close",
  "Connection: keep-alive",
  "Expect: 100-continue",
  "Host: evil",
];

const CONTENTS = [
  "hello",
  "5\r\nhello\r\n",
  "5\nhello\r\n",
  "5\r\nhello\n",
  "2;a=b\r\nxx\r\n",
  "2 \r\nxx\r\n",
  "0x2\r\nxx\r\n",
  "ffffffffffffffff\r\n",
  "0\r\n\r\n",
  "0\r\n",
  "0\r\nX: y\r\n\r\n",
  "X: y\r\n\r\n",
  SMUGGLED,
];

const lineEnd = fc.constantFrom("\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r");
const often = <T>(values: readonly T[], maxLength: number) =>
  fc.array(fc.constantFrom(...values), { maxLength });

/** Bytes of a connection: a request, what may be its content, and a request that may be hidden. */
const ATTACK: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...LINES), often(FIELDS, 3), lineEnd, often(CONTENTS, 4))
  .map(([line, fields, end, contents]) =>
    [line, "Host: localhost", ...fields].join("\r\n") + end + "\r\n" + contents.join("") + SMUGGLED
  );

/** Short, for many of these wait for the rest of their content. */
const TIMEOUT_SECONDS = 0.2;

/** Connections at a time. */
const CONNECTIONS = 40;

Deno.test("HTTP/1.1: nothing that is put together by chance gets a request past a proxy", async () => {
  const seen = new Map<string, string[]>();
  await using target = await AttackTarget.start(async (request) => {
    const [path] = /\/([0-9]+)\/.*$/.exec(request.url) ?? [];
    if (path === undefined) return new Response(CONTENT);
    const content = await request.text();
    const id = path.split("/")[1]!;
    seen.set(id, [...seen.get(id) ?? [], `${request.method} ${path} ${content}`]);
    return new Response("seen\n");
  }, {
    guard: "on",
    loglevel: "ERROR",
    keepAliveTimeout: TIMEOUT_SECONDS,
    readTimeout: TIMEOUT_SECONDS,
  });
  let number = 0;
  let requests = 0;
  const property = fc.asyncProperty(
    fc.array(ATTACK, { minLength: CONNECTIONS, maxLength: CONNECTIONS }),
    async (attacks) => {
      await Promise.all(attacks.map(async (attack) => {
        const id = String(++number);
        const bytes = attack.replaceAll(ID, id);
        using attacker = await RawAttacker.connect(target.url);
        await attacker.send(bytes);
        await attacker.end();
        const proxy = allowed(bytes);
        for (const request of seen.get(id) ?? []) {
          assert.ok(proxy.includes(request), `${JSON.stringify(bytes)}: ${request}`);
          requests++;
        }
      }));
    },
  );
  await fc.assert(property, { numRuns: 20, endOnFailure: true });
  assert.ok(requests > number / 10, `Only ${requests} requests of ${number} connections were seen`);
  await target.empties();
});
