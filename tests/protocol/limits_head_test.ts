import assert from "node:assert/strict";
import { ConcurrencyLimit, type RequestLimits } from "../../src/protocol/request_limits.ts";
import { judgeLimits } from "../../src/protocol/serve_limits.ts";
import { looseLimits } from "../_support/request_limits.ts";

interface Case {
  readonly name: string;
  readonly limits: Partial<RequestLimits>;
  readonly request?: RequestInit & { readonly target?: string };
  readonly http2?: boolean;
  readonly status: number | null;
}

/** `"GET / HTTP/1.1\r\na: bc\r\n\r\n"`. */
const HEAD_BYTES = 25;

/** RFC 9113 §6.5.2: `:method: GET`, `:scheme: https`, `:authority: h`, `:path: /` and `a: bc`. */
const SECTION_BYTES = 10 + 12 + 11 + 6 + 3 + 5 * 32;

const FIELD = { headers: { a: "bc" } };

function declaring(length: number, method = "POST"): RequestInit {
  return { method, headers: { "content-length": String(length) } };
}

const full = new ConcurrencyLimit(1);
full.begin();
const overfull = new ConcurrencyLimit(0);
overfull.begin();

const CASES: readonly Case[] = [
  {
    name: "a target of the limit",
    limits: { targetSize: 5 },
    request: { target: "/?abc" },
    status: null,
  },
  { name: "a longer one", limits: { targetSize: 5 }, request: { target: "/?abcd" }, status: 414 },
  { name: "a head of the limit", limits: { headSize: HEAD_BYTES }, request: FIELD, status: null },
  { name: "a larger one", limits: { headSize: HEAD_BYTES - 1 }, request: FIELD, status: 431 },
  {
    name: "a field section, by the limit of heads",
    limits: { headSize: 1 },
    http2: true,
    status: null,
  },
  {
    name: "a field section of the limit",
    limits: { fieldSectionSize: SECTION_BYTES },
    request: FIELD,
    http2: true,
    status: null,
  },
  {
    name: "a larger one",
    limits: { fieldSectionSize: SECTION_BYTES - 1 },
    request: FIELD,
    http2: true,
    status: 431,
  },
  { name: "a head, by the limit of field sections", limits: { fieldSectionSize: 1 }, status: null },
  {
    name: "content of the limit",
    limits: { bodySize: 10 },
    request: declaring(10),
    status: null,
  },
  { name: "more of it", limits: { bodySize: 10 }, request: declaring(11), status: 413 },
  {
    name: "more of it with a method that seldom has any",
    limits: { bodySize: 10 },
    request: declaring(11, "OPTIONS"),
    status: 413,
  },
  {
    name: "content that nobody can read",
    limits: { bodySize: 10 },
    request: declaring(11, "GET"),
    status: null,
  },
  { name: "no content where none may be", limits: { bodySize: 0 }, status: null },
  { name: "the last request that may be in progress", limits: { concurrency: full }, status: null },
  { name: "one too many", limits: { concurrency: overfull }, status: 503 },
];

for (const { name, limits, request = {}, http2 = false, status } of CASES) {
  Deno.test(`judgeLimits() ${status === null ? "passes" : `gives ${status} to`} ${name}`, () => {
    const { target = "/", ...init } = request;
    const native = new Request(`https://h${target}`, init);
    const refusal = judgeLimits(native, http2, looseLimits(limits));
    assert.equal(refusal?.status ?? null, status);
    assert.equal(refusal?.reason, status === 503 ? "overloaded" : undefined);
  });
}
