/**
 * Requests as drivers describe them, and logs that tests can read.
 *
 * @module
 */

import {
  type AccessLog,
  type AccessLogOptions,
  type LogClock,
  openAccessLines,
} from "../../src/logging/mod.ts";
import type { LogSink } from "../../src/config/mod.ts";
import type {
  ForwardedOrigin,
  ObservedRequest,
  Outcome,
  RefusalReason,
} from "../../src/observation.ts";
import { observedRequest } from "../_support/observed_request.ts";

/** What happens to a request; what is absent does not. */
export interface Story {
  /** Members that differ from those of {@link observedRequest}. */
  readonly request?: Partial<Omit<ObservedRequest, "field">>;
  /** Fields of the request, lower-case. */
  readonly fields?: Record<string, string>;
  /** What a proxy says. */
  readonly forwarded?: ForwardedOrigin;
  /** Status of the response; `null` when there is none. Default 200. */
  readonly status?: number | null;
  /** Fields of the response. */
  readonly responseFields?: Record<string, string>;
  /** Bytes that are sent. */
  readonly sent?: readonly number[];
  /** Default `"complete"`. */
  readonly outcome?: Outcome;
  readonly reason?: RefusalReason;
  /** Milliseconds it takes by the {@link FakeClock}. */
  readonly took?: number;
}

/** A clock that goes on when it is told to. */
export class FakeClock implements LogClock {
  time = Date.UTC(2026, 10, 22, 8, 6, 0, 123);
  #elapsed = 5000;

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  pass(milliseconds: number): void {
    this.time += milliseconds;
    this.#elapsed += milliseconds;
  }
}

/** Makes a request. */
export function observed({ request, fields = {} }: Story = {}): ObservedRequest {
  return observedRequest({ ...request, field: (name) => fields[name] ?? null });
}

/** Tells a log what happened to a request. */
export function tell(log: AccessLog, story: Story = {}, clock?: FakeClock): void {
  const observation = log.begin(observed(story))!;
  if (story.forwarded) observation.forwarded(story.forwarded);
  const { status = 200 } = story;
  if (status !== null) {
    observation.responded({ status, headers: new Headers(story.responseFields) });
  }
  for (const bytes of story.sent ?? []) observation.sent(bytes);
  clock?.pass(story.took ?? 0);
  observation.ended(story.outcome ?? "complete", story.reason);
}

/** The lines that a log writes about stories. */
export function linesOf(
  stories: readonly Story[],
  options: Partial<AccessLogOptions> & { json?: boolean; warnings?: string[] },
): string[] {
  const lines: string[] = [];
  const clock = new FakeClock();
  const info = (line: string) => lines.push(line);
  const sink: LogSink = { debug: info, info, warn: info, error: info };
  const warn = (message: string) => options.warnings?.push(message);
  const log = openAccessLines({
    target: { sink, json: options.json ?? false },
    template: "",
    log: { warn, error: warn },
    clock,
    ...options,
  });
  for (const story of stories) tell(log, story, clock);
  log.close();
  return lines;
}
