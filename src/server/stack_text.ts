/**
 * The stack of an error, without danger to the process.
 *
 * To show the lines of a TypeScript file in a stack the runtime opens a file of its cache. Deno 2.9.6 ends the process
 * (a panic in `stacker`) when it has no file descriptor left for that, and an error of just that kind is what
 * applications throw then.
 *
 * @module
 */

/** What there is of an error for a log. */
export function stackText(error: Error): string {
  if (hasFreeDescriptor()) return `${error.stack ?? error}`;
  return `${error.name}: ${error.message} (without its stack, for no file descriptor is free)`;
}

/** Whether a file could be opened now; who may not open any is not asked. */
function hasFreeDescriptor(): boolean {
  if (Deno.build.os === "windows") return true;
  const permission = { name: "read", path: "/dev/null" } as const;
  if (Deno.permissions.querySync(permission).state !== "granted") return true;
  try {
    Deno.openSync("/dev/null").close();
    return true;
  } catch {
    return false;
  }
}
