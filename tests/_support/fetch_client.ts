/**
 * {@link Client} that is Deno's own `fetch`: HTTP/1.1, or HTTP/2 over TLS.
 *
 * @module
 */

import { CERTIFICATE } from "./certificates.ts";
import {
  BrokenResponse,
  bytesOf,
  type Client,
  type ClientExchange,
  type ClientHead,
  type ClientRequest,
} from "./client.ts";
import { withDeadline } from "./deadline.ts";

/** Keeps its connections between requests. */
export class FetchClient implements Client {
  readonly #url: string;
  readonly #http = Deno.createHttpClient({ caCerts: [CERTIFICATE] });

  constructor(url: string) {
    this.#url = url;
  }

  // deno-lint-ignore require-await -- the interface is for clients that have to connect first
  async open(request: ClientRequest): Promise<ClientExchange> {
    return new FetchExchange(this.#url, request, this.#http);
  }

  // deno-lint-ignore require-await -- closing is synchronous
  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
  }
}

/** One call of `fetch`. */
class FetchExchange implements ClientExchange {
  readonly #abort = new AbortController();
  readonly #response: Promise<Response>;
  readonly #upload: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null | undefined;

  constructor(url: string, request: ClientRequest, client: Deno.HttpClient) {
    const { method = "GET", target, fields = [], content } = request;
    let body: BodyInit | null = null;
    if (content === "open") {
      const pipe = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>();
      this.#upload = pipe.writable.getWriter();
      this.#upload.closed.catch(() => {}); // fails when the server does not want the rest
      body = pipe.readable;
    } else if (content !== undefined) body = bytesOf(content);
    this.#response = fetch(url + target, {
      method,
      body,
      headers: fields as [string, string][],
      client,
      signal: this.#abort.signal,
      redirect: "manual",
    });
    this.#response.catch(() => {}); // reported by head()
  }

  send(piece: Uint8Array | string): Promise<void> {
    return this.#upload!.write(bytesOf(piece));
  }

  async finish(): Promise<void> {
    await this.#upload!.close().catch(() => {});
  }

  async head(): Promise<ClientHead> {
    try {
      const { status, headers } = await withDeadline(this.#response, "a response");
      return { status, fields: [...headers] };
    } catch (cause) {
      throw new BrokenResponse("fetch failed", { cause });
    }
  }

  async read(): Promise<Uint8Array | null> {
    await this.head();
    this.#reader ??= (await this.#response).body?.getReader() ?? null;
    if (this.#reader === null) return null;
    try {
      const { done, value } = await withDeadline(this.#reader.read(), "content");
      return done ? null : value;
    } catch (cause) {
      throw new BrokenResponse("The content failed", { cause });
    }
  }

  async leave(): Promise<void> {
    this.#abort.abort();
    this.#upload?.abort().catch(() => {});
    await this.#response.then((response) => this.#reader ?? response.body?.getReader())
      .then((reader) => reader?.cancel()).catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }
}
