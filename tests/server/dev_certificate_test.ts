import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { start } from "../../mod.ts";
import { makeDevCertificate, spkiHash } from "../../src/server/dev_certificate.ts";
import { LogSink } from "../_support/log_sink.ts";
import { serverCertificate } from "../_support/server_certificate.ts";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

Deno.test("makeDevCertificate() makes a P-256 certificate of 13 days that signed itself", async () => {
  const { cert, notAfter } = await makeDevCertificate();
  const parsed = new X509Certificate(cert);
  assert.equal(parsed.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
  assert.equal(parsed.subject, parsed.issuer);
  assert.ok(parsed.verify(parsed.publicKey));
  assert.equal(parsed.ca, false);
  const [from, to] = [Date.parse(parsed.validFrom), Date.parse(parsed.validTo)];
  assert.equal(to - from, 13 * DAY_MS);
  assert.ok(Math.abs(Date.now() - HOUR_MS - from) < 60_000, parsed.validFrom);
  assert.equal(Math.floor(notAfter.getTime() / 1000), to / 1000);
});

Deno.test("makeDevCertificate() makes a key and a serial number of its own each time", async () => {
  const [one, two] = [await makeDevCertificate(), await makeDevCertificate()];
  assert.notEqual(spkiHash(one.cert), spkiHash(two.cert));
  assert.ok(
    new X509Certificate(one.cert).serialNumber !== new X509Certificate(two.cert).serialNumber,
  );
  assert.notEqual(one.key, two.key);
});

const NAMES: readonly { hostnames: string[]; expected: string }[] = [
  { hostnames: [], expected: "" },
  { hostnames: ["127.0.0.1", "localhost", "0.0.0.0", "::"], expected: "" },
  { hostnames: ["app.test"], expected: ", DNS:app.test" },
  { hostnames: ["192.168.0.255"], expected: ", IP Address:192.168.0.255" },
  { hostnames: ["2001:db8::a:b"], expected: ", IP Address:2001:DB8:0:0:0:0:A:B" },
  { hostnames: ["fe80::1%eth0"], expected: ", IP Address:FE80:0:0:0:0:0:0:1" },
  { hostnames: ["64:ff9b::192.0.2.1"], expected: ", IP Address:64:FF9B:0:0:0:0:C000:201" },
  { hostnames: ["1:2:3:4:5:6:7:8"], expected: ", IP Address:1:2:3:4:5:6:7:8" },
];
for (const { hostnames, expected } of NAMES) {
  Deno.test(`makeDevCertificate() for [${hostnames}] is for the loopback${expected}`, async () => {
    const { subjectAltName } = new X509Certificate((await makeDevCertificate(hostnames)).cert);
    assert.equal(
      expanded(subjectAltName!),
      "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1" + expected,
    );
  });
}

Deno.test("makeDevCertificate() is trusted by clients that are given it", async () => {
  const { cert, key } = await makeDevCertificate();
  for (const hostname of ["127.0.0.1", "::1"]) {
    const options = { hostname, port: 0, cert, key, onListen() {} };
    await using server = Deno.serve(options, () => new Response("trusted"));
    using client = Deno.createHttpClient({ caCerts: [cert] });
    const host = hostname === "::1" ? "[::1]" : hostname;
    for (const name of hostname === "::1" ? [host] : [host, "localhost"]) {
      const response = await fetch(`https://${name}:${server.addr.port}/`, { client });
      assert.equal(await response.text(), "trusted");
    }
  }
});

Deno.test("start() with devCertificate serves TLS for the hosts of its binds and says what for", async () => {
  const log = new LogSink();
  await using server = await start(() => new Response("made"), {
    devCertificate: true,
    bind: ["127.0.0.1:0", "127.0.0.2:0"],
    errorlog: log,
  });
  for (const { url, secure } of server.binds) {
    assert.equal(secure, true);
    const cert = await serverCertificate(url);
    using client = Deno.createHttpClient({ caCerts: [cert] });
    assert.equal(await (await fetch(url, { client })).text(), "made");
    const [line, ...more] = log.matching("certificate");
    assert.deepEqual(more, []);
    assert.ok(line!.startsWith("INFO Made a certificate, for development only: for localhost, "));
    assert.ok(line!.includes(" 127.0.0.2, until 20"), line);
    assert.ok(line!.endsWith(`--ignore-certificate-errors-spki-list=${spkiHash(cert)}`), line);
  }
});

Deno.test("spkiHash() is SHA-256 of the public key, in base64", async () => {
  const { cert } = await makeDevCertificate();
  const spki = new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" });
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(spki)));
  assert.equal(spkiHash(cert), digest.toBase64());
});

/** Node and Deno write IPv6 addresses of certificates in different forms. */
function expanded(names: string): string {
  return names.replace(/IP Address:([0-9a-f:]*:[0-9a-f:]*)/gi, (_whole, address: string) => {
    const [head = "", tail] = address.toUpperCase().split("::");
    const [left, right] = [head, tail ?? ""].map((half) => half === "" ? [] : half.split(":"));
    const zeros = tail === undefined ? [] : new Array(8 - left!.length - right!.length).fill("0");
    return `IP Address:${[...left!, ...zeros, ...right!].join(":")}`;
  });
}
