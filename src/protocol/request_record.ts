/**
 * Reading one field of a native request without making a `Headers` object of all of them.
 *
 * The Host field has to be looked at on every request. Through `request.headers` that costs about a tenth of what bare
 * `Deno.serve` needs for a whole request; the runtime's own record of it answers for a third of that. This file - and no
 * other - looks at that record. The first request is read both ways; should they ever differ, or the record change,
 * the public API is used: slower, still right.
 *
 * @module
 */

interface InnerRequest {
  header?(name: string): string | null;
}

const RECORD = Object.getOwnPropertySymbols(new Request("http://localhost/")).find((symbol) =>
  symbol.description === "request"
);

let trusted = RECORD !== undefined;
let tried = false;

/** Value of the Host field, `null` when there is none. */
export function hostOf(request: Request): string | null {
  const record = trusted
    ? (request as unknown as Record<symbol, InnerRequest>)[RECORD as symbol]
    : undefined;
  if (record?.header === undefined) return request.headers.get("host");
  const host = record.header("host");
  if (!tried) {
    tried = true;
    trusted = host === request.headers.get("host");
    if (!trusted) return request.headers.get("host");
  }
  return host;
}
