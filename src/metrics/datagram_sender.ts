/**
 * Datagrams to one UDP service that may be slow, absent, or never have existed.
 *
 * `node:dgram` and not `Deno.listenDatagram`, which needs `--unstable-net`.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { formatAuthority } from "../address.ts";

/** Where datagrams go, and who is told that they do not arrive there. */
export interface DatagramSenderOptions {
  /** `host:port`, IPv6 addresses in brackets. */
  readonly target: string;
  /** Told why datagrams were lost, at most once a minute. */
  readonly warn: (message: string) => void;
  /** Milliseconds of a clock that is never set back. Default `performance.now()`. */
  readonly now?: () => number;
  /** Finds the address of a name. Default: the system's resolver. */
  readonly resolve?: Resolve;
}

/** Finds an address and its family, 4 or 6. Rejects when there is none. */
export type Resolve = (hostname: string) => Promise<{ address: string; family: number }>;

/** How many datagrams wait while the name is resolved or the socket is busy: about a megabyte. */
const MAX_WAITING = 10_000;

/** Milliseconds without attempts after a failure: a name that cannot be resolved costs a query each time. */
const RETRY_MS = 1000;

/** Milliseconds between warnings. */
const WARN_MS = 60_000;

/** Milliseconds that `close()` waits for what was sent before. */
const CLOSE_MS = 1000;

/** Sends datagrams in order, one at a time. Whatever happens, the caller does not notice. */
export class DatagramSender {
  readonly #target: string;
  readonly #warn: (message: string) => void;
  readonly #now: () => number;
  readonly #resolve: Resolve;
  #waiting: Uint8Array[] = [];
  /** Datagrams that were taken on and are not sent yet. */
  #pending = 0;
  #channel: Channel | null = null;
  #draining: Promise<void> | null = null;
  #retryAt = -Infinity;
  #warnAt = -Infinity;
  #closed = false;

  /** Opens nothing yet; the first datagram does. */
  constructor({ target, warn, now, resolve }: DatagramSenderOptions) {
    this.#target = target;
    this.#warn = warn;
    this.#now = now ?? (() => performance.now());
    this.#resolve = resolve ?? ((hostname) => lookup(hostname));
  }

  /** Sends a datagram some time; drops it when too many wait, or while the target cannot be reached. */
  send(datagram: Uint8Array): void {
    if (this.#closed || this.#now() < this.#retryAt) return;
    if (this.#pending >= MAX_WAITING) {
      return this.#complain(`${MAX_WAITING} datagrams wait already`);
    }
    this.#pending++;
    this.#waiting.push(datagram);
    this.#draining ??= this.#drain();
  }

  /** Sends what waits, for a second at most, and closes the socket. */
  async close(): Promise<void> {
    const settled = new AbortController();
    const expired = delay(CLOSE_MS, { signal: settled.signal }).catch(() => {});
    await Promise.race([this.#draining, expired]);
    settled.abort();
    this.#closed = true;
    this.#waiting = [];
    this.#channel?.close();
    this.#channel = null;
  }

  /** Never rejects. */
  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting;
        this.#waiting = [];
        for (const datagram of batch) {
          await this.#sendNow(datagram);
          this.#pending--;
        }
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#draining = null;
    }
  }

  async #sendNow(datagram: Uint8Array): Promise<void> {
    this.#channel ??= await Channel.open(this.#target, this.#resolve);
    if (this.#closed) return this.#channel.close(); // while it was opened
    await this.#channel.send(datagram);
  }

  #fail(error: unknown): void {
    this.#waiting = [];
    this.#pending = 0;
    this.#channel?.close();
    this.#channel = null; // the name may have another address by now
    if (this.#closed) return;
    this.#retryAt = this.#now() + RETRY_MS;
    this.#complain(error instanceof Error ? error.message : String(error));
  }

  #complain(reason: string): void {
    if (this.#now() < this.#warnAt) return;
    this.#warnAt = this.#now() + WARN_MS;
    this.#warn(`Cannot send metrics to "${this.#target}": ${reason}. Those are lost`);
  }
}

/** A socket, and the address it sends to. */
class Channel {
  readonly #socket: Socket;
  readonly #address: string;
  readonly #port: number;
  #closed = false;

  private constructor(socket: Socket, address: string, port: number) {
    this.#socket = socket;
    this.#address = address;
    this.#port = port;
  }

  /** Resolves the target and opens a socket of its family. Rejects when either fails. */
  static async open(target: string, resolve: Resolve): Promise<Channel> {
    const colon = target.lastIndexOf(":");
    const hostname = target.slice(0, colon).replace(/^\[|\]$/g, "");
    const port = Number(target.slice(colon + 1));
    const known = isIP(hostname);
    const { address, family } = known
      ? { address: hostname, family: known }
      : await resolve(hostname);
    const local = localAddress(address, family);
    requirePermission(local, 0);
    requirePermission(address, port);
    const socket = createSocket(family === 6 ? "udp6" : "udp4");
    socket.unref(); // a socket that only sends keeps no process alive; once bound this has no effect
    await bind(socket, local);
    socket.on("error", () => {}); // what a datagram met reaches the callback of its `send`
    return new Channel(socket, address, port);
  }

  send(datagram: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(
        datagram,
        this.#port,
        this.#address,
        (error) => error ? reject(error) : resolve(),
      );
    });
  }

  close(): void {
    if (!this.#closed) this.#socket.close();
    this.#closed = true;
  }
}

/** The address to send from: loopback to loopback, so that permission for that is enough. */
function localAddress(address: string, family: number): string {
  if (family === 6) return address === "::1" ? "::1" : "::";
  return address.startsWith("127.") ? "127.0.0.1" : "0.0.0.0";
}

/** Asks first, for `node:dgram` throws into the void when it may not bind, which ends the process. */
function requirePermission(hostname: string, port: number): void {
  const host = formatAuthority(hostname, port);
  if (Deno.permissions.querySync({ name: "net", host }).state === "granted") return;
  throw new Error(`Deno was not given permission: run with --allow-net=${host}`);
}

function bind(socket: Socket, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address, port: 0, exclusive: true }, () => {
      socket.removeAllListeners("error");
      resolve();
    });
  });
}
