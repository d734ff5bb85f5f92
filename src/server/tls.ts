/**
 * The certificate and key of the TLS binds, checked before anything is opened.
 *
 * @module
 */

import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { isPemText, type ResolvedConfig } from "../config/mod.ts";
import { ConfigError } from "../errors.ts";
import { makeDevCertificate, spkiHash } from "./dev_certificate.ts";
import type { ServerLog } from "./log.ts";

/** What `Deno.serve` takes. */
export interface TlsMaterial {
  /** Certificate chain, PEM. */
  readonly cert: string;
  /** Private key, unencrypted PKCS #8 PEM. */
  readonly key: string;
}

/**
 * Reads `certfile` and `keyfile`, decrypts the key with `keyfile_password`, and checks that the two belong together; or
 * makes both when `dev_certificate` says so, and logs what they are good for.
 *
 * @returns `null` when TLS is not configured.
 * @throws {ConfigError} Names the option and what is wrong with it.
 */
export async function loadTls(
  config: ResolvedConfig,
  log: ServerLog,
): Promise<TlsMaterial | null> {
  const { certfile, keyfile, keyfilePassword } = config;
  if (config.devCertificate) return madeForDevelopment(config, log);
  if (certfile === null || keyfile === null) return null;
  const cert = await readPem("certfile", certfile);
  const key = parseKey(await readPem("keyfile", keyfile), keyfile, keyfilePassword);
  const certificate = parseCertificate(cert, certfile);
  if (!certificate.checkPrivateKey(key)) {
    throw new ConfigError({
      key: "keyfile",
      expected: `the private key of the certificate in ${name(certfile)}`,
      received: `another certificate's key in ${name(keyfile)}`,
    });
  }
  warnOfDates(certificate, certfile, log);
  return { cert, key: key.export({ type: "pkcs8", format: "pem" }) as string };
}

/** SHA-256 of the first certificate of a chain, in base64. @param cert PEM. */
export function certificateHash(cert: string): string {
  return createHash("sha256").update(new X509Certificate(cert).raw).digest("base64");
}

/** It is served all the same: a server that does not start helps nobody, and a clock may be wrong. */
function warnOfDates(
  { validFrom, validTo }: X509Certificate,
  certfile: string,
  log: Pick<ServerLog, "warn">,
): void {
  const now = Date.now();
  const which = `The certificate in ${name(certfile)}`;
  if (now > Date.parse(validTo)) {
    log.warn(`${which} expired on ${validTo}: clients refuse it. Renew it and reload`);
  } else if (now < Date.parse(validFrom)) {
    log.warn(`${which} is not valid before ${validFrom}: clients refuse it. Is the clock right?`);
  }
}

async function madeForDevelopment(
  { bind, quicBind }: ResolvedConfig,
  log: ServerLog,
): Promise<TlsMaterial> {
  const hosts = [...bind, ...quicBind].filter((spec) => spec.kind === "tcp");
  const { cert, key, names, notAfter } = await makeDevCertificate(
    hosts.map(({ hostname }) => hostname),
  );
  log.info(
    `Made a certificate, for development only: for ${names.join(", ")}, until ${
      notAfter.toISOString().slice(0, 10)
    }. Clients do not trust it; Chromium does with --ignore-certificate-errors-spki-list=${
      spkiHash(cert)
    }`,
  );
  if (quicBind.length > 0) {
    log.info(
      `Pages trust it for WebTransport by serverCertificateHashes: ${certificateHash(cert)}`,
    );
  }
  return { cert, key };
}

async function readPem(option: string, value: string): Promise<string> {
  if (isPemText(value)) return value;
  try {
    return await Deno.readTextFile(value);
  } catch (cause) {
    throw new ConfigError({
      key: option,
      expected: "the path of a PEM file that can be read, or PEM text",
      received: `"${value}" (${cause instanceof Error ? cause.message : cause})`,
    }, { cause });
  }
}

function parseCertificate(pem: string, value: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new ConfigError({
      key: "certfile",
      expected: "a certificate in PEM form",
      received: `${name(value)}, which holds none`,
    }, { cause });
  }
}

function parseKey(pem: string, value: string, password: string | null): KeyObject {
  const encrypted = /ENCRYPTED/.test(pem);
  if (encrypted && password === null) {
    throw new ConfigError({
      key: "keyfile_password",
      expected: `the password of the encrypted key in ${name(value)}`,
      received: "none",
    });
  }
  try {
    return createPrivateKey(
      encrypted && password !== null ? { key: pem, passphrase: password } : { key: pem },
    );
  } catch (cause) {
    throw new ConfigError({
      key: encrypted ? "keyfile_password" : "keyfile",
      expected: encrypted
        ? `the password that decrypts the key in ${name(value)}`
        : "a private key in PEM form",
      received: encrypted ? "another one" : `${name(value)}, which holds none`,
    }, { cause });
  }
}

/** A path in quotes; PEM text is not repeated, for it may be a key. */
function name(value: string): string {
  return isPemText(value) ? "the PEM text given" : `"${value}"`;
}
