/**
 * What the command line says to people and programs: text, or lines of JSON.
 *
 * @module
 */

import { stackOf } from "../app/load_module.ts";
import { UsageError } from "./usage_error.ts";

/** Where a command writes; tests have one of their own. */
export interface Terminal {
  /** Writes to standard output. */
  out(text: string): void;
  /** Writes to standard error. */
  err(text: string): void;
  /** Whether standard error shows colours. */
  readonly colours: boolean;
}

const utf8 = new TextEncoder();

/** The terminal, or the files and pipes in its place, of this process. */
export const PROCESS_TERMINAL: Terminal = {
  out: (text) => writeAll(Deno.stdout, text),
  err: (text) => writeAll(Deno.stderr, text),
  get colours(): boolean {
    return Deno.stderr.isTerminal() && !Deno.noColor;
  },
};

function writeAll(writer: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest = utf8.encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(writer.writeSync(rest));
  } catch {
    /* `--help | head` closes the pipe, and nobody is left to be told */
  }
}

/**
 * Errors whose message says all. The stack of any other tells where the defect is.
 *
 * By name, because an error from a worker process has lost its class on the way.
 */
const SPEAKING: ReadonlySet<string> = new Set([
  "BindError",
  "ConfigError",
  "LifespanError",
  "LifespanTimeoutError",
  "NoAppError",
  "NotCapable",
  "UsageError",
]);

/** Says things in one of two ways. */
export class Reporter {
  readonly #terminal: Terminal;
  readonly #json: boolean;

  /** `json` makes everything one JSON object a line, as lines of the error log are. */
  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal;
    this.#json = json;
  }

  /** Something odd that stops nothing. */
  warn(message: string): void {
    if (this.#json) return this.#line("WARN", { message });
    this.#terminal.err(`${this.#coloured("33", "warning:")} ${message}\n`);
  }

  /** What the command ends with. */
  fail(error: unknown): void {
    const message = messageOf(error);
    if (this.#json) {
      const { name, message: _, ...fields } = fieldsOf(error);
      return this.#line("CRITICAL", { message, error: name, ...fields });
    }
    this.#terminal.err(`${this.#coloured("31", "error:")} ${message}\n`);
    if (error instanceof UsageError) this.#terminal.err("hint: --help lists the options\n");
  }

  /** Begins as a line of the JSON error log, so that one program can read both. */
  #line(level: string, members: Record<string, unknown>): void {
    const time = new Date().toISOString();
    const head = { time, level, pid: Deno.pid, logger: "hypercorn.error" };
    this.#terminal.err(`${JSON.stringify({ ...head, ...members })}\n`);
  }

  #coloured(code: string, text: string): string {
    return this.#terminal.colours ? `\x1b[1;${code}m${text}\x1b[0m` : text;
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return stackOf(error);
  if (!SPEAKING.has(error.name)) return withoutBareName(stackOf(error));
  const { name, message, cause } = error;
  if (name === "NotCapable") return `Deno was not given permission: ${message}`;
  // What the application threw when it was started or stopped is where its author has to look.
  return name === "LifespanError" && cause ? `${message}\n${stackOf(cause)}` : message;
}

/** A stack of which nothing is left but a message needs no "Error: " after our own "error: ". */
function withoutBareName(stack: string): string {
  return /^ +at /m.test(stack) ? stack : stack.replace(/^Error: /, "");
}

/** Class and own fields of an error that JSON can hold. */
function fieldsOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: "Error" };
  const { cause: _, stack: __, ...fields } = error as Error & Record<string, unknown>;
  return { ...fields, name: error.name };
}
