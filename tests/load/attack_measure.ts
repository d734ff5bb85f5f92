/**
 * One attack on one server: what it costs, and who is served.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { type AttackConfig, AttackedProcess } from "../_support/attack_process.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import { pause } from "../_support/waiting.ts";
import type { Attack, Outcomes } from "./attack_kinds.ts";

/** What was measured at the end of an attack, its clients still there. */
export interface AttackFigures {
  /** Connections of the attackers. */
  readonly held: number;
  /** Most resident memory during the attack beyond that before, in bytes. */
  readonly memoryBytes: number;
  /** Milliseconds that half, and 99 of 100, requests of another client took. */
  readonly p50: number;
  readonly p99: number;
  /** What that client failed with, if it did. */
  readonly failure: string | undefined;
  /** What became of the attackers. */
  readonly outcomes: Outcomes;
}

/** Requests of the other client before the attack, which warm the server up. */
const WARM_UP = 200;

const PROGRAM = fileURLToPath(new URL("./attack_clients.ts", import.meta.url));

/** Attacks a server for so many seconds. */
export async function measure(
  attack: Attack,
  index: number,
  guard: "on" | "off",
  seconds: number,
): Promise<AttackFigures> {
  const config: AttackConfig = { guard, ...attack.config, ...attack.tls ? TLS_OPTIONS : {} };
  await using server = await AttackedProcess.start(config);
  const bystander = server.bystander();
  await bystander.served(WARM_UP);
  bystander.latencies.length = 0;
  const before = server.startMemory();
  await using clients = new AttackClients(index, server.url, seconds);
  const outcomes = await clients.outcomes();
  const memoryBytes = server.peakMemory - before;
  await bystander[Symbol.asyncDispose]().catch(() => {}); // its failure is among the figures
  return {
    held: await settled(() => server.held),
    memoryBytes,
    p50: bystander.quantile(0.5),
    p99: bystander.quantile(0.99),
    failure: bystander.failures[0],
    outcomes,
  };
}

/** Least of some looks: what is about to be closed, such as the connections of the other client, does not count. */
async function settled(look: () => number): Promise<number> {
  let least = look();
  for (let count = 0; count < 5; count++) {
    await pause(20);
    least = Math.min(least, look());
  }
  return least;
}

/** The attackers' process. */
class AttackClients implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  constructor(index: number, url: string, seconds: number) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", PROGRAM, String(index), url, String(seconds)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
  }

  /** What became of them; they still hold what they have. */
  async outcomes(): Promise<Outcomes> {
    let text = "";
    for await (const piece of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (text.endsWith("\n")) return JSON.parse(text);
    }
    throw new Error("The attackers ended without a word");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close().catch(() => {}); // it may have ended
    await this.#child.status;
  }
}
