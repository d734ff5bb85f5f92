/**
 * What the HTTP/3 driver answers itself, before the application sees a request. Its form was checked already.
 *
 * @module
 */

import { combineField, NO_CONTENT } from "../fields.ts";
import { H3Error, type H3RequestHead } from "../h3/mod.ts";
import type { H3ExchangeParts } from "./h3_context.ts";
import { completeFields } from "./h3_fields.ts";
import type { RequestKind } from "./h3_kind.ts";
import type { ListenerSettings, Refusal } from "./serve_context.ts";
import { contentTooLarge, OVERLOADED } from "./serve_limits.ts";
import type { WebTransportConnection } from "./webtransport_connection.ts";

/** What of a request decides. */
export interface RefusalParts {
  /** Its head. */
  readonly head: H3RequestHead;
  /** What that asks for. */
  readonly kind: RequestKind;
  /** Declared length of its content; `null` when there is none. */
  readonly contentLength: number | null;
  /** Name the client asked for in TLS; `null` when it gave none. */
  readonly serverName: string | null;
  /** Id of its stream. */
  readonly streamId: number;
  /** Judges requests for WebTransport sessions; `null` where there are none. */
  readonly sessions: Pick<WebTransportConnection, "admit"> | null;
}

/** Why and how a request is refused; `null` to go on. Observers were told of it, so that it counts. */
export function refusalOf(
  { head, kind, contentLength, serverName, streamId, sessions }: RefusalParts,
  { serverNames, limits, inFlight }: Pick<ListenerSettings, "serverNames" | "limits" | "inFlight">,
): Refusal | null {
  const { method, authority, target } = head;
  const { targetSize, bodySize, concurrency } = limits;
  if (kind === "http" && method === "CONNECT") return CONNECT;
  if (kind === "unknown") return unknownProtocol(head, sessions !== null);
  if (kind === "webtransport" && sessions === null) return noSessions(head);
  if (serverNames !== null && !serverNames.has(authority.toLowerCase())) {
    return unknownName(authority, serverName);
  }
  if (target.length > targetSize) {
    return { status: 414, message: `the target exceeds "max_target_size" (${targetSize} bytes)` };
  }
  if (contentLength !== null && bodySize !== null && contentLength > bodySize) {
    return contentTooLarge(bodySize);
  }
  if (concurrency?.exceeded) return OVERLOADED;
  if (kind === "http") return null;
  if (inFlight.draining) return stopping(kind);
  return kind === "webtransport" ? sessions!.admit(streamId, head) : versionRefusal(head);
}

/** What to answer an error of the request itself with; `null` for any other error. */
export function refusalOfError(error: unknown): Refusal | null {
  if (!(error instanceof H3Error) || error.scope !== "stream") return null;
  return { status: error.status ?? 400, message: error.message };
}

/** Answers in place of the application, and says so. Nothing may have been sent before. */
export function sendRefusal(
  { status, message, fields = [], reason }: Refusal,
  method: string,
  { machine, writer, owner, observed }: Pick<
    H3ExchangeParts,
    "machine" | "writer" | "owner" | "observed"
  >,
): void {
  const { settings } = owner;
  settings.reporter.refused(method, status, message);
  const head = machine.encodeHead(status, completeFields([...NO_CONTENT, ...fields], settings));
  owner.flush();
  observed?.refuse(status, reason);
  observed?.responded(status);
  writer.sendAll(head);
}

const CONNECT: Refusal = {
  status: 501,
  message: "CONNECT is for proxies, this is an origin server",
};

/** RFC 9220 §3. */
function unknownProtocol({ protocol }: H3RequestHead, sessions: boolean): Refusal {
  const expected = sessions ? '"websocket" or "webtransport"' : '"websocket"';
  return {
    status: 501,
    message: `":protocol" is ${JSON.stringify(protocol)}, expected ${expected}`,
  };
}

/** Likewise. */
function noSessions({ protocol }: H3RequestHead): Refusal {
  return {
    status: 501,
    message: `":protocol" is ${JSON.stringify(protocol)}, but there is no WebTransport: ` +
      `"webtransport_max_sessions" is 0, or the application has none`,
  };
}

function stopping(kind: RequestKind): Refusal {
  const what = kind === "websocket" ? "WebSocket handshake" : "WebTransport session";
  return { status: 503, message: `Cannot accept the ${what}: the server is shutting down` };
}

/** Not 426, whose field `upgrade` HTTP/3 does not have (RFC 6455 §4.2.2, RFC 9110 §15.5.22). */
function versionRefusal({ fields }: H3RequestHead): Refusal | null {
  const version = combineField(fields, "sec-websocket-version") ?? "";
  if (version === "13") return null;
  const received = JSON.stringify(version);
  return {
    status: 400,
    message: `Cannot accept the WebSocket handshake: the version is ${received}, expected "13"`,
    fields: [["sec-websocket-version", "13"]],
    reason: "handshake",
  };
}

/**
 * An authority that is none of ours. One that the client did not connect for, as browsers do for names that their
 * certificate and address share, gets 421: it may try on a connection of its own (RFC 9110 §15.5.20, RFC 9114 §3.3).
 */
function unknownName(authority: string, serverName: string | null): Refusal {
  const host = authority.replace(/:\d*$/, "").toLowerCase();
  const misdirected = serverName !== null && serverName.toLowerCase() !== host;
  const message = `Host ${JSON.stringify(authority)} is not in server_names`;
  return { status: misdirected ? 421 : 404, message };
}
