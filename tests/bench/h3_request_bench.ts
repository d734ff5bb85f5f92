/**
 * What HTTP/3 itself costs per request, QPACK included: bytes of a request stream to a head, a response to bytes.
 *
 * Run with `deno bench -A tests/bench/h3_request_bench.ts`.
 */

import type { Field, FieldList } from "../../src/fields.ts";
import { Budget } from "../../src/h3/budget.ts";
import { encodeFrame, FRAME } from "../../src/h3/frames.ts";
import type { RequestContext } from "../../src/h3/request_context.ts";
import { readRequestHead } from "../../src/h3/request_head.ts";
import { RequestStream } from "../../src/h3/request_stream.ts";
import { QPACKDecoder, QPACKEncoder } from "../../src/qpack/mod.ts";

const CURL: FieldList = [
  [":method", "GET"],
  [":scheme", "https"],
  [":authority", "localhost:8443"],
  [":path", "/"],
  ["user-agent", "curl/8.5.0"],
  ["accept", "*/*"],
];

const CHROME: FieldList = [
  [":method", "GET"],
  [":authority", "www.example.com"],
  [":scheme", "https"],
  [":path", "/articles/2024/05/http3-explained?utm_source=feed&page=2"],
  ["sec-ch-ua", '"Chromium";v="124", "Google Chrome";v="124", "Not-A.Brand";v="99"'],
  ["sec-ch-ua-mobile", "?0"],
  ["sec-ch-ua-platform", '"Linux"'],
  ["upgrade-insecure-requests", "1"],
  [
    "user-agent",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
  ],
  [
    "accept",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
  ],
  ["sec-fetch-site", "none"],
  ["sec-fetch-mode", "navigate"],
  ["sec-fetch-user", "?1"],
  ["sec-fetch-dest", "document"],
  ["accept-encoding", "gzip, deflate, br, zstd"],
  ["accept-language", "en-US,en;q=0.9,de;q=0.8"],
  ["cookie", "session=2f1c9c7ab5c34c1db0a1d7b1b6c1a6e2"],
  ["cookie", "theme=dark"],
  ["priority", "u=0, i"],
];

const RESPONSE: FieldList = [
  ["content-type", "text/plain;charset=UTF-8"],
  ["content-length", "12"],
  ["date", "Tue, 21 May 2024 10:00:00 GMT"],
];

const CONTENT = new TextEncoder().encode("hello world!");

function newContext(): RequestContext {
  return {
    decoder: new QPACKDecoder({
      maxTableCapacity: 4096,
      maxBlockedStreams: 16,
      maxFieldSectionSize: 65_536,
      maxNameLength: 256,
      maxValueLength: 65_536,
    }),
    encoder: new QPACKEncoder({ maxTableCapacity: 4096, maxBacklog: 131_072 }),
    budget: new Budget(),
    maxFieldSectionSize: 65_536,
    enableConnectProtocol: false,
    webTransport: false,
    streamLimit: () => Infinity,
    updatedPriority: () => null,
    forget: () => {},
  };
}

/** Bytes of a request as a client with nothing but the static table sends them. */
function requestBytes(lines: FieldList): Uint8Array {
  const encoder = new QPACKEncoder({ maxTableCapacity: 0, maxBacklog: 0 });
  return encodeFrame(FRAME.HEADERS, encoder.encode(0, lines));
}

const context = newContext();

/** Bytes of a request as a client sends it again and again, most of it out of the dynamic table. */
function repeatedRequestBytes(lines: FieldList): Uint8Array {
  const encoder = new QPACKEncoder({ maxTableCapacity: 4096, maxBacklog: 131_072 });
  encoder.configure({ maxTableCapacity: 4096, maxBlockedStreams: 16 });
  let section = encoder.encode(0, lines);
  for (let count = 0; count < 10; count++) {
    context.decoder.receive(encoder.take() ?? new Uint8Array(0));
    context.decoder.decode(0, section);
    encoder.receive(context.decoder.take() ?? new Uint8Array(0));
    section = encoder.encode(0, lines);
  }
  return encodeFrame(FRAME.HEADERS, section);
}

/** The usual request: one chunk with one frame, FIN, and everything read. */
function serve(bytes: Uint8Array): RequestStream {
  const stream = new RequestStream(0, context);
  stream.receive(bytes, 0);
  stream.finish();
  while (stream.next() !== null);
  stream.close();
  context.decoder.take(); // or acknowledgments would pile up
  return stream;
}

const curl = requestBytes(CURL);
const chrome = requestBytes(CHROME);
const repeated = repeatedRequestBytes(CHROME);
const copy = (lines: FieldList) => lines.map((line): Field => [line[0], line[1]]);
const curlLines = copy(CURL);
const chromeLines = copy(CHROME);

Deno.bench("request like curl's, 6 lines", { group: "request", baseline: true }, () => {
  serve(curl);
});

Deno.bench("request like Chrome's, 19 lines", { group: "request" }, () => {
  serve(chrome);
});

Deno.bench("request like Chrome's, repeated", { group: "request" }, () => {
  serve(repeated);
});

Deno.bench("  of which QPACK, curl", { group: "request" }, () => {
  context.decoder.decode(0, curl.subarray(2));
});

Deno.bench("  of which QPACK, Chrome", { group: "request" }, () => {
  context.decoder.decode(0, chrome.subarray(3));
});

Deno.bench("  of which rules, curl", { group: "request" }, () => {
  readRequestHead(curlLines, false);
});

Deno.bench("  of which rules, Chrome", { group: "request" }, () => {
  readRequestHead(chromeLines, false);
});

const stream = new RequestStream(0, context);

Deno.bench(
  "response of HEADERS and DATA",
  { group: "response", baseline: true },
  () => {
    stream.encodeResponse(200, RESPONSE, CONTENT);
  },
);

Deno.bench("  of which QPACK", { group: "response" }, () => {
  context.encoder.encode(0, RESPONSE);
});
