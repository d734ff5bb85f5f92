/**
 * Field sections as browsers, tools and servers really send them.
 *
 * @module
 */

import type { FieldList } from "../../src/fields.ts";

/** A navigation of Chrome 126 on Linux, with a cookie. */
export const CHROME_REQUEST: FieldList = [
  [":method", "GET"],
  [":authority", "www.example.com"],
  [":scheme", "https"],
  [":path", "/articles/2024/06/the-state-of-http3?utm_source=newsletter"],
  ["sec-ch-ua", '"Not/A)Brand";v="8", "Chromium";v="126", "Google Chrome";v="126"'],
  ["sec-ch-ua-mobile", "?0"],
  ["sec-ch-ua-platform", '"Linux"'],
  ["upgrade-insecure-requests", "1"],
  [
    "user-agent",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
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
  ["accept-language", "en-GB,en;q=0.9,de;q=0.8"],
  ["cookie", "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark"],
  ["priority", "u=0, i"],
];

/** An API call of eight fields, as HTTP libraries send it. */
export const API_REQUEST: FieldList = [
  [":method", "GET"],
  [":scheme", "https"],
  [":authority", "api.example.com"],
  [":path", "/v1/items?limit=20"],
  ["accept", "*/*"],
  ["accept-encoding", "gzip, deflate, br"],
  ["user-agent", "example-client/2.1"],
  ["content-length", "0"],
];

/** `curl --http3 https://localhost:8443/`. */
export const CURL_REQUEST: FieldList = [
  [":method", "GET"],
  [":scheme", "https"],
  [":authority", "localhost:8443"],
  [":path", "/"],
  ["user-agent", "curl/8.8.0"],
  ["accept", "*/*"],
];

/** The answer of a small handler. */
export const SMALL_RESPONSE: FieldList = [
  [":status", "200"],
  ["content-type", "text/plain;charset=utf-8"],
  ["content-length", "13"],
  ["date", "Tue, 04 Jun 2024 12:00:00 GMT"],
];

/** A page behind the usual security middleware. */
export const PAGE_RESPONSE: FieldList = [
  [":status", "200"],
  ["content-type", "text/html; charset=utf-8"],
  ["content-length", "48213"],
  ["date", "Tue, 04 Jun 2024 12:00:00 GMT"],
  ["server", "hypercorn-h3"],
  ["cache-control", "private, max-age=0, must-revalidate"],
  ["etag", '"5d8c72a5edda8d6a2-bc55"'],
  ["vary", "accept-encoding"],
  ["strict-transport-security", "max-age=63072000; includeSubDomains; preload"],
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "SAMEORIGIN"],
  ["content-security-policy", "default-src 'self'; img-src 'self' data: https:; object-src 'none'"],
  ["referrer-policy", "strict-origin-when-cross-origin"],
  ["set-cookie", "session=8f14e45fceea167a5a36dedd4bea2543; Path=/; HttpOnly; Secure"],
];

/** An answer in JSON with an id of its own. */
export const API_RESPONSE: FieldList = [
  [":status", "200"],
  ["content-type", "application/json"],
  ["content-length", "1184"],
  ["date", "Tue, 04 Jun 2024 12:00:00 GMT"],
  ["cache-control", "no-store"],
  ["access-control-allow-origin", "https://app.example.com"],
  ["x-request-id", "0f6bb1c2-6a3e-4f0e-9d1c-3c1c9f1b7a55"],
  ["server", "hypercorn-h3"],
];
