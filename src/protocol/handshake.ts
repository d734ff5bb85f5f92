/**
 * Checks of a WebSocket handshake. Over HTTP/1.1 the runtime leaves them out: Deno accepts any method, version and key.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1 | RFC 6455 §4.2.1}
 * @module
 */

import { ApplicationError, HandshakeError } from "../errors.ts";
import { type FieldList, listMembers } from "../fields.ts";
import { fieldOf } from "./request_record.ts";
import { checkFields } from "./response_head.ts";

/** Sixteen bytes in base64: 22 characters of which the last carries 4 zero bits, and two of padding. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** Says whether a request asks for a WebSocket (GET with `upgrade: websocket`); the rest is checked later. */
export function isWebSocketRequest(method: string, headers: Pick<Headers, "get">): boolean {
  if (method !== "GET") return false;
  return hasMember(headers.get("upgrade"), "websocket") &&
    hasMember(headers.get("connection"), "upgrade");
}

/**
 * Checks a handshake.
 *
 * @throws {HandshakeError} 405 for another method than GET, 426 for a missing upgrade or another version
 * than 13, 400 for a missing or malformed key.
 */
export function checkHandshake(method: string, headers: Headers): void {
  if (method !== "GET") {
    throw new HandshakeError(405, `the method is "${method}", expected "GET"`, [["allow", "GET"]]);
  }
  if (!isWebSocketRequest(method, headers)) {
    throw new HandshakeError(426, `the request does not ask for an upgrade to "websocket"`, [
      ["upgrade", "websocket"],
      ["connection", "upgrade"],
    ]);
  }
  const version = headers.get("sec-websocket-version");
  if (version !== "13") {
    throw new HandshakeError(426, `the version is "${version ?? ""}", expected "13"`, [
      ["sec-websocket-version", "13"],
      ["upgrade", "websocket"],
      ["connection", "upgrade"],
    ]);
  }
  const key = headers.get("sec-websocket-key");
  if (key === null || !KEY.test(key)) {
    throw new HandshakeError(400, `"sec-websocket-key" is not 16 bytes in base64`, []);
  }
}

/**
 * Has the signal of a handshake tell whether its client left, which it only does of what happens later.
 *
 * The runtime never lets go of a connection that is upgraded after its client has closed it, so that is not to be done.
 */
export function watchHandshake(request: Request): void {
  try {
    if (fieldOf(request, "upgrade") !== null) void request.signal;
  } catch { /* it was upgraded already */ }
}

/** Subprotocols the client offers, in its order; repeated fields count as one list. */
export function offeredSubprotocols(headers: Pick<Headers, "get">): string[] {
  return listMembers(headers.get("sec-websocket-protocol") ?? "");
}

/**
 * Checks the subprotocol that an application chooses.
 *
 * @param chosen `undefined` for none.
 * @throws {ApplicationError} When it was not offered.
 */
export function checkSubprotocol(chosen: string | undefined, offered: readonly string[]): void {
  if (chosen === undefined || offered.includes(chosen)) return;
  throw new ApplicationError(
    `Cannot accept the WebSocket: subprotocol "${chosen}" is not among those offered (${
      offered.join(", ") || "none"
    })`,
  );
}

/** Fields of the 101 response that are the handshake's own (RFC 6455 §4.2.2), or must not be in it (RFC 9110 §15.2). */
const OWNED = new Set(["upgrade", "connection", "content-length", "transfer-encoding"]);

/**
 * Checks the fields an application adds to the 101 response.
 *
 * @throws {ApplicationError} For bytes that may not be sent and for fields the handshake itself owns.
 */
export function checkAcceptFields(fields: FieldList): void {
  checkFields(fields);
  for (const [name] of fields) {
    if (!OWNED.has(name) && !name.startsWith("sec-websocket-")) continue;
    throw new ApplicationError(
      `Cannot accept the WebSocket with field "${name}": the server sends it. ` +
        `Choose a subprotocol with "protocol" (fetch) or "subprotocol" (ASGI)`,
    );
  }
}

function hasMember(value: string | null, member: string): boolean {
  return value !== null && listMembers(value).some((name) => name.toLowerCase() === member);
}
