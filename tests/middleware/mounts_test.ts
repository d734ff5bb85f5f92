/** Which requests a mount is for: its host, and mounts that cannot be used. */

import assert from "node:assert/strict";
import { ConfigError } from "../../src/errors.ts";
import { dispatcher, type Mount, type Mounts } from "../../src/middleware/mod.ts";
import { applicationOf, ask, fetchApp, seenBy } from "./harness.ts";

const HOSTS: Mount[] = [
  { host: "api.example.com", path: "/v1", app: fetchApp("api v1") },
  { host: "API.example.com", app: fetchApp("api") },
  { host: "*.example.com", app: fetchApp("any") },
  { host: "bücher.example", app: fetchApp("idn") },
  { host: "[::1]", app: fetchApp("ipv6") },
  { path: "/everywhere", app: fetchApp("everywhere") },
];
const ASKED: { authority: string; target?: string; name: string | null }[] = [
  { authority: "api.example.com", target: "/v1/x", name: "api v1" },
  { authority: "api.example.com", target: "/v2", name: "api" },
  { authority: "API.Example.COM:8080", name: "api" },
  { authority: "api.example.com.", name: "api" },
  { authority: "www.example.com", name: "any" },
  { authority: "a.b.example.com:1", name: "any" },
  { authority: "example.com", name: null },
  { authority: ".example.com", name: null },
  { authority: "evilexample.com", name: null },
  { authority: "api.example.com.evil", name: null },
  { authority: "xn--bcher-kva.example", name: "idn" },
  { authority: "[::1]:8000", name: "ipv6" },
  { authority: "other", target: "/everywhere", name: "everywhere" },
  { authority: "", target: "/everywhere", name: "everywhere" },
  { authority: "", name: null },
];
for (const { authority, target = "/", name } of ASKED) {
  Deno.test(`dispatcher() by host gives "${authority}" ${target} to ${name}`, async () => {
    const exchange = await ask(applicationOf(dispatcher(HOSTS)), { authority, target });
    assert.equal(exchange.head?.status, name === null ? 404 : 200);
    if (name !== null) assert.equal(seenBy(exchange).name, name);
  });
}

const app = fetchApp("a");
const REFUSED: { name: string; mounts: unknown; message: RegExp }[] = [
  {
    name: "none",
    mounts: {},
    message: /"mounts": expected at least one application, received none$/,
  },
  {
    name: "a path without slash",
    mounts: { "/a": app, "api.example.com": app },
    message:
      /"mounts\[1\]\.path": expected a path that begins with "\/", received the string "api.example.com"\. For a host pass a list/,
  },
  {
    name: "no application",
    mounts: { "/a": undefined },
    message: /"mounts\[0\]\.app": expected an application, received undefined/,
  },
  ...["", "*", "*.", "a.*.b", "h:80", "[::1]:80", "a/b", "a@b", "a b", "a?", "http://h"].map((
    host,
  ) => ({
    name: `the host "${host}"`,
    mounts: [{ host, app }],
    message: /"mounts\[0\]\.host": expected a host name without port, or "\*\." and one, received/,
  })),
];
for (const { name, mounts, message } of REFUSED) {
  Deno.test(`dispatcher() refuses ${name}`, () => {
    assert.throws(
      () => dispatcher(mounts as Mounts),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  });
}
