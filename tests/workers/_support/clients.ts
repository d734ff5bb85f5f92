/**
 * Clients that keep asking, over connections that they keep.
 *
 * @module
 */

import { eventually } from "../../_support/waiting.ts";

/** Some loops of requests until disposed. */
export class KeepAliveClients implements AsyncDisposable {
  /** What went wrong. */
  readonly failures: string[] = [];
  #answered = 0;
  #stopped = false;
  readonly #client = Deno.createHttpClient({ poolMaxIdlePerHost: 100 });
  readonly #loops: Promise<unknown>;

  /** Starts `count` loops of GET. */
  constructor(url: string, count: number) {
    this.#loops = Promise.all(Array.from({ length: count }, () => this.#ask(url)));
  }

  /** Waits for so many more responses. */
  async progress(count: number): Promise<void> {
    const goal = this.#answered + count;
    await eventually(() => this.#answered >= goal, `${count} more responses`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#loops;
    this.#client.close();
  }

  async #ask(url: string): Promise<void> {
    while (!this.#stopped) {
      try {
        const response = await fetch(url, { client: this.#client });
        await response.text();
        if (response.status !== 200) this.failures.push(`Status ${response.status}`);
        this.#answered++;
      } catch (error) {
        this.failures.push(String(error));
      }
      // A worker that is being replaced shares the processors with its clients.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
