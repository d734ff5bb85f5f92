import assert from "node:assert/strict";
import fc from "fast-check";
import { parseAvailableProtocols, serializeProtocol } from "../../src/webtransport/mod.ts";

const LISTS: readonly [value: string, protocols: readonly string[]][] = [
  ["", []],
  ["  ", []],
  ['"a"', ["a"]],
  ['  "a"  ', ["a"]],
  ['"a", "b","c" \t,\t "a"', ["a", "b", "c", "a"]],
  ['""', [""]],
  ['"a b, c;d"', ["a b, c;d"]],
  [String.raw`"q\"uo\\te"`, [String.raw`q"uo\te`]],
  // Parameters are to be ignored (§3.3), whatever they are.
  ['"a";x, "b";y=1;z', ["a", "b"]],
  ['"a";  x=?0;y=-1.5;z="s,";t=to/k:en;b=:YQ==:', ["a"]],
  ['"a";d=@-12;s=%"f%c3%bc%f0%9f%98%80"', ["a"]],
  ['"a";*key.-_9="b"', ["a"]],
];
for (const [value, protocols] of LISTS) {
  Deno.test(`parseAvailableProtocols() reads ${JSON.stringify(value)}`, () => {
    assert.deepEqual(parseAvailableProtocols(value), protocols);
  });
}

Deno.test("parseAvailableProtocols() has nothing for a field that is not there", () => {
  assert.deepEqual(parseAvailableProtocols(null), []);
});

/** Each is a whole field that is to be ignored (§3.3), although a part of it would do. */
const IGNORED: readonly [what: string, value: string][] = [
  ["a token", '"a", b'],
  ["an integer", '"a", 1'],
  ["a boolean", '?1, "a"'],
  ["bytes", '"a", :YQ==:'],
  ["a date", '"a", @1'],
  ["a display string", '%"a", "b"'],
  ["an inner list", '("a" "b")'],
  ["an inner list among strings", '"a", ("b")'],
  ["a dictionary", 'x="a"'],
  ["a comma at the end", '"a",'],
  ["a comma and white space at the end", '"a", '],
  ["a comma alone", ","],
  ["a comma at the start", ', "a"'],
  ["two commas", '"a",, "b"'],
  ["no comma", '"a" "b"'],
  ["another separator", '"a"; "b"'],
  ["a tab at the start", '\t"a"'],
  ["a quote that is not closed", '"a'],
  ["an escape at the end", '"a\\"'],
  ["another escape", '"a\\b"'],
  ["a control character", '"a\x01"'],
  ["a tab in a string", '"a\tb"'],
  ["a character beyond ASCII", '"\xfc"'],
  ["a delete", '"\x7f"'],
  ["an upper-case key", '"a";X=1'],
  ["a key that begins with a digit", '"a";1=1'],
  ["a parameter without value", '"a";x='],
  ["a parameter without key", '"a";=1'],
  ["a semicolon alone", '"a";'],
  ["white space before a semicolon", '"a" ;x'],
  ["white space around an equals sign", '"a";x =1'],
  ["a tab after a semicolon", '"a";\tx'],
  ["a number that is too long", '"a";x=1234567890123456'],
  ["a decimal that is too long", '"a";x=1.2345'],
  ["a decimal without fraction", '"a";x=1.'],
  ["a date with fraction", '"a";x=@1.5'],
  ["a boolean of 2", '"a";x=?2'],
  ["bytes that are not closed", '"a";x=:YQ=='],
  ["an inner list as parameter", '"a";x=("b")'],
  ["upper-case digits in a display string", '"a";x=%"%C3%BC"'],
  ["a display string that is no UTF-8", '"a";x=%"%ff"'],
  ["a display string that ends inside a character", '"a";x=%"%c3"'],
  ["a display string with an overlong character", '"a";x=%"%e0%80%80"'],
  ["a display string with a surrogate", '"a";x=%"%ed%a0%80"'],
  ["a display string beyond U+10FFFF", '"a";x=%"%f4%90%80%80"'],
  ["a display string with a quote", '"a";x=%"""'],
];
for (const [what, value] of IGNORED) {
  Deno.test(`parseAvailableProtocols() ignores the whole field for ${what}: ${JSON.stringify(value)}`, () => {
    assert.deepEqual(parseAvailableProtocols(value), []);
  });
}

Deno.test("parseAvailableProtocols() takes time in proportion for what is nearly right and long", () => {
  const count = 100_000;
  const parts = ['"a",', '"a"; ', " ", '"', "\\", '"a";a', '"a";a=%"', "\t,", '"a";a=1', "%c3"];
  const before = performance.now();
  for (const part of parts) {
    assert.deepEqual(parseAvailableProtocols(`${part.repeat(count)}!`), [], part);
    assert.deepEqual(parseAvailableProtocols(`"a"${part.repeat(count)}!`), [], part);
    assert.deepEqual(parseAvailableProtocols(`"a";x=%"${part.repeat(count)}!`), [], part);
  }
  assert.equal(parseAvailableProtocols('"a",'.repeat(count) + '"a"').length, count + 1);
  // It takes some 0.1 s; with a second pass for each character it would be minutes.
  assert.ok(performance.now() - before < 15_000);
});

Deno.test("parseAvailableProtocols() ignores what is longer than 1 MiB, which patterns may fail on", () => {
  const ofLength = (length: number) => `"${"a".repeat(length - 2)}"`;
  assert.equal(parseAvailableProtocols(ofLength(2 ** 20))[0]!.length, 2 ** 20 - 2);
  assert.deepEqual(parseAvailableProtocols(ofLength(2 ** 20 + 1)), []);
  assert.deepEqual(parseAvailableProtocols(ofLength(2 ** 25)), []);
});

Deno.test("serializeProtocol() quotes and escapes", () => {
  assert.equal(serializeProtocol(""), '""');
  assert.equal(serializeProtocol("moq-00 ~"), '"moq-00 ~"');
  assert.equal(serializeProtocol('a"b\\c'), String.raw`"a\"b\\c"`);
});

Deno.test("serializeProtocol() refuses what a string cannot hold", () => {
  for (const protocol of ["\n", "a\0", "\x7f", "\xfc", "\u20ac", "a\r\nx: y"]) {
    assert.throws(() => serializeProtocol(protocol), {
      name: "RangeError",
      message: `Cannot send protocol ${
        JSON.stringify(protocol)
      }: expected visible characters of ASCII`,
    });
  }
});

/** What a string can hold. */
const PROTOCOL = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
});

Deno.test("property: parseAvailableProtocols() reads what serializeProtocol() wrote", () => {
  fc.assert(fc.property(fc.array(PROTOCOL), fc.constantFrom(",", ", ", "\t,  "), (all, comma) => {
    assert.deepEqual(parseAvailableProtocols(all.map(serializeProtocol).join(comma)), all);
  }));
});

Deno.test("property: parseAvailableProtocols() throws nothing, and what it reads can be sent", () => {
  const pieces = fc.array(
    fc.constantFrom('"', '"a"', ",", ";", "x", "=", "\\", " ", "1", '%"', "("),
  )
    .map((parts) => parts.join(""));
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string(), pieces);
  fc.assert(fc.property(text, (value) => {
    for (const protocol of parseAvailableProtocols(value)) {
      assert.deepEqual(parseAvailableProtocols(serializeProtocol(protocol)), [protocol]);
    }
  }));
});
