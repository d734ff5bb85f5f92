import assert from "node:assert/strict";
import fc from "fast-check";
import type { Field, FieldList } from "../../src/fields.ts";
import { H3Error } from "../../src/h3/errors.ts";
import { type H3RequestHead, readRequestHead } from "../../src/h3/request_head.ts";
import { CONNECT, GET, get, WEBSOCKET } from "./request_lines.ts";

const HEAD: H3RequestHead = {
  method: "GET",
  scheme: "https",
  authority: "a.test",
  target: "/",
  httpVersion: "3",
  fields: [["host", "a.test"]],
  protocol: null,
};

Deno.test("readRequestHead() reads a request as clients send it, host first", () => {
  const lines = get({ ":path": "/a%20b?x=1" }, ["user-agent", "x"], ["accept", "*/*"]);
  assert.deepEqual(readRequestHead(lines, false), {
    head: {
      ...HEAD,
      target: "/a%20b?x=1",
      fields: [["host", "a.test"], ["user-agent", "x"], ["accept", "*/*"]],
    },
    contentLength: null,
    priority: null,
  });
});

/** Rows: what is accepted, the lines, what differs from {@link HEAD}. */
const ACCEPTED: readonly [rule: string, lines: FieldList, head: Partial<H3RequestHead>][] = [
  ["pseudo-header fields in any order (RFC 9114 §4.3)", [...GET].reverse(), {}],
  ["an unknown method (RFC 9110 §9.1)", get({ ":method": "BREW+1" }), { method: "BREW+1" }],
  ["a method in lower case, which is another one", get({ ":method": "get" }), { method: "get" }],
  ["scheme http, and says https, which is true", get({ ":scheme": "http" }), {}],
  ["a scheme in any case (RFC 3986 §3.1)", get({ ":scheme": "HttpS" }), {}],
  [
    "an authority with a port",
    get({ ":authority": "a.test:8443" }),
    { authority: "a.test:8443", fields: [["host", "a.test:8443"]] },
  ],
  [
    "an authority that is an IPv6 address",
    get({ ":authority": "[::1]:8443" }),
    { authority: "[::1]:8443", fields: [["host", "[::1]:8443"]] },
  ],
  [
    "host instead of :authority, where it stands (RFC 9114 §4.3.1)",
    get({ ":authority": null }, ["accept", "*/*"], ["host", "b.test"]),
    { authority: "b.test", fields: [["accept", "*/*"], ["host", "b.test"]] },
  ],
  [
    "host that is what :authority is, and keeps one (RFC 9114 §4.3.1)",
    get({}, ["accept", "*/*"], ["host", "a.test"]),
    { fields: [["host", "a.test"], ["accept", "*/*"]] },
  ],
  [
    "OPTIONS * (RFC 9114 §4.3.1)",
    get({ ":method": "OPTIONS", ":path": "*" }),
    { method: "OPTIONS", target: "*" },
  ],
  [
    "OPTIONS with a path",
    get({ ":method": "OPTIONS", ":path": "/x" }),
    { method: "OPTIONS", target: "/x" },
  ],
  [
    "a path with all that URL parsers leave unescaped",
    get({ ":path": "//a/.././;b=1:@!$&'()*+,[]^`{|}~_-%2f?q=/?\\%zz" }),
    { target: "//a/.././;b=1:@!$&'()*+,[]^`{|}~_-%2f?q=/?\\%zz" },
  ],
  [
    "cookie crumbs, joined where the first stood (RFC 9114 §4.2.1)",
    get({}, ["cookie", "a=1"], ["accept", "*/*"], ["cookie", "b=2"], ["cookie", "c=3"]),
    { fields: [["host", "a.test"], ["cookie", "a=1; b=2; c=3"], ["accept", "*/*"]] },
  ],
  [
    "te: trailers (RFC 9114 §4.2)",
    get({}, ["te", "trailers"]),
    { fields: [["host", "a.test"], ["te", "trailers"]] },
  ],
  [
    "te in any case (RFC 9110 §10.1.4)",
    get({}, ["te", "Trailers"]),
    { fields: [["host", "a.test"], ["te", "Trailers"]] },
  ],
  [
    "repeated fields, an empty value, HTAB and bytes beyond ASCII inside of one (RFC 9110 §5.5)",
    get({}, ["x-a", ""], ["x-a", "b\t \x80\xff"], ["x!#$%&'*+-.^_`|~9", "~"]),
    {
      fields: [["host", "a.test"], ["x-a", ""], ["x-a", "b\t \x80\xff"], [
        "x!#$%&'*+-.^_`|~9",
        "~",
      ]],
    },
  ],
  [
    "CONNECT with host and port only (RFC 9114 §4.4)",
    CONNECT,
    {
      method: "CONNECT",
      authority: "a.test:443",
      target: "a.test:443",
      fields: [["host", "a.test:443"]],
    },
  ],
  [
    "CONNECT to an IPv6 address",
    [CONNECT[0]!, [":authority", "[::1]:443"]],
    {
      method: "CONNECT",
      authority: "[::1]:443",
      target: "[::1]:443",
      fields: [["host", "[::1]:443"]],
    },
  ],
];

