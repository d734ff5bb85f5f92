/**
 * The committed test certificate: `localhost`, `127.0.0.1` and `::1`, made by
 * `tests/testdata/make_certificates.sh`.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** Path of the certificate, PEM. */
export const CERTIFICATE_PATH: string = fileURLToPath(
  new URL("../testdata/localhost.pem", import.meta.url),
);

/** Path of its private key, PEM. */
export const KEY_PATH: string = fileURLToPath(
  new URL("../testdata/localhost.key", import.meta.url),
);

/** The certificate as text, for clients that are to trust it. */
export const CERTIFICATE: string = Deno.readTextFileSync(CERTIFICATE_PATH);

/** Options of a server that uses it. */
export const TLS_OPTIONS: { readonly certfile: string; readonly keyfile: string } = {
  certfile: CERTIFICATE_PATH,
  keyfile: KEY_PATH,
};
