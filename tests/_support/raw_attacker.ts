/**
 * A TCP client that breaks rules, and remembers what came of it.
 *
 * @module
 */

import { CERTIFICATE } from "./certificates.ts";
import { fromLatin1, latin1 } from "./client.ts";
import { withDeadline } from "./deadline.ts";

/** How the server ended a connection. */
export type Ending = "closed" | "reset";

/** Milliseconds after which something that has to happen is said not to come. */
const DEADLINE_MS = 30_000;

/** Characters of what was received that are kept. */
const KEPT = 2 * 1024 * 1024;

/** How to connect. */
export interface AttackerOptions {
  /** Whether it takes what the server sends; default `true`. */
  readonly reads?: boolean;
}

/** One connection; it reads in the background. */
export class RawAttacker implements Disposable {
  /** How the server ended it; pending as long as it lives, and once the attacker has closed it. */
  readonly ended: Promise<Ending>;
  /** Bytes received. */
  receivedBytes = 0;
  readonly #conn: Deno.TcpConn | Deno.TlsConn;
  readonly #ending = Promise.withResolvers<Ending>();
  #received = "";
  #news = Promise.withResolvers<void>();
  #over = false;
  #closed = false;

  private constructor(conn: Deno.TcpConn | Deno.TlsConn, { reads = true }: AttackerOptions) {
    this.#conn = conn;
    this.ended = this.#ending.promise;
    if (reads) this.read();
  }

  /** Connects to the URL of a bind, with a good TLS handshake to one of `https`. */
  static async connect(url: string, options: AttackerOptions = {}): Promise<RawAttacker> {
    const { protocol, hostname, port } = new URL(url);
    const at = { hostname, port: Number(port) };
    if (protocol === "https:") {
      return new RawAttacker(await Deno.connectTls({ ...at, caCerts: [CERTIFICATE] }), options);
    }
    const conn = await Deno.connect(at);
    conn.setNoDelay(); // else small pieces wait for acknowledgements, 40 ms each
    return new RawAttacker(conn, options);
  }

  /** What was received, the first {@link KEPT} characters, as latin-1. */
  get received(): string {
    return this.#received;
  }

  /** Forgets what was received, and returns it. */
  take(): string {
    const received = this.#received;
    this.#received = "";
    return received;
  }

  /** Whether the server has ended it, as far as it was read. */
  get over(): boolean {
    return this.#over;
  }

  /** Sends bytes, or text as latin-1. @returns `false` when the server does not take them any more. */
  async send(data: string | Uint8Array): Promise<boolean> {
    let rest = typeof data === "string" ? latin1(data) : data;
    try {
      while (rest.length > 0) rest = rest.subarray(await this.#conn.write(rest));
      return true;
    } catch (error) {
      if (!isEnd(error)) throw error;
      return false;
    }
  }

  /** Takes what the server sends from now on. */
  async read(): Promise<void> {
    const room = new Uint8Array(64 * 1024);
    for (;;) {
      const count = await this.#conn.read(room).catch((error) => {
        if (!isEnd(error)) throw error;
        return "reset" as const;
      });
      if (this.#closed) return;
      if (typeof count !== "number") {
        this.#over = true;
        this.#ending.resolve(count ?? "closed");
        return this.#news.resolve();
      }
      this.receivedBytes += count;
      if (this.#received.length < KEPT) this.#received += fromLatin1(room.subarray(0, count));
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    }
  }

  /** Resolves once what was received satisfies `fits`; rejects when the connection ends before, or nothing comes. */
  async until(fits: (received: string) => boolean, what: string): Promise<void> {
    while (!fits(this.#received)) {
      if (this.#over) throw new Error(`The connection ended before ${what}: ${this.#received}`);
      await withDeadline(this.#news.promise, what, DEADLINE_MS);
    }
  }

  /** How the server ended it; rejects when it does not. */
  end(): Promise<Ending> {
    return withDeadline(this.ended, "the end of the connection", DEADLINE_MS);
  }

  /** Says that nothing more will be sent. */
  async finish(): Promise<void> {
    await this.#conn.closeWrite().catch((error) => {
      if (!isEnd(error)) throw error;
    });
  }

  /** Leaves; a second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Whether an operation failed because the connection is over, on either side. */
function isEnd(error: unknown): boolean {
  const { BrokenPipe, ConnectionReset, NotConnected, BadResource, Interrupted, UnexpectedEof } =
    Deno.errors;
  return [BrokenPipe, ConnectionReset, NotConnected, BadResource, Interrupted, UnexpectedEof]
    .some((kind) => error instanceof kind);
}
