import assert from "node:assert/strict";
import fc from "fast-check";
import type { ASGIFramework } from "../../src/asgi_types.ts";
import { ConfigError } from "../../src/errors.ts";
import { isHost } from "../../src/fields.ts";
import { proxyFix, type ProxyFixOptions } from "../../src/middleware/mod.ts";
import type { ForwardedOrigin } from "../../src/observation.ts";
import { FakeExchange } from "../_support/fake_exchange.ts";
import {
  applicationOf,
  asgiApp,
  ask,
  CLIENT,
  fetchApp,
  knock,
  seenBy,
  shake,
  wsgiApp,
} from "./harness.ts";
import { BEYOND, host, proto, TRUSTED, VECTORS, xff } from "./proxy_fix_rows.ts";

const FIELDS = [xff("1.1.1.1:47"), proto("https"), host("new:8443")];

for (
  const { name, options, sees = {}, differs, ...request } of [...VECTORS, ...BEYOND, ...TRUSTED]
) {
  const unlike = differs ? ", unlike Hypercorn" : "";
  Deno.test(`proxyFix() believes ${JSON.stringify(sees)} for ${name}${unlike}`, async () => {
    const app = applicationOf(proxyFix(asgiApp("a"), options));
    const exchange = await ask(app, { authority: "orig", ...request });
    const { client, scheme, hosts, last } = seenBy(exchange);
    const whole = { client: [CLIENT.hostname, CLIENT.port], scheme: "http", host: "orig" };
    const expected = { ...whole, ...sees };
    assert.deepEqual([client, scheme], [expected.client, expected.scheme]);
    if (sees.host !== undefined) assert.equal(last, "host", "the new host is the last field");
    if (sees.host !== undefined) assert.deepEqual(hosts, [expected.host]);
    else assert.equal((hosts as string[])[0], "orig");
    assert.deepEqual(exchange.origins.map(originInRow), Object.keys(sees).length ? [sees] : []);
  });
}

/** An origin as the rows write it. */
function originInRow({ client, scheme, authority }: ForwardedOrigin) {
  return {
    ...(client && { client: [client.hostname, client.port] }),
    ...(scheme && { scheme }),
    ...(authority !== undefined && { host: authority }),
  };
}

Deno.test("proxyFix() without trusted peers on a Unix socket ignores the fields", async () => {
  const app = applicationOf(proxyFix(asgiApp("a"), { trusted: ["127.0.0.1"] }));
  const exchange = await ask(app, { client: null, fields: [xff("1.1.1.1")] });
  assert.equal(seenBy(exchange).client, null);
});

Deno.test("proxyFix() makes wss of a WebSocket that came over https", async () => {
  const app = applicationOf(proxyFix(asgiApp("a")));
  const socket = await shake(app, { fields: [proto("https"), xff("1.1.1.1"), host("new")] });
  const { scheme, client, hosts } = seenBy(socket);
  assert.deepEqual([scheme, client, hosts], ["wss", ["1.1.1.1", 0], ["new"]]);
  assert.equal(socket.origins.length, 1);
});

Deno.test("proxyFix() shows a WebTransport session as the client asked for it", async () => {
  const app = applicationOf(proxyFix(asgiApp("a")));
  const believed = await knock(app, { fields: [xff("1.1.1.1"), host("new")] });
  const { scheme, client, hosts } = seenBy(believed);
  assert.deepEqual([scheme, client, hosts], ["https", ["1.1.1.1", 0], ["new"]]);
  assert.equal(believed.origins.length, 1);
  assert.deepEqual(seenBy(await knock(app)).client, ["10.0.0.9", 80]);
});

Deno.test("proxyFix() changes request.url and info.remoteAddr of a fetch application", async () => {
  const exchange = await ask(applicationOf(proxyFix(fetchApp("f"))), {
    target: "/a%20b?c",
    fields: FIELDS,
  });
  assert.deepEqual(seenBy(exchange), {
    name: "f",
    url: "https://new:8443/a%20b?c",
    host: "new:8443",
    client: ["1.1.1.1", 47],
  });
});

