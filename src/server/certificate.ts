/**
 * What metrics tell about the certificate.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";

/**
 * When a certificate expires, in seconds since the epoch (RFC 5280 §4.1.2.5).
 *
 * @param pem PEM text; of a chain the first certificate counts, the server's own.
 * @returns `null` when that cannot be told: there is no certificate in it, or the runtime does not read this one.
 */
export function certificateExpiry(pem: string): number | null {
  try {
    const seconds = Date.parse(new X509Certificate(pem).validTo) / 1000;
    return Number.isFinite(seconds) ? seconds : null;
  } catch {
    return null;
  }
}
