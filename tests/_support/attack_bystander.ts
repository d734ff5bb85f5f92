/**
 * A client that minds its own business while others attack the server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { RawAttacker } from "./raw_attacker.ts";
import { pause } from "./waiting.ts";

/** Milliseconds between requests. */
const PAUSE_MS = 5;

/** Asks for `/ok` all the time, in turn on a connection of its own each and on one that is kept. */
export class Bystander implements AsyncDisposable {
  /** Milliseconds each request took. */
  readonly latencies: number[] = [];
  /** What went wrong. */
  readonly failures: string[] = [];
  readonly #url: string;
  readonly #done: Promise<void>;
  #kept: RawAttacker | undefined;
  #over = false;

  constructor(url: string) {
    this.#url = url;
    this.#done = this.#run();
  }

  /** Waits until `count` more requests were answered. @throws when one fails. */
  async served(count = 3): Promise<void> {
    const goal = this.latencies.length + count;
    while (this.latencies.length < goal && this.failures.length === 0) await pause(1);
    assert.deepEqual(this.failures, [], "Others were not served");
  }

  /** Ends it, and fails if any request did. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#done;
    assert.deepEqual(this.failures, [], "Others were not served");
  }

  /** Latency that a share of the requests stayed below, e.g. `0.99`, in milliseconds. */
  quantile(share: number): number {
    const sorted = this.latencies.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  }

  async #run(): Promise<void> {
    while (!this.#over && this.failures.length === 0) {
      const start = performance.now();
      try {
        await (this.latencies.length % 2 === 0 ? this.#fresh() : this.#again());
        this.latencies.push(performance.now() - start);
      } catch (error) {
        this.failures.push(String(error));
      }
      await pause(PAUSE_MS);
    }
    this.#kept?.close();
  }

  async #fresh(): Promise<void> {
    using client = await RawAttacker.connect(this.#url);
    await client.send(request("close"));
    await client.end();
    if (!isAnswer(client.received)) throw new Error(`Unexpected answer ${client.received}`);
  }

  async #again(): Promise<void> {
    if (this.#kept !== undefined && await this.#ask(this.#kept)) return;
    this.#kept?.close();
    this.#kept = await RawAttacker.connect(this.#url);
    if (!await this.#ask(this.#kept)) throw new Error("The connection was closed instead");
  }

  /** @returns `false` when the server has closed the connection, as it may after a response (RFC 9112 §9.3.1). */
  async #ask(client: RawAttacker): Promise<boolean> {
    if (client.over || !await client.send(request("keep-alive"))) return false;
    try {
      await client.until((text) => text.endsWith(CONTENT), "the answer");
    } catch (error) {
      if (client.over && client.received === "") return false;
      throw error;
    }
    client.take();
    return true;
  }
}

/** What `/ok` is answered with. */
export const CONTENT = "all is well\n";

function request(connection: string): string {
  return `GET /ok HTTP/1.1\r\nhost: localhost\r\nconnection: ${connection}\r\n\r\n`;
}

function isAnswer(text: string): boolean {
  return text.startsWith("HTTP/1.1 200 OK\r\n") && text.endsWith(CONTENT);
}
