import assert from "node:assert/strict";
import fc from "fast-check";
import type { ASGIFramework } from "../../src/asgi_types.ts";
import { ConfigError } from "../../src/errors.ts";
import { type FieldList, isHost } from "../../src/fields.ts";
import { proxyFix, type ProxyFixOptions } from "../../src/middleware/mod.ts";
import type { ForwardedOrigin } from "../../src/observation.ts";
import { FakeExchange } from "../_support/fake_exchange.ts";
import {
  applicationOf,
  asgiApp,
  ask,
  type Asked,
  CLIENT,
  fetchApp,
  seenBy,
  shake,
  wsgiApp,
} from "./harness.ts";

/** What an ASGI application sees of a request by 10.0.0.9:80 for `orig` over http. */
interface Row extends Asked {
  readonly name: string;
  readonly options?: ProxyFixOptions;
  readonly fields: FieldList;
  /** Client as ASGI has it; default: unchanged. */
  readonly sees?: { client?: [string, number]; scheme?: string; host?: string };
  /** What Hypercorn does instead, or why we do otherwise. */
  readonly differs?: string;
}

const xff = (value: string) => ["x-forwarded-for", value] as const;
const proto = (value: string) => ["x-forwarded-proto", value] as const;
const host = (value: string) => ["x-forwarded-host", value] as const;
const forwarded = (value: string) => ["forwarded", value] as const;
const MODERN: ProxyFixOptions = { mode: "modern" };

