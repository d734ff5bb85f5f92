/**
 * HTTP/1.1 over a bare socket: every byte is the test's, and every byte of the answer is seen.
 *
 * @module
 */

import {
  BrokenResponse,
  bytesOf,
  type Client,
  type ClientExchange,
  type ClientFields,
  type ClientHead,
  type ClientRequest,
  fromLatin1,
  type IncomingResponse,
  latin1,
  parseFields,
} from "./client.ts";
import { withDeadline } from "./deadline.ts";

/** One connection. */
export class RawConnection implements Disposable {
  readonly #conn: Deno.Conn;
  #buffer = new Uint8Array(0);
  #ended = false;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Connects to the URL of a bind, also `http://unix:/path`. */
  static async open(url: string): Promise<RawConnection> {
    const path = /^http:\/\/unix:(.*)$/.exec(url)?.[1];
    if (path !== undefined) {
      return new RawConnection(await Deno.connect({ transport: "unix", path }));
    }
    const { hostname, port } = new URL(url);
    const address = hostname.replace(/^\[|\]$/g, "");
    return new RawConnection(await Deno.connect({ hostname: address, port: Number(port) }));
  }

  /** Sends bytes, or text as latin-1. */
  async send(data: string | Uint8Array): Promise<void> {
    let rest = typeof data === "string" ? latin1(data) : data;
    while (rest.length > 0) rest = rest.subarray(await this.#conn.write(rest));
  }

  /** Reads up to and including `end`; `null` when the connection closes before. */
  async until(end: string): Promise<string | null> {
    for (;;) {
      const text = fromLatin1(this.#buffer);
      const at = text.indexOf(end);
      if (at !== -1) return fromLatin1(this.#take(at + end.length));
      if (!await this.#fill()) return null;
    }
  }

  /** Next bytes, at most `limit`; `null` at the end of the connection. */
  async some(limit: number): Promise<Uint8Array | null> {
    if (this.#buffer.length === 0 && !await this.#fill()) return null;
    return this.#take(Math.min(limit, this.#buffer.length));
  }

  /** Everything until the server closes, as latin-1. */
  async rest(): Promise<string> {
    while (await this.#fill());
    return fromLatin1(this.#take(this.#buffer.length));
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // closed by the test already
    }
  }

  #take(length: number): Uint8Array {
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }

  async #fill(): Promise<boolean> {
    if (this.#ended) return false;
    const room = new Uint8Array(65536);
    const count = await withDeadline(
      this.#conn.read(room).catch((error) => {
        if (error instanceof Deno.errors.ConnectionReset) return null; // as good as closed
        throw error;
      }),
      "bytes from the server",
    );
    if (count === null) {
      this.#ended = true;
      return false;
    }
    const joined = new Uint8Array(this.#buffer.length + count);
    joined.set(this.#buffer);
    joined.set(room.subarray(0, count), this.#buffer.length);
    this.#buffer = joined;
    return true;
  }
}

/** Reads one response off a connection. */
export class RawResponse implements IncomingResponse {
  readonly #connection: RawConnection;
  readonly #method: string;
  #head: Promise<ClientHead> | undefined;
  #left = -1;
  #framing: "none" | "length" | "chunked" | "close" = "none";

  /** @param method Method of the request, since HEAD has no content. */
  constructor(connection: RawConnection, method = "GET") {
    this.#connection = connection;
    this.#method = method;
  }

  /** Version and reason, e.g. `"HTTP/1.1 200 OK"`. */
  statusLine = "";

  /** The final head; interim ones are skipped. */
  head(): Promise<ClientHead> {
    return this.#head ??= this.#readHead();
  }

  async #readHead(): Promise<ClientHead> {
    for (;;) {
      const text = await this.#connection.until("\r\n\r\n");
      if (text === null) throw new BrokenResponse("The connection closed before a response");
      const [statusLine = "", ...lines] = text.trimEnd().split("\r\n");
      const status = Number(statusLine.split(" ")[1]);
      if (status < 200 && status !== 101) continue;
      this.statusLine = statusLine;
      const fields = parseFields(lines);
      this.#frame(status, fields);
      return { status, fields };
    }
  }

  #frame(status: number, fields: ClientFields): void {
    const field = (name: string) => fields.find((entry) => entry[0] === name)?.[1];
    if (this.#method === "HEAD" || status === 204 || status === 304) return;
    if (field("transfer-encoding") === "chunked") this.#framing = "chunked";
    else if (field("content-length") === undefined) this.#framing = "close";
    else {
      this.#framing = "length";
      this.#left = Number(field("content-length"));
    }
  }

  /** Next piece of content, `null` at its end. */
  async read(): Promise<Uint8Array | null> {
    await this.head();
    if (this.#framing === "close") return await this.#connection.some(65536);
    if (this.#framing === "chunked" && this.#left <= 0) await this.#nextChunk();
    if (this.#framing === "none" || this.#left === 0) return null;
    const piece = await this.#connection.some(this.#left);
    if (piece === null) throw new BrokenResponse("The connection closed inside the content");
    this.#left -= piece.length;
    if (this.#framing === "chunked" && this.#left === 0) await this.#line();
    return piece;
  }

  async #nextChunk(): Promise<void> {
    this.#left = parseInt(await this.#line(), 16);
    if (this.#left > 0) return;
    await this.#line();
    this.#framing = "none";
  }

  async #line(): Promise<string> {
    const line = await this.#connection.until("\r\n");
    if (line === null) throw new BrokenResponse("The connection closed inside the content");
    return line;
  }
}

/** {@link Client} with one connection for each request. */
export class RawClient implements Client {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async open(request: ClientRequest): Promise<ClientExchange> {
    const connection = await RawConnection.open(this.#url);
    const { content } = request;
    await connection.send(headOf(request, new URL(this.#url).host));
    if (content !== undefined && content !== "open") await connection.send(bytesOf(content));
    return new RawExchange(connection, request.method);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The text of a request head. */
export function headOf(request: ClientRequest, host: string): string {
  const { method = "GET", target, fields = [], content } = request;
  const lines = [`${method} ${target} HTTP/1.1`];
  if (!fields.some(([name]) => name === "host")) lines.push(`host: ${host}`);
  for (const [name, value] of fields) lines.push(`${name}: ${value}`);
  if (content === "open") lines.push("transfer-encoding: chunked");
  else if (content !== undefined) lines.push(`content-length: ${bytesOf(content).length}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** One request on its own connection. */
class RawExchange implements ClientExchange {
  readonly #connection: RawConnection;
  readonly #response: RawResponse;

  constructor(connection: RawConnection, method?: string) {
    this.#connection = connection;
    this.#response = new RawResponse(connection, method);
  }

  async send(piece: Uint8Array | string): Promise<void> {
    const bytes = bytesOf(piece);
    await this.#connection.send(`${bytes.length.toString(16)}\r\n`);
    await this.#connection.send(bytes);
    await this.#connection.send("\r\n");
  }

  finish(): Promise<void> {
    return this.#connection.send("0\r\n\r\n");
  }

  head(): Promise<ClientHead> {
    return this.#response.head();
  }

  read(): Promise<Uint8Array | null> {
    return this.#response.read();
  }

  // deno-lint-ignore require-await -- closing a socket is synchronous
  async leave(): Promise<void> {
    this.#connection[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }
}
