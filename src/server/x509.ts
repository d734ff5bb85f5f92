/**
 * The library that writes certificates for development, loaded when the first one is made.
 *
 * Nineteen packages come with it, and most users never make such a certificate. Deno downloads beforehand whatever an
 * import names literally, even a dynamic one or one of types only; so the names are variables, and the types written out
 * here as far as they are used (`tests/server/x509_test.ts` holds them against the library's own).
 *
 * @module
 */

import { ConfigError } from "../errors.ts";

/** Metadata of classes, added to the global `Reflect`. The library leaves the choice of it to its users. */
const REFLECT_METADATA = "npm:reflect-metadata@^0.2.2";

const X509_LIBRARY = "npm:@peculiar/x509@^2.2.0";

/** What makes a certificate without the library; that of `examples/https.ts`. */
const OPENSSL_COMMAND =
  "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost -addext basicConstraints=CA:FALSE -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out cert.pem";

/** As much of `@peculiar/x509` as is used; what an `Extension` (RFC 5280 §4.2) looks like, only the library knows. */
export interface X509<Extension = unknown> {
  /** Signs certificates. */
  readonly X509CertificateGenerator: {
    /** Makes a certificate whose issuer is its subject, with a random serial number. */
    createSelfSigned(
      parameters: SelfSignedParameters<Extension>,
    ): Promise<{ toString(form: "pem"): string }>;
  };
  /** Whether the subject is an authority, how many more may follow it, and whether that is critical. */
  readonly BasicConstraintsExtension: new (
    ca: boolean,
    pathLength: number | undefined,
    critical: boolean,
  ) => Extension;
  /** What the key may do, as bits. */
  readonly KeyUsagesExtension: new (usages: number, critical: boolean) => Extension;
  /** What the certificate is good for, as object identifiers. */
  readonly ExtendedKeyUsageExtension: new (usages: string[]) => Extension;
  /** Names and addresses it is for. */
  readonly SubjectAlternativeNameExtension: new (names: GeneralName[]) => Extension;
  /** DER to PEM; the result has no line feed at its end. */
  readonly PemConverter: { encode(der: ArrayBuffer, label: string): string };
}

/** A name that a certificate is for (RFC 5280 §4.2.1.6). */
export interface GeneralName {
  /** What the value is. */
  readonly type: "dns" | "ip";
  /** A host name, or an address in text form. */
  readonly value: string;
}

/** What a certificate that signs itself is made of. */
export interface SelfSignedParameters<Extension> {
  /** Subject and issuer, e.g. `CN=localhost`. */
  readonly name: string;
  /** First moment it is valid. */
  readonly notBefore: Date;
  /** Last one. */
  readonly notAfter: Date;
  /** The key of the certificate, which signs it too. */
  readonly keys: CryptoKeyPair;
  /** How it is signed. */
  readonly signingAlgorithm: { readonly name: string; readonly hash: string };
  /** In the order in which they are written. */
  readonly extensions: Extension[];
}

/**
 * Loads `@peculiar/x509`, from the npm registry when the cache does not have it.
 *
 * @throws {ConfigError} It cannot be loaded; the message says why and what does without it.
 */
export async function loadX509(): Promise<X509> {
  try {
    await import(REFLECT_METADATA);
    return await import(X509_LIBRARY);
  } catch (cause) {
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
    throw new ConfigError({
      key: "devCertificate",
      expected: `"${X509_LIBRARY}", which makes the certificate, in the cache or from npm`,
      received: `"${reason}"`,
      hint: `Or set "certfile" and "keyfile" to the files of: ${OPENSSL_COMMAND}`,
    }, { cause });
  }
}
