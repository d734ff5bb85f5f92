/** The graceful stop of listeners, as far as it does not take any. */

import assert from "node:assert/strict";
import { type Entry, InFlight } from "../../src/protocol/in_flight.ts";
import { stopListeners } from "../../src/server/stop.ts";
import { LogSink } from "../_support/log_sink.ts";

/** Something in progress that does not end by itself. */
function entry(): Entry {
  return { upload: false, previous: undefined, next: undefined, cut() {} };
}

const LEFT: readonly {
  readonly requests: number;
  readonly sessions: number;
  readonly lines: readonly string[];
}[] = [
  { requests: 0, sessions: 0, lines: [] },
  { requests: 2, sessions: 0, lines: ["WARN Graceful timeout: cutting 2 unfinished requests"] },
  { requests: 0, sessions: 3, lines: ["WARN Graceful timeout: cutting 3 WebTransport sessions"] },
  {
    requests: 2,
    sessions: 3,
    lines: ["WARN Graceful timeout: cutting 2 unfinished requests and 3 WebTransport sessions"],
  },
];

for (const { requests, sessions, lines } of LEFT) {
  Deno.test(`a stop with ${requests} requests and ${sessions} WebTransport sessions left says what it cuts`, async () => {
    const inFlight = new InFlight();
    for (let i = 0; i < requests; i++) inFlight.add(entry());
    for (let i = 0; i < sessions; i++) {
      const request = entry(); // a session's request is in progress for as long as it is
      inFlight.add(request);
      const session = {
        cut() {
          inFlight.deleteSession(session);
          inFlight.delete(request);
        },
      };
      inFlight.addSession(session);
    }
    const log = new LogSink();
    const outcome = await stopListeners({
      listeners: [],
      inFlight,
      gracefulTimeout: 0,
      force: new AbortController().signal,
      log: Object.assign(log, { reopen() {}, close() {} }),
    });
    assert.equal(outcome, lines.length === 0 ? "clean" : "cut");
    assert.deepEqual(log.lines, lines);
    assert.deepEqual([inFlight.requests, inFlight.sessions], [0, 0]);
  });
}
