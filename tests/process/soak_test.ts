/**
 * The soak itself: it runs and finds nothing, and its instruments would find something.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parsePage } from "../metrics/exposition.ts";
import { Books } from "../load/soak_books.ts";
import { curve } from "../load/soak_chart.ts";
import { between, pickWeighted, randomOf } from "../load/soak_random.ts";
import { type Sample, slopePerMinute } from "../load/soak_samples.ts";
import { memoryChecks } from "../load/soak_verdict.ts";

Deno.test("deno task soak, for some seconds at a low rate, finds nothing", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tests/load/soak.ts", "0.2", "--rate", "60"],
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const [said, complained] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(code, 0, `${said}\n${complained}`);
  assert.match(said!, /^ok {5}nothing is left over: nothing$/m);
});

Deno.test("slopePerMinute() is the slope of a line, whatever lies evenly around it", () => {
  const line = (noise: number) =>
    Array.from({ length: 21 }, (_, index) => {
      return { seconds: index * 5, value: 100 + index * 5 * 0.5 + noise * (index % 2 * 2 - 1) };
    });
  assert.ok(Math.abs(slopePerMinute(line(0)) - 30) < 1e-9);
  assert.ok(Math.abs(slopePerMinute(line(3)) - 30) < 1);
  assert.throws(() => slopePerMinute([{ seconds: 1, value: 1 }]), RangeError);
});

/** Samples of 20 minutes at 300 requests a second, each of which leaves `bytes` in the heap and in the process. */
function samplesOf(bytes: number): Sample[] {
  return Array.from({ length: 241 }, (_, index) => {
    const requests = index * 5 * 300;
    const [heap, resident] = [1e7 + requests * bytes, 1e8 + requests * bytes];
    const none = { external: 0, resources: {}, timers: 0, descriptors: 0, connections: 0 };
    return { ...none, heap, resident, requests, inProgress: 0, seconds: index * 5 };
  });
}

for (const { bytes, right } of [{ bytes: 0, right: true }, { bytes: 100, right: false }]) {
  const outcome = right ? "passes" : "fails";
  Deno.test(`memoryChecks() ${outcome} a server whose requests leave ${bytes} bytes each`, () => {
    const samples = samplesOf(bytes);
    const checks = memoryChecks(samples, [samples[0]!, samples.at(-1)!]);
    const found = checks.filter(({ name }) => name.includes("grows")).map((check) => check.right);
    assert.deepEqual(found, [right, right]);
  });
}

/** A page that tells of these counts. */
function pageOf(requests: Readonly<Record<string, number>>) {
  const lines = Object.entries(requests).map(([key, count]) => {
    const [protocol, method, status] = key.split(" ");
    const labels = `protocol="${protocol}",method="${method}",status="${status}"`;
    return `hypercorn_requests_total{${labels}} ${count}\n`;
  });
  const name = "hypercorn_requests_total";
  return parsePage(`# HELP ${name} Requests.\n# TYPE ${name} counter\n${lines.join("")}`);
}

const PAGES: readonly { name: string; page: Record<string, number>; wrong: number }[] = [
  { name: "the same counts", page: { "h2 GET 200": 2 }, wrong: 0 },
  { name: "one that was given up, too", page: { "h2 GET 200": 2, "h2 GET none": 1 }, wrong: 0 },
  { name: "one less", page: { "h2 GET 200": 1 }, wrong: 1 },
  { name: "one with another status", page: { "h2 GET 200": 1, "h2 GET 500": 1 }, wrong: 1 },
  { name: "two more than were answered", page: { "h2 GET 200": 4 }, wrong: 1 },
  { name: "one of another protocol", page: { "h2 GET 200": 2, "h3 GET 200": 1 }, wrong: 1 },
];

for (const { name, page, wrong } of PAGES) {
  Deno.test(`Books.differences() of a page with ${name} are ${wrong}`, () => {
    const books = new Books();
    books.answered("h2", "GET", 200, 2);
    books.unanswered("h2");
    assert.equal(books.differences(pageOf(page)).length, wrong);
  });
}

Deno.test("curve() has 60 columns at most, the least value low and the most high", () => {
  assert.match(curve("rate", [0, 1, 2]), /^rate {9}▁▅█ +0\.0\.\.2\.0$/);
  const blocks = curve("x", Array.from({ length: 1000 }, (_, index) => index)).slice(13, 73);
  assert.match(blocks, /^▁+▂+▃+▄+▅+▆+▇+█+$/);
  assert.equal(blocks.length, 60);
  assert.match(curve("flat", [5, 5]), /▁▁/);
});

Deno.test("randomOf() says the same for the same visit, and something else for others", () => {
  const draw = (seed: number, visit: number) => {
    const random = randomOf(seed, visit);
    return Array.from({ length: 5 }, () => between(random, 0, 1_000_000));
  };
  assert.deepEqual(draw(1, 2), draw(1, 2));
  assert.notDeepEqual(draw(1, 2), draw(1, 3));
  assert.notDeepEqual(draw(1, 2), draw(2, 2));
});

Deno.test("pickWeighted() takes each choice as often as it weighs", () => {
  const choices = [{ weight: 1, times: 0 }, { weight: 3, times: 0 }];
  for (let visit = 0; visit < 10_000; visit++) pickWeighted(randomOf(1, visit), choices).times++;
  assert.ok(Math.abs(choices[1]!.times - 7_500) < 200, `${choices[1]!.times}`);
});
