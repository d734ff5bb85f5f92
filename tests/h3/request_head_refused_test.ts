import assert from "node:assert/strict";
import type { FieldList } from "../../src/fields.ts";
import { H3Error } from "../../src/h3/errors.ts";
import { readRequestHead } from "../../src/h3/request_head.ts";
import { CONNECT, GET, get, WEBSOCKET } from "./request_lines.ts";
import { assertMalformed } from "./request_support.ts";

const PATH_RULE =
  `pseudo-header field ":path" must be a path that starts with "/", percent-encoded, or "*" with OPTIONS, received `;
const AUTHORITY_RULE =
  `pseudo-header field ":authority" must be a host with an optional port, received `;
const CONNECT_RULE =
  `pseudo-header field ":authority" must be a host and a port, as the method is CONNECT, received `;
const VALUE_RULE = "must hold no control characters and no white space at its ends";

/** Rows: what is refused, the lines, the reason in the message. */
const REFUSED: readonly [rule: string, lines: FieldList, why: string][] = [
  // Pseudo-header fields: RFC 9114 §4.3
  [
    "a pseudo-header field after another field (RFC 9114 §4.3)",
    [...GET.slice(0, 3), ["accept", "*/*"], GET[3]!],
    `pseudo-header field ":path" comes after other fields`,
  ],
  [
    "a pseudo-header field of responses (RFC 9114 §4.3)",
    get({}, [":status", "200"]),
    `pseudo-header field ":status" is not defined for requests`,
  ],
  [
    "an unknown pseudo-header field (RFC 9114 §4.3)",
    get({}, [":x", "1"]),
    `pseudo-header field ":x" is not defined for requests`,
  ],
  [
    "a pseudo-header field in upper case",
    get({}, [":Path", "/"]),
    `pseudo-header field ":Path" is not defined for requests`,
  ],
  [
    "a name of nothing but a colon",
    get({}, [":", "1"]),
    `pseudo-header field ":" is not defined for requests`,
  ],
  ...GET.map(([name, value]): [string, FieldList, string] => [
    `a second ${name} (RFC 9114 §4.3.1)`,
    get({}, [name, value]),
    `pseudo-header field "${name}" occurs more than once`,
  ]),
  ...[":method", ":scheme", ":path"].map((name): [string, FieldList, string] => [
    `a request without ${name} (RFC 9114 §4.3.1)`,
    get({ [name]: null }),
    `pseudo-header field "${name}" is missing`,
  ]),
  ["an empty header section", [], `pseudo-header field ":method" is missing`],
  [
    "a header section without pseudo-header fields",
    [["host", "a.test"]],
    `pseudo-header field ":method" is missing`,
  ],
  // :method
  [
    "an empty :method (RFC 9110 §9.1)",
    get({ ":method": "" }),
    `pseudo-header field ":method" must be a token, received ""`,
  ],
  [
    "a :method that is no token (RFC 9110 §9.1)",
    get({ ":method": "GET /x" }),
    `pseudo-header field ":method" must be a token, received "GET /x"`,
  ],
  // :scheme
  [
    "an empty :scheme",
    get({ ":scheme": "" }),
    `pseudo-header field ":scheme" must be "https" or "http", received ""`,
  ],
  [
    "a :scheme that the server does not serve",
    get({ ":scheme": "ftp" }),
    `pseudo-header field ":scheme" must be "https" or "http", received "ftp"`,
  ],
  // :path
  ["an empty :path (RFC 9114 §4.3.1)", get({ ":path": "" }), `${PATH_RULE}""`],
  ["a :path without a slash (RFC 9114 §4.3.1)", get({ ":path": "x" }), `${PATH_RULE}"x"`],
  [
    "a :path that is a whole URL",
    get({ ":path": "https://a.test/" }),
    `${PATH_RULE}"https://a.test/"`,
  ],
  ["a :path of * with another method than OPTIONS", get({ ":path": "*" }), `${PATH_RULE}"*"`],
  ...[" ", "#", '"', "<", ">", "\t", "\0", "\r", "\n", "\x7f", "\x80", "\xff"].map(
    (character): [string, FieldList, string] => [
      `${JSON.stringify(character)} in a :path (RFC 3986 §3.3)`,
      get({ ":path": `/a${character}` }),
      `${PATH_RULE}${JSON.stringify(`/a${character}`)}`,
    ],
  ),
  // :authority and host
  [
    "a request with neither :authority nor host (RFC 9114 §4.3.1)",
    get({ ":authority": null }),
    `both ":authority" and "host" are missing, expected one of them`,
  ],
  [
    "an empty :authority (RFC 9114 §4.3.1)",
    get({ ":authority": "" }),
    `${AUTHORITY_RULE}""`,
  ],
  [
    "an empty :authority beside a host (RFC 9114 §4.3.1)",
    get({ ":authority": "" }, ["host", "a.test"]),
    `field "host" must be what ":authority" is, "", received "a.test"`,
  ],
  [
    "user information in :authority (RFC 9114 §4.3.1)",
    get({ ":authority": "user@a.test" }),
    `${AUTHORITY_RULE}"user@a.test"`,
  ],
  ["a path in :authority", get({ ":authority": "a.test/x" }), `${AUTHORITY_RULE}"a.test/x"`],
  ["white space in :authority", get({ ":authority": "a test" }), `${AUTHORITY_RULE}"a test"`],
  ["a list in :authority", get({ ":authority": "a.test:1,b" }), `${AUTHORITY_RULE}"a.test:1,b"`],
  ["no host in :authority", get({ ":authority": ":443" }), `${AUTHORITY_RULE}":443"`],
  ["a port beyond 65535", get({ ":authority": "a.test:65536" }), `${AUTHORITY_RULE}"a.test:65536"`],
  [
    "an empty host without :authority (RFC 9114 §4.3.1)",
    get({ ":authority": null }, ["host", ""]),
    `field "host" must be a host with an optional port, received ""`,
  ],
  [
    "a host with user information",
    get({ ":authority": null }, ["host", "user@a.test"]),
    `field "host" must be a host with an optional port, received "user@a.test"`,
  ],
  [
    "a host other than :authority (RFC 9114 §4.3.1)",
    get({}, ["host", "b.test"]),
    `field "host" must be what ":authority" is, "a.test", received "b.test"`,
  ],
  [
    "a host that is :authority in another case",
    get({}, ["host", "A.test"]),
    `field "host" must be what ":authority" is, "a.test", received "A.test"`,
  ],
  [
    "an empty host beside :authority",
    get({}, ["host", ""]),
    `field "host" must be what ":authority" is, "a.test", received ""`,
  ],
  [
    "a second host (RFC 9112 §3.2)",
    get({ ":authority": null }, ["host", "a.test"], ["host", "a.test"]),
    `field "host" occurs more than once`,
  ],
  [
    "a second host beside :authority",
    get({}, ["host", "a.test"], ["host", "a.test"]),
    `field "host" occurs more than once`,
  ],
  // CONNECT: RFC 9114 §4.4
  [
    "CONNECT with :scheme (RFC 9114 §4.4)",
    [...CONNECT, [":scheme", "https"]],
    `pseudo-header field ":scheme" is not allowed with method "CONNECT"`,
  ],
  [
    "CONNECT with :path (RFC 9114 §4.4)",
    [...CONNECT, [":path", "/"]],
    `pseudo-header field ":path" is not allowed with method "CONNECT"`,
  ],
  [
    "CONNECT without :authority (RFC 9114 §4.4)",
    [CONNECT[0]!, ["host", "a.test:443"]],
    `pseudo-header field ":authority" is missing`,
  ],
  ...["a.test", "a.test:", "a.test:0", "a.test:65536", ":443", "u@a.test:1", ""].map(
    (authority): [string, FieldList, string] => [
      `CONNECT to ${JSON.stringify(authority)} (RFC 9110 §9.3.6)`,
      [CONNECT[0]!, [":authority", authority]],
      `${CONNECT_RULE}${JSON.stringify(authority)}`,
    ],
  ),
  [
    "an extended CONNECT while that is not enabled (RFC 9220 §3)",
    WEBSOCKET,
    `pseudo-header field ":protocol" is not defined for requests`,
  ],
  // Field lines: RFC 9114 §4.2
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"].map(
    (name): [string, FieldList, string] => [
      `the connection-specific field ${name} (RFC 9114 §4.2)`,
      get({}, [name, "x"]),
      `field "${name}" is about one connection and not allowed in HTTP/3`,
    ],
  ),
  ...["gzip", "trailers, gzip", "trailers;q=1", ""].map((value): [string, FieldList, string] => [
    `te: ${JSON.stringify(value)} (RFC 9114 §4.2)`,
    get({}, ["te", value]),
    `field "te" must be "trailers", received ${JSON.stringify(value)}`,
  ]),
  ...["Accept", "x-\xc4", "a b", "a:", "a\0", "a\r\nb", "", "(x)"].map(
    (name): [string, FieldList, string] => [
      `the field name ${JSON.stringify(name)} (RFC 9114 §4.2)`,
      get({}, [name, "x"]),
      `field name ${JSON.stringify(name)} must be a token in lower case`,
    ],
  ),
  ...["a\rb", "a\nb", "a\0b", "\x01", "a\x7f", "a\x1fb", "a\nb: c", "a\u0100", "\ud800"].map(
    (value): [string, FieldList, string] => [
      `the field value ${JSON.stringify(value)} (RFC 9114 §10.3)`,
      get({}, ["x-a", value]),
      `the value of field "x-a" ${VALUE_RULE}`,
    ],
  ),
  ...[" a", "a ", "\ta", "a\t", " ", "\t"].map((value): [string, FieldList, string] => [
    `white space around the field value ${JSON.stringify(value)} (RFC 9110 §5.5)`,
    get({}, ["x-a", value]),
    `the value of field "x-a" ${VALUE_RULE}`,
  ]),
  [
    "a bad value of a known field",
    get({}, ["cookie", "a=1\n"]),
    `the value of field "cookie" ${VALUE_RULE}`,
  ],
  // content-length: RFC 9110 §8.6
  [
    "two different content-lengths (RFC 9110 §8.6)",
    get({}, ["content-length", "5"], ["content-length", "6"]),
    `field "content-length" occurs with different values, 5 and 6`,
  ],
  [
    "a content-length that is no number (RFC 9110 §8.6)",
    get({}, ["content-length", "-1"]),
    `field "content-length" must be one whole number below 2^53, received "-1"`,
  ],
];

