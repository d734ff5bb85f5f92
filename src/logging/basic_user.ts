/**
 * The user name of Basic authentication.
 *
 * @module
 */

/** `token68` of the Basic scheme (RFC 9110 §11.2); scheme names have no case. */
const BASIC = /^basic +([A-Za-z0-9+/]+=*)$/i;

const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads the user name out of an `authorization` value. Nobody has checked the password yet, so it is who the client
 * says to be.
 *
 * @returns `null` when there is none: another scheme, bad base64 or UTF-8, no colon, an empty name. Never the password.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7617#section-2 | RFC 7617 §2}
 */
export function userOf(authorization: string | null): string | null {
  const credentials = authorization === null ? null : BASIC.exec(authorization);
  if (credentials === null) return null;
  try {
    const bytes = Uint8Array.from(atob(credentials[1]!), (byte) => byte.charCodeAt(0));
    const colon = bytes.indexOf(0x3a);
    return colon > 0 ? STRICT_UTF8.decode(bytes.subarray(0, colon)) : null;
  } catch {
    return null;
  }
}
