import assert from "node:assert/strict";
import { ConfigError } from "../../src/errors.ts";
import type { FieldList } from "../../src/fields.ts";
import { wsgi } from "../../src/middleware/mod.ts";
import type { WSGIFramework } from "../../src/wsgi_types.ts";
import { FakeExchange } from "../_support/fake_exchange.ts";
import { applicationOf } from "./harness.ts";

/** Its parameters do not tell that it is WSGI. */
const echo: WSGIFramework = (environ, begin) => {
  begin("200 OK", []);
  return [environ["wsgi.input"].read()];
};

const LIMITS: {
  name: string;
  limit?: number;
  length: number;
  declared: boolean;
  status: number;
}[] = [
  { name: "the default limit", length: 65_536, declared: true, status: 200 },
  { name: "a byte more", length: 65_537, declared: true, status: 413 },
  { name: "a byte more that was not declared", length: 65_537, declared: false, status: 413 },
  { name: "a limit of its own", limit: 10, length: 10, declared: true, status: 200 },
  { name: "a byte more than that", limit: 10, length: 11, declared: true, status: 413 },
  {
    name: "more than the server's limit",
    limit: 200_000,
    length: 150_000,
    declared: true,
    status: 200,
  },
  { name: "nothing, where nothing is allowed", limit: 0, length: 0, declared: true, status: 200 },
];
for (const { name, limit, length, declared, status } of LIMITS) {
  Deno.test(`wsgi() answers ${status} to ${name}`, async () => {
    const options = limit === undefined ? {} : { maxBodySize: limit };
    const app = applicationOf(wsgi(echo, options), { wsgiMaxBodySize: 100_000 });
    const fields: FieldList = declared ? [["content-length", String(length)]] : [];
    const content = "x".repeat(length);
    const exchange = new FakeExchange({ method: "POST", content, fields });
    await app.http(exchange);
    assert.equal(exchange.head?.status, status);
    assert.equal(exchange.content.length, status === 200 ? length : 0);
  });
}

Deno.test("wsgi() stays WSGI whatever mode the server is given", async () => {
  const exchange = new FakeExchange();
  await applicationOf(wsgi(echo), { form: "asgi" }).http(exchange);
  assert.equal(exchange.head?.status, 200);
});

for (const maxBodySize of [-1, 1.5, NaN, "1"]) {
  Deno.test(`wsgi() refuses a limit of ${JSON.stringify(maxBodySize)}`, () => {
    assert.throws(
      () => wsgi(echo, { maxBodySize: maxBodySize as number }),
      (error) =>
        error instanceof ConfigError &&
        /^Cannot use option "maxBodySize": expected a whole number of bytes >= 0, received/
          .test(error.message),
    );
  });
}
