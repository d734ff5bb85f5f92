/**
 * Reading the header section of a native request without making a `Headers` object of it.
 *
 * The Host field has to be looked at on every request. Through `request.headers` that costs about a tenth of what bare
 * `Deno.serve` needs for a whole request; the runtime's own record of it answers for a third of that. For exchanges the
 * record also has what `Headers` hides: the order of the field lines, and lines of the same name one by one. This file -
 * and no other - looks at that record. The first request is read both ways; should they ever differ, or the record
 * change, the public API is used: slower, sorted, lines combined, still right.
 *
 * @module
 */

import type { Field } from "../fields.ts";

interface InnerRequest {
  header?(name: string): string | null;
  /** Field lines in order; a new array of new pairs every time. Only `cookie` lines are combined. */
  readonly headerList?: [name: string, value: string][];
  /** The same every time; `null` where the request has no content. */
  readonly body?: { stream?: unknown; streamOrStatic?: unknown } | null;
}

const RECORD = Object.getOwnPropertySymbols(new Request("http://localhost/")).find((symbol) =>
  symbol.description === "request"
);

let trusted = RECORD !== undefined;
let tried = false;

/** Value of the Host field, `null` when there is none. */
export function hostOf(request: Request): string | null {
  return fieldOf(request, "host");
}

/** Value of a field, lines of one name joined as lists are; `null` when there is none. @param name In lower case. */
export function fieldOf(request: Request, name: string): string | null {
  const record = recordOf(request);
  return record ? record.header!(name) : request.headers.get(name);
}

/** The field lines of a request, names in lower case. The list is the caller's. */
export function fieldsOf(request: Request): Field[] {
  const record = recordOf(request);
  return record ? linesOf(record) : combinedLines(request);
}

/**
 * Puts another stream in the place of a request's content, whatever way that is read later. Before anybody looked at it.
 *
 * @returns `false` when there is no content, or this runtime does not let it be replaced.
 */
export function replaceContent(
  request: Request,
  replace: (content: ReadableStream<Uint8Array>) => ReadableStream<Uint8Array>,
): boolean {
  const inner = recordOf(request)?.body;
  const content = inner?.stream;
  if (!inner || !(content instanceof ReadableStream) || inner.streamOrStatic !== content) {
    return false;
  }
  inner.streamOrStatic = replace(content);
  return true;
}

function recordOf(request: Request): InnerRequest | undefined {
  if (!trusted) return undefined;
  const record = (request as unknown as Record<symbol, InnerRequest>)[RECORD as symbol];
  if (record?.header === undefined) return undefined; // not the runtime's, but made with `new Request`
  if (!tried) {
    tried = true;
    trusted = agrees(record, request);
    if (!trusted) return undefined;
  }
  return record;
}

function linesOf(record: InnerRequest): Field[] {
  const lines = record.headerList!;
  for (const line of lines) line[0] = line[0].toLowerCase();
  return lines;
}

function combinedLines(request: Request): Field[] {
  const fields: Field[] = [];
  request.headers.forEach((value, name) => fields.push([name, value])); // a fifth of the time an iterator takes
  return fields;
}

/** Says whether the record tells what the public API tells. */
function agrees(record: InnerRequest, { headers }: Request): boolean {
  if (!Array.isArray(record.headerList) || record.header!("host") !== headers.get("host")) {
    return false;
  }
  const combined = new Headers();
  try {
    for (const [name, value] of linesOf(record)) {
      if (record.header!(name) !== headers.get(name)) return false;
      combined.append(name, value);
    }
  } catch {
    return false;
  }
  return JSON.stringify([...combined]) === JSON.stringify([...headers]);
}
