/**
 * What a response means for the connection it goes out on.
 *
 * @module
 */

import { peekField } from "../response_record.ts";
import { fieldOf } from "./request_record.ts";
import { canHaveContent } from "./serve_request.ts";

/**
 * Whether a response ends its connection. RFC 9110 §7.6.1: a list of options, of which only this one has a meaning here.
 */
export function saysClose(response: Response): boolean {
  const value = peekField(response, "connection");
  return value !== null && /(^|[\s,])close([\s,]|$)/i.test(value);
}

/**
 * Whether there may be content of the request that nobody has read when the response to it is sent. That is known of what
 * was never touched, and of what was refused in the middle.
 */
export function leavesContent(request: Request, { status }: Response): boolean {
  if (!canHaveContent(request.method)) return false;
  if (status === 408 || status === 413) return true;
  try {
    return !request.bodyUsed && announcesContent(request);
  } catch {
    return false; // the connection is gone
  }
}

function announcesContent(request: Request): boolean {
  const length = fieldOf(request, "content-length");
  return length === null ? fieldOf(request, "transfer-encoding") !== null : length !== "0";
}
