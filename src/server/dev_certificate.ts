/**
 * Certificates for development: made when the server starts, for this machine only, gone when it stops.
 *
 * Written out here instead of with a library, because the import of one is installed for every user of this module,
 * also for those who never make a certificate: Deno fetches what a dynamic import names before the program runs. For
 * `@peculiar/x509` that would be nineteen packages and 5 MB.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.1 | RFC 5280 §4.1}
 *
 * @module
 */

import { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";
import { isIP, isIPv4 } from "node:net";
import {
  bitString,
  objectIdentifier,
  octetString,
  positiveInteger,
  sequence,
  setOf,
  tagged,
  time,
  TRUE,
  utf8String,
} from "./der.ts";
import { isWildcard } from "../config/mod.ts";
import type { TlsMaterial } from "./tls.ts";

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
 */
export function makeDevCertificate(hostnames: readonly string[] = []): DevCertificate {
  const names = [...new Set([...LOCAL_NAMES, ...hostnames.filter((name) => !isWildcard(name))])];
  const notBefore = new Date(Date.now() - BACKDATED_MS);
  const notAfter = new Date(notBefore.getTime() + VALID_DAYS * DAY_MS);
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(objectIdentifier("1.2.840.10045.4.3.2")); // ecdsa-with-SHA256
  const subject = sequence(setOf(sequence(objectIdentifier("2.5.4.3"), utf8String(SUBJECT))));
  const body = sequence(
    tagged(0xa0, positiveInteger(new Uint8Array([2]))), // version 3
    positiveInteger(serialNumber()),
    algorithm,
    subject, // the issuer
    sequence(time(notBefore), time(notAfter)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(...extensions(names))),
  );
  const signature = sign("sha256", body, privateKey);
  return {
    cert: pem("CERTIFICATE", sequence(body, algorithm, bitString(signature))),
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
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

/** Common name, which certificate viewers show and nobody checks. */
const SUBJECT = "Hypercorn for development";

/** Sixteen octets, of which the first is not 0 and shows a positive number (RFC 5280 §4.1.2.2). */
function serialNumber(): Uint8Array {
  const octets = randomBytes(16);
  octets[0] = octets[0]! & 0x7f | 0x40;
  return octets;
}

function extensions(names: readonly string[]): Uint8Array[] {
  return [
    extension("2.5.29.19", sequence(), TRUE), // basicConstraints: not an authority
    extension("2.5.29.15", bitString(new Uint8Array([0x80]), 7), TRUE), // keyUsage: digitalSignature
    extension("2.5.29.37", sequence(objectIdentifier("1.3.6.1.5.5.7.3.1"))), // extKeyUsage: serverAuth
    extension("2.5.29.17", sequence(...names.map(generalName))), // subjectAltName
  ];
}

function extension(id: string, value: Uint8Array, ...critical: Uint8Array[]): Uint8Array {
  return sequence(objectIdentifier(id), ...critical, octetString(value));
}

/** A dNSName or iPAddress (RFC 5280 §4.2.1.6). */
function generalName(name: string): Uint8Array {
  const [address = ""] = name.split("%"); // a zone is this machine's business
  if (isIP(address) === 0) return tagged(0x82, new TextEncoder().encode(name));
  const octets = isIPv4(address) ? address.split(".").map(Number) : ipv6Octets(address);
  return tagged(0x87, new Uint8Array(octets));
}

/** The 16 octets of an address in the form that URLs have: hexadecimal groups, maybe one `::`. */
function ipv6Octets(address: string): number[] {
  const [head = [], tail = []] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split("::")
    .map((half) => half.split(":").filter((group) => group !== ""));
  const groups = [...head, ...new Array(8 - head.length - tail.length).fill("0"), ...tail];
  return groups.map((group) => parseInt(group, 16)).flatMap((group) => [group >> 8, group & 0xff]);
}

function pem(label: string, der: Uint8Array): string {
  const lines = der.toBase64().match(/.{1,64}/g)!;
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
