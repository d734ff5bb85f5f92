/**
 * What proxies and browsers write: `Forwarded`, `X-Forwarded-For`, addresses, hosts, targets, credentials.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { combineField, isHost, listMembers } from "../../../src/fields.ts";
import { userOf } from "../../../src/logging/basic_user.ts";
import {
  itemAt,
  itemUpTo,
  originOf,
  readLegacy,
  readModern,
} from "../../../src/middleware/claims.ts";
import { parseForwarded, parseNode } from "../../../src/middleware/forwarded.ts";
import { parseIp, parseNetwork } from "../../../src/middleware/ip_address.ts";
import { TrustedPeers } from "../../../src/middleware/trusted.ts";
import { decodePath, pathOf, scriptName, splitTarget } from "../../../src/request_target.ts";
import {
  isCloseCode,
  isCloseReason,
  MAX_CLOSE_REASON_BYTES,
  truncateCloseReason,
} from "../../../src/websocket_close.ts";
import { type Target, target } from "../harness.ts";
import { ANY_TEXT, LATIN1, mostly, textOf } from "../inputs.ts";

const TOKEN = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}$/);
const PARAMETER = fc.tuple(fc.constantFrom("for", "proto", "host", "by"), LATIN1);

/** Parameters of one element. One that repeats a name is malformed, and such a one ends at its first comma, quoted or not. */
const ELEMENT = fc.array(PARAMETER, { maxLength: 4 }).map((parameters) => {
  if (new Set(parameters.map(([name]) => name)).size === parameters.length) return parameters;
  return parameters.map(([name, value]): [string, string] => [name, value.replaceAll(",", "")]);
});

const FORWARDED_PIECES = [
  "for=",
  "proto=https",
  "host=a.test",
  '"',
  "\\",
  ";",
  ",",
  " ",
  "[::1]",
  "_x",
  ":80",
];

const forwarded = target({
  name: "forwarded",
  invariant:
    "parseForwarded() never throws, has no more elements than commas and one, and reads what is written by the grammar of RFC 7239",
  outcomes: ["written", "anything"],
  inputs: fc.tuple(
    fc.array(ELEMENT, { minLength: 1, maxLength: 4 }),
    fc.oneof(fc.constant(null), textOf(...FORWARDED_PIECES), LATIN1, ANY_TEXT),
  ),
  check([elements, anything]) {
    if (anything !== null) {
      const read = parseForwarded(anything);
      assert.ok(read.length <= anything.split(",").length);
      for (const element of read) for (const name of element.keys()) assert.match(name, /^\S+$/);
      return "anything";
    }
    const field = elements.map((parameters) =>
      parameters.map(([name, value]) => `${name}="${value.replace(/["\\]/g, "\\$&")}"`).join(";")
    ).join(", ");
    const expected = elements.map((parameters) => {
      const element = new Map(parameters.map(([name, value]) => [name, value]));
      return element.size === parameters.length ? element : new Map(); // a name twice says nothing
    });
    assert.deepEqual(parseForwarded(field), expected);
    return "written";
  },
});

const NODE = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV6().map((address) => `[${address}]:80`),
  textOf(..."[]:.%_/ ", "unknown", "10.0.0.1", "::1", "fe80::1%eth0", "ffff", "65536", "0"),
  LATIN1,
  ANY_TEXT,
);

const nodes = target({
  name: "forwarded-node",
  invariant:
    "parseNode() never throws, and gives an address in its one form, or what is hidden as it was written, with a port that exists",
  outcomes: ["address", "hidden", "none"],
  inputs: NODE,
  check(text) {
    const node = parseNode(text);
    if (node === null) return "none";
    assert.ok(Number.isInteger(node.port) && node.port >= 0 && node.port <= 65_535);
    const address = parseIp(node.hostname);
    if (address === null) {
      assert.match(node.hostname, /^(?:_[A-Za-z0-9._-]+|unknown)$/i);
      return "hidden";
    }
    assert.equal(address.text, node.hostname);
    assert.deepEqual(parseNode(node.hostname), { hostname: node.hostname, port: 0 });
    return "address";
  },
});

const addresses = target({
  name: "ip-address",
  invariant:
    "parseIp() and parseNetwork() never throw, equal addresses have equal bytes and text, and a network has its own address",
  outcomes: ["address", "network", "neither"],
  inputs: fc.oneof(
    NODE,
    fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(140)).map(([base, length]) =>
      `${base}/${length}`
    ),
  ),
  check(text) {
    const address = parseIp(text);
    const network = parseNetwork(text);
    if (address !== null) {
      assert.equal(address.bytes.length, 16);
      assert.deepEqual(parseIp(address.text), address);
      assert.ok(network!(address));
      assert.ok(new TrustedPeers([text]).hasAddress(`${text}%eth0`));
      return "address";
    }
    if (network === null) return "neither";
    assert.ok(network(parseIp(text.slice(0, text.indexOf("/")))!));
    return "network";
  },
});

