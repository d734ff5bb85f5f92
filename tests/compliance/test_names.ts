/**
 * Prints the names of the tests in the given files (URLs) as JSON: `{ [file]: string[] }`.
 *
 * Reading the source would miss names made from tables, so the files are loaded with `Deno.test` replaced by a
 * collector. It is a program of its own because loading a test file twice in one process would define its tests.
 */

// deno-lint-ignore-file no-console -- its output is its result

const names: Record<string, string[]> = {};
let current: string[] = [];

function collect(...args: readonly unknown[]): void {
  for (const arg of args) {
    if (typeof arg === "string") return void current.push(arg);
    if (typeof arg === "function" && arg.name !== "") return void current.push(arg.name);
    if (typeof arg === "object" && arg !== null && "name" in arg) {
      return void current.push(String(arg.name));
    }
  }
}

Object.defineProperty(Deno, "test", {
  value: Object.assign(collect, { ignore: collect, only: collect }),
});

for (const file of Deno.args) {
  current = names[file] = [];
  await import(file);
}
console.log(JSON.stringify(names));
Deno.exit(0);
