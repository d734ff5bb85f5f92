/**
 * Addresses in text.
 *
 * @module
 */

/**
 * Joins a host and port to `uri-host ":" port`, with brackets around an IPv6 address.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2 | RFC 3986 §3.2.2}
 */
export function formatAuthority(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