/** Hypercorn's vectors (reference, 8.3). */
const VECTORS: Row[] = [
  {
    name: "legacy 1: upstream's own test",
    fields: [xff("127.0.0.1"), xff("127.0.0.2"), proto("http,https"), host("example.com")],
    sees: { client: ["127.0.0.2", 0], scheme: "https", host: "example.com" },
  },
  {
    name: "modern 1: upstream's own test",
    options: MODERN,
    fields: [
      forwarded("for=127.0.0.1;proto=http,for=127.0.0.2;proto=https;host=example.com"),
    ],
    sees: { client: ["127.0.0.2", 0], scheme: "https", host: "example.com" },
  },
  {
    name: "legacy 2: each list on its own, one that is too short is ignored",
    options: { trustedHops: 2 },
    fields: [xff("1.1.1.1, 2.2.2.2, 3.3.3.3"), proto("https")],
    sees: { client: ["2.2.2.2", 0] },
  },
  {
    name: "legacy 3: as many hops as items",
    options: { trustedHops: 3 },
    fields: [xff("1.1.1.1, 2.2.2.2, 3.3.3.3")],
    sees: { client: ["1.1.1.1", 0] },
  },
  {
    name: "legacy 4: fewer items than hops",
    options: { trustedHops: 4 },
    fields: [xff("1.1.1.1, 2.2.2.2, 3.3.3.3")],
  },
  {
    name: "legacy 0: nobody is believed",
    options: { trustedHops: 0 },
    fields: [xff("1.1.1.1"), proto("https")],
  },
  { name: "legacy 1: white space", fields: [xff(" 1.1.1.1 ")], sees: { client: ["1.1.1.1", 0] } },
  {
    name: "legacy 1: an empty last item",
    fields: [xff("1.1.1.1,")],
    differs: 'Hypercorn: client "". It still counts, and says nothing',
  },
  {
    name: "legacy 1: IPv6 with port",
    fields: [xff("[2001:db8::1]:4711")],
    sees: { client: ["2001:db8::1", 4711] },
    differs: "Hypercorn does not parse it",
  },
  {
    name: "legacy 1: host with port, in place of every host field",
    fields: [["host", "orig"], ["host", "orig2"], host("new.example:8443")],
    sees: { host: "new.example:8443" },
  },
  {
    name: "legacy 1: scheme in capitals",
    fields: [proto("HTTPS")],
    sees: { scheme: "https" },
    differs: "Hypercorn passes it on as it is, and applications compare it with https",
  },
  { name: "legacy 1: only Forwarded", fields: [forwarded("for=1.2.3.4;proto=https")] },
  {
    name: "legacy 1: X-Forwarded-Port and -Prefix",
    fields: [["x-forwarded-port", "8443"], ["x-forwarded-prefix", "/x"]],
  },
  {
    name: "modern 1: only X-Forwarded-*",
    options: MODERN,
    fields: [xff("6.6.6.6"), proto("https")],
    differs: "Hypercorn believes them (flaw 26): a proxy that writes Forwarded lets them pass",
  },
  {
    name: "modern 1: Forwarded beside X-Forwarded-Proto",
    options: MODERN,
    fields: [forwarded("for=1.2.3.4"), proto("https")],
    sees: { client: ["1.2.3.4", 0] },
  },
  {
    name: "modern 1: space behind semicolons",
    options: MODERN,
    fields: [forwarded("for=1.2.3.4; proto=https; host=h")],
    sees: { client: ["1.2.3.4", 0], scheme: "https", host: "h" },
    differs: "Hypercorn reads for= alone",
  },
  {
    name: "modern 1: names in capitals",
    options: MODERN,
    fields: [forwarded("For=1.2.3.4;Proto=https")],
    sees: { client: ["1.2.3.4", 0], scheme: "https" },
    differs: "Hypercorn reads nothing (RFC 7239 §4: names have no case)",
  },
  {
    name: "modern 1: IPv6 in quotes",
    options: MODERN,
    fields: [forwarded('for="[2001:db8::1]:4711";proto=https')],
    sees: { client: ["2001:db8::1", 4711], scheme: "https" },
    differs: "Hypercorn keeps quotes, brackets and port in the address",
  },
  {
    name: "modern 1: a comma in quotes",
    options: MODERN,
    fields: [forwarded('for="_a,b";proto=https')],
    sees: { scheme: "https" },
    differs: "Hypercorn splits there; _a,b is no identifier (RFC 7239 §6.3), so the client stays",
  },
  {
    name: "modern 2: two lines",
    options: { mode: "modern", trustedHops: 2 },
    fields: [forwarded("for=1.1.1.1;proto=https"), forwarded("for=2.2.2.2;proto=http")],
    sees: { client: ["1.1.1.1", 0], scheme: "https" },
  },
  {
    name: "modern 2: one element",
    options: { mode: "modern", trustedHops: 2 },
    fields: [forwarded("for=1.1.1.1;proto=https"), xff("6.6.6.6, 7.7.7.7")],
    differs: "Hypercorn then tries the legacy fields",
  },
  {
    name: "modern 1: a client that is not told",
    options: MODERN,
    fields: [forwarded("by=2.2.2.2;for=unknown")],
    sees: { client: ["unknown", 0] },
  },
];

const BEYOND: Row[] = [
  {
    name: "legacy: an obfuscated client",
    fields: [xff("_hidden")],
    sees: { client: ["_hidden", 0] },
  },
  {
    name: "legacy: no address",
    fields: [xff("evil.example"), proto("https")],
    sees: { scheme: "https" },
  },
  { name: "legacy: an unknown scheme", fields: [proto("gopher")] },
  { name: "legacy: a property of objects as scheme", fields: [proto("__proto__")] },
  {
    name: "legacy: ws and wss are http and https",
    fields: [proto("wss")],
    sees: { scheme: "https" },
  },
  { name: "legacy: an empty host", fields: [host("")] },
  { name: "legacy: a host with user", fields: [host("orig@evil")] },
  { name: "legacy: a host with path", fields: [host("evil/x")] },
  { name: "modern: the same in quotes", options: MODERN, fields: [forwarded('host="orig@evil"')] },
  { name: "modern: no pair at all", options: MODERN, fields: [forwarded("junk")] },
  {
    name: "modern: a quote that a client left open",
    options: MODERN,
    fields: [forwarded('for="1.1.1.1;x=, for=2.2.2.2;proto=https')],
    sees: { client: ["2.2.2.2", 0], scheme: "https" },
  },
];

