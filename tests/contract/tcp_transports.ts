/**
 * Clients of the TCP drivers, for the contract.
 *
 * @module
 */

import { TLS_OPTIONS } from "../_support/certificates.ts";
import { CURL_MISSING, CurlClient } from "../_support/curl_client.ts";
import { FetchClient } from "../_support/fetch_client.ts";
import { RawClient } from "../_support/raw_http.ts";
import type { Transport } from "./exchange_suite.ts";

/** One for each version, with and without TLS, by different tools. */
export const TCP_TRANSPORTS: readonly Transport[] = [
  {
    name: "HTTP/1.1 by raw socket",
    version: "1.1",
    secure: false,
    tool: "raw",
    config: {},
    connect: (url) => new RawClient(url),
  },
  {
    name: "HTTP/1.1 by fetch",
    version: "1.1",
    secure: false,
    tool: "fetch",
    config: {},
    connect: (url) => new FetchClient(url),
  },
  {
    name: "HTTP/1.1 by curl",
    version: "1.1",
    secure: false,
    tool: "curl",
    missing: CURL_MISSING,
    config: {},
    connect: (url) => new CurlClient(url, "--http1.1"),
  },
  {
    name: "h2c by curl",
    version: "2",
    secure: false,
    tool: "curl",
    missing: CURL_MISSING,
    config: {},
    connect: (url) => new CurlClient(url, "--http2-prior-knowledge"),
  },
  {
    name: "HTTP/2 over TLS by curl",
    version: "2",
    secure: true,
    tool: "curl",
    missing: CURL_MISSING,
    config: TLS_OPTIONS,
    connect: (url) => new CurlClient(url, "--http2"),
  },
  {
    name: "HTTP/2 over TLS by fetch",
    version: "2",
    secure: true,
    tool: "fetch",
    config: TLS_OPTIONS,
    connect: (url) => new FetchClient(url),
  },
];
