/**
 * What `proxyFix()` believes: tables.
 *
 * @module
 */

import type { Field, FieldList } from "../../src/fields.ts";
import type { ProxyFixOptions } from "../../src/middleware/mod.ts";
import type { Asked } from "./harness.ts";

/** What an ASGI application sees of a request by 10.0.0.9:80 for `orig` over http. */
export interface Row extends Asked {
  /** What it is about. */
  readonly name: string;
  /** Options of the middleware. */
  readonly options?: ProxyFixOptions;
  /** What proxies wrote. */
  readonly fields: FieldList;
  /** Client as ASGI has it; default: unchanged. */
  readonly sees?: { client?: [string, number]; scheme?: string; host?: string };
  /** What Hypercorn does instead, or why we do otherwise. */
  readonly differs?: string;
}

/** A line of X-Forwarded-For. */
export const xff = (value: string): Field => ["x-forwarded-for", value];
/** A line of X-Forwarded-Proto. */
export const proto = (value: string): Field => ["x-forwarded-proto", value];
/** A line of X-Forwarded-Host. */
export const host = (value: string): Field => ["x-forwarded-host", value];
const forwarded = (value: string): Field => ["forwarded", value];
const MODERN: ProxyFixOptions = { mode: "modern" };

/** Hypercorn's vectors (reference, 8.3). */
export const VECTORS: Row[] = [
  {
    name: "legacy 1: upstream's own test",
    fields: [xff("127.0.0.1"), xff("127.0.0.2"), proto("http,https"), host("example.com")],
    sees: { client: ["127.0.0.2", 0], scheme: "https", host: "example.com" },
  },
  {
    name: "modern 1: upstream's own test",
    options: MODERN,
    fields: [
      forwarded("for=127.0.0.1;proto=http,for=127.0.0.2;proto=https;host=example.com"),
    ],
    sees: { client: ["127.0.0.2", 0], scheme: "https", host: "example.com" },
  },
  {
    name: "legacy 2: each list on its own, one that is too short is ignored",
    options: { trustedHops: 2 },
    fields: [xff("1.1.1.1, 2.2.2.2, 3.3.3.3"), proto("https")],
    sees: { client: ["2.2.2.2", 0] },
  },
  {
    name: "legacy 3: as many hops as items",
    options: { trustedHops: 3 },
    fields: [xff("1.1.1.1, 2.2.2.2, 3.3.3.3")],
    sees: { client: ["1.1.1.1", 0] },
  },
  {
    name: "legacy 4: fewer items than hops",
    options: { trustedHops: 4 },
    fields: [xff("1.1.1.1, 2.2.2.2, 3.3.3.3")],
  },
  {
    name: "legacy 0: nobody is believed",
    options: { trustedHops: 0 },
    fields: [xff("1.1.1.1"), proto("https")],
  },
  { name: "legacy 1: white space", fields: [xff(" 1.1.1.1 ")], sees: { client: ["1.1.1.1", 0] } },
  {
    name: "legacy 1: an empty last item",
    fields: [xff("1.1.1.1,")],
    differs: 'Hypercorn: client "". It still counts, and says nothing',
  },
  {
    name: "legacy 1: IPv6 with port",
    fields: [xff("[2001:db8::1]:4711")],
    sees: { client: ["2001:db8::1", 4711] },
    differs: "Hypercorn does not parse it",
  },
  {
    name: "legacy 1: host with port, in place of every host field",
    fields: [["host", "orig"], ["host", "orig2"], host("new.example:8443")],
    sees: { host: "new.example:8443" },
  },
  {
    name: "legacy 1: scheme in capitals",
    fields: [proto("HTTPS")],
    sees: { scheme: "https" },
    differs: "Hypercorn passes it on as it is, and applications compare it with https",
  },
  { name: "legacy 1: only Forwarded", fields: [forwarded("for=1.2.3.4;proto=https")] },
  {
    name: "legacy 1: X-Forwarded-Port and -Prefix",
    fields: [["x-forwarded-port", "8443"], ["x-forwarded-prefix", "/x"]],
  },
  {
    name: "modern 1: only X-Forwarded-*",
    options: MODERN,
    fields: [xff("6.6.6.6"), proto("https")],
    differs: "Hypercorn believes them (flaw 26): a proxy that writes Forwarded lets them pass",
  },
  {
    name: "modern 1: Forwarded beside X-Forwarded-Proto",
    options: MODERN,
    fields: [forwarded("for=1.2.3.4"), proto("https")],
    sees: { client: ["1.2.3.4", 0] },
  },
  {
    name: "modern 1: space behind semicolons",
    options: MODERN,
    fields: [forwarded("for=1.2.3.4; proto=https; host=h")],
    sees: { client: ["1.2.3.4", 0], scheme: "https", host: "h" },
    differs: "Hypercorn reads for= alone",
  },
  {
    name: "modern 1: names in capitals",
    options: MODERN,
    fields: [forwarded("For=1.2.3.4;Proto=https")],
    sees: { client: ["1.2.3.4", 0], scheme: "https" },
    differs: "Hypercorn reads nothing (RFC 7239 §4: names have no case)",
  },
  {
    name: "modern 1: IPv6 in quotes",
    options: MODERN,
    fields: [forwarded('for="[2001:db8::1]:4711";proto=https')],
    sees: { client: ["2001:db8::1", 4711], scheme: "https" },
    differs: "Hypercorn keeps quotes, brackets and port in the address",
  },
  {
    name: "modern 1: a comma in quotes",
    options: MODERN,
    fields: [forwarded('for="_a,b";proto=https')],
    sees: { scheme: "https" },
    differs: "Hypercorn splits there; _a,b is no identifier (RFC 7239 §6.3), so the client stays",
  },
  {
    name: "modern 2: two lines",
    options: { mode: "modern", trustedHops: 2 },
    fields: [forwarded("for=1.1.1.1;proto=https"), forwarded("for=2.2.2.2;proto=http")],
    sees: { client: ["1.1.1.1", 0], scheme: "https" },
  },
  {
    name: "modern 2: one element",
    options: { mode: "modern", trustedHops: 2 },
    fields: [forwarded("for=1.1.1.1;proto=https"), xff("6.6.6.6, 7.7.7.7")],
    differs: "Hypercorn then tries the legacy fields",
  },
  {
    name: "modern 1: a client that is not told",
    options: MODERN,
    fields: [forwarded("by=2.2.2.2;for=unknown")],
    sees: { client: ["unknown", 0] },
  },
];

