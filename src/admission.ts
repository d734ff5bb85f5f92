/**
 * Who gets a connection: so many in all, so many for each client.
 *
 * @module
 */

/** Caps of one listener. */
export interface AdmissionLimits {
  /** Connections in all. */
  readonly total: number;
  /** Connections of one client. */
  readonly perClient: number;
}

/** Counts connections. Those on Unix sockets have no address, and only count in all. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #clients = new Map<string, number>();
  #total = 0;

  /** @param limits How many there may be. */
  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Connections that were admitted and not released. */
  get total(): number {
    return this.#total;
  }

  /**
   * Takes a place, or says why there is none.
   *
   * @param hostname Address of the client; `null` on a Unix socket.
   */
  admit(hostname: string | null): string | null {
    const { perClient } = this.#limits;
    const full = this.full;
    if (full !== null) return full;
    if (hostname !== null) {
      const key = clientKey(hostname);
      const count = this.#clients.get(key) ?? 0;
      if (count >= perClient) return `it has ${perClient} connections, which is the limit`;
      this.#clients.set(key, count + 1);
    }
    this.#total++;
    return null;
  }

  /** Why there is no place for anybody; `null` while there is one. */
  get full(): string | null {
    const { total } = this.#limits;
    return this.#total >= total ? `${total} connections are open, which is the limit` : null;
  }

  /** Gives a place back; once for each that was taken, with the address it was taken for. */
  release(hostname: string | null): void {
    this.#total--;
    if (hostname === null) return;
    const key = clientKey(hostname);
    const count = this.#clients.get(key)! - 1;
    if (count > 0) this.#clients.set(key, count);
    else this.#clients.delete(key);
  }
}

/** What tells clients apart: an IPv4 address, or the /64 of an IPv6 address, which is what one subscriber gets. */
export function clientKey(hostname: string): string {
  if (!hostname.includes(":")) return hostname;
  if (hostname.includes(".")) return hostname.slice(hostname.lastIndexOf(":") + 1); // IPv4 on a dual-stack bind
  const [head = "", tail] = hostname.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const last = tail === "" ? [] : tail.split(":");
    while (groups.length + last.length < 8) groups.push("0");
    groups.push(...last);
  }
  return groups.slice(0, 4).join(":");
}
