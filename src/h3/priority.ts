/**
 * Extensible priorities: what a client says about the order of the responses.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9218 | RFC 9218}
 * @module
 */

import { H3, H3Error } from "./errors.ts";
import { FRAME, type Frame, frameName } from "./frames.ts";
import { BARE_ITEM, KEY, matchMembers, PARAMETERS } from "../structured_fields.ts";
import { decodeVarint, INCOMPLETE, varintLength } from "./varint.ts";

/** Priority of a response (RFC 9218 §4). */
export interface Priority {
  /** 0 (first) to 7 (background); default 3. */
  readonly urgency: number;
  /** Whether parts of the response are of use, so that it may share with others; default false. */
  readonly incremental: boolean;
}

/** Priority of a response nobody said anything about: this very object, so identity tells that from a said default. */
export const DEFAULT_PRIORITY: Priority = { urgency: 3, incremental: false };

/** A PRIORITY_UPDATE for a request. */
export interface PriorityUpdate {
  /** Request stream it is about. */
  readonly streamId: number;
  /** Its priority from now on. */
  readonly priority: Priority;
}

/** A member of a dictionary (RFC 9651 §4.2.2): its key, and its value unless that is true. */
const INNER_ITEM = `${BARE_ITEM}${PARAMETERS}`;
const INNER_LIST = String.raw`\( *(?:${INNER_ITEM}(?: +${INNER_ITEM})* *)?\)`;
const MEMBER = new RegExp(`(${KEY})(?:=(${BARE_ITEM}|${INNER_LIST}))?${PARAMETERS}`, "y");

/**
 * Priority of a `priority` field value (several lines joined with `", "`).
 *
 * Members that are unknown, of another type or out of range are ignored (RFC 9218 §4), a value that is no dictionary
 * altogether (RFC 9651 §4.2).
 */
export function parsePriority(value: string): Priority {
  const members = parseDictionary(value);
  const urgency = members?.get("u") ?? "";
  const number = /^-?\d+$/.test(urgency) ? Math.abs(Number(urgency)) : Infinity;
  return {
    urgency: number <= 7 && !(number > 0 && urgency.startsWith("-")) ? number : 3,
    incremental: members?.get("i") === "?1",
  };
}

/** Members as key and value text, parameters dropped, the last of a key wins; `null` when it is no dictionary. */
function parseDictionary(value: string): Map<string, string> | null {
  const members = matchMembers(value, MEMBER);
  return members && new Map(members.map((match) => [match[1]!, match[2] ?? "?1"]));
}

/** Bytes beyond ASCII become characters that no dictionary has. */
const ASCII = new TextDecoder("ascii");

/**
 * Decodes a PRIORITY_UPDATE frame of either type.
 *
 * @param frame The frame with its whole payload.
 * @param streamLimit Request streams the client may have opened by now, at most: ids up to `4 * (streamLimit - 1)`.
 * @throws {H3Error} H3_FRAME_ERROR without an id; H3_ID_ERROR for an id that is no request stream or beyond the limit,
 * and for every push, as none was promised (RFC 9218 §7.2).
 */
export function decodePriorityUpdate(frame: Frame, streamLimit: number): PriorityUpdate {
  const { type, payload } = frame;
  const streamId = decodeVarint(payload, 0);
  if (streamId === INCOMPLETE) {
    throw new H3Error(H3.FRAME_ERROR, `Cannot decode ${frameName(type)}: it has no element id`);
  }
  if (type === FRAME.PRIORITY_UPDATE_PUSH) {
    throw new H3Error(H3.ID_ERROR, `Cannot prioritise push ${streamId}: none was promised`);
  }
  if (streamId % 4 !== 0 || streamId / 4 >= streamLimit) {
    throw new H3Error(
      H3.ID_ERROR,
      `Cannot prioritise stream ${streamId}: expected a request stream below ${4 * streamLimit}`,
    );
  }
  const value = ASCII.decode(payload.subarray(varintLength(payload[0]!)));
  return { streamId, priority: parsePriority(value) };
}

/** Orders of one urgency. Eight levels fit a signed 32-bit number, which is what transports take. */
const LEVEL = 2 ** 28;

/**
 * Where a response stands among the others of its connection; the larger number goes first.
 *
 * The lower urgency number goes first. Within an urgency come the responses that are of no use in parts, one by one in
 * the order of the requests; then the incremental ones, which share a number and so the bandwidth (RFC 9218 §10).
 * {@linkcode DEFAULT_PRIORITY} itself gives 0, a transport's default: nobody asked for an order, so all share.
 */
export function sendOrder(priority: Priority, streamId: number): number {
  if (priority === DEFAULT_PRIORITY) return 0;
  const level = (DEFAULT_PRIORITY.urgency - priority.urgency) * LEVEL;
  return priority.incremental ? level : level + Math.max(1, LEVEL - 1 - streamId / 4);
}
