/**
 * Which requests break a limit already by their head.
 *
 * @module
 */

import type { RequestLimits } from "./request_limits.ts";
import { fieldOf, fieldsOf } from "./request_record.ts";
import type { Refusal } from "./serve_context.ts";
import { authorityOf, canHaveContent, targetOf } from "./serve_request.ts";

/** Checks a request against the limits of its listener; what is not limited costs nothing. */
export function judgeLimits(
  request: Request,
  http2: boolean,
  limits: RequestLimits,
): Refusal | null {
  const { targetSize, bodySize, concurrency } = limits;
  const { url, method } = request;
  if (url.length > targetSize && targetOf(url).length > targetSize) {
    return { status: 414, message: `the target exceeds "max_target_size" (${targetSize} bytes)` };
  }
  const refusal = http2
    ? judgeFieldSection(request, limits.fieldSectionSize)
    : judgeHead(request, limits.headSize);
  if (refusal) return refusal;
  if (bodySize !== null && canHaveContent(method)) {
    const length = Number(fieldOf(request, "content-length") ?? 0);
    if (length > bodySize) return contentTooLarge(bodySize);
  }
  return concurrency?.exceeded ? OVERLOADED : null;
}

/** The answer to a request whose content is more than `bodySize`. */
export function contentTooLarge(bodySize: number): Refusal {
  return { status: 413, message: `the content exceeds "max_body_size" (${bodySize} bytes)` };
}

/** The answer while too many requests are in progress. */
export const OVERLOADED: Refusal = {
  status: 503,
  message: `more requests are in progress than "limit_concurrency" allows`,
  fields: [["retry-after", "1"]],
  reason: "overloaded",
};

/** Bytes of a field line beyond name and value, `": "` and the end of the line. */
const LINE_OVERHEAD = 4;

/** What HTTP/2 adds for each field (RFC 9113 §6.5.2). */
const FIELD_OVERHEAD = 32;

/** Names of the four pseudo-header fields (RFC 9113 §8.3.1), the value of `:scheme`, and their overhead. */
const PSEUDO_BYTES = ":method:scheme:authority:path".length + "https".length + 4 * FIELD_OVERHEAD;

function judgeHead(request: Request, limit: number | null): Refusal | null {
  if (limit === null) return null;
  const { url, method } = request;
  const line = method.length + targetOf(url).length + "  HTTP/1.1\r\n\r\n".length;
  if (line + sizeOfFields(request, LINE_OVERHEAD) <= limit) return null;
  return { status: 431, message: `the head exceeds "h11_max_incomplete_size" (${limit} bytes)` };
}

function judgeFieldSection(request: Request, limit: number | null): Refusal | null {
  if (limit === null) return null;
  const { url, method } = request;
  const pseudo = PSEUDO_BYTES + method.length + authorityOf(url).length + targetOf(url).length;
  if (pseudo + sizeOfFields(request, FIELD_OVERHEAD) <= limit) return null;
  return {
    status: 431,
    message: `the field section exceeds "h2_max_header_list_size" (${limit} bytes)`,
  };
}

function sizeOfFields(request: Request, overhead: number): number {
  let size = 0;
  for (const [name, value] of fieldsOf(request)) size += name.length + value.length + overhead;
  return size;
}
