import assert from "node:assert/strict";
import fc from "fast-check";
import { H3, isGreaseId } from "../../src/h3/mod.ts";
import { applicationCode, httpCode } from "../../src/webtransport/mod.ts";

const [FIRST, LAST] = [0x52e4a40fa8db, 0x52e5ac983162];

const PAIRS: readonly [application: number, http: number][] = [
  [0, FIRST],
  [1, 0x52e4a40fa8dc],
  [0x1d, 0x52e4a40fa8f8],
  [0x1e, 0x52e4a40fa8fa], // 0x52e4a40fa8f9 is reserved
  [0x3b, 0x52e4a40fa917],
  [0x3c, 0x52e4a40fa919],
  [0xffffffff, LAST],
];
for (const [application, http] of PAIRS) {
  Deno.test(`httpCode() and applicationCode() have 0x${http.toString(16)} for ${application} (§4.4)`, () => {
    assert.equal(httpCode(application), http);
    assert.equal(applicationCode(http), application);
  });
}

const NONE = [
  ["below the range", FIRST - 1],
  ["beyond the range", LAST + 1],
  ["an error of HTTP/3", H3.NO_ERROR],
  ["0", 0],
  ["no number", NaN],
  ["the largest", Number.MAX_SAFE_INTEGER],
  ["the first reserved one", 0x52e4a40fa8f9],
  ["the second reserved one", 0x52e4a40fa918],
] as const;
for (const [what, code] of NONE) {
  Deno.test(`applicationCode() has nothing for ${what}`, () => {
    assert.equal(applicationCode(code), null);
  });
}

Deno.test("httpCode() refuses what is no integer of 32 bits", () => {
  for (const code of [-1, 0.5, 29.5, 2 ** 32, NaN, Infinity]) {
    assert.throws(() => httpCode(code), {
      name: "RangeError",
      message: `Cannot encode error code ${code}: expected an integer from 0 to 2^32 - 1`,
    });
  }
});

Deno.test("applicationCode() has every code of the first of the range once, in order, without the reserved ones", () => {
  const found: number[] = [];
  for (let code = FIRST; found.length < 1000; code++) {
    const application = applicationCode(code);
    assert.equal(application === null, isGreaseId(code));
    if (application !== null) found.push(application);
  }
  assert.deepEqual(found, Array.from({ length: 1000 }, (_, code) => code));
});

Deno.test("property: httpCode() is undone by applicationCode(), stays in the range, grows, and is never reserved", () => {
  fc.assert(fc.property(fc.nat(0xfffffffe), (code) => {
    const http = httpCode(code);
    assert.equal(applicationCode(http), code);
    assert.ok(http >= FIRST && http < LAST && !isGreaseId(http));
    assert.equal(httpCode(code + 1) - http, isGreaseId(http + 1) ? 2 : 1);
  }));
});

Deno.test("property: applicationCode() is undone by httpCode() in all of the range but the reserved codes", () => {
  fc.assert(fc.property(fc.integer({ min: FIRST, max: LAST }), (http) => {
    const code = applicationCode(http);
    if (code === null) assert.equal((http - 0x21) % 0x1f, 0);
    else assert.equal(httpCode(code), http);
  }));
});
