import assert from "node:assert/strict";
import fc from "fast-check";
import { parseForwarded, parseNode } from "../../src/middleware/forwarded.ts";

const FIELDS: { name: string; field: string; elements: Record<string, string>[] }[] = [
  { name: "one pair", field: "for=192.0.2.1", elements: [{ for: "192.0.2.1" }] },
  {
    name: "pairs and elements",
    field: "for=a;proto=http, for=b;by=c",
    elements: [{ for: "a", proto: "http" }, { for: "b", by: "c" }],
  },
  {
    name: "names in any case",
    field: "For=a;PROTO=https",
    elements: [{ for: "a", proto: "https" }],
  },
  {
    name: "spaces around separators",
    field: " for=a ; proto=b\t,\tfor=c ",
    elements: [{ for: "a", proto: "b" }, { for: "c" }],
  },
  {
    name: "quoted values with separators and escapes",
    field: 'for="a,b;c\\"d\\\\e";host="h:80"',
    elements: [{ for: 'a,b;c"d\\e', host: "h:80" }],
  },
  { name: "an empty quoted value", field: 'for=""', elements: [{ for: "" }] },
  {
    name: "IPv6 in quotes",
    field: 'for="[2001:db8::1]:47"',
    elements: [{ for: "[2001:db8::1]:47" }],
  },
  {
    name: "addresses without quotes",
    field: "for=[2001:db8::1]:47;host=h:80",
    elements: [{ for: "[2001:db8::1]:47", host: "h:80" }],
  },
  { name: "empty pairs", field: ";for=a;;proto=b;", elements: [{ for: "a", proto: "b" }] },
  {
    name: "unknown names",
    field: "x=1;for=a;secret=s",
    elements: [{ x: "1", for: "a", secret: "s" }],
  },
  { name: "nothing", field: "", elements: [{}] },
  { name: "empty elements, which count", field: ",for=a,", elements: [{}, { for: "a" }, {}] },
  { name: "a name twice", field: "for=a;for=b,for=c", elements: [{}, { for: "c" }] },
  { name: "space around =", field: "for = a,for=b", elements: [{}, { for: "b" }] },
  { name: "a pair without value", field: "for=,for=b", elements: [{}, { for: "b" }] },
  { name: "a word", field: "junk,for=b", elements: [{}, { for: "b" }] },
  { name: "text behind a quote", field: 'for="a"b,for=c', elements: [{}, { for: "c" }] },
  // A client wrote what comes first, and leaves a quote open to swallow what proxies append.
  { name: "an open quote", field: 'for="x, for=192.0.2.1', elements: [{}, { for: "192.0.2.1" }] },
  {
    name: "an open quote before a quoted value",
    field: 'for="x, for="[::1]";proto=https',
    elements: [{}, { for: "[::1]", proto: "https" }],
  },
  {
    name: "an open quote that ends in a backslash",
    field: 'for="x\\, for=192.0.2.1;proto=https',
    elements: [{}, { for: "192.0.2.1", proto: "https" }],
  },
  {
    name: "only the last elements of what is very long",
    field: `${"for=x,".repeat(10_000)}for=a`,
    elements: [...new Array(681).fill({ for: "x" }), { for: "a" }],
  },
];
for (const { name, field, elements } of FIELDS) {
  Deno.test(`parseForwarded() reads ${name}`, () => {
    assert.deepEqual(parseForwarded(field).map((element) => Object.fromEntries(element)), elements);
  });
}

/** Text of the characters that mean something in the grammar. */
const hostile = fc.string({
  unit: fc.constantFrom(
    '"',
    "\\",
    ",",
    ";",
    "=",
    " ",
    "\t",
    "for",
    "proto",
    "a",
    "[",
    "]",
    ":",
    "\xff",
    "\0",
    "\n",
  ),
  maxLength: 60,
});

Deno.test("parseForwarded() never throws", () => {
  fc.assert(fc.property(fc.oneof(hostile, fc.string({ unit: "binary" })), (field) => {
    for (const element of parseForwarded(field)) element.forEach(parseNode);
  }));
});

Deno.test("parseForwarded() reads the element of the nearest proxy, whatever the client sent", () => {
  const proxies = [
    { text: "for=192.0.2.1;proto=https", element: { for: "192.0.2.1", proto: "https" } },
    { text: 'for="[2001:db8::1]:4711"', element: { for: "[2001:db8::1]:4711" } },
    {
      text: 'proto=http;host="h:8080";for=_x',
      element: { proto: "http", host: "h:8080", for: "_x" },
    },
  ];
  fc.assert(
    fc.property(hostile, fc.constantFrom(...proxies), (sent, { text, element }) => {
      assert.deepEqual(Object.fromEntries(parseForwarded(`${sent}, ${text}`).at(-1)!), element);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("parseForwarded() reads what was quoted by the grammar", () => {
  const value = fc.string({ unit: fc.constantFrom("a", '"', "\\", ",", ";", " ", "\t", "\xe9") });
  fc.assert(fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), (values) => {
    const quoted = values.map((value) => `for="${value.replace(/["\\]/g, "\\$&")}"`);
    const read = parseForwarded(quoted.join(", ")).map((element) => element.get("for"));
    assert.deepEqual(read, values);
  }));
});

const NODES: { text: string; node: string | null }[] = [
  { text: "192.0.2.1", node: "192.0.2.1 0" },
  { text: "192.0.2.1:47", node: "192.0.2.1 47" },
  { text: "192.0.2.1:0", node: "192.0.2.1 0" },
  { text: "[2001:DB8::1]", node: "2001:db8::1 0" },
  { text: "[2001:db8::1]:65535", node: "2001:db8::1 65535" },
  { text: "2001:db8::1", node: "2001:db8::1 0" },
  { text: "[::ffff:192.0.2.1]:47", node: "192.0.2.1 47" },
  { text: "192.0.2.1:_port", node: "192.0.2.1 0" },
  { text: "unknown", node: "unknown 0" },
  { text: "Unknown:47", node: "Unknown 47" },
  { text: "_hidden", node: "_hidden 0" },
  { text: "_hidden:_p", node: "_hidden 0" },
  { text: "", node: null },
  { text: "_", node: null },
  { text: "_a b", node: null },
  { text: "[192.0.2.1]", node: null },
  { text: "[unknown]", node: null },
  { text: "192.0.2.1:", node: null },
  { text: "192.0.2.1:65536", node: null },
  { text: "192.0.2.1:4x", node: null },
  { text: "[::1", node: null },
  { text: "[::1]47", node: null },
  { text: "[fe80::1%eth0]:47", node: "fe80::1 47" },
  { text: "fe80::1%eth0", node: "fe80::1 0" },
  { text: "fe80::1%", node: null },
  { text: "fe80::1%a%b", node: null },
  { text: "192.0.2.1%eth0", node: null },
  { text: "example.com", node: null },
  { text: "192.0.2.1, 192.0.2.2", node: null },
  { text: "192.0.2.1\n", node: null },
];
for (const { text, node } of NODES) {
  Deno.test(`parseNode() reads ${JSON.stringify(text)} as ${node}`, () => {
    const read = parseNode(text);
    assert.equal(read && `${read.hostname} ${read.port}`, node);
  });
}
