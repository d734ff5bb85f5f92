/**
 * Certificates that cannot be served, at the start and at a reload.
 */

import assert from "node:assert/strict";
import { makeDevCertificate } from "../../src/server/dev_certificate.ts";
import { serverCertificate } from "../_support/server_certificate.ts";
import { exists, type Stage, test } from "./fault_stage.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** A certificate that is valid for 13 days from `days` days after now. */
async function certificateOf(days: number): Promise<{ cert: string; key: string }> {
  const { now } = Date;
  Date.now = () => now() + days * DAY_MS;
  try {
    return await makeDevCertificate();
  } finally {
    Date.now = now;
  }
}

const GOOD = await certificateOf(0);
const OTHER = await certificateOf(0);
const EXPIRED = await certificateOf(-30);
const FUTURE = await certificateOf(30);

const TLS = ["--certfile", "cert.pem", "--keyfile", "key.pem"];

/** In the place of whatever is there. */
function writeGood(stage: Stage): void {
  if (exists(stage.path("cert.pem"))) Deno.removeSync(stage.path("cert.pem"));
  stage.write("cert.pem", GOOD.cert);
  stage.write("key.pem", GOOD.key);
}

const REFUSED: { what: string; spoil: (stage: Stage) => void; says: RegExp }[] = [
  {
    what: "a certificate that is gone",
    spoil: (stage) => Deno.removeSync(stage.path("cert.pem")),
    says: /Cannot use option "certfile": .* received "cert\.pem" \(No such file/,
  },
  {
    what: "a certificate that is a directory",
    spoil(stage) {
      Deno.removeSync(stage.path("cert.pem"));
      Deno.mkdirSync(stage.path("cert.pem"));
    },
    says: /Cannot use option "certfile": .* received "cert\.pem" \(Is a directory/,
  },
  {
    what: "a certificate of which half is written",
    spoil: (stage) => stage.write("cert.pem", GOOD.cert.slice(0, GOOD.cert.length / 2)),
    says: /Cannot use option "certfile": expected a certificate in PEM form, received "cert\.pem"/,
  },
  {
    what: "a new certificate whose key is not there yet",
    spoil: (stage) => stage.write("cert.pem", OTHER.cert),
    says: /Cannot use option "keyfile": expected the private key of the certificate in "cert\.pem"/,
  },
  {
    what: "an empty key",
    spoil: (stage) => stage.write("key.pem", ""),
    says: /Cannot use option "keyfile": expected a private key in PEM form, received "key\.pem"/,
  },
];

for (const { what, spoil, says } of REFUSED) {
  for (const workers of [0, 1]) {
    test(`${what} stops the start of ${workers} workers with code 1 and the reason`, async (stage) => {
      writeGood(stage);
      spoil(stage);
      const server = await stage.serve(TLS, { workers, wait: false });
      assert.equal(await server.exitCode(), 1, server.text);
      assert.match(server.text, says);
      assert.equal([...server.text.matchAll(/Cannot use option/g)].length, 1, server.text);
    });
  }
}

test("a certificate that cannot be served keeps the old worker at each reload; a good one is taken", async (stage) => {
  writeGood(stage);
  const server = await stage.serve(TLS, { workers: 1 });
  const [url = ""] = server.urls;
  for (const [index, { what, spoil, says }] of REFUSED.entries()) {
    spoil(stage);
    server.kill("SIGHUP");
    await server.says(/The new worker could not start, the old one serves on/, index + 1);
    assert.match(server.text, says);
    assert.equal((await serverCertificate(url)).trim(), GOOD.cert.trim(), what);
    writeGood(stage);
  }
  stage.write("cert.pem", OTHER.cert);
  stage.write("key.pem", OTHER.key);
  server.kill("SIGHUP");
  await server.says(/Reloaded/);
  assert.equal((await serverCertificate(url)).trim(), OTHER.cert.trim());
  server.kill("SIGTERM");
  assert.equal(await server.exitCode(), 0, server.text);
});

const DATES = [
  { what: "expired", pair: EXPIRED, says: /The certificate in "cert\.pem" expired on .*Renew it/ },
  {
    what: "future",
    pair: FUTURE,
    says: /The certificate in "cert\.pem" is not valid before .*clock/,
  },
];
for (const { what, pair, says } of DATES) {
  test(`a certificate that is ${what} is served with a warning`, async (stage) => {
    stage.write("cert.pem", pair.cert);
    stage.write("key.pem", pair.key);
    const server = await stage.serve(TLS);
    assert.match(server.text, says);
    assert.equal((await serverCertificate(server.urls[0]!)).trim(), pair.cert.trim());
  });
}
