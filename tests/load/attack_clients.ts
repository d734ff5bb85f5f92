/**
 * The attackers: `deno run -A tests/load/attack_clients.ts INDEX URL SECONDS`. After that time they print what became of
 * them as JSON, and hold what they have until their input ends.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- the parent process reads it

import { ATTACKS } from "./attack_list.ts";
import type { Outcomes } from "./attack_kinds.ts";

const [index = "", url = "", seconds = ""] = Deno.args;
const attack = ATTACKS[Number(index)];
if (attack === undefined) throw new Error(`There is no attack ${index}`);
const outcomes: Outcomes = await attack.run(url, Number(seconds) * 1000);
console.log(JSON.stringify(outcomes));
await Deno.stdin.read(new Uint8Array(1));
Deno.exit();
