/**
 * A server under attack in a process of its own, so that its memory and its time are not those of the attackers.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { Bystander } from "./attack_bystander.ts";
import { freePort, ServerProcess } from "./server_process.ts";
import { pause } from "./waiting.ts";

const PROGRAM = fileURLToPath(new URL("../load/attack_server.ts", import.meta.url));

/** Milliseconds after which something that has to happen is said not to come. */
const DEADLINE_MS = 30_000;

/** Options of the server as JSON, by their names in `Config`. */
export type AttackConfig = Readonly<Record<string, string | number | null>>;

/** One server. */
export class AttackedProcess implements AsyncDisposable {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  readonly #server: ServerProcess;
  readonly #adminUrl: string;

  private constructor(server: ServerProcess, url: string, adminPort: number) {
    this.#server = server;
    this.url = url;
    this.#adminUrl = `http://127.0.0.1:${adminPort}/metrics`;
  }

  /** Starts one; with TLS its URL has to be `https`. */
  static async start(config: AttackConfig): Promise<AttackedProcess> {
    const port = freePort();
    const adminPort = freePort();
    const server = await ServerProcess.start({
      command: Deno.execPath(),
      args: ["run", "-A", PROGRAM, String(port), String(adminPort), JSON.stringify(config)],
    }, port);
    const scheme = "certfile" in config ? "https" : "http";
    return new AttackedProcess(server, `${scheme}://127.0.0.1:${port}`, adminPort);
  }

  /** Sockets of the server that are connected, or whose client has left, as the system counts. */
  get held(): number {
    return connectionsAt(Number(new URL(this.url).port));
  }

  /** Resident memory in bytes. */
  get memory(): number {
    return this.#server.residentBytes;
  }

  /** Most resident memory since {@link startMemory}, in bytes. */
  get peakMemory(): number {
    return this.#server.peakResidentBytes;
  }

  /** Seconds of processor time so far. */
  get cpuSeconds(): number {
    return this.#server.cpuSeconds;
  }

  /** Begins to measure the peak; returns what there is. */
  startMemory(): number {
    this.#server.resetPeak();
    return this.memory;
  }

  /** Requests in progress, as the server counts. */
  async inFlight(): Promise<number> {
    const page = await (await fetch(this.#adminUrl)).text();
    const samples = page.matchAll(/^hypercorn_requests_in_flight\{[^}]*\} ([0-9]+)$/gm);
    return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
  }

  /** Waits until nothing is left: no connection, no request. */
  async empties(): Promise<void> {
    const end = performance.now() + DEADLINE_MS;
    while (this.held > 0 || await this.inFlight() > 0) {
      if (performance.now() > end) {
        throw new Error(`Left: ${this.held} connections, ${await this.inFlight()} requests`);
      }
      await pause(10);
    }
  }

  /** A client that is served while others attack. */
  bystander(): Bystander {
    return new Bystander(this.url);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}

/** States of `/proc/net/tcp` in which the server has something to do with a socket: ESTABLISHED and CLOSE_WAIT. */
const HELD_STATES = new Set(["01", "08"]);

/** Sockets at a port of 127.0.0.1 that are not closed. */
function connectionsAt(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = Deno.readTextFileSync("/proc/net/tcp").split("\n").slice(1);
  return lines.filter((line) => {
    const [, address, , state = ""] = line.trim().split(/\s+/);
    return address === local && HELD_STATES.has(state);
  }).length;
}