Deno.test("proxyFix() changes the environ of a WSGI application", async () => {
  const exchange = await ask(applicationOf(proxyFix(wsgiApp("w")), { form: "wsgi" }), {
    fields: FIELDS,
  });
  const { scheme, host, client } = seenBy(exchange);
  assert.deepEqual([scheme, host, client], ["https", "new:8443", ["1.1.1.1", 47]]);
});

Deno.test("proxyFix() tells the observation before the application runs", async () => {
  const order: string[] = [];
  const app = applicationOf(proxyFix(() => {
    order.push("application");
    return new Response();
  }));
  const exchange = await ask({
    ...app,
    http: (exchange) => {
      const { observation } = exchange;
      observation!.forwarded = () => void order.push("observation");
      return app.http(exchange);
    },
  }, { fields: FIELDS });
  assert.equal(exchange.head?.status, 200);
  assert.deepEqual(order, ["observation", "application"]);
});

Deno.test("proxyFix() keeps the TLS session, and passes the content on", async () => {
  const seen: unknown[] = [];
  const asgi: ASGIFramework = async (scope, receive, send) => {
    if (scope.type !== "http") return;
    seen.push(scope.extensions["tls"], await receive());
    await send({ type: "http.response.start", status: 204 });
    await send({ type: "http.response.body" });
  };
  const tls = { version: 0x0304, serverName: "h" };
  const exchange = new FakeExchange({
    method: "POST",
    content: "text",
    fields: FIELDS,
    peer: { client: CLIENT, server: null, tls },
  });
  await applicationOf(proxyFix(asgi)).http(exchange);
  assert.equal((seen[0] as { server_name: string }).server_name, "h");
  assert.deepEqual(seen[1], {
    type: "http.request",
    body: new TextEncoder().encode("text"),
    more_body: true,
  });
});

Deno.test("proxyFix() never fails and never shows what is no host, whatever the fields", async () => {
  const value = fc.oneof(
    fc.string({
      unit: fc.constantFrom(
        "1",
        ".",
        ":",
        "[",
        "]",
        ",",
        ";",
        "=",
        '"',
        "\\",
        "for",
        "host",
        "proto",
        "https",
        "@",
        "/",
        " ",
        "\xff",
      ),
    }),
    fc.ipV4(),
    fc.ipV6(),
    fc.webAuthority({ withUserInfo: true, withPort: true }),
  );
  const name = fc.constantFrom(
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "forwarded",
  );
  const options: fc.Arbitrary<ProxyFixOptions> = fc.record({
    mode: fc.constantFrom("legacy", "modern"),
    trustedHops: fc.nat(3),
    trusted: fc.constant(["10.0.0.0/8"]),
  }, { requiredKeys: [] });
  const fields = fc.array(fc.tuple(name, value), { maxLength: 6 });
  await fc.assert(fc.asyncProperty(fields, options, async (fields, options) => {
    const app = applicationOf(proxyFix(asgiApp("a"), options));
    const exchange = await ask(app, { authority: "orig", fields });
    const { hosts, scheme, client } = seenBy(exchange);
    assert.match(String(scheme), /^https?$/);
    assert.equal((hosts as string[]).length, 1);
    assert(isHost((hosts as string[])[0]!));
    assert.match((client as [string, number])[0], /^([0-9a-f.:]+|unknown|_[\w.-]+)$/i);
  }));
});

const REFUSED: { options: unknown; message: RegExp }[] = [
  {
    options: { mode: "both" },
    message: /"mode": expected "legacy" or "modern", received the string "both"/,
  },
  {
    options: { trustedHops: -1 },
    message: /"trustedHops": expected a whole number >= 0, received number -1/,
  },
  { options: { trustedHops: 1.5 }, message: /received number 1.5/ },
  { options: { trustedHops: "1" }, message: /received the string "1"/ },
  {
    options: { trusted: ["10.0.0.0/8", "localhost"] },
    message:
      /"trusted\[1\]": expected an IP address, a network such as "10.0.0.0\/8", or "unix", received the string "localhost"/,
  },
  { options: { trusted: [10] }, message: /"trusted\[0\]".*received number 10/ },
];
for (const { options, message } of REFUSED) {
  Deno.test(`proxyFix() refuses ${JSON.stringify(options)}`, () => {
    const make = () => proxyFix(fetchApp("f"), options as ProxyFixOptions);
    assert.throws(make, (error) => error instanceof ConfigError && message.test(error.message));
  });
}
