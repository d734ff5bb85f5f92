import assert from "node:assert/strict";
import { formatCommon, formatLocal, isoFormat, perSecond } from "../../src/logging/timestamp.ts";

/** A local time in a time zone of the test's own. */
function local(text: string, offsetMinutes: number): Date {
  const date = new Date(text);
  date.getTimezoneOffset = () => -offsetMinutes;
  return date;
}

const ROWS = [
  { offset: 0, zone: "+0000" },
  { offset: 330, zone: "+0530" },
  { offset: -570, zone: "-0930" },
  { offset: 60, zone: "+0100" },
];
for (const { offset, zone } of ROWS) {
  Deno.test(`formatLocal() and formatCommon() write the time zone ${zone}`, () => {
    const date = local("2026-02-03T04:05:06.789", offset);
    assert.equal(formatLocal(date), `2026-02-03 04:05:06 ${zone}`);
    assert.equal(formatCommon(date), `[03/Feb/2026:04:05:06 ${zone}]`);
  });
}

Deno.test("isoFormat() writes milliseconds, and notes when the second changes", () => {
  const iso = isoFormat();
  for (const time of [0, 1, 999, 1000, 1_795_334_760_123, 1_795_334_760_999.9, -1, 5000, 4999]) {
    assert.equal(iso(time), new Date(Math.floor(time)).toISOString());
  }
});

Deno.test("perSecond() formats once for all times of a second", () => {
  let calls = 0;
  const format = perSecond((date) => `${++calls} ${date.getUTCSeconds()}`);
  assert.deepEqual([1000, 1001, 1999, 2000, 1999].map(format), ["1 1", "1 1", "1 1", "2 2", "3 1"]);
});