for (const [rule, lines, head] of ACCEPTED) {
  Deno.test(`readRequestHead() accepts ${rule}`, () => {
    assert.deepEqual(readRequestHead(lines, false).head, { ...HEAD, ...head });
  });
}

Deno.test("readRequestHead() accepts an extended CONNECT once that is enabled (RFC 9220 §3)", () => {
  assert.deepEqual(readRequestHead(WEBSOCKET, true).head, {
    ...HEAD,
    method: "CONNECT",
    target: "/chat",
    protocol: "websocket",
  });
  assert.deepEqual(readRequestHead(CONNECT, true).head.protocol, null);
});

/** Rows: content-length lines, the length, the line that the application gets. */
const CONTENT_LENGTHS: readonly [values: string[], length: number, kept: string][] = [
  [["5"], 5, "5"],
  [["5", "5"], 5, "5"],
  [["5, 5"], 5, "5"],
  [["0005", "5"], 5, "0005"],
  [["0"], 0, "0"],
];

for (const [values, length, kept] of CONTENT_LENGTHS) {
  Deno.test(`readRequestHead() takes content-length ${values.join(" and ")} for one value (RFC 9110 §8.6)`, () => {
    const lines = values.map((value): Field => ["content-length", value]);
    const { contentLength, head } = readRequestHead(get({}, ...lines), false);
    assert.equal(contentLength, length);
    assert.deepEqual(head.fields, [["host", "a.test"], ["content-length", kept]]);
  });
}

Deno.test("readRequestHead() joins priority lines and keeps them among the fields (RFC 9218 §5)", () => {
  const lines: Field[] = [["priority", "u=1"], ["priority", "i"]];
  const { priority, head } = readRequestHead(get({}, ...lines), false);
  assert.equal(priority, "u=1, i");
  assert.deepEqual(head.fields, [["host", "a.test"], ...lines]);
});

const NAMES = [...GET.map(([name]) => name), ":protocol", ":status", "host", "cookie", "te"];
const VALUES = [...GET.map(([, value]) => value), "CONNECT", "*", "", "a.test:1", "trailers"];

Deno.test("readRequestHead() either throws H3Error or makes a head that a URL can be made of", () => {
  const text = (known: string[]) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...known) },
      fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 8 }),
    );
  const line = fc.tuple(text(NAMES), text(VALUES));
  const lines = fc.tuple(fc.subarray([...GET], { minLength: 3 }), fc.array(line, { maxLength: 4 }));
  fc.assert(
    fc.property(lines, fc.boolean(), ([some, more], extended) => {
      try {
        const { head } = readRequestHead([...some, ...more], extended);
        const target = head.target.startsWith("/") ? head.target : "";
        assert.ok(URL.canParse(`https://${head.authority}${target}`));
        assert.ok(head.fields.every(([name]) => /^[^:A-Z]+$/.test(name)));
        assert.equal(head.fields.filter(([name]) => name === "host").length, 1);
        assert.ok(head.fields.filter(([name]) => name === "cookie").length <= 1);
      } catch (error) {
        if (!(error instanceof H3Error)) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
});
