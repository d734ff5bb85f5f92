/**
 * The flags of `deno run` that workers get: those of this process, so that they may do exactly what it may.
 *
 * Deno does not tell a program its flags. On Linux they are read from `/proc`, which takes all permissions; elsewhere
 * workers get the permissions that this process has without limit, and `worker_flags` is for everything else.
 *
 * @module
 */

import type { ResolvedConfig } from "../config/mod.ts";
import { ConfigError } from "../errors.ts";

/** What the server itself needs: shared ports and QUIC, and requests that survive their response. */
const OWN_FLAGS = ["--unstable-net", "--unstable-no-legacy-abort"];

/** Flags of `deno run` whose value is the next argument; all others take theirs after `=`. */
const TAKES_VALUE = new Set([
  ...["-c", "--config", "--import-map", "--ext", "--cert", "--location", "--seed", "--preload"],
  ...["--import", "--require", "--conditions", "-L", "--log-level", "--node-modules-linker"],
  ...["--min-dep-age", "--minimum-dependency-age", "--inspect-publish-uid"],
]);

/** What is done once, or can be had once: watching, debugging on one port, downloading anew. */
const NOT_INHERITED = /^(?:--watch|--inspect|--reload(?:=|$)|-r$|--unstable-hmr)/;

const ALL = "--allow-all";

const PERMISSIONS = ["read", "write", "net", "env", "run", "sys", "ffi", "import"] as const;

/**
 * The flags for workers.
 *
 * @param parent Flags of this process.
 */
export function workerFlags(
  { workerFlags }: Pick<ResolvedConfig, "workerFlags">,
  parent: () => readonly string[] = ownFlags,
): string[] {
  const flags = workerFlags.length > 0 ? workerFlags : parent();
  return [...flags, ...OWN_FLAGS.filter((flag) => !flags.includes(flag))];
}

/**
 * A sentence for the log where workers may get less than this process has; `null` where they get the same.
 *
 * Else what a worker then lacks would read as if it had to be granted to this process, which has it.
 */
export function missingFlagsNotice(
  { workerFlags }: Pick<ResolvedConfig, "workerFlags">,
): string | null {
  if (workerFlags.length > 0 || inheritedFlags() !== null) return null;
  const flags = flagsOfPermissions();
  if (flags.includes(ALL)) return null;
  return `Workers run with ${flags.join(" ")}: Deno does not tell what else it was given, ` +
    "such as permissions in part. Name all flags for workers with --worker-flag";
}

/**
 * Refuses to go on without the permissions that starting processes takes.
 *
 * @throws {ConfigError} Which names the flag.
 */
export function requireProcesses({ workers }: Pick<ResolvedConfig, "workers">): void {
  if (Deno.build.standalone) {
    throw refused(workers, "0 in a compiled program", "It has no Deno to start workers with");
  }
  const run = { name: "run", command: Deno.execPath() } as const;
  const missing = [
    ...(isGranted(run) ? [] : ["--allow-run"]),
    ...(isGranted({ name: "env" }) ? [] : ["--allow-env"]), // workers inherit the environment
  ];
  if (missing.length === 0) return;
  const flags = missing.join(" and ");
  const hint = `Add ${flags} before the program, or serve in this process with "--workers 0"`;
  throw refused(workers, `0 without ${flags}`, hint);
}

function refused(workers: number, expected: string, hint: string): ConfigError {
  return new ConfigError({ key: "workers", expected, received: String(workers), hint });
}

/** Flags of this process, as far as they can be told. */
function ownFlags(): string[] {
  return inheritedFlags() ?? flagsOfPermissions();
}

/** Flags of this process as they were given; `null` when they cannot be read. */
function inheritedFlags(): string[] | null {
  const main = Deno.mainModule;
  return flagsOfCommandLine(readCommandLine(), (text) => isMainModule(text, main));
}

function readCommandLine(): string[] {
  try {
    return Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(0, -1);
  } catch {
    return []; // another system, or not all permissions
  }
}

/**
 * Finds the flags in a command line of Deno.
 *
 * @param args The command line; the first is Deno itself.
 * @param isMain Whether an argument is the main module: the check that it was understood.
 * @returns The flags that workers inherit, or `null` when this is not `deno run`.
 */
export function flagsOfCommandLine(
  args: readonly string[],
  isMain: (text: string) => boolean,
): string[] | null {
  const flags: string[] = [];
  let sawCommand = false;
  for (let index = 1; index < args.length; index++) {
    const arg = args[index]!;
    if (arg.startsWith("-")) {
      const value = TAKES_VALUE.has(arg) ? args.slice(index + 1, index + 2) : [];
      index += value.length;
      if (!NOT_INHERITED.test(arg)) flags.push(arg, ...value);
    } else if (arg === "run" && !sawCommand) {
      sawCommand = true; // `deno main.ts` does without
    } else {
      return isMain(arg) ? flags : null;
    }
  }
  return null;
}

/** Whether an argument is what became `main`; of packages and aliases only Deno knows. */
function isMainModule(text: string, main: string): boolean {
  if (/^(?:jsr|npm|https?):/.test(text)) return true;
  const cwd = new URL(`file://${Deno.cwd().replaceAll("%", "%25")}/`);
  return URL.canParse(text, cwd) && new URL(text, cwd).href === main;
}

/** Never more than this process may do: what is granted in part only is left out. */
function flagsOfPermissions(): string[] {
  const granted = PERMISSIONS.filter((name) => isGranted({ name }));
  return granted.length === PERMISSIONS.length ? [ALL] : granted.map((name) => `--allow-${name}`);
}

function isGranted(permission: Deno.PermissionDescriptor): boolean {
  const status = Deno.permissions.querySync(permission);
  return status.state === "granted" && !status.partial;
}
