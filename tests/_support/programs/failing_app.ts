/**
 * A server whose application always fails, asked three times by itself. Prints the statuses to standard output.
 *
 * @module
 */

import { start } from "../../../mod.ts";

await using server = await start(() => {
  throw new Error("logged every time");
}, { bind: "127.0.0.1:0" });

await new Promise((resolve) => setTimeout(resolve, 300)); // until the reader of the log is gone
const statuses: number[] = [];
for (let round = 0; round < 3; round++) {
  const response = await fetch(server.binds[0]!.url);
  await response.body?.cancel();
  statuses.push(response.status);
}
await Deno.stdout.write(new TextEncoder().encode(`${statuses.join(" ")}\n`));
