/**
 * Metrics as Hypercorn sends them to StatsD, or with tags to DogStatsD.
 *
 * | Datagram | When |
 * | --- | --- |
 * | `hypercorn.request.duration:2.958|ms` | a request ended, or a WebSocket or WebTransport session was accepted |
 * | `hypercorn.requests:1|c|@1.0` | with it |
 * | `hypercorn.request.status.200:1|c|@1.0` | with it, when the client got that response |
 * | `hypercorn.log.warning:1|c|@1.0` | a message was logged: `error`, `exception`, `warning` |
 *
 * One datagram for each, without line feed, whether or not there is an access log. A prefix ends with a dot, tags are
 * appended as `|#tags`. Hypercorn's Python loggers also send what applications log with `extra={"metric": …}`; there is
 * no such logger here, and applications talk to StatsD themselves.
 *
 * @see {@link https://github.com/statsd/statsd/blob/master/docs/metric_types.md | StatsD metric types}
 * @see {@link https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/ | DogStatsD datagrams}
 *
 * @module
 */

import {
  acceptingStatus,
  type Observation,
  type ObservedRequest,
  type ObservedResponse,
  type Observer,
  type Outcome,
} from "../observation.ts";
import { DatagramSender } from "./datagram_sender.ts";
import type { CountedLevel } from "./labels.ts";
import type { LogCounter } from "./log_counter.ts";

/** Where to send, and under which names. */
export interface StatsdOptions {
  /** `host:port` of the server, IPv6 addresses in brackets. Names are resolved once, and again after a failure. */
  readonly host: string;
  /** Prefix of the names, with or without a dot at its end. Default `""`. */
  readonly prefix?: string;
  /** Tags in DogStatsD's syntax, `"env:prod,zone:a"`. Default `""`: none, which plain StatsD understands. */
  readonly tags?: string;
  /** Told, at most once a minute, that datagrams cannot be sent. They are lost; nothing else happens. */
  readonly warn: (message: string) => void;
  /** Milliseconds of a clock that is never set back. Default `performance.now()`. */
  readonly now?: () => number;
}

const utf8 = new TextEncoder();

/** Sends the metrics of each request and log message. */
export class StatsdObserver implements Observer, LogCounter {
  readonly #sender: DatagramSender;
  readonly #prefix: string;
  readonly #tags: string;
  readonly #now: () => number;
  /** Counters by name; names are few, for a status has three digits. */
  readonly #counters = new Map<string, Uint8Array>();

  /** Opens nothing; the first metric does. */
  constructor({ host, prefix = "", tags = "", warn, now }: StatsdOptions) {
    this.#now = now ?? (() => performance.now());
    this.#sender = new DatagramSender({ target: host, warn, now: this.#now });
    this.#prefix = prefix === "" || prefix.endsWith(".") ? prefix : `${prefix}.`;
    this.#tags = tags === "" ? "" : `|#${tags}`;
  }

  /** Measures one request. */
  begin(request: ObservedRequest): Observation {
    return new MeasuredRequest(this, acceptingStatus(request), this.#now);
  }

  /**
   * Sends the metrics of one request, in Hypercorn's order.
   *
   * @param status What the client got; `null` when that was no whole response.
   */
  measured(milliseconds: number, status: number | null): void {
    this.#send("hypercorn.request.duration", `${plainNumber(milliseconds)}|ms`);
    this.#increment("hypercorn.requests");
    if (status !== null) this.#increment(`hypercorn.request.status.${status}`);
  }

  /** Counts a message of the error log. */
  logged(level: CountedLevel): void {
    this.#increment(`hypercorn.log.${level}`);
  }

  /** Sends what waits, for a second at most, and closes the socket. Later metrics are dropped. */
  close(): Promise<void> {
    return this.#sender.close();
  }

  #increment(name: string): void {
    let datagram = this.#counters.get(name);
    if (!datagram) this.#counters.set(name, datagram = this.#encode(name, "1|c|@1.0"));
    this.#sender.send(datagram);
  }

  #send(name: string, value: string): void {
    this.#sender.send(this.#encode(name, value));
  }

  #encode(name: string, value: string): Uint8Array {
    return utf8.encode(`${this.#prefix}${name}:${value}${this.#tags}`);
  }
}

/**
 * One request, measured until it ends; a WebSocket or session until it is accepted, as in Hypercorn, for then it says how
 * fast we are.
 */
class MeasuredRequest implements Observation {
  readonly #statsd: StatsdObserver;
  readonly #accepting: number | null;
  readonly #now: () => number;
  readonly #began: number;
  #status: number | null = null;
  #measured = false;

  constructor(statsd: StatsdObserver, accepting: number | null, now: () => number) {
    this.#statsd = statsd;
    this.#accepting = accepting;
    this.#now = now;
    this.#began = now();
  }

  forwarded(): void {} // no metric tells who the client is

  responded({ status }: ObservedResponse): void {
    this.#status = status;
    if (status === this.#accepting) this.#measure(status);
  }

  sent(): void {} // Hypercorn has no metric of bytes

  ended(outcome: Outcome): void {
    if (!this.#measured) this.#measure(reachedClient(outcome, this.#status) ? this.#status : null);
  }

  #measure(status: number | null): void {
    this.#measured = true;
    this.#statsd.measured(this.#now() - this.#began, status);
  }
}

/** A response that was broken off counts under no status, as in Hypercorn; the 500 of a failure was sent whole. */
function reachedClient(outcome: Outcome, status: number | null): boolean {
  if (outcome === "failed") return status !== null && status >= 500;
  return outcome !== "aborted";
}

/** A duration in digits: never an exponent, which some servers cannot read. */
function plainNumber(milliseconds: number): string {
  return String(Number(Math.max(milliseconds, 0).toFixed(6)));
}
