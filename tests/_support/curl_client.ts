/**
 * {@link Client} that runs `curl`, for HTTP/1.1, HTTP/2 without TLS, and HTTP/2 over TLS.
 *
 * @module
 */

import { CERTIFICATE_PATH } from "./certificates.ts";
import {
  BrokenResponse,
  bytesOf,
  type Client,
  type ClientExchange,
  type ClientHead,
  type ClientRequest,
  fromLatin1,
  latin1,
  parseFields,
} from "./client.ts";
import { withDeadline } from "./deadline.ts";

/** Why `curl` cannot be used, or `undefined` when it can. */
export const CURL_MISSING: string | undefined = await probe();

async function probe(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command("curl", { args: ["--version"] }).output();
    const features = new TextDecoder().decode(stdout);
    return features.includes("HTTP2") ? undefined : "this curl was built without HTTP/2";
  } catch {
    return "curl is not installed";
  }
}

/** How curl is told the version. */
export type CurlVersion = "--http1.0" | "--http1.1" | "--http2" | "--http2-prior-knowledge";

/** Runs one `curl` for each request. */
export class CurlClient implements Client {
  readonly #url: string;
  readonly #version: CurlVersion;

  constructor(url: string, version: CurlVersion) {
    this.#url = url;
    this.#version = version;
  }

  async open(request: ClientRequest): Promise<ClientExchange> {
    const { content, target } = request;
    const child = new Deno.Command("curl", {
      args: [...flagsOf(request), this.#version, this.#url + target],
      stdin: content === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const exchange = new CurlExchange(child, content !== undefined);
    if (content !== undefined && content !== "open") {
      await exchange.send(content);
      await exchange.finish();
    }
    return exchange;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function flagsOf({ method = "GET", fields = [], content }: ClientRequest): string[] {
  const flags = ["-isSNg", "--path-as-is", "--cacert", CERTIFICATE_PATH, "-H", "Expect:"];
  if (method === "HEAD") flags.push("-I");
  else flags.push("-X", method);
  for (const [name, value] of fields) {
    flags.push("-H", value === "" ? `${name};` : `${name}: ${value}`);
  }
  if (content === "open") flags.push("-T", ".");
  else if (content !== undefined) flags.push("-H", "Content-Type:", "--data-binary", "@-");
  return flags;
}

/** One process. */
class CurlExchange implements ClientExchange {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array> | undefined;
  readonly #stdout: ReadableStreamDefaultReader<Uint8Array>;
  readonly #errors: Promise<string>;
  #head: Promise<ClientHead> | undefined;
  #buffer = "";

  constructor(child: Deno.ChildProcess, hasContent: boolean) {
    this.#child = child;
    this.#stdin = hasContent ? child.stdin.getWriter() : undefined;
    this.#stdout = child.stdout.getReader();
    this.#errors = new Response(child.stderr).text();
  }

  async send(piece: Uint8Array | string): Promise<void> {
    await this.#stdin!.write(bytesOf(piece));
  }

  async finish(): Promise<void> {
    // Curl stops reading once it has the whole response to a request that the server did not want.
    await this.#stdin!.close().catch(() => {});
  }

  head(): Promise<ClientHead> {
    return this.#head ??= this.#readHead();
  }

  async #readHead(): Promise<ClientHead> {
    for (;;) {
      const end = this.#buffer.indexOf("\r\n\r\n");
      if (end === -1) {
        const piece = await this.#piece();
        if (piece === null) throw new BrokenResponse(await this.#errors);
        this.#buffer += fromLatin1(piece);
        continue;
      }
      const [statusLine = "", ...lines] = this.#buffer.slice(0, end).split("\r\n");
      this.#buffer = this.#buffer.slice(end + 4);
      const status = Number(statusLine.split(" ")[1]);
      if (status >= 200) return { status, fields: parseFields(lines) };
    }
  }

  async read(): Promise<Uint8Array | null> {
    await this.head();
    if (this.#buffer !== "") {
      const piece = latin1(this.#buffer);
      this.#buffer = "";
      return piece;
    }
    const piece = await this.#piece();
    if (piece !== null) return piece;
    const { code } = await this.#child.status;
    if (code !== 0) throw new BrokenResponse(`curl ended with ${code}: ${await this.#errors}`);
    return null;
  }

  async leave(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended by itself
    }
    await Promise.allSettled([
      this.#stdin?.abort(),
      this.#stdout.cancel(),
      this.#errors,
      this.#child.status,
    ]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  async #piece(): Promise<Uint8Array | null> {
    const { done, value } = await withDeadline(this.#stdout.read(), "output of curl");
    return done ? null : value;
  }
}
