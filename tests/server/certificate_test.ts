import assert from "node:assert/strict";
import { certificateExpiry } from "../../src/server/certificate.ts";
import { CERTIFICATE } from "../_support/certificates.ts";

const RENEWED = Deno.readTextFileSync(new URL("../testdata/renewed.pem", import.meta.url));

/** `notAfter` found in the bytes: a GeneralizedTime, `18 0f YYYYMMDDHHMMSSZ` (RFC 5280 §4.1.2.5.2). */
function notAfter(pem: string): number {
  const der = atob(pem.replace(/-----[^-]+-----|\s/g, ""));
  // deno-lint-ignore no-control-regex -- a tag and a length of DER
  const parts = /\x18\x0f(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z/.exec(der);
  const [year, month, day, hour, minute, second] = parts!.slice(1).map(Number);
  return Date.UTC(year!, month! - 1, day, hour, minute, second) / 1000;
}

for (const [name, pem] of Object.entries({ CERTIFICATE, RENEWED })) {
  Deno.test(`certificateExpiry() of ${name} is the notAfter in its bytes`, () => {
    assert.equal(certificateExpiry(pem), notAfter(pem));
  });
}

Deno.test("certificateExpiry() of a chain is that of the first certificate", () => {
  assert.notEqual(notAfter(CERTIFICATE), notAfter(RENEWED));
  assert.equal(certificateExpiry(CERTIFICATE + RENEWED), notAfter(CERTIFICATE));
  assert.equal(certificateExpiry(RENEWED + CERTIFICATE), notAfter(RENEWED));
});

for (const text of ["", "no certificate", CERTIFICATE.slice(0, 200)]) {
  Deno.test(`certificateExpiry() of ${text.length} characters that are no certificate is null`, () => {
    assert.equal(certificateExpiry(text), null);
  });
}
