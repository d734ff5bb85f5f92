/**
 * A TCP client that says exactly what a test wants.
 *
 * @module
 */

const utf8 = new TextEncoder();

/** One raw connection; text is latin-1. */
export class RawClient implements Disposable {
  readonly #conn: Deno.Conn;
  #received = "";
  #closed = false;

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Connects to a bind's URL. */
  static async connect(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    return new RawClient(await Deno.connect({ hostname, port: Number(port) }));
  }

  /** Sends text as UTF-8. */
  async send(text: string): Promise<void> {
    let rest: Uint8Array = utf8.encode(text);
    while (rest.length > 0) rest = rest.subarray(await this.#conn.write(rest));
  }

  /** Reads until `mark` was received; returns everything received so far. @throws when the peer closes before. */
  async readUntil(mark: string): Promise<string> {
    while (!this.#received.includes(mark)) {
      if (!await this.#fill()) {
        throw new Error(`Connection closed before ${JSON.stringify(mark)}: ${this.#received}`);
      }
    }
    return this.#received;
  }

  /** Reads until the peer closes (or resets) the connection; returns everything received. */
  async readToEnd(): Promise<string> {
    while (await this.#fill()) { /* until the end */ }
    return this.#received;
  }

  /** Closes the connection; a second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #fill(): Promise<boolean> {
    const buffer = new Uint8Array(65_536);
    const count = await this.#conn.read(buffer).catch((error) => {
      if (error instanceof Deno.errors.ConnectionReset) return null;
      throw error;
    });
    if (count === null) return false;
    for (const byte of buffer.subarray(0, count)) this.#received += String.fromCharCode(byte);
    return true;
  }
}
