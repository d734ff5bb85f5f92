import { CURL_MISSING, CurlClient } from "../_support/curl_client.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import { FORMS } from "../_support/contract_server.ts";
import { FetchClient } from "../_support/fetch_client.ts";
import { RawClient } from "../_support/raw_http.ts";
import { defineContract, type Transport } from "./exchange_suite.ts";
import { HTTP1_CASES } from "./http1_cases.ts";
import { MESSAGE_CASES } from "./message_cases.ts";
import { SERVER_CASES } from "./server_cases.ts";
import { STREAMING_CASES } from "./streaming_cases.ts";

const TRANSPORTS: readonly Transport[] = [
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

/** Plays the byte-by-byte cases. */
const RAW = TRANSPORTS.filter(({ tool }) => tool === "raw");

const VARIANTS = FORMS.flatMap((form) => TRANSPORTS.map((transport) => ({ form, transport })));

defineContract(VARIANTS, MESSAGE_CASES);
defineContract(VARIANTS, STREAMING_CASES);
defineContract(VARIANTS, SERVER_CASES);
defineContract(FORMS.flatMap((form) => RAW.map((transport) => ({ form, transport }))), HTTP1_CASES);
