import assert from "node:assert/strict";
import fc from "fast-check";
import { decodePath, scriptName, splitTarget, utf8AsLatin1 } from "../src/request_target.ts";

const ROWS = [
  { name: "plain path", root: "", target: "/a/b", path: "/a/b", query: "" },
  { name: "path and query", root: "", target: "/a?x=1&y=%20", path: "/a", query: "x=1&y=%20" },
  { name: "second question mark", root: "", target: "/a?b?c", path: "/a", query: "b?c" },
  { name: "empty query", root: "", target: "/a?", path: "/a", query: "" },
  { name: "escaped question mark", root: "", target: "/a%3Fb", path: "/a?b", query: "" },
  { name: "escaped slash", root: "", target: "/a%2Fb", path: "/a/b", query: "" },
  { name: "escape decoded once", root: "", target: "/%2541", path: "/%41", query: "" },
  { name: "malformed escapes", root: "", target: "/%zz%4%", path: "/%zz%4%", query: "" },
  { name: "byte that is not UTF-8", root: "", target: "/%FF%fe", path: "/\xff\xfe", query: "" },
  { name: "escaped UTF-8", root: "", target: "/%E4%B8%AD", path: "/\xe4\xb8\xad", query: "" },
  { name: "raw UTF-8", root: "", target: "/中?中", path: "/\xe4\xb8\xad", query: "\xe4\xb8\xad" },
  { name: "dot segments", root: "", target: "/a/../b/./c", path: "/a/../b/./c", query: "" },
  { name: "two leading slashes", root: "", target: "//host/a", path: "//host/a", query: "" },
  { name: "asterisk-form", root: "", target: "*", path: "*", query: "" },
  { name: "authority-form", root: "", target: "host:443", path: "host:443", query: "" },
  { name: "absolute-form", root: "", target: "http://host:1/a?b", path: "/a", query: "b" },
  { name: "absolute-form, no path", root: "", target: "http://host", path: "/", query: "" },
  { name: "absolute-form, query only", root: "", target: "HTTP://host?b", path: "/", query: "b" },
  {
    name: "URL in the query",
    root: "",
    target: "/a?u=http://b/c",
    path: "/a",
    query: "u=http://b/c",
  },
  { name: "the root itself", root: "/pre", target: "/pre", path: "/", query: "" },
  { name: "the root with a slash", root: "/pre", target: "/pre/?q", path: "/", query: "q" },
  { name: "below the root", root: "/pre", target: "/pre/fix", path: "/fix", query: "" },
  { name: "escapes in the root", root: "/pre", target: "/%70re/fix", path: "/fix", query: "" },
  { name: "root with a slash at the end", root: "/pre/", target: "/pre/a", path: "/a", query: "" },
  { name: "root /", root: "/", target: "/a", path: "/a", query: "" },
  { name: "Hypercorn's vector", root: "/中", target: "/中/文", path: "/\xe6\x96\x87", query: "" },
];

for (const { name, root, target, path, query } of ROWS) {
  Deno.test(`splitTarget() splits ${name}: "${target}" under "${root}"`, () => {
    assert.deepEqual(splitTarget(target, scriptName(root)), {
      pathInfo: path,
      queryString: query,
    });
  });
}

for (
  const { root, target } of [
    { root: "/pre", target: "/prefix" },
    { root: "/pre", target: "/" },
    { root: "/pre", target: "/other/pre" },
    { root: "/pre", target: "*" },
    { root: "/pre", target: "/PRE/a" },
    { root: "/中国", target: "/中文" },
  ]
) {
  Deno.test(`splitTarget() finds "${target}" outside "${root}"`, () => {
    assert.equal(splitTarget(target, scriptName(root)), null);
  });
}

Deno.test("scriptName() gives the UTF-8 bytes of the root path as latin-1", () => {
  assert.equal(scriptName("/中"), "/\xe4\xb8\xad");
});

const BYTES = fc.uint8Array({ maxLength: 40 });

/** Bytes of a latin-1 string. */
function latin1(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

Deno.test("decodePath() restores any bytes that were percent-encoded in any mixture", () => {
  fc.assert(fc.property(BYTES, fc.infiniteStream(fc.nat(2)), (bytes, styles) => {
    let path = "";
    for (const byte of bytes) {
      const style = styles.next().value ?? 0;
      const hex = byte.toString(16).padStart(2, "0");
      const literal = byte < 0x80 && byte !== 0x25;
      if (style === 0 && literal) path += String.fromCharCode(byte);
      else path += `%${style === 1 ? hex : hex.toUpperCase()}`;
    }
    assert.deepEqual(latin1(decodePath(path)), Array.from(bytes));
  }));
});

Deno.test("utf8AsLatin1() yields one code unit per UTF-8 byte for any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.deepEqual(latin1(utf8AsLatin1(text)), Array.from(new TextEncoder().encode(text)));
  }));
});

Deno.test("splitTarget() is null or takes exactly the mount point off the decoded path", () => {
  const segment = fc.constantFrom("a", "pre", "prefix", "%70re", "中", "%2F", "%zz", "");
  const path = fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
  const root = fc.constantFrom("", "/pre", "/pre/a", "/中", "/pre/");
  fc.assert(fc.property(path, root, fc.string(), (path, root, query) => {
    const mount = scriptName(root);
    const whole = decodePath(path);
    const split = splitTarget(`${path}?${query}`, mount);
    const below = mount === "" || whole === mount || whole.startsWith(`${mount}/`);
    assert.equal(split !== null, below);
    if (split === null) return;
    assert.equal(split.queryString, utf8AsLatin1(query));
    assert.equal(mount + split.pathInfo, whole === mount ? `${mount}/` : whole);
  }));
});
