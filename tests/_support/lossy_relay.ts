/**
 * A network that is bad: a UDP relay on the loopback, between clients and one server, which loses, doubles and delays.
 *
 * What happens to the n-th datagram of a direction follows from the seed. Which datagram is the n-th depends on time, as
 * with all transports.
 *
 * @module
 */

/** What a {@linkcode LossyRelay} does. Shares of all datagrams, from 0 to 1. */
export interface RelayOptions {
  /** UDP port of the server on 127.0.0.1. */
  readonly port: number;
  /** Where the chances come from; any integer. */
  readonly seed: number;
  /** Lost; default 0.05. */
  readonly loss?: number;
  /** Sent twice; default 0.02. */
  readonly duplication?: number;
  /** Sent later, so that others overtake them; default 0.05. */
  readonly reordering?: number;
}

/** Datagrams so far, both ways. */
export interface RelayCounts {
  /** That came. */
  received: number;
  /** That were dropped. */
  lost: number;
  /** That were sent twice. */
  doubled: number;
  /** That others may have overtaken. */
  late: number;
}

/** Milliseconds that a late datagram waits, at most: some tens of others pass meanwhile. */
const MAX_DELAY_MS = 8;

/** A client as the relay knows it. */
interface Client {
  readonly address: Deno.NetAddr;
  /** Its own socket towards the server, as a network address translator has. */
  readonly socket: Deno.DatagramConn;
  readonly up: () => number;
  readonly down: () => number;
}

/** A relay in progress; it ends when it is disposed of. */
export class LossyRelay implements Disposable {
  /** What happened. */
  readonly counts: RelayCounts = { received: 0, lost: 0, doubled: 0, late: 0 };
  readonly #options: Required<RelayOptions>;
  readonly #server: Deno.NetAddr;
  readonly #socket = listen();
  readonly #clients = new Map<string, Client>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #closed = false;

  /** Opens it on a free port. */
  constructor(options: RelayOptions) {
    this.#options = { loss: 0.05, duplication: 0.02, reordering: 0.05, ...options };
    this.#server = { transport: "udp", hostname: "127.0.0.1", port: options.port };
    void this.#relayUp();
  }

  /** UDP port on 127.0.0.1 that clients connect to. */
  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { socket } of this.#clients.values()) socket.close();
    this.#socket.close();
  }

  async #relayUp(): Promise<void> {
    for await (const [bytes, from] of this.#socket) {
      const { socket, up } = this.#clientAt(from as Deno.NetAddr);
      this.#pass(up, () => socket.send(bytes, this.#server));
    }
  }

  async #relayDown({ address, socket, down }: Client): Promise<void> {
    for await (const [bytes] of socket) {
      this.#pass(down, () => this.#socket.send(bytes, address));
    }
  }

  #clientAt(address: Deno.NetAddr): Client {
    const key = `${address.hostname}:${address.port}`;
    const known = this.#clients.get(key);
    if (known) return known;
    const seed = this.#options.seed + 2 * this.#clients.size;
    const client = { address, socket: listen(), up: chances(seed), down: chances(seed + 1) };
    this.#clients.set(key, client);
    void this.#relayDown(client);
    return client;
  }

  /** Decides about one datagram. Every one takes the same number of chances, so that the next one does not depend on it. */
  #pass(chance: () => number, send: () => Promise<number>): void {
    const { loss, duplication, reordering } = this.#options;
    const [isLost, isDoubled, isLate] = [
      chance() < loss,
      chance() < duplication,
      chance() < reordering,
    ];
    const delay = chance() * MAX_DELAY_MS;
    this.counts.received++;
    if (isLost) return void this.counts.lost++;
    if (isDoubled) {
      this.counts.doubled++;
      this.#send(send);
    }
    if (!isLate) return this.#send(send);
    this.counts.late++;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#send(send);
    }, delay);
    this.#timers.add(timer);
  }

  /** A full buffer, or a socket that is closed, is one more loss. */
  #send(send: () => Promise<number>): void {
    if (!this.#closed) send().catch(() => {});
  }
}

function listen(): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
}

/** Numbers from 0 up to but not including 1 that follow from `seed`: mulberry32, which is small and even. */
function chances(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}
