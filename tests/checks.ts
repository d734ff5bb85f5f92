/**
 * Everything that can be said about the code without running it: `deno task checks`.
 *
 * All checks run even when one fails, so that one run tells everything. The last line is
 * `N passed, N failed`, and the exit code is 1 when anything failed.
 */

// deno-lint-ignore-file no-console -- a command line tool

import configuration from "../deno.json" with { type: "json" };

interface Check {
  readonly name: string;
  readonly args: readonly string[];
}

const CHECKS: readonly Check[] = [
  { name: "format", args: ["fmt", "--check"] },
  { name: "lint", args: ["lint"] },
  { name: "types", args: ["check"] },
  ...Object.values(configuration.exports).map((entry) => ({
    name: `documentation of ${entry}`,
    args: ["doc", "--lint", entry],
  })),
  // A working copy is allowed to have changes; CI starts from a clean one anyway.
  { name: "package", args: ["publish", "--dry-run", "--allow-dirty"] },
];

async function run({ name, args }: Check): Promise<boolean> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: new URL("../", import.meta.url),
  }).output();
  console.log(`${success ? "ok    " : "FAILED"} ${name} (deno ${args.join(" ")})`);
  if (!success) {
    // What a check has to say is on either stream, depending on the check.
    await Deno.stdout.write(stdout);
    await Deno.stdout.write(stderr);
  }
  return success;
}

let failed = 0;
for (const check of CHECKS) {
  if (!await run(check)) failed++;
}
console.log(`${CHECKS.length - failed} passed, ${failed} failed`);
if (failed > 0) Deno.exit(1);
