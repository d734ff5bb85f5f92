/**
 * Which peers are proxies that may say where a request came from.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import type { NetAddress } from "../exchange.ts";
import { describe } from "../misuse.ts";
import { type Network, parseIp, parseNetwork } from "./ip_address.ts";

/** A list of trusted addresses. */
export class TrustedPeers {
  readonly #networks: readonly Network[];
  readonly #unix: boolean;

  /**
   * @param entries Addresses, networks in CIDR notation, and `"unix"` for peers on a Unix socket.
   * @throws {ConfigError} Names the entry that is none of these.
   */
  constructor(entries: readonly string[]) {
    this.#unix = entries.includes("unix");
    this.#networks = entries.flatMap((entry, index) => {
      if (entry === "unix") return [];
      const network = typeof entry === "string" ? parseNetwork(entry) : null;
      if (network) return [network];
      throw new ConfigError({
        key: `trusted[${index}]`,
        expected: `an IP address, a network such as "10.0.0.0/8", or "unix"`,
        received: describe(entry),
      });
    });
  }

  /** Whether the other end of a connection is trusted; `null` is one on a Unix socket. */
  hasPeer(peer: NetAddress | null): boolean {
    return peer === null ? this.#unix : this.hasAddress(peer.hostname);
  }

  /** Whether an address is trusted, given as text; what is no address is not. A zone (RFC 4007 §11) has no meaning. */
  hasAddress(hostname: string): boolean {
    const address = parseIp(hostname.replace(/%.*$/s, ""));
    return address !== null && this.#networks.some((network) => network(address));
  }
}