const TRUSTED: Row[] = [
  {
    name: "a peer that is not trusted",
    options: { trusted: ["10.0.0.8"] },
    fields: [xff("1.1.1.1"), proto("https"), host("new")],
  },
  {
    name: "a trusted peer, one hop",
    options: { trusted: ["10.0.0.0/8"] },
    fields: [xff("9.9.9.9, 1.1.1.1"), proto("https"), host("new")],
    sees: { client: ["1.1.1.1", 0], scheme: "https", host: "new" },
  },
  {
    name: "a trusted peer by its IPv4-mapped network",
    options: { trusted: ["::ffff:10.0.0.0/104"] },
    fields: [xff("1.1.1.1")],
    sees: { client: ["1.1.1.1", 0] },
  },
  {
    name: "a trusted peer on IPv6 with a zone",
    client: { hostname: "fe80::1%eth0", port: 1 },
    options: { trusted: ["fe80::/10"] },
    fields: [xff("1.1.1.1")],
    sees: { client: ["1.1.1.1", 0] },
  },
  {
    name: "trusted addresses are walked from the right to the first other",
    options: { trusted: ["10.0.0.0/8", "2001:db8::/32"] },
    fields: [xff("6.6.6.6, 1.1.1.1, 10.0.0.1"), xff("[2001:db8::1]:443")],
    sees: { client: ["1.1.1.1", 0] },
  },
  {
    name: "only trusted addresses: the first is the client",
    options: { trusted: ["10.0.0.0/8"] },
    fields: [xff("10.0.0.3, 10.0.0.2")],
    sees: { client: ["10.0.0.3", 0] },
  },
  {
    name: "the walk ends at what is no address",
    options: { trusted: ["10.0.0.0/8"] },
    fields: [xff("6.6.6.6, unknown, 10.0.0.2")],
    sees: { client: ["unknown", 0] },
  },
  {
    name: "scheme and host that each proxy replaced",
    options: { trusted: ["10.0.0.0/8"] },
    fields: [xff("1.1.1.1, 10.0.0.2"), proto("https"), host("new")],
    sees: { client: ["1.1.1.1", 0], scheme: "https", host: "new" },
  },
  {
    name: "scheme that each proxy appended",
    options: { trusted: ["10.0.0.0/8"] },
    fields: [xff("1.1.1.1, 10.0.0.2"), proto("http, https, http")],
    sees: { client: ["1.1.1.1", 0], scheme: "https" },
  },
  {
    name: "scheme without any address",
    options: { trusted: ["10.0.0.0/8"] },
    fields: [proto("http, https")],
    sees: { scheme: "https" },
  },
  {
    name: "modern: the element of the proxy that talked to the client",
    options: { mode: "modern", trusted: ["10.0.0.0/8"] },
    fields: [forwarded("for=6.6.6.6, for=1.1.1.1;proto=https;host=new, for=10.0.0.2;proto=http")],
    sees: { client: ["1.1.1.1", 0], scheme: "https", host: "new" },
  },
  {
    name: "a number of hops, which is not walked",
    options: { trusted: ["10.0.0.0/8"], trustedHops: 1 },
    fields: [xff("1.1.1.1, 10.0.0.2")],
    sees: { client: ["10.0.0.2", 0] },
  },
  {
    name: "a number of hops from a peer that is not trusted",
    options: { trusted: ["10.0.0.8"], trustedHops: 1 },
    fields: [xff("1.1.1.1")],
  },
  { name: "an empty list trusts nobody", options: { trusted: [] }, fields: [xff("1.1.1.1")] },
  {
    name: "a Unix socket",
    client: null,
    options: { trusted: ["unix"] },
    fields: [xff("1.1.1.1")],
    sees: { client: ["1.1.1.1", 0] },
  },
];

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

const FIELDS = [xff("1.1.1.1:47"), proto("https"), host("new:8443")];

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
