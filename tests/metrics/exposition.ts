/**
 * A strict reader of Prometheus' text format, version 0.0.4: it refuses what `promtool check metrics` would.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/exposition_formats/ | Exposition formats}
 *
 * @module
 */

/** A line with a value. */
export interface ParsedSample {
  /** Name with its suffix. */
  readonly name: string;
  /** Labels, unescaped. */
  readonly labels: Readonly<Record<string, string>>;
  /** The value. */
  readonly value: number;
}

/** A metric. */
export interface ParsedFamily {
  /** Its name. */
  readonly name: string;
  /** Its sentence, unescaped. */
  readonly help: string;
  /** Its type. */
  readonly type: string;
  /** Its lines, in order. */
  readonly samples: readonly ParsedSample[];
}

const HELP = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\\n]|\\\\|\\n)+)$/;
const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^\n]+)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)/y;
const NUMBER = /^(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/;

/** Reads a page. @throws When a line or the order of lines breaks a rule; the message has the line. */
export function parsePage(page: string): Map<string, ParsedFamily> {
  if (!page.endsWith("\n")) throw new Error("The last line has no line feed");
  const families = new Map<string, ParsedFamily & { samples: ParsedSample[] }>();
  const lines = page.slice(0, -1).split("\n");
  let current: (ParsedFamily & { samples: ParsedSample[] }) | undefined;
  for (let index = 0; index < lines.length; index++) {
    const help = HELP.exec(lines[index]!);
    if (help) {
      const [, name, text] = help as unknown as [string, string, string];
      const type = TYPE.exec(lines[++index] ?? "");
      if (type?.[1] !== name) throw new Error(`No TYPE of ${name} after its HELP`);
      if (families.has(name)) throw new Error(`${name} comes twice`);
      current = { name, help: unescape(text), type: type[2]!, samples: [] };
      families.set(name, current);
    } else {
      const sample = parseSample(lines[index]!);
      if (!current || !belongsTo(sample, current)) {
        throw new Error(`Out of place: ${lines[index]}`);
      }
      current.samples.push(sample);
    }
  }
  for (const family of families.values()) checkFamily(family);
  return families;
}

/** The value of one sample, 0 when there is none; labels must be exactly these. */
export function valueOf(
  families: Map<string, ParsedFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ""));
  const wanted = identity({ name, labels, value: 0 });
  return family?.samples.find((sample) => identity(sample) === wanted)?.value ?? 0;
}

/** The sum over all labels. */
export function sumOf(families: Map<string, ParsedFamily>, name: string): number {
  return families.get(name)?.samples.reduce((sum, { value }) => sum + value, 0) ?? 0;
}

function parseSample(line: string): ParsedSample {
  const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
  if (name === undefined || !NUMBER.test(value!)) throw new Error(`No sample: ${line}`);
  const number = value!.endsWith("Inf") ? Infinity * (value![0] === "-" ? -1 : 1) : Number(value);
  return { name, labels: parseLabels(labels, line), value: number };
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, name, value, comma] = LABEL.exec(text) ?? [];
    if (name === undefined || name in labels) throw new Error(`Bad labels: ${line}`);
    labels[name] = unescape(value!);
    if (comma === "") break;
  }
  return labels;
}

function unescape(text: string): string {
  return text.replace(/\\([^])/g, (_whole, next) => next === "n" ? "\n" : next);
}

function belongsTo({ name }: ParsedSample, family: ParsedFamily): boolean {
  return family.type === "histogram"
    ? ["_bucket", "_sum", "_count"].some((suffix) => name === family.name + suffix)
    : name === family.name;
}

function checkFamily(family: ParsedFamily): void {
  const { name, type, samples } = family;
  if (samples.length === 0) throw new Error(`${name} has no sample`);
  if (new Set(samples.map(identity)).size < samples.length) {
    throw new Error(`${name} repeats itself`);
  }
  if (type === "counter" && !name.endsWith("_total")) throw new Error(`${name} must end in _total`);
  if (type !== "counter" && name.endsWith("_total")) throw new Error(`${name} is no counter`);
  if (type !== "gauge" && samples.some(({ value }) => !(value >= 0))) {
    throw new Error(`${name} counts below 0`);
  }
  if (type === "histogram") checkHistogram(family);
}

function checkHistogram({ name, samples }: ParsedFamily): void {
  const groups = Map.groupBy(samples, ({ labels: { le: _le, ...labels } }) => sorted(labels));
  for (const [labels, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels: { le } }) => le === "+Inf" ? Infinity : Number(le));
    const counts = buckets.map(({ value }) => value);
    const count = group.find((sample) => sample.name === `${name}_count`);
    const fail = (what: string) => new Error(`${name}{${labels}}: ${what}`);
    if (!rises(bounds, true)) throw fail("bounds do not rise");
    if (!rises(counts, false)) throw fail("buckets are not cumulative");
    if (bounds.at(-1) !== Infinity) throw fail("there is no bucket +Inf");
    if (count?.value !== counts.at(-1)) throw fail("the count is not the last bucket");
    if (!group.some((sample) => sample.name === `${name}_sum`)) throw fail("there is no sum");
  }
}

function rises(numbers: readonly number[], strictly: boolean): boolean {
  return numbers.every((number, index) =>
    index === 0 || (strictly ? number > numbers[index - 1]! : number >= numbers[index - 1]!)
  );
}

function identity({ name, labels }: ParsedSample): string {
  return `${name} ${sorted(labels)}`;
}

function sorted(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort());
}
