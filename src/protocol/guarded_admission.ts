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

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Connections that were admitted and not released. */
  get total(): number {
    return this.#total;
  }

  /** Takes a place, or says why there is none. */
  admit(client: Deno.Addr): string | null {
    const { total, perClient } = this.#limits;
    if (this.#total >= total) return `${total} connections are open, which is the limit`;
    const key = clientKey(client);
    if (key !== null) {
      const count = this.#clients.get(key) ?? 0;
      if (count >= perClient) return `it has ${perClient} connections, which is the limit`;
      this.#clients.set(key, count + 1);
    }
    this.#total++;
    return null;
  }

  /** Gives a place back; once for each that was taken. */
  release(client: Deno.Addr): void {
    this.#total--;
    const key = clientKey(client);
    if (key === null) return;
    const count = this.#clients.get(key)! - 1;
    if (count > 0) this.#clients.set(key, count);
    else this.#clients.delete(key);
  }
}

/** What tells clients apart: an IPv4 address, or the /64 of an IPv6 address; `null` on a Unix socket. */
export function clientKey(client: Deno.Addr): string | null {
  if (!("hostname" in client)) return null;
  const { hostname } = client;
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
