/**
 * HTTP/3 clients of others: which of them are installed here, and what tests ask of each.
 *
 * @module
 */

import { isInstalled } from "./server_process.ts";

/** An HTTP/3 client at work on one server, with one connection where it can choose. */
export interface H3Client extends AsyncDisposable {
  /** Contents of the answers to GET, all of them asked for at once. Rejects unless every status is 200. */
  get(targets: readonly string[]): Promise<string[]>;
  /** SHA-256 of the content of one answer to GET, in hexadecimal digits. */
  download(target: string): Promise<string>;
  /** Posts `size` bytes as `pieces(size)` of `tests/load/content.ts` gives them; content of the answer. */
  upload(target: string, size: number): Promise<string>;
}

/** A client that may be missing. */
export interface H3Tool {
  /** Name. */
  readonly name: string;
  /** Why it cannot be used; `undefined` when it can. */
  readonly missing: string | undefined;
  /** Gets it ready for `https://localhost:PORT/`. It does not have to trust the certificate by itself. */
  connect(port: number): Promise<H3Client>;
}

/** Defines a test that needs a tool; without it, the name says why the test is skipped. */
export function testWithTool(tool: H3Tool, name: string, fn: () => Promise<void>): void {
  const { missing } = tool;
  Deno.test({
    name: missing === undefined ? name : `${name} (skipped: ${missing})`,
    ignore: missing !== undefined,
    fn,
  });
}

/** Path of Bun, which npm fetches when it is not there; `null` without npm. It has to be Bun itself: `npx bun` is another process. */
export async function findBun(): Promise<string | null> {
  if (!await isInstalled("npx", "--version")) return null;
  const { success, stdout } = await new Deno.Command("npx", {
    args: ["-y", "bun@1", "-p", "process.execPath"],
    stdin: "null",
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout).trim() : null;
}

/** The first of these commands that is installed; `null` when none is. */
export async function findCommand(...names: string[]): Promise<string | null> {
  for (const name of names) {
    if (await isInstalled(name, "--help")) return name;
  }
  return null;
}

/** What a program printed on standard output. @throws {Error} When it failed, with what it said. */
export async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(`"${command}" ended with ${code}: ${decoder.decode(stderr).slice(-2000)}`);
}
