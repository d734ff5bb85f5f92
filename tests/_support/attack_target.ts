/**
 * A server under attack: what goes on in it, and whether others are served meanwhile.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ConfigInit } from "../../src/config/mod.ts";
import type { FetchFramework } from "../../src/framework_types.ts";
import type { HostedServer } from "../../src/server/server.ts";
import { startHosted } from "../../src/server/start.ts";
import { Bystander } from "./attack_bystander.ts";
import { LogSink } from "./log_sink.ts";
import { eventually } from "./waiting.ts";

/** One server. */
export class AttackTarget implements AsyncDisposable {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** Its error log. */
  readonly log: LogSink;
  readonly #server: HostedServer;

  private constructor(server: HostedServer, log: LogSink) {
    this.#server = server;
    this.log = log;
    this.url = server.binds[0]!.url.replace(/\/$/, "");
  }

  /** Starts one on a free port of the loopback; it counts, and logs to memory. */
  static async start(app: FetchFramework, config: ConfigInit): Promise<AttackTarget> {
    const log = new LogSink();
    const server = await startHosted(app, {
      bind: "127.0.0.1:0",
      adminBind: "127.0.0.1:0",
      errorlog: log,
      gracefulTimeout: 0,
      ...config,
    });
    return new AttackTarget(server, log);
  }

  /** Connections that are open, where the driver can tell. */
  get connections(): number {
    return this.#sum((protocol) => protocol.connections?.open ?? 0);
  }

  /** Connections that were ever opened, where the driver can tell. */
  get connectionsEver(): number {
    return this.#sum((protocol) => protocol.connections?.total ?? 0);
  }

  /** Requests in progress. */
  get inFlight(): number {
    return this.#sum(({ inFlight }) => inFlight);
  }

  /** A client that is served while others attack. */
  bystander(): Bystander {
    return new Bystander(this.url);
  }

  /**
   * Waits until nothing is left: no connection, no request.
   *
   * @param expected What errors there may be in the log.
   */
  async empties(expected?: string): Promise<void> {
    await eventually(() => this.connections === 0, "the last connection to end");
    await eventually(() => this.inFlight === 0, "the last request to end");
    const errors = this.log.matching("ERROR");
    assert.deepEqual(
      errors.filter((line) => expected === undefined || !line.includes(expected)),
      [],
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }

  #sum(read: (protocol: Protocol) => number): number {
    return Object.values(this.#server.metrics().protocols)
      .reduce((sum, protocol) => sum + read(protocol as Protocol), 0);
  }
}

type Snapshot = ReturnType<HostedServer["metrics"]>;
type Protocol = NonNullable<Snapshot["protocols"][keyof Snapshot["protocols"]]>;
