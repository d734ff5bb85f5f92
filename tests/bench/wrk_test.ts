/** Reading what `wrk` prints. */

import assert from "node:assert/strict";
import { parseWrk } from "./wrk.ts";

const HEAD = `Running 1s test @ http://127.0.0.1:8000/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.66ms    1.15ms  39.01ms   98.32%
    Req/Sec    39.86k     4.55k   44.11k    80.00%
`;

Deno.test("parseWrk() reads count and rate of a run without errors", () => {
  const report = `${HEAD}  39669 requests in 1.00s, 5.79MB read
Requests/sec:  39614.77
Transfer/sec:      5.78MB
`;
  assert.deepEqual(parseWrk(report), {
    requests: 39669,
    requestsPerSecond: 39614.77,
    failed: 0,
    socketErrors: { connect: 0, read: 0, write: 0, timeout: 0 },
  });
});

Deno.test("parseWrk() reads failed responses and socket errors", () => {
  const report = `${HEAD}  120 requests in 2.10s, 17.46KB read
  Socket errors: connect 1, read 22, write 333, timeout 4444
  Non-2xx or 3xx responses: 17
Requests/sec:     57.14
Transfer/sec:      8.31KB
`;
  assert.deepEqual(parseWrk(report), {
    requests: 120,
    requestsPerSecond: 57.14,
    failed: 17,
    socketErrors: { connect: 1, read: 22, write: 333, timeout: 4444 },
  });
});

Deno.test("parseWrk() refuses text without a request count", () => {
  assert.throws(() => parseWrk("unable to connect"), /Cannot read the report of wrk/);
});
