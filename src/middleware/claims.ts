/**
 * What proxies say about a request, and whose word is taken.
 *
 * @module
 */

import { combineField, type FieldList, isHost } from "../fields.ts";
import type { ForwardedOrigin } from "../observation.ts";
import { parseForwarded, parseNode } from "./forwarded.ts";

/** Lists of what each proxy appended, the nearest last; `""` where one said nothing. */
export interface Claims {
  /** Whom the proxy got the request from. */
  readonly clients: readonly string[];
  /** The scheme it was asked by. */
  readonly schemes: readonly string[];
  /** The host it was asked for. */
  readonly hosts: readonly string[];
}

/** Reads the fields of one convention. */
export type ClaimReader = (fields: FieldList) => Claims;

/** Reads `X-Forwarded-For`, `-Proto` and `-Host`: three lists, which need not be equally long. */
export const readLegacy: ClaimReader = (fields) => ({
  clients: itemsOf(fields, "x-forwarded-for"),
  schemes: itemsOf(fields, "x-forwarded-proto"),
  hosts: itemsOf(fields, "x-forwarded-host"),
});

/** Reads `Forwarded` (RFC 7239): one list whose elements have all three. */
export const readModern: ClaimReader = (fields) => {
  const field = combineField(fields, "forwarded");
  const elements = field === undefined ? [] : parseForwarded(field);
  const list = (name: string) => elements.map((element) => element.get(name) ?? "");
  return { clients: list("for"), schemes: list("proto"), hosts: list("host") };
};

/** Empty items count: were they left out, a proxy with nothing to say would vouch for what the client sent. */
function itemsOf(fields: FieldList, name: string): readonly string[] {
  return combineField(fields, name)?.split(",").map((item) => item.trim()) ?? [];
}

/** Takes the item that a proxy wrote which is so many hops away; `""` when nobody so far away wrote one. */
export function itemAt(list: readonly string[], hops: number): string {
  return hops === 0 ? "" : list.at(-hops) ?? "";
}

/** As {@link itemAt}; when there are fewer items the first is taken, which then is from the farthest that wrote one. */
export function itemUpTo(list: readonly string[], hops: number): string {
  return itemAt(list, Math.min(hops, list.length));
}

/** What can be used of the words of one proxy; `null` when nothing. */
export function originOf(client: string, scheme: string, host: string): ForwardedOrigin | null {
  const origin: { -readonly [Key in keyof ForwardedOrigin]: ForwardedOrigin[Key] } = {};
  const node = parseNode(client);
  const known = SCHEMES.get(scheme.toLowerCase());
  const isNamed = host !== "" && isHost(host);
  if (node) origin.client = node;
  if (known) origin.scheme = known;
  if (isNamed) origin.authority = host;
  return node || known || isNamed ? origin : null;
}

/** Some proxies tell the scheme of a WebSocket by its own name. */
const SCHEMES: ReadonlyMap<string, "http" | "https"> = new Map([
  ["http", "http"],
  ["https", "https"],
  ["ws", "http"],
  ["wss", "https"],
]);
