/** The README's tables about command line, logs, metrics and Hypercorn against the code that they describe. */

import assert from "node:assert/strict";
import { parse as parseToml } from "@std/toml";
import { type ConfigInit, start } from "../mod.ts";
import { type Flag, FLAGS } from "../src/cli/flags.ts";
import { type Option, OPTIONS } from "../src/config/options.ts";
import { makeAtom } from "../src/logging/access_atoms.ts";
import { AccessNeeds } from "../src/logging/access_record.ts";
import { readLogConfig } from "../src/logging/mod.ts";
import { FAMILIES } from "../src/metrics/families.ts";
import { COUNTED_LEVELS } from "../src/metrics/labels.ts";
import { Metrics } from "../src/metrics/mod.ts";
import * as middleware from "../src/middleware/mod.ts";
import { UDPListener } from "./metrics/udp_listener.ts";
import { LogSink } from "./_support/log_sink.ts";
import { observedRequest } from "./_support/observed_request.ts";
import { codesIn, README, tableRows } from "./_support/readme.ts";
import { REPOSITORY } from "./_support/repository.ts";
import { eventually } from "./_support/waiting.ts";

/** Options that Hypercorn does not have. */
const OURS = [
  "admin_bind",
  "dev_certificate",
  "guard",
  "handler_timeout",
  "limit_concurrency",
  "log_json",
  "max_body_size",
  "max_connection_age",
  "max_connections",
  "max_connections_per_client",
  "max_memory",
  "max_target_size",
  "reload_paths",
  "websocket_permessage_deflate",
  "webtransport_max_sessions",
  "webtransport_max_streams",
  "webtransport_origins",
  "worker_flags",
];

Deno.test("the README lists every flag with its short form", () => {
  const listed = tableRows(["About", "Flags"]).flatMap(([, flags]) => codesIn(flags!));
  const expected = FLAGS.flatMap(namesOf);
  assert.deepEqual(listed.toSorted(), expected.toSorted());
});

Deno.test("the README lists the flags that can be repeated", () => {
  const [, list] = /make a list can be repeated: ([^]*?)\.\n\n/.exec(README)!;
  const expected = FLAGS.filter(({ repeatable }) => repeatable).map(({ name }) => `--${name}`);
  assert.deepEqual(codesIn(list!), expected);
});

Deno.test("the README lists the options that have no flag", () => {
  const [, list] = /These options have no flag:\n\n([^]*?)\n\n/.exec(README)!;
  const expected = OPTIONS.filter(({ name }) => flagsOf(name).length === 0);
  assert.deepEqual(
    codesIn(list!).toSorted(),
    expected.map(({ snakeName }) => snakeName).toSorted(),
  );
});

Deno.test("the README states the exit codes of the command line", async () => {
  const source = await Deno.readTextFile(new URL("src/cli/mod.ts", REPOSITORY));
  const expected = Array.from(
    source.matchAll(/^ \* \| (\d) +\| (.*?) +\|$/gm),
    ([, code, meaning]) => [code!, meaning!],
  );
  assert.equal(expected.length, 3);
  assert.deepEqual(tableRows(["Exit code", "Meaning"]), expected);
});

Deno.test("the README lists the atoms of access lines, and no others", () => {
  const listed = tableRows(["Atom"]).flatMap(([names]) => codesIn(names!));
  const named = listed.filter((name) => name.startsWith("{"));
  const short = listed.filter((name) => !named.includes(name));
  assert.deepEqual(named, ["{name}i", "{name}o", "{name}e"]);
  const known = shortNames().filter((name) => makeAtom(name, new AccessNeeds()) !== null);
  assert.deepEqual(short.toSorted(), known.toSorted());
});

Deno.test("the README lists the members of JSON lines in their order", async () => {
  const sink = new LogSink();
  const config = { errorlog: null, accesslog: sink, logJson: true, serverNames: ["nobody"] };
  await using server = await start(hello, { bind: "127.0.0.1:0", ...config });
  await (await fetch(server.binds[0]!.url)).body?.cancel();
  await eventually(() => sink.lines.length > 0, "an access line"); // of a refused request, which has all members
  const listed = tableRows(["Member", "Type"]).flatMap(([names]) => codesIn(names!));
  assert.deepEqual(listed, Object.keys(JSON.parse(sink.lines[0]!.slice("INFO ".length))));
});

Deno.test("the README's example of a logconfig is one", () => {
  const [, text] = /```toml\n(\[handlers[^]*?)```/.exec(README)!;
  const { error, access } = readLogConfig(parseToml(text!), { option: "logconfig", json: false });
  assert.deepEqual(error!.handlers.map(({ target, level, json }) => [target, level, json]), [
    [{ path: "/var/log/app/error.log" }, "WARNING", false],
    ["stdout", "DEBUG", true],
  ]);
  assert.deepEqual(access!.handlers.map(({ target }) => target), ["stdout"]);
});

