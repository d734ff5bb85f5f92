import assert from "node:assert/strict";
import fc from "fast-check";
import {
  EMPTY_SNAPSHOT,
  formatPrometheus,
  Metrics,
  PROMETHEUS_CONTENT_TYPE,
} from "../../src/metrics/mod.ts";
import { escapeHelp, escapeLabel } from "../../src/metrics/prometheus.ts";
import { parsePage, sumOf, valueOf } from "./exposition.ts";
import { FakeClock, tell } from "./requests.ts";

/** What a server of little use has counted. */
function counted(): Metrics {
  const clock = new FakeClock();
  const metrics = new Metrics({
    now: clock.now,
    date: () => 1_700_000_000_500,
    memory: () => 4096,
  });
  metrics.connected("h2");
  metrics.logged("warning");
  metrics.setCertificateExpiry(1_800_000_000);
  tell(metrics, clock, { httpVersion: "2", status: 200, bytes: 12, milliseconds: 5 });
  tell(metrics, clock, { httpVersion: "2", status: 200, milliseconds: 6 });
  tell(metrics, clock, {
    httpVersion: "2",
    status: null,
    outcome: "aborted",
    milliseconds: 20_000,
  });
  tell(metrics, clock, { httpVersion: "2", status: 413, outcome: "refused", reason: "too_large" });
  tell(metrics, clock, { httpVersion: "2", websocket: true, status: 200, outcome: null });
  return metrics;
}

const PAGE = `\
# HELP hypercorn_requests_total Requests that ended, and WebSockets and WebTransport sessions that were accepted. Status is "none" when the client left before a response.
# TYPE hypercorn_requests_total counter
hypercorn_requests_total{protocol="h2",method="GET",status="200"} 3
hypercorn_requests_total{protocol="h2",method="GET",status="413"} 1
hypercorn_requests_total{protocol="h2",method="GET",status="none"} 1
# HELP hypercorn_request_duration_seconds Time from the head of a request to the end of its response, or until the WebSocket or session was accepted.
# TYPE hypercorn_request_duration_seconds histogram
hypercorn_request_duration_seconds_bucket{protocol="h2",le="0.005"} 3
hypercorn_request_duration_seconds_bucket{protocol="h2",le="0.01"} 4
hypercorn_request_duration_seconds_bucket{protocol="h2",le="0.025"} 4
hypercorn_request_duration_seconds_bucket{protocol="h2",le="0.05"} 4
hypercorn_request_duration_seconds_bucket{protocol="h2",le="0.1"} 4
hypercorn_request_duration_seconds_bucket{protocol="h2",le="0.25"} 4
hypercorn_request_duration_seconds_bucket{protocol="h2",le="0.5"} 4
hypercorn_request_duration_seconds_bucket{protocol="h2",le="1"} 4
hypercorn_request_duration_seconds_bucket{protocol="h2",le="2.5"} 4
hypercorn_request_duration_seconds_bucket{protocol="h2",le="5"} 4
hypercorn_request_duration_seconds_bucket{protocol="h2",le="10"} 4
hypercorn_request_duration_seconds_bucket{protocol="h2",le="+Inf"} 5
hypercorn_request_duration_seconds_sum{protocol="h2"} 20.011
hypercorn_request_duration_seconds_count{protocol="h2"} 5
# HELP hypercorn_requests_in_flight Requests in progress, without accepted WebSockets and sessions.
# TYPE hypercorn_requests_in_flight gauge
hypercorn_requests_in_flight{protocol="h2"} 0
# HELP hypercorn_requests_aborted_total Requests, WebSockets and sessions whose client left, or which were cut when the server stopped.
# TYPE hypercorn_requests_aborted_total counter
hypercorn_requests_aborted_total{protocol="h2"} 1
# HELP hypercorn_requests_failed_total Requests, WebSockets and sessions that the application failed.
# TYPE hypercorn_requests_failed_total counter
hypercorn_requests_failed_total{protocol="h2"} 0
# HELP hypercorn_requests_refused_total Requests that the server answered itself; the application never saw them.
# TYPE hypercorn_requests_refused_total counter
hypercorn_requests_refused_total{protocol="h2",reason="bad_request"} 0
hypercorn_requests_refused_total{protocol="h2",reason="handshake"} 0
hypercorn_requests_refused_total{protocol="h2",reason="not_implemented"} 0
hypercorn_requests_refused_total{protocol="h2",reason="overloaded"} 0
hypercorn_requests_refused_total{protocol="h2",reason="server_name"} 0
hypercorn_requests_refused_total{protocol="h2",reason="shutting_down"} 0
hypercorn_requests_refused_total{protocol="h2",reason="timed_out"} 0
hypercorn_requests_refused_total{protocol="h2",reason="too_large"} 1
# HELP hypercorn_sent_bytes_total Bytes of response content, WebSocket messages and sessions that were sent.
# TYPE hypercorn_sent_bytes_total counter
hypercorn_sent_bytes_total{protocol="h2"} 12
# HELP hypercorn_websockets_open WebSockets that are open.
# TYPE hypercorn_websockets_open gauge
hypercorn_websockets_open{protocol="h2"} 1
# HELP hypercorn_websockets_total WebSockets that were accepted.
# TYPE hypercorn_websockets_total counter
hypercorn_websockets_total{protocol="h2"} 1
# HELP hypercorn_connections_open Connections that are open, where the driver can tell.
# TYPE hypercorn_connections_open gauge
hypercorn_connections_open{protocol="h2"} 1
# HELP hypercorn_connections_total Connections that were opened, where the driver can tell.
# TYPE hypercorn_connections_total counter
hypercorn_connections_total{protocol="h2"} 1
# HELP hypercorn_log_messages_total Messages of the error log; failures of the application are exceptions.
# TYPE hypercorn_log_messages_total counter
hypercorn_log_messages_total{level="error"} 0
hypercorn_log_messages_total{level="exception"} 0
hypercorn_log_messages_total{level="warning"} 1
# HELP hypercorn_certificate_expiry_timestamp_seconds When the certificate expires, in seconds since the epoch.
# TYPE hypercorn_certificate_expiry_timestamp_seconds gauge
hypercorn_certificate_expiry_timestamp_seconds 1800000000
# HELP hypercorn_workers Worker processes that run.
# TYPE hypercorn_workers gauge
hypercorn_workers 2
# HELP hypercorn_worker_restarts_total Worker processes that were started again after they had ended by themselves.
# TYPE hypercorn_worker_restarts_total counter
hypercorn_worker_restarts_total 3
# HELP process_resident_memory_bytes Resident memory in bytes, summed over the processes that serve.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 4096
# HELP process_start_time_seconds When the server began to count, in seconds since the epoch.
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1700000000.5
`;

