import assert from "node:assert/strict";
import { parsePage, valueOf } from "./exposition.ts";

const GAUGE = "# HELP a A\n# TYPE a gauge\n";
const HISTOGRAM = "# HELP h H\n# TYPE h histogram\n";

const REFUSED: readonly {
  readonly name: string;
  readonly page: string;
  readonly reason: RegExp;
}[] = [
  { name: "a last line without line feed", page: `${GAUGE}a 1`, reason: /no line feed/ },
  { name: "a sample before its HELP", page: `a 1\n${GAUGE}a 2\n`, reason: /Out of place: a 1/ },
  { name: "a HELP without TYPE", page: "# HELP a A\na 1\n", reason: /No TYPE of a/ },
  { name: "a foreign sample", page: `${GAUGE}b 1\n`, reason: /Out of place: b 1/ },
  { name: "a family twice", page: `${GAUGE}a 1\n${GAUGE}a 1\n`, reason: /a comes twice/ },
  { name: "a family without samples", page: GAUGE, reason: /a has no sample/ },
  { name: "a sample twice", page: `${GAUGE}a{x="1"} 1\na{x="1"} 2\n`, reason: /a repeats itself/ },
  { name: "a raw quote in a label", page: `${GAUGE}a{x="""} 1\n`, reason: /Bad labels/ },
  { name: "a lone backslash in a label", page: `${GAUGE}a{x="\\d"} 1\n`, reason: /Bad labels/ },
  { name: "a word as value", page: `${GAUGE}a Infinity\n`, reason: /No sample/ },
  { name: "an empty line", page: `${GAUGE}a 1\n\n`, reason: /No sample/ },
  {
    name: "a counter without _total",
    page: "# HELP a A\n# TYPE a counter\na 1\n",
    reason: /must end in _total/,
  },
  {
    name: "a gauge with _total",
    page: "# HELP a_total A\n# TYPE a_total gauge\na_total 1\n",
    reason: /is no counter/,
  },
  {
    name: "a counter below 0",
    page: "# HELP a_total A\n# TYPE a_total counter\na_total -1\n",
    reason: /counts below 0/,
  },
  {
    name: "buckets that fall",
    page: `${HISTOGRAM}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`,
    reason: /not cumulative/,
  },
  {
    name: "bounds that fall",
    page: `${HISTOGRAM}h_bucket{le="+Inf"} 1\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`,
    reason: /bounds do not rise/,
  },
  {
    name: "a histogram without +Inf",
    page: `${HISTOGRAM}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`,
    reason: /no bucket \+Inf/,
  },
  {
    name: "a count that differs",
    page: `${HISTOGRAM}h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n`,
    reason: /count is not the last bucket/,
  },
  {
    name: "a histogram without sum",
    page: `${HISTOGRAM}h_bucket{le="+Inf"} 1\nh_count 1\n`,
    reason: /no sum/,
  },
];
for (const { name, page, reason } of REFUSED) {
  Deno.test(`parsePage() refuses ${name}`, () => assert.throws(() => parsePage(page), reason));
}

Deno.test("parsePage() reads escapes, labels and numbers", () => {
  const page = `# HELP a A \\\\ and\\n\n# TYPE a gauge\na{x="\\"\\\\\\n,}",y=""} 1.5e-7\na -Inf\n`;
  const families = parsePage(page);
  assert.equal(families.get("a")?.help, "A \\ and\n");
  assert.equal(valueOf(families, "a", { x: '"\\\n,}', y: "" }), 1.5e-7);
  assert.equal(valueOf(families, "a"), -Infinity);
});
