/**
 * A decoded header section to a request head.
 *
 * Everything RFC 9114 calls malformed is refused here, so that no later part meets a request that two readers could
 * understand in two ways.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-4.3 | RFC 9114 §4.3}
 * @module
 */

import type { RequestHead } from "../exchange.ts";
import type { Field, FieldList } from "../fields.ts";
import { parseContentLength } from "./content_length.ts";
import { readPseudoFields } from "./control_data.ts";
import { checkField } from "./fields_rules.ts";
import { malformed, quoted } from "./malformed.ts";
import { isAuthority } from "./request_target.ts";

/** Head of a request over HTTP/3. */
export interface H3RequestHead extends RequestHead {
  /** What an extended CONNECT asks for, e.g. `"websocket"` (RFC 9220); `null` for every other request. */
  readonly protocol: string | null;
}

/** What a header section says. */
export interface DecodedHead {
  /** The request head. */
  readonly head: H3RequestHead;
  /** Declared length of the content in bytes, `null` when there is none. */
  readonly contentLength: number | null;
  /** Value of the `priority` field, lines joined (RFC 9218 §5); `null` when there is none. */
  readonly priority: string | null;
}

/**
 * Judges a decoded header section and makes a request head of it.
 *
 * Pseudo-header fields leave the field lines; `host` comes first when the client sent `:authority`. Cookie lines are
 * joined (RFC 9114 §4.2.1), repeated `content-length` lines are one.
 *
 * @param lines Field lines as decoded.
 * @param extendedConnect Whether `:protocol` is allowed, i.e. SETTINGS_ENABLE_CONNECT_PROTOCOL was sent.
 * @throws {H3Error} H3_MESSAGE_ERROR on the stream, status 400, naming the field.
 */
export function readRequestHead(lines: FieldList, extendedConnect: boolean): DecodedHead {
  const pseudo = readPseudoFields(lines, extendedConnect);
  const section = new HeaderSection(pseudo.authority);
  for (let index = pseudo.count; index < lines.length; index++) section.add(lines[index]!);
  const { method, path, protocol } = pseudo.judge();
  const authority = section.host;
  if (authority === null) {
    throw malformed(`both ":authority" and "host" are missing, expected one of them`);
  }
  return {
    head: {
      method,
      scheme: "https", // QUIC is always encrypted, whatever the client says
      authority,
      target: path ?? authority, // a plain CONNECT has no path (RFC 9110 §7.1)
      httpVersion: "3",
      fields: section.fields,
      protocol,
    },
    contentLength: section.contentLength,
    priority: section.priority,
  };
}

/** The header section as it grows line by line. */
class HeaderSection {
  readonly fields: Field[] = [];
  /** `:authority`, else `host`. */
  host: string | null;
  contentLength: number | null = null;
  priority: string | null = null;
  /** Whether the client sent a `host` line. */
  #hasHost = false;
  /** Index of the cookie line in `fields`. */
  #cookie = -1;

  constructor(authority: string | null) {
    this.host = authority;
    if (authority !== null) this.fields.push(["host", authority]);
  }

  add(line: Field): void {
    switch (checkField(line[0], line[1], "header")) {
      case "host":
        this.#addHost(line);
        break;
      case "cookie":
        this.#addCookie(line);
        break;
      case "content-length":
        this.#addContentLength(line);
        break;
      case "priority":
        this.priority = this.priority === null ? line[1] : `${this.priority}, ${line[1]}`;
        this.fields.push(line);
        break;
      default:
        this.fields.push(line);
    }
  }

  #addHost(line: Field): void {
    const value = line[1];
    if (this.#hasHost) throw malformed(`field "host" occurs more than once`);
    this.#hasHost = true;
    if (this.host === null) {
      if (!isAuthority(value)) throw wrongHost(value);
      this.host = value;
      this.fields.push(line);
    } else if (value !== this.host) {
      throw malformed(
        `field "host" must be what ":authority" is, ${quoted(this.host)}, received ${
          quoted(value)
        }`,
      );
    }
  }

  #addCookie(line: Field): void {
    if (this.#cookie === -1) {
      this.#cookie = this.fields.push(line) - 1;
    } else {
      const joined = `${this.fields[this.#cookie]![1]}; ${line[1]}`;
      this.fields[this.#cookie] = ["cookie", joined];
    }
  }

  #addContentLength(line: Field): void {
    const length = parseContentLength(line[1]);
    if (this.contentLength === null) {
      this.contentLength = length;
      this.fields.push(line[1].includes(",") ? ["content-length", String(length)] : line);
    } else if (length !== this.contentLength) {
      throw malformed(
        `field "content-length" occurs with different values, ${this.contentLength} and ${length}`,
      );
    }
  }
}

function wrongHost(value: string) {
  return malformed(
    `field "host" must be a host with an optional port, received ${quoted(value)}`,
  );
}
