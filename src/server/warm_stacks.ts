/**
 * A work-around for the runtime's first look at its own stack.
 *
 * @module
 */

let isWarm = false;

/**
 * Has the runtime make the text of a stack once. For the first one of a TypeScript module it opens a file of the
 * system, and when there is no file descriptor left it ends the process over that (seen in Deno 2.9.6: `stacker` panics).
 */
export function warmStacks(): void {
  isWarm ||= new Error("unused").stack !== undefined;
}
