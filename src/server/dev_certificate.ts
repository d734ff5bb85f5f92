/**
 * Certificates for development: made when the server starts, for this machine only, gone when it stops.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.1 | RFC 5280 §4.1}
 *
 * @module
 */

import { createHash, X509Certificate } from "node:crypto";
import { isIP, isIPv6 } from "node:net";
import { isWildcard } from "../config/mod.ts";
import type { TlsMaterial } from "./tls.ts";
import { type GeneralName, loadX509, type X509 } from "./x509.ts";

/**
 * Days a certificate is valid. Clients that trust a certificate by its hash (WebTransport's `serverCertificateHashes`)
 * demand at most 14 days and a key on a curve.
 */
const VALID_DAYS = 13;

/** Milliseconds it is valid already: containers and virtual machines have clocks of their own. */
const BACKDATED_MS = 60 * 60 * 1000;

const DAY_MS = 24 * 60 * 60 * 1000;

/** What every certificate is for. */
const LOCAL_NAMES: readonly string[] = ["localhost", "127.0.0.1", "::1"];

/** Common name, which certificate viewers show and nobody checks. */
const SUBJECT = "CN=Hypercorn for development";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Bit of the key usage `digitalSignature` (RFC 5280 §4.2.1.3), the one that TLS 1.3 needs. */
const DIGITAL_SIGNATURE = 1;

/** The extended key usage `serverAuth` (RFC 5280 §4.2.1.12). */
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/** A certificate that is only good for development, with its key. */
export interface DevCertificate extends TlsMaterial {
  /** Names and addresses it is for. */
  readonly names: readonly string[];
  /** When it stops being valid. */
  readonly notAfter: Date;
}

/**
 * Makes a key on P-256 and a self-signed certificate for it: valid for 13 days, for `localhost`, `127.0.0.1`, `::1` and
 * the `hostnames` beside them.
 *
 * @param hostnames Names and IP addresses without brackets; wildcard addresses are left out.
 * @throws {ConfigError} The library that writes certificates cannot be loaded.
 */
export async function makeDevCertificate(
  hostnames: readonly string[] = [],
): Promise<DevCertificate> {
  const x509 = await loadX509();
  const names = [...new Set([...LOCAL_NAMES, ...hostnames.filter((name) => !isWildcard(name))])];
  const notBefore = new Date(Date.now() - BACKDATED_MS);
  const notAfter = new Date(notBefore.getTime() + VALID_DAYS * DAY_MS);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: SUBJECT,
    notBefore,
    notAfter,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: extensions(x509, names),
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    cert: `${certificate.toString("pem")}\n`,
    key: `${x509.PemConverter.encode(key, "PRIVATE KEY")}\n`,
    names,
    notAfter,
  };
}

/**
 * Hash of a certificate's public key, as Chromium's `--ignore-certificate-errors-spki-list` takes it.
 *
 * @param cert PEM.
 * @returns SHA-256 of the SubjectPublicKeyInfo, in base64.
 */
export function spkiHash(cert: string): string {
  const spki = new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("base64");
}

function extensions(x509: X509, names: readonly string[]): unknown[] {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true), // not an authority
    new x509.KeyUsagesExtension(DIGITAL_SIGNATURE, true),
    new x509.ExtendedKeyUsageExtension([SERVER_AUTH]),
    new x509.SubjectAlternativeNameExtension(names.map(generalName)),
  ];
}

/** A dNSName or iPAddress (RFC 5280 §4.2.1.6). */
function generalName(name: string): GeneralName {
  const [address = ""] = name.split("%"); // a zone is this machine's business
  if (isIP(address) === 0) return { type: "dns", value: name };
  return { type: "ip", value: isIPv6(address) ? hexadecimal(address) : address };
}

/** An IPv6 address without the dotted form of its last 32 bits, which the library misreads. */
function hexadecimal(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