/** What Hypercorn's vectors leave open. */
export const BEYOND: Row[] = [
  {
    name: "legacy: an obfuscated client",
    fields: [xff("_hidden")],
    sees: { client: ["_hidden", 0] },
  },
  {
    name: "legacy: no address",
    fields: [xff("evil.example"), proto("https")],
    sees: { scheme: "https" },
  },
  { name: "legacy: an unknown scheme", fields: [proto("gopher")] },
  { name: "legacy: a property of objects as scheme", fields: [proto("__proto__")] },
  {
    name: "legacy: ws and wss are http and https",
    fields: [proto("wss")],
    sees: { scheme: "https" },
  },
  { name: "legacy: an empty host", fields: [host("")] },
  { name: "legacy: a host with user", fields: [host("orig@evil")] },
  { name: "legacy: a host with path", fields: [host("evil/x")] },
  { name: "modern: the same in quotes", options: MODERN, fields: [forwarded('host="orig@evil"')] },
  { name: "modern: no pair at all", options: MODERN, fields: [forwarded("junk")] },
  {
    name: "modern: a quote that a client left open",
    options: MODERN,
    fields: [forwarded('for="1.1.1.1;x=, for=2.2.2.2;proto=https')],
    sees: { client: ["2.2.2.2", 0], scheme: "https" },
  },
];

