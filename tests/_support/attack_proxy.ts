/**
 * What a front proxy would forward: a second reading of RFC 9112, as strict as it lets one be.
 *
 * Where a recipient may choose it takes what most take: empty lines before a request (§2.2), LF for CRLF in the head
 * (§2.2), Content-Length twice when it is the same (RFC 9110 §8.6). All that comes after a message it cannot parse is
 * not forwarded.
 *
 * @module
 */

/** One request that is forwarded. */
interface Forwarded {
  /** Method. */
  readonly method: string;
  /** Target; the path and query of one in absolute form. */
  readonly target: string;
  /** Content; `null` when it is broken or not complete, so that only the head got through. */
  readonly content: string | null;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REQUEST_LINE = /^([^ ]+) ([^ ]+) HTTP\/1\.([01])$/;
/** RFC 3986: what a path and a query may hold; the absolute form is told by its scheme. */
const ORIGIN_FORM = /^\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*$/;
const ABSOLUTE_FORM = /^https?:\/\/([^/?#@]+)([^#]*)$/;
const HOST =
  /^(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[2-9A-Fa-f][0-9A-Fa-f])*)(?::[0-9]{0,5})?$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const CHUNK_LINE = /^([0-9A-Fa-f]+)(?:[ \t]*;[ \t]*[^\s;="]+(?:=(?:[^\s;="]+|"[^"\\]*"))?)*[ \t]*$/;

/** The requests in `bytes` that would be forwarded. One with bad hosts gets 400, which says nothing about the next. */
function forwarded(bytes: string): Forwarded[] {
  const requests: Forwarded[] = [];
  let rest = bytes;
  for (;;) {
    const parsed = parse(rest.replace(/^(?:\r?\n)+/, ""));
    if (parsed === null) return requests;
    if (parsed.hostGood) requests.push(parsed.request);
    if (parsed.last) return requests;
    rest = parsed.rest;
  }
}

/**
 * What an application may note of `bytes` that came through a proxy: method, target and content. The runtime keeps the
 * content of GET from it, and does not wait for it.
 */
export function allowed(bytes: string): string[] {
  return forwarded(bytes).flatMap(({ method, target, content }) => {
    if (method === "GET") return [`GET ${target} `];
    return content === null ? [] : [`${method} ${target} ${content}`];
  });
}

interface Parsed {
  readonly request: Forwarded;
  readonly rest: string;
  readonly last: boolean;
  readonly hostGood: boolean;
}

function parse(text: string): Parsed | null {
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) return null;
  const [line = "", ...lines] = text.slice(0, end.index).split(/\r?\n/);
  const [, method = "", target = "", minor = ""] = REQUEST_LINE.exec(line) ?? [];
  const fields = lines.map(parseField);
  if (!TOKEN.test(method) || fields.includes(null)) return null;
  const values = (name: string) => fields.flatMap((field) => field?.[0] === name ? [field[1]] : []);
  const path = pathOf(method, target);
  const hosts = values("host");
  const hostGood = hosts.length === 1 ? HOST.test(hosts[0]!) : hosts.length === 0 && minor === "0";
  if (path === null) return null;
  const after = text.slice(end.index + end[0].length);
  const framing = framingOf(values("transfer-encoding"), values("content-length"), minor);
  if (framing === null) return null;
  const content = framing === "chunked" ? unchunk(after) : take(after, framing);
  const options = values("connection").join(",").toLowerCase().split(/[\s,]+/);
  const close = minor === "0" ? !options.includes("keep-alive") : options.includes("close");
  return {
    request: { method, target: path, content: content?.[0] ?? null },
    rest: content?.[1] ?? "",
    last: close || content === null,
    hostGood,
  };
}

function parseField(line: string): [name: string, value: string] | null {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon);
  const value = line.slice(colon + 1);
  return TOKEN.test(name) && VALUE.test(value)
    ? [name.toLowerCase(), value.replace(/^[ \t]+|[ \t]+$/g, "")]
    : null;
}

function pathOf(method: string, target: string): string | null {
  if (method === "CONNECT") return /^[^/@]+:[0-9]+$/.test(target) ? target : null;
  if (target === "*") return method === "OPTIONS" ? "/*" : null; // as our applications get it
  const absolute = ABSOLUTE_FORM.exec(target);
  const path = absolute ? absolute[2] || "/" : target;
  return ORIGIN_FORM.test(path) ? path : null;
}

/** How content is delimited (RFC 9112 §6.3): in chunks, or by its length; `null` when nobody can tell. */
function framingOf(
  codings: readonly string[],
  lengths: readonly string[],
  minor: string,
): "chunked" | number | null {
  if (codings.length > 0) {
    const list = codings.join(",").toLowerCase().split(",").map((coding) => coding.trim());
    const good = lengths.length === 0 && minor === "1" &&
      list.indexOf("chunked") === list.length - 1 && list.every((coding) => TOKEN.test(coding));
    return good ? "chunked" : null;
  }
  const [length = "0"] = lengths;
  return /^[0-9]+$/.test(length) && lengths.every((other) => other === length)
    ? Number(length)
    : null;
}

function take(text: string, length: number): [content: string, rest: string] | null {
  return length <= text.length ? [text.slice(0, length), text.slice(length)] : null;
}

/** RFC 9112 §7.1. */
function unchunk(text: string): [content: string, rest: string] | null {
  let content = "";
  let rest = text;
  for (;;) {
    const end = rest.indexOf("\r\n");
    const size = end === -1 ? undefined : CHUNK_LINE.exec(rest.slice(0, end))?.[1];
    if (size === undefined) return null;
    rest = rest.slice(end + 2);
    const bytes = parseInt(size, 16);
    if (bytes === 0) break;
    if (bytes + 2 > rest.length || rest.slice(bytes, bytes + 2) !== "\r\n") return null;
    content += rest.slice(0, bytes);
    rest = rest.slice(bytes + 2);
  }
  for (;;) {
    const end = rest.indexOf("\r\n");
    if (end === -1) return null;
    const line = rest.slice(0, end);
    rest = rest.slice(end + 2);
    if (line === "") return [content, rest];
    if (parseField(line) === null) return null;
  }
}