Deno.test("formatPrometheus() writes every metric, each with its HELP and TYPE", () => {
  assert.equal(formatPrometheus(counted().snapshot(), { workers: 2, workerRestarts: 3 }), PAGE);
  parsePage(PAGE);
});

Deno.test("formatPrometheus() leaves out what nobody knows", () => {
  const page = formatPrometheus(EMPTY_SNAPSHOT);
  assert.deepEqual([...parsePage(page).keys()], [
    "hypercorn_log_messages_total",
    "process_resident_memory_bytes",
  ]);
});

Deno.test("formatPrometheus() names the version of the format in the content type", () => {
  assert.equal(PROMETHEUS_CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
});

Deno.test("Metrics makes no time series of methods and statuses that clients invent", () => {
  const clock = new FakeClock();
  const metrics = new Metrics({ now: clock.now });
  const strange = ["get", "", "BREW", "__proto__", "constructor", 'A"\n', "\\", "X".repeat(9999)];
  for (const method of strange) tell(metrics, clock, { method, status: 200 });
  for (const status of [-1, 0.5, 1e9, 600, NaN]) tell(metrics, clock, { status });
  const families = parsePage(formatPrometheus(metrics.snapshot()));
  const labels = { protocol: "h11", method: "OTHER", status: "200" };
  assert.equal(valueOf(families, "hypercorn_requests_total", labels), strange.length);
  assert.equal(
    valueOf(families, "hypercorn_requests_total", { ...labels, method: "GET", status: "none" }),
    5,
  );
  assert.equal(families.get("hypercorn_requests_total")?.samples.length, 2);
});

Deno.test("escapeLabel() and escapeHelp() survive a reader of the format, whatever the text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", minLength: 1 }), (text) => {
    const page = `# HELP a ${escapeHelp(text)}\n# TYPE a gauge\na{x="${escapeLabel(text)}"} 1\n`;
    const families = parsePage(page);
    assert.equal(families.get("a")?.help, text);
    assert.equal(valueOf(families, "a", { x: text }), 1);
  }));
});

Deno.test("formatPrometheus() counts each request once, in the counter and in the histogram", () => {
  const families = parsePage(formatPrometheus(counted().snapshot()));
  assert.equal(sumOf(families, "hypercorn_requests_total"), 5);
  const count = "hypercorn_request_duration_seconds_count";
  assert.equal(valueOf(families, count, { protocol: "h2" }), 5);
});
