/**
 * `deno task load:shutdown`: signals in the middle of work.
 *
 * What counts is that every request whose handler was called is answered completely. A request that crosses the closing
 * of an idle connection never reaches a handler; HTTP/1.1 clients repeat it (RFC 9112 §9.3.1), `wrk` calls it a read
 * error. The exit code is 1 when anything is not as it should be.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { UNPINNED } from "../bench/pinning.ts";
import { runWrk } from "../bench/wrk.ts";
import { accepts, freePort, isInstalled, ServerProcess } from "../_support/server_process.ts";
import { table } from "../_support/table.ts";

/** Seconds a stopped server has beyond its graceful timeout to cut what is left and exit. */
const AFTER_CUT_SECONDS = 2;

/** Seconds a forced stop may take. */
const FORCED_SECONDS = 2;

/** Milliseconds between two signals that mean two: sooner they count as one that was passed on twice. */
const AGAIN_MS = 700;

/** What came of one scenario. */
interface Outcome {
  /** What happened, in a few words. */
  readonly text: string;
  /** Whether that is right. */
  readonly right: boolean;
  /** Seconds the process may take from the signal to its end. */
  readonly limit: number;
}

/** A server under a scenario. */
interface Subject {
  readonly server: ServerProcess;
  readonly port: number;
  readonly gracefulTimeout: number;
  /** Sends SIGTERM; the time to exit counts from here. */
  terminate(): void;
}

interface Scenario {
  readonly name: string;
  readonly forms: readonly string[];
  readonly gracefulTimeout: number;
  run(subject: Subject): Promise<Outcome>;
}

const SCENARIOS: readonly Scenario[] = [
  { name: "requests", forms: ["fetch", "asgi", "wsgi"], gracefulTimeout: 3, run: requests },
  { name: "50 WebSockets", forms: ["fetch", "asgi"], gracefulTimeout: 3, run: webSockets },
  { name: "20 event streams", forms: ["fetch", "asgi", "wsgi"], gracefulTimeout: 1, run: events },
  { name: "second signal", forms: ["fetch", "asgi", "wsgi"], gracefulTimeout: 10, run: forced },
];

async function requests(subject: Subject): Promise<Outcome> {
  const load = runWrk(subject.server.url, { connections: 64, seconds: 3, pinning: UNPINNED });
  await new Promise((resolve) => setTimeout(resolve, 1000)); // the middle of the load
  subject.terminate();
  const { requests, failed, socketErrors } = await load;
  const { calls } = await report(subject.server);
  const answered = requests - failed;
  return {
    text: `${calls} calls, ${answered} answers, ${failed} refused, ` +
      `${socketErrors.read} not accepted, ${socketErrors.timeout} late`,
    right: calls > 0 && calls === answered && failed === 0 && socketErrors.timeout === 0,
    limit: subject.gracefulTimeout,
  };
}

async function webSockets(subject: Subject): Promise<Outcome> {
  const url = `${subject.server.url.replace("http", "ws")}/socket`;
  const sockets = Array.from({ length: 50 }, () => new WebSocket(url));
  await Promise.all(sockets.map((socket) => eventOf(socket, "open")));
  const closes = sockets.map((socket) => eventOf(socket, "close") as Promise<CloseEvent>);
  subject.terminate();
  const codes = (await Promise.all(closes)).map((event) => event.code);
  const told = codes.filter((code) => code === 1001).length;
  return {
    text: `${told} of ${codes.length} closed with 1001`,
    right: told === codes.length,
    limit: subject.gracefulTimeout,
  };
}

async function events(subject: Subject): Promise<Outcome> {
  const readers = await openStreams(subject.server.url);
  subject.terminate();
  return {
    ...await brokenOff(readers),
    limit: subject.gracefulTimeout + AFTER_CUT_SECONDS,
  };
}

async function forced(subject: Subject): Promise<Outcome> {
  const readers = await openStreams(subject.server.url);
  subject.server.kill("SIGTERM");
  const ends = brokenOff(readers);
  while (await accepts(subject.port)); // the first signal has been taken up
  await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  subject.terminate();
  return { ...await ends, limit: FORCED_SECONDS };
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

async function openStreams(url: string): Promise<Reader[]> {
  return await Promise.all(Array.from({ length: 20 }, async () => {
    const response = await fetch(`${url}/events`);
    const reader = response.body!.getReader();
    await reader.read();
    return reader;
  }));
}

/** Reads to the end, which must be an error: a truncated response may not look complete. */
async function brokenOff(readers: readonly Reader[]): Promise<Omit<Outcome, "limit">> {
  const ends = await Promise.allSettled(readers.map(async (reader) => {
    while (!(await reader.read()).done);
  }));
  const broken = ends.filter((end) => end.status === "rejected").length;
  return {
    text: `${broken} of ${ends.length} broken off visibly`,
    right: broken === ends.length,
  };
}

function eventOf(socket: WebSocket, type: "open" | "close"): Promise<Event> {
  return new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
}

async function report(server: ServerProcess): Promise<{ calls: number }> {
  return JSON.parse(new TextDecoder().decode((await server.output).stdout));
}

async function check({ name, gracefulTimeout, run }: Scenario, form: string): Promise<string[]> {
  const port = freePort();
  await using server = await ServerProcess.start({
    command: Deno.execPath(),
    args: ["run", "-A", "tests/load/shutdown_server.ts", form, String(port)]
      .concat(String(gracefulTimeout)),
    cwd: new URL("../../", import.meta.url).pathname,
  }, port);
  let terminated = 0;
  const ended = server.output.then(({ code }) => ({ code, at: performance.now() }));
  const outcome = await run({
    server,
    port,
    gracefulTimeout,
    terminate() {
      terminated = performance.now();
      server.kill("SIGTERM");
    },
  });
  const { code, at } = await ended;
  const seconds = (at - terminated) / 1000;
  const right = outcome.right && code === 0 && seconds <= outcome.limit;
  const limit = `<= ${outcome.limit}`;
  return [
    name,
    form,
    outcome.text,
    String(code),
    seconds.toFixed(2),
    limit,
    right ? "ok" : "FAILED",
  ];
}

async function main(): Promise<boolean> {
  const rows: string[][] = [];
  const wrk = await isInstalled("sh", "-c", "command -v wrk");
  if (!wrk) console.log('SKIPPED: the scenario "requests" needs "wrk"');
  for (const scenario of SCENARIOS) {
    if (scenario.run === requests && !wrk) continue;
    for (const form of scenario.forms) rows.push(await check(scenario, form));
  }
  console.log(table(["scenario", "form", "what happened", "exit", "seconds", "limit", ""], rows));
  return !rows.some((row) => row.includes("FAILED"));
}

if (!await main()) Deno.exit(1);