/** Lists of trusted addresses. */
export const TRUSTED: Row[] = [
  {
    name: "a peer that is not trusted",
    options: { trusted: ["10.0.0.8"] },
    fields: [xff("1.1.1.1"), proto("https"), host("new")],
  },
  {
    name: "a trusted peer, one hop",
    options: { trusted: ["10.0.0.0/8"] },
    fields: [xff("9.9.9.9, 1.1.1.1"), proto("https"), host("new")],
    sees: { client: ["1.1.1.1", 0], scheme: "https", host: "new" },
  },
  {
    name: "a trusted peer by its IPv4-mapped network",
    options: { trusted: ["::ffff:10.0.0.0/104"] },
    fields: [xff("1.1.1.1")],
    sees: { client: ["1.1.1.1", 0] },
  },
  {
    name: "a trusted peer on IPv6 with a zone",
    client: { hostname: "fe80::1%eth0", port: 1 },
    options: { trusted: ["fe80::/10"] },
    fields: [xff("1.1.1.1")],
    sees: { client: ["1.1.1.1", 0] },
  },
  {
    name: "trusted addresses are walked from the right to the first other",
    options: { trusted: ["10.0.0.0/8", "2001:db8::/32"] },
    fields: [xff("6.6.6.6, 1.1.1.1, 10.0.0.1"), xff("[2001:db8::1]:443")],
    sees: { client: ["1.1.1.1", 0] },
  },
  {
    name: "only trusted addresses: the first is the client",
    options: { trusted: ["10.0.0.0/8"] },
    fields: [xff("10.0.0.3, 10.0.0.2")],
    sees: { client: ["10.0.0.3", 0] },
  },
  {
    name: "the walk ends at what is no address",
    options: { trusted: ["10.0.0.0/8"] },
    fields: [xff("6.6.6.6, unknown, 10.0.0.2")],
    sees: { client: ["unknown", 0] },
  },
  {
    name: "scheme and host that each proxy replaced",
    options: { trusted: ["10.0.0.0/8"] },
    fields: [xff("1.1.1.1, 10.0.0.2"), proto("https"), host("new")],
    sees: { client: ["1.1.1.1", 0], scheme: "https", host: "new" },
  },
  {
    name: "scheme that each proxy appended",
    options: { trusted: ["10.0.0.0/8"] },
    fields: [xff("1.1.1.1, 10.0.0.2"), proto("http, https, http")],
    sees: { client: ["1.1.1.1", 0], scheme: "https" },
  },
  {
    name: "scheme without any address",
    options: { trusted: ["10.0.0.0/8"] },
    fields: [proto("http, https")],
    sees: { scheme: "https" },
  },
  {
    name: "modern: the element of the proxy that talked to the client",
    options: { mode: "modern", trusted: ["10.0.0.0/8"] },
    fields: [forwarded("for=6.6.6.6, for=1.1.1.1;proto=https;host=new, for=10.0.0.2;proto=http")],
    sees: { client: ["1.1.1.1", 0], scheme: "https", host: "new" },
  },
  {
    name: "a number of hops, which is not walked",
    options: { trusted: ["10.0.0.0/8"], trustedHops: 1 },
    fields: [xff("1.1.1.1, 10.0.0.2")],
    sees: { client: ["10.0.0.2", 0] },
  },
  {
    name: "a number of hops from a peer that is not trusted",
    options: { trusted: ["10.0.0.8"], trustedHops: 1 },
    fields: [xff("1.1.1.1")],
  },
  { name: "an empty list trusts nobody", options: { trusted: [] }, fields: [xff("1.1.1.1")] },
  {
    name: "a Unix socket",
    client: null,
    options: { trusted: ["unix"] },
    fields: [xff("1.1.1.1")],
    sees: { client: ["1.1.1.1", 0] },
  },
];