const claims = target({
  name: "forwarded-claims",
  invariant:
    "claims never throw for any fields and number of hops, and an origin is made only of a known scheme, a valid host and a node",
  outcomes: ["origin", "nothing"],
  inputs: fc.tuple(
    fc.array(
      fc.tuple(
        fc.constantFrom("forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"),
        fc.oneof(textOf(...FORWARDED_PIECES, "http", "wss", "a.test", "10.0.0.1"), LATIN1),
      ),
      { maxLength: 5 },
    ),
    fc.nat(4),
    fc.boolean(),
  ),
  check([fields, hops, modern]) {
    const { clients, schemes, hosts } = (modern ? readModern : readLegacy)(fields);
    assert.equal(itemAt(clients, clients.length + 1), "");
    const origin = originOf(itemAt(clients, hops), itemUpTo(schemes, hops), itemUpTo(hosts, hops));
    if (origin === null) return "nothing";
    assert.ok(Object.keys(origin).length > 0);
    assert.ok([undefined, "http", "https"].includes(origin.scheme));
    if (origin.authority !== undefined) assert.ok(URL.canParse(`http://${origin.authority}/`));
    return "origin";
  },
});

const hosts = target({
  name: "host",
  invariant: "isHost() lets nothing through that moves the path, the query or the user of a URL",
  outcomes: ["host", "refused"],
  inputs: fc.oneof(textOf(..."ab.:[]@/%#?\\ \x80-_", "%2f", "::1", "80"), LATIN1, ANY_TEXT),
  check(value) {
    if (!isHost(value)) return "refused";
    if (value === "") return "host";
    const url = new URL(`http://${value}/path?query`);
    assert.equal(url.pathname + url.search + url.hash + url.username + url.password, "/path?query");
    return "host";
  },
});

const lists = target({
  name: "field-lists",
  invariant:
    "combineField() joins lines in order, cookie crumbs by a semicolon, and listMembers() gives trimmed members that are not empty",
  outcomes: ["found", "absent"],
  inputs: fc.tuple(
    fc.array(fc.tuple(mostly(["cookie", "via", "te"], LATIN1), LATIN1), { maxLength: 6 }),
    fc.constantFrom("cookie", "via"),
  ),
  check([fields, name]) {
    const values = fields.filter((field) => field[0] === name).map((field) => field[1]);
    const combined = combineField(fields, name);
    if (combined === undefined) return (assert.equal(values.length, 0), "absent");
    assert.equal(combined, values.join(name === "cookie" ? "; " : ", "));
    for (const member of listMembers(combined)) {
      assert.ok(member !== "" && member === member.trim());
    }
    return "found";
  },
});

const targets = target({
  name: "request-target",
  invariant:
    "splitTarget() never throws, PATH_INFO and query are bytes, and percent escapes of a path come back",
  outcomes: ["below", "not below"],
  inputs: fc.tuple(
    fc.oneof(textOf(..."/?#%*: a\xff", "%2", "%41", "%zz", "http://a", "é", "/api"), ANY_TEXT),
    fc.constantFrom("", "/", "/api", "/é//"),
  ),
  check([text, rootPath]) {
    const bytes = encodeURIComponent(text.toWellFormed());
    assert.equal(decodePath(bytes), latin1Of(text.toWellFormed()));
    assert.ok(pathOf(text) !== "");
    const path = splitTarget(text, scriptName(rootPath));
    if (path === null) return "not below";
    assert.ok(path.pathInfo !== "");
    // deno-lint-ignore no-control-regex -- code units are bytes
    assert.match(path.pathInfo + path.queryString, /^[\x00-\xff]*$/);
    return "below";
  },
});

function latin1Of(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}

const users = target({
  name: "basic-user",
  invariant: "userOf() never throws, and gives the user name of what a client encoded",
  outcomes: ["user", "nobody"],
  inputs: fc.oneof(
    fc.tuple(fc.constant("Basic "), textOf("YTpi", "YQ==", "=", " ", "é", "/w==", "OmI=")),
    fc.tuple(fc.constantFrom("Basic ", "basic  ", "Bearer "), LATIN1.map(btoa)),
    fc.tuple(LATIN1, LATIN1),
  ).map((parts) => parts.join("")),
  check(authorization) {
    const user = userOf(authorization);
    if (user === null) return "nobody";
    assert.ok(user !== "" && !user.includes(":"));
    const utf8 = latin1Of(`${user}:`);
    assert.ok(
      atob(authorization.replace(/^basic +/i, "")).startsWith(utf8.replace(/^\xef\xbb\xbf/, "")),
    );
    return "user";
  },
});

const closes = target({
  name: "websocket-close",
  invariant:
    "truncateCloseReason() gives the longest beginning of any text that fits a Close frame, and isCloseCode() accepts only integers that may be sent",
  outcomes: ["whole", "cut"],
  inputs: fc.tuple(
    fc.oneof(
      ANY_TEXT,
      fc.tuple(textOf("x".repeat(30), "é".repeat(20), "€".repeat(9), "😀", "\ud83d"), TOKEN).map((
        parts,
      ) => parts.join("")),
    ),
    fc.oneof(fc.integer({ min: 900, max: 5100 }), fc.double()),
  ),
  check([reason, code]) {
    const isSent = code >= 1000 && code < 5000 && Number.isInteger(code) &&
      (code >= 3000 || code <= 1014);
    assert.equal(isCloseCode(code), isSent && ![1004, 1005, 1006].includes(code));
    const kept = truncateCloseReason(reason);
    assert.ok(reason.startsWith(kept) && isCloseReason(kept));
    if (kept === reason) return "whole";
    const next = String.fromCodePoint(reason.slice(kept.length).codePointAt(0)!);
    assert.ok(new TextEncoder().encode(kept + next).length > MAX_CLOSE_REASON_BYTES);
    return "cut";
  },
});

/** The targets of this file. */
export const PROXY_TARGETS: readonly Target[] = [
  forwarded,
  nodes,
  addresses,
  claims,
  hosts,
  lists,
  targets,
  users,
  closes,
];
