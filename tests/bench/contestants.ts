/**
 * Who is measured, and against whom.
 *
 * @module
 */

import { findBun } from "../_support/h3_tools.ts";
import { isInstalled, type ServerCommand } from "../_support/server_process.ts";

/** One server. */
export interface Contestant {
  /** Short name for `--only`. */
  readonly name: string;
  /** What it is. */
  readonly title: string;
  /** How to start it on a port; `null` when it is not installed here. */
  find(): Promise<((port: number) => ServerCommand) | null>;
}

/** A ratio that is worth printing. */
export interface Comparison {
  /** Contestant. */
  readonly name: string;
  /** Whom it is divided by: the same kind of handler, so async against async. */
  readonly against: string;
  /** What the ratio of requests a second should reach; absent when there is no target. */
  readonly target?: number;
}

const ROOT = new URL("../../", import.meta.url).pathname;

/** Debian's own interpreter: `python3-uvicorn` and `python3-hypercorn` are installed for that one. */
const PYTHON = "/usr/bin/python3";

/** Every contestant, in the order of the report. */
export const CONTESTANTS: readonly Contestant[] = [
  onDeno("deno", "Deno.serve"),
  onDeno("fetch-off", "ours, fetch, everything off"),
  onDeno("fetch", "ours, fetch, defaults"),
  onDeno("fetch-guarded", "ours, fetch, guarded"),
  onDeno("fetch-log", "ours, fetch, access log to a file"),
  onDeno("fetch-json-log", "ours, fetch, access log as JSON"),
  onDeno("fetch-metrics", "ours, fetch, metrics"),
  onDeno("deno-async", "Deno.serve, async handler"),
  onDeno("fetch-async", "ours, fetch, async handler"),
  onDeno("asgi", "ours, ASGI"),
  onDeno("asgi-receive", "ours, ASGI, content read"),
  onDeno("wsgi", "ours, WSGI"),
  onDeno("deno-hono", "Hono on Deno.serve"),
  onDeno("hono", "Hono on ours"),
  onUvicorn("uvicorn", "app"),
  onUvicorn("uvicorn-receive", "receiving"),
  onHypercorn(),
  onBun(),
];

/** Which ratios are printed. The targets are those of the project's design. */
export const COMPARISONS: readonly Comparison[] = [
  { name: "fetch-off", against: "deno", target: 0.95 },
  { name: "fetch", against: "deno", target: 0.85 },
  { name: "fetch-guarded", against: "fetch", target: 0.92 },
  { name: "fetch-log", against: "fetch", target: 0.80 },
  { name: "fetch-json-log", against: "fetch" },
  { name: "fetch-metrics", against: "fetch" },
  { name: "fetch-async", against: "deno-async" },
  { name: "asgi", against: "deno-async", target: 0.50 },
  { name: "asgi-receive", against: "deno-async" },
  { name: "wsgi", against: "deno", target: 0.45 },
  { name: "hono", against: "deno-hono" },
  { name: "asgi", against: "uvicorn", target: 1.3 },
  { name: "asgi-receive", against: "uvicorn-receive", target: 1.3 },
  { name: "asgi", against: "hypercorn" },
  { name: "fetch", against: "bun" },
];

/** The same where every request has a connection of its own. */
export const CLOSE_COMPARISONS: readonly Comparison[] = [
  { name: "fetch", against: "deno" },
  { name: "fetch-guarded", against: "fetch", target: 0.80 },
];

/** Keeps Python from writing its cache into the repository. */
const PYTHON_ENVIRONMENT = { PYTHONDONTWRITEBYTECODE: "1" };

function onDeno(name: string, title: string): Contestant {
  const command = (port: number): ServerCommand => ({
    command: Deno.execPath(),
    args: ["run", "-A", "tests/bench/serve.ts", name, String(port)],
    cwd: ROOT,
  });
  return { name, title, find: () => Promise.resolve(command) };
}

function onUvicorn(name: string, app: string): Contestant {
  const command = python((port) => [
    ...["-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log"],
    ...["--log-level", "warning", "--port", String(port), `asgi_app:${app}`],
  ]);
  return {
    name,
    title: `Uvicorn, uvloop, httptools${app === "receiving" ? ", content read" : ""}`,
    find: async () => await pythonHas("uvicorn, uvloop, httptools") ? command : null,
  };
}

function onHypercorn(): Contestant {
  const command = python((port) => [
    ...["-m", "hypercorn", "--worker-class", "uvloop", "--bind", `127.0.0.1:${port}`],
    "asgi_app:app",
  ]);
  return {
    name: "hypercorn",
    title: "Hypercorn (Python), uvloop",
    find: async () => await pythonHas("hypercorn, uvloop") ? command : null,
  };
}

function python(args: (port: number) => string[]): (port: number) => ServerCommand {
  return (port) => ({
    command: PYTHON,
    args: args(port),
    cwd: `${ROOT}tests/bench`,
    env: PYTHON_ENVIRONMENT,
  });
}

function pythonHas(modules: string): Promise<boolean> {
  return isInstalled(PYTHON, "-c", `import ${modules}`);
}

function onBun(): Contestant {
  return {
    name: "bun",
    title: "Bun.serve",
    find: async () => {
      const bun = await findBun();
      if (bun === null) return null;
      return (port) => ({ command: bun, args: [`${ROOT}tests/bench/bun.js`, String(port)] });
    },
  };
}