for (const [rule, lines, why] of REFUSED) {
  Deno.test(`readRequestHead() refuses ${rule}`, () => {
    assertMalformed(() => readRequestHead(lines, false), why);
  });
}

/** Extended CONNECT while it is enabled: RFC 9220 §3, RFC 8441 §4. */
const REFUSED_EXTENDED: readonly [rule: string, lines: FieldList, why: string][] = [
  ...[":scheme", ":path", ":authority"].map((missing): [string, FieldList, string] => [
    `without ${missing}`,
    WEBSOCKET.filter(([name]) => name !== missing),
    `pseudo-header field "${missing}" is missing`,
  ]),
  [
    "with another method",
    get({}, [":protocol", "websocket"]),
    `pseudo-header field ":protocol" is not allowed with method "GET"`,
  ],
  [
    "with an empty :protocol",
    WEBSOCKET.map((line) => line[0] === ":protocol" ? [":protocol", ""] as const : line),
    `pseudo-header field ":protocol" must be a token, received ""`,
  ],
  [
    "with two :protocol",
    [...WEBSOCKET, [":protocol", "websocket"]],
    `pseudo-header field ":protocol" occurs more than once`,
  ],
];

for (const [rule, lines, why] of REFUSED_EXTENDED) {
  Deno.test(`readRequestHead() refuses an extended CONNECT ${rule} (RFC 8441 §4)`, () => {
    assertMalformed(() => readRequestHead(lines, true), why);
  });
}

Deno.test("readRequestHead() shows 40 characters of a refused value and no more", () => {
  assertMalformed(
    () => readRequestHead(get({ ":path": "x".repeat(41) }), false),
    `${PATH_RULE}"${"x".repeat(40)}…"`,
  );
});

Deno.test("readRequestHead() tells nothing of a value that may be secret", () => {
  assert.throws(
    () => readRequestHead(get({}, ["authorization", "Bearer secret\n"]), false),
    (error: Error) => error instanceof H3Error && !error.message.includes("secret"),
  );
});

Deno.test("readRequestHead() judges an authority anew after another one was valid", () => {
  const read = (authority: string) => () =>
    readRequestHead(get({ ":authority": authority }), false);
  read("a.test")();
  assertMalformed(read("a.test/"), `${AUTHORITY_RULE}"a.test/"`);
  assert.equal(read("b.test")().head.authority, "b.test");
  assertMalformed(read(""), `${AUTHORITY_RULE}""`);
});