Deno.test("the README lists the metrics with types and labels", () => {
  const metrics = new Metrics();
  metrics.connected("h3");
  const session = observedRequest({ httpVersion: "3", webtransport: true });
  metrics.begin(session).ended("refused", "bad_request");
  metrics.setCertificateExpiry(1);
  const expected = FAMILIES.map(({ name, type, read }) => {
    const [sample] = read(metrics.snapshot(), { workers: 1, workerRestarts: 0 });
    const labels = Object.keys(sample!.labels ?? {}).filter((label) => label !== "le");
    return [name, type, labels];
  });
  const listed = tableRows(["Metric", "Type"]).map(([name, type, labels]) => {
    return [codesIn(name!)[0], type, codesIn(labels!)];
  });
  assert.deepEqual(listed, expected);
});

Deno.test("the README lists what StatsD is sent for a request and for messages", async () => {
  await using listener = await UDPListener.open();
  await serveStatsd(listener.authority);
  const rows = tableRows(["Metric", "Datagram"]);
  const listed = rows.flatMap(([names]) => expandNames(codesIn(names!)));
  const logged = COUNTED_LEVELS.map((level) => `hypercorn.log.${level}`);
  const sent = listener.received.map((datagram) => {
    return datagram.replace(/:.*/, "").replace(/\.\d{3}$/, ".<code>");
  });
  assert.deepEqual(new Set(listed), new Set([...sent, ...logged]));
  const shapes = new Set(listener.received.map(shapeOf));
  for (const [, example] of rows) {
    const [datagram = ""] = codesIn(example!);
    assert(shapes.has(shapeOf(datagram)), `No datagram looked like ${datagram}`);
  }
});

Deno.test("the README lists every option of Hypercorn with its flags and what it does here", () => {
  const rows = tableRows(["Option", "Flag", "Here"]);
  const theirs = OPTIONS.filter(({ snakeName }) => !OURS.includes(snakeName));
  assert.deepEqual(
    rows.map(([name]) => codesIn(name!)[0]),
    theirs.map(({ snakeName }) => snakeName),
  );
  for (const [index, option] of theirs.entries()) {
    const [name, flags, here] = rows[index]!;
    assert.deepEqual(codesIn(flags!).toSorted(), flagsOf(option.name).toSorted(), name);
    assert(here!.startsWith(wordOf(option)), `${name}: "${here}" instead of ${wordOf(option)}`);
  }
});

Deno.test("the README lists the options that Hypercorn does not have", () => {
  const [, list] = /Options of ours are ([^]*?)\.\n\n/.exec(README)!;
  assert.deepEqual(codesIn(list!), OURS);
});

Deno.test("the README lists every middleware", () => {
  const listed = tableRows(["Function", "Does"]).map(([name]) => codesIn(name!)[0]!);
  assert.deepEqual(listed.toSorted(), Object.keys(middleware).toSorted());
});

Deno.test("the README lists the files of examples/production", () => {
  const listed = tableRows(["File", "Is for"]).map(([link]) => codesIn(link!)[0]!);
  const files = [...Deno.readDirSync(new URL("examples/production", REPOSITORY))];
  assert.deepEqual(listed.toSorted(), files.map(({ name }) => name).toSorted());
});

function hello(): Response {
  return new Response("Hello\n");
}

/** Every flag that sets an option, short forms too. */
function flagsOf(name: string): string[] {
  const flags = FLAGS.filter(({ sets }) => "option" in sets && sets.option === name);
  return flags.flatMap(namesOf);
}

function namesOf({ name, short }: Flag): string[] {
  return [...(short === undefined ? [] : [`-${short}`]), `--${name}`];
}

/** How the row of an option begins, so that nobody expects it to act where it does not. */
function wordOf({ effect }: Option): string {
  if (effect === "now") return "same";
  if (effect === "guarded") return "guarded TCP";
  if ("ignored" in effect) return "ignored";
  return "refused" in effect ? "refused" : "HTTP/3 only";
}

/** All names of one or two letters: atoms are not longer. */
function shortNames(): string[] {
  const letters = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"];
  return [...letters, ...letters.flatMap((first) => letters.map((second) => first + second))];
}

/** Logs a warning, and serves a request that succeeds and one that fails. */
async function serveStatsd(statsdHost: string): Promise<void> {
  const config: ConfigInit = {
    bind: "127.0.0.1:0",
    errorlog: null,
    statsdHost,
    h2MaxInboundFrameSize: 20_000, // warned of: it has no effect
  };
  const app = (request: Request): Response => {
    if (request.url.endsWith("/fail")) throw new Error("No");
    return hello();
  };
  const server = await start(app, config);
  for (const path of ["/", "/fail"]) {
    await (await fetch(server.binds[0]!.url + path)).body?.cancel();
  }
  await server.shutdown(); // sends what waits
}

/** `["a.b", ".c"]` as `["a.b", "a.c"]`. */
function expandNames([first = "", ...others]: readonly string[]): string[] {
  const stem = first.slice(0, first.lastIndexOf("."));
  return [first, ...others.map((name) => stem + name)];
}

/** A datagram without its numbers. */
function shapeOf(datagram: string): string {
  return datagram.replace(/:[\d.]+\|/, ":N|");
}
