/**
 * A guarded listener with short times, and what it told.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ObservedProtocol } from "../../src/observation.ts";
import type { ConnectionSettings } from "../../src/protocol/guarded_connection.ts";
import { GuardedListener, type GuardedOptions } from "../../src/protocol/guarded_listener.ts";
import { probeHook } from "../../src/protocol/guarded_probe.ts";
import { CERTIFICATE, KEY_PATH } from "../_support/certificates.ts";
import { liveTimers } from "../_support/live_timers.ts";
import { withDeadline } from "../_support/deadline.ts";
import { RawClient } from "../_support/raw_client.ts";
import { eventually } from "../_support/waiting.ts";

/** Longest wait for something that must happen. */
export const DEADLINE_MS = 30_000;

/** Never, for a test. */
const LONG_MS = 3_600_000;

/** What a test may set. */
export type HarnessOptions =
  & Partial<
    Pick<
      ConnectionSettings,
      "handle" | "keepAliveMs" | "maxRequests" | "maxAgeMs" | "graceMs" | "stallMs" | "socketOf"
    >
  >
  & Partial<Pick<GuardedOptions, "handshakeMs" | "limits">>
  & { readonly tls?: boolean; readonly listener?: Deno.Listener };

/** One listener. */
export class GuardedHarness {
  /** The driver. */
  readonly driver: GuardedListener;
  /** Where it listens. */
  readonly url: string;
  /** Reasons of connections that were closed. */
  readonly closed: string[] = [];
  /** Warnings. */
  readonly warnings: string[] = [];
  /** Protocols of connections that are open, as the observer was told. */
  readonly observed: ObservedProtocol[] = [];

  private constructor(driver: (harness: GuardedHarness) => GuardedListener, url: string) {
    this.url = url;
    this.driver = driver(this);
  }

  /** Starts one; everything that is not set lasts for ever, and requests get `"hello"`. */
  static async start(options: HarnessOptions = {}): Promise<GuardedHarness> {
    const serve = await probeHook();
    const at = { hostname: "127.0.0.1", port: 0 };
    const listener = options.listener ?? (options.tls
      ? Deno.listenTls({
        ...at,
        cert: CERTIFICATE,
        key: await Deno.readTextFile(KEY_PATH),
        alpnProtocols: ["h2", "http/1.1"],
      })
      : Deno.listen(at));
    const { port } = listener.addr as Deno.NetAddr;
    const url = `${options.tls ? "https" : "http"}://127.0.0.1:${port}`;
    const { handle, keepAliveMs, maxRequests, maxAgeMs, graceMs, stallMs } = options;
    return new GuardedHarness((harness) =>
      new GuardedListener({
        listener,
        serve,
        connections: {
          handle: handle ?? (() => new Response("hello")),
          onError: () => new Response(null, { status: 500 }),
          keepAliveMs: keepAliveMs ?? LONG_MS,
          maxRequests: maxRequests ?? Infinity,
          maxAgeMs: maxAgeMs ?? Infinity,
          ...(graceMs === undefined ? {} : { graceMs }),
          stallMs: stallMs ?? LONG_MS,
          socketOf: options.socketOf,
        },
        handshakeMs: options.handshakeMs ?? LONG_MS,
        limits: options.limits ?? { total: 10_000, perClient: 10_000 },
        warn: (message) => harness.warnings.push(message),
        reporter: { connectionClosed: (_client, reason) => harness.closed.push(reason) },
        observer: {
          begin: () => null,
          connected: (protocol) => harness.observed.push(protocol),
          disconnected: (protocol) =>
            harness.observed.splice(harness.observed.indexOf(protocol), 1),
        },
      }), url);
  }

  /** Connects a client that says exactly what it is told. */
  connect(): Promise<RawClient> {
    return RawClient.connect(this.url);
  }

  /** Fails unless a new client is served. */
  async servesOthers(): Promise<void> {
    using client = await this.connect();
    await client.send(GET);
    await withDeadline(client.readUntil("hello"), "an answer for another client", DEADLINE_MS);
  }

  /** Waits until no connection is left, by the driver's count and the observer's. */
  async empties(): Promise<void> {
    await eventually(() => this.driver.connections === 0, "the last connection to end");
    assert.deepEqual(this.observed, []);
  }

  /** Ends everything, and waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.driver.abort();
    await withDeadline(this.driver.finished, "the end of the listener", DEADLINE_MS);
    await this.empties();
  }
}

/** A request for `"hello"`. */
export const GET = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/** Runs a test with a harness, and fails when a timer is left afterwards. */
export async function guarded(
  options: HarnessOptions,
  test: (harness: GuardedHarness) => Promise<void>,
): Promise<void> {
  await probeHook(); // whose timer is none of the test's
  const timers = liveTimers();
  {
    await using harness = await GuardedHarness.start(options);
    await test(harness);
  }
  assert.equal(timers(), 0, "Timers are left");
}
