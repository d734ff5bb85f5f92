/**
 * {@link H3Client} that runs Bun's `fetch` over HTTP/3: lsquic and BoringSSL.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { findBun, type H3Client, type H3Tool, outputOf } from "./h3_tools.ts";

/** Path of Bun; `null` when it is not installed. */
export const BUN: string | null = await findBun();

/** The program that Bun runs; its comment says what it takes and prints. */
export const LOAD_CLIENT: string = fileURLToPath(
  new URL("../bench/h3/load_client.js", import.meta.url),
);

/** The tool. */
export const BUN_FETCH: H3Tool = {
  name: "Bun",
  missing: BUN === null ? "Bun cannot be had from npm" : undefined,
  connect: (port) => Promise.resolve(new BunClient(port)),
};

/** Runs one process for each call. */
class BunClient implements H3Client {
  readonly #origin: string;

  constructor(port: number) {
    this.#origin = `https://127.0.0.1:${port}`; // for "localhost" it tries ::1 only
  }

  async get(targets: readonly string[]): Promise<string[]> {
    return (await this.#run("texts", this.#origin, ...targets)).texts as string[];
  }

  async download(target: string): Promise<string> {
    return (await this.#run("download", this.#origin + target)).sha256 as string;
  }

  async upload(target: string, size: number): Promise<string> {
    return (await this.#run("upload", this.#origin + target, String(size))).answer as string;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #run(...args: string[]): Promise<Record<string, unknown>> {
    return JSON.parse(await outputOf(BUN!, [LOAD_CLIENT, ...args]));
  }
}
