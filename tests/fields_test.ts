import assert from "node:assert/strict";
import fc from "fast-check";
import {
  combineField,
  type FieldList,
  getField,
  hasField,
  isFieldName,
  isFieldValue,
  isHost,
  listMembers,
} from "../src/fields.ts";

const FIELDS: FieldList = [["a", "1"], ["b", ""], ["a", "2"], ["cookie", "x=1"], ["cookie", "y=2"]];

Deno.test("getField() is the first value, hasField() also true of an empty one", () => {
  assert.equal(getField(FIELDS, "a"), "1");
  assert.equal(getField(FIELDS, "b"), "");
  assert.equal(getField(FIELDS, "c"), undefined);
  assert.deepEqual([hasField(FIELDS, "b"), hasField(FIELDS, "c")], [true, false]);
});

Deno.test("combineField() joins with a comma, cookies with a semicolon (RFC 9110 §5.3, RFC 9113 §8.2.3)", () => {
  assert.equal(combineField(FIELDS, "a"), "1, 2");
  assert.equal(combineField(FIELDS, "b"), "");
  assert.equal(combineField(FIELDS, "cookie"), "x=1; y=2");
  assert.equal(combineField(FIELDS, "c"), undefined);
});

Deno.test("listMembers() trims and drops empty members (RFC 9110 §5.6.1.2)", () => {
  assert.deepEqual(listMembers(" a ,, b,\t"), ["a", "b"]);
  assert.deepEqual(listMembers(""), []);
});

// Every code unit has to be judged, so all of them are.

const TCHAR = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

Deno.test("isFieldName() accepts exactly the tokens (RFC 9110 §5.6.2)", () => {
  for (let code = 0; code <= 0x17f; code++) {
    const character = String.fromCharCode(code);
    assert.equal(isFieldName(character), TCHAR.includes(character), `0x${code.toString(16)}`);
    assert.equal(isFieldName(`x${character}`), TCHAR.includes(character));
  }
  assert.equal(isFieldName(""), false);
  assert.equal(isFieldName(":status"), false);
  assert.equal(isFieldName("x\n"), false);
});

Deno.test("isFieldValue() accepts HTAB and 0x20..0xFF without DEL (RFC 9110 §5.5)", () => {
  for (let code = 0; code <= 0x17f; code++) {
    const legal = code === 9 || (code >= 0x20 && code <= 0xff && code !== 0x7f);
    const character = String.fromCharCode(code);
    assert.equal(isFieldValue(character), legal, `0x${code.toString(16)}`);
    assert.equal(isFieldValue(`a${character}b`), legal);
  }
  assert.ok(isFieldValue(""));
});

Deno.test("isFieldName() and isFieldValue() accept only what Headers accepts", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (name, value) => {
      if (isFieldName(name)) new Headers([[name, ""]]);
      if (isFieldValue(value)) new Headers([["x", value]]);
    }),
  );
});

const HOSTS: Readonly<Record<string, boolean>> = {
  "example.com": true,
  "example.com:8000": true,
  "example.com:": true,
  "EXAMPLE.com": true,
  "a-b.c_d": true,
  "127.0.0.1:1": true,
  "[::1]": true,
  "[::1]:65535": true,
  "": true,
  "a b": false,
  "a/b": false,
  "a/b?x": false,
  "a?b": false,
  "a#b": false,
  "a\\b": false,
  "u@h": false,
  "u:p@h": false,
  "h:65536": false,
  "h:99999": false,
  "h:123456": false,
  "h:x": false,
  "h:-1": false,
  "h:80:90": false,
  "[::1": false,
  "::1": false,
  "[zz]": false,
  "[::1]x": false,
  "a<b": false,
  "a|b": false,
  "a\tb": false,
  "a\0b": false,
  "%zz": false,
  "1.2.3.256": false,
  "caf\xe9": false,
};

for (const [host, valid] of Object.entries(HOSTS)) {
  Deno.test(`isHost() ${valid ? "accepts" : "refuses"} ${JSON.stringify(host)}`, () => {
    assert.equal(isHost(host), valid);
  });
}

Deno.test("isHost() accepts only what leaves the path of a URL alone", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.nat(65535), (text, port) => {
    for (const host of [text, `${text}:${port}`, `[${text}]`]) {
      if (host === "" || !isHost(host)) continue;
      const url = new URL(`http://${host}/path?query`);
      assert.deepEqual([url.pathname, url.search, url.hash, url.username], [
        "/path",
        "?query",
        "",
        "",
      ]);
    }
  }));
});
