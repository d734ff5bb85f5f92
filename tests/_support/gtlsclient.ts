/**
 * {@link H3Client} that runs `gtlsclient` of ngtcp2: its own QUIC, nghttp3 and GnuTLS.
 *
 * @see {@link https://github.com/ngtcp2/ngtcp2 | ngtcp2}
 * @module
 */

import { createHash } from "node:crypto";
import { pieces } from "../load/content.ts";
import { findCommand, type H3Client, type H3Tool, outputOf } from "./h3_tools.ts";

/** The tool; options of its command line may be added. */
export const GTLSCLIENT: H3Tool & {
  connect(port: number, ...options: string[]): Promise<H3Client>;
} = {
  name: "gtlsclient",
  missing: await findCommand("gtlsclient") === null
    ? "gtlsclient is not installed (Debian package ngtcp2-client)"
    : undefined,
  connect: async (port, ...options: string[]) =>
    new Gtlsclient(port, await Deno.makeTempDir({ prefix: "gtlsclient-" }), options),
};

/**
 * Runs it once with options of its own, for what an {@link H3Client} has no words for.
 *
 * @returns What it tells of packets, frames and messages.
 * @throws {Error} When it fails.
 */
export async function traceGtlsclient(
  port: number,
  target: string,
  ...options: string[]
): Promise<string> {
  const { code, stderr } = await new Deno.Command("gtlsclient", {
    args: [
      ...["--exit-on-all-streams-close", "--timeout=10s", "--no-quic-dump", ...options],
      ...["127.0.0.1", String(port), `https://localhost:${port}${target}`],
    ],
    stdin: "null",
    stdout: "null",
  }).output();
  const trace = new TextDecoder().decode(stderr);
  if (code !== 0) throw new Error(`gtlsclient ended with ${code}: ${trace.slice(-2000)}`);
  return trace;
}

/** Runs one process, with one connection, for each call. */
class Gtlsclient implements H3Client {
  readonly #port: number;
  /** Where it saves contents, each under the last segment of its path. */
  readonly #folder: string;
  readonly #options: readonly string[];

  constructor(port: number, folder: string, options: readonly string[]) {
    this.#port = port;
    this.#folder = folder;
    this.#options = options;
  }

  async get(targets: readonly string[]): Promise<string[]> {
    await this.#run(targets, []);
    return await Promise.all(targets.map((target) => Deno.readTextFile(this.#saved(target))));
  }

  async download(target: string): Promise<string> {
    await this.#run([target], []);
    return createHash("sha256").update(await Deno.readFile(this.#saved(target))).digest("hex");
  }

  async upload(target: string, size: number): Promise<string> {
    const file = `${this.#folder}/.content`;
    await Deno.writeFile(file, ReadableStream.from(pieces(size)));
    await this.#run([target], ["--http-method=POST", `--data=${file}`]);
    return await Deno.readTextFile(this.#saved(target));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** It saves what comes with any status, so the content is what tells success. */
  async #run(targets: readonly string[], options: readonly string[]): Promise<void> {
    await outputOf("gtlsclient", [
      ...["--quiet", "--exit-on-all-streams-close", "--timeout=10s"],
      `--download=${this.#folder}`,
      ...this.#options,
      ...options,
      ...["127.0.0.1", String(this.#port)],
      ...targets.map((target) => `https://localhost:${this.#port}${target}`),
    ]);
  }

  #saved(target: string): string {
    return `${this.#folder}/${target.slice(target.lastIndexOf("/") + 1) || "index.html"}`;
  }
}
