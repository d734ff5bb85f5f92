/**
 * The programs of `programs/quic_main.ts`.
 *
 * @module
 */

import { REPOSITORY } from "./repository.ts";

/** `programs/quic_main.ts` with `args`, run with `flags`; the configuration of the repository would add some. */
export function quicProgram(args: readonly string[], flags: readonly string[]): Deno.Command {
  const path = "tests/_support/programs/quic_main.ts";
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-config",
      "--v8-flags=--expose-gc",
      "-A",
      ...flags,
      path,
      ...args,
    ],
    cwd: REPOSITORY,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
}

/** What that program prints. */
export async function runQuicProgram(
  args: readonly string[],
  flags: readonly string[],
): Promise<string> {
  const { stdout, stderr } = await quicProgram(args, flags).output();
  const text = new TextDecoder();
  return text.decode(stdout) || text.decode(stderr);
}
