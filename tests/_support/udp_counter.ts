/**
 * A UDP service in a process of its own, which counts datagrams: StatsD, as far as tests need one.
 *
 * @module
 */

import { pause } from "./waiting.ts";

/** Datagrams by the name of their metric. */
export type DatagramCounts = Readonly<Record<string, number>>;

/** The metric that is sent once for every request. */
const METRIC = "hypercorn.requests";

/** The program that counts datagrams; it takes Node. */
export class UDPCounter implements AsyncDisposable {
  /** Where to send. */
  readonly port: number;
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  #done = 0;
  #asking: Promise<DatagramCounts> = Promise.resolve({});

  private constructor(
    child: Deno.ChildProcess,
    lines: ReadableStreamDefaultReader<string>,
    port: number,
  ) {
    this.#child = child;
    this.#lines = lines;
    this.#keys = child.stdin.getWriter();
    this.port = port;
  }

  /** Starts it. */
  static async start(): Promise<UDPCounter> {
    const program = new URL("./programs/udp_counter.mjs", import.meta.url).pathname;
    const child = new Deno.Command("node", {
      args: [program],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value } = await lines.read();
    return new UDPCounter(child, lines, Number(value));
  }

  /** Called for every request that is done. Waits at times, so that no buffer of the system overflows. */
  async keepUp(): Promise<void> {
    const done = ++this.#done;
    if (done % 50 === 0) await this.settled(done - 100);
  }

  /** The counts once there are so many requests, or no more come. */
  async settled(requests: number): Promise<DatagramCounts> {
    for (let attempt = 0;; attempt++) {
      const counts = await this.#ask();
      if ((counts[METRIC] ?? 0) >= requests || attempt === 200) return counts;
      await pause(50);
    }
  }

  /** One question at a time. */
  #ask(): Promise<DatagramCounts> {
    return this.#asking = this.#asking.then(async () => {
      await this.#keys.write(new TextEncoder().encode("\n"));
      const { value } = await this.#lines.read();
      return JSON.parse(value!) as DatagramCounts;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keys.close();
    await this.#child.status;
    await this.#lines.cancel();
  }
}
