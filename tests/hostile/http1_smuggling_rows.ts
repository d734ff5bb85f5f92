/**
 * How a row of the smuggling suite is written: bytes by which a request might be hidden from who looks first, and what
 * our server makes of them.
 *
 * `/smuggled` is the request that is hidden; `/second` is one that anybody has to see.
 *
 * @module
 */

/** What becomes of the connection: the server ends it, takes another request, or waits for the rest of this one. */
export type Then = "closed" | "open" | "waits";

/** One attack. */
export interface SmugglingRow {
  /** What is special about it. */
  readonly name: string;
  /** Bytes, as latin-1. */
  readonly sends: string;
  /** What the application got completely: method, target and content; that of GET is kept from it. */
  readonly sees: readonly string[];
  /** Statuses of the responses. */
  readonly gets: readonly number[];
  /** The connection after that. */
  readonly then: Then;
  /** Why the runtime takes what a strict proxy would not forward, where it does. */
  readonly lenient?: string;
  /** Whether it is something else when it comes byte by byte. */
  readonly whole?: boolean;
}

/** A good host. */
export const HOST = "Host: localhost\r\n";
/** A good coding. */
export const CHUNKED = "Transfer-Encoding: chunked\r\n";
/** The hidden request. */
export const SMUGGLED = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`;
/** The request that is not hidden. */
export const SECOND = `GET /second HTTP/1.1\r\n${HOST}\r\n`;
/** The last chunk. */
export const EMPTY = "0\r\n\r\n";
/** Bytes of {@link SMUGGLED}. */
export const LENGTH = SMUGGLED.length;

/** A request head. */
export const head = (line: string, fields = HOST) => `${line}\r\n${fields}\r\n`;
/** A GET request with more fields. */
export const get = (fields: string) => head("GET /first HTTP/1.1", HOST + fields);
/** A POST request. */
export const post = (fields: string, content: string, version = "1.1") =>
  head(`POST /first HTTP/${version}`, HOST + fields) + content;
/** A POST request in chunks. */
export const chunked = (content: string) => post(CHUNKED, content);

/** 400, and the end. */
export const refused = (name: string, sends: string): SmugglingRow => ({
  name,
  sends: sends + SMUGGLED,
  sees: [],
  gets: [400],
  then: "closed",
});

/** The end without a response, since the head was good. */
export const cut = (name: string, sends: string): SmugglingRow => ({
  ...refused(name, sends),
  gets: [],
});

/** 400 for this request, for its framing is good. */
export const answered400 = (name: string, sends: string): SmugglingRow => ({
  name,
  sends,
  sees: [],
  gets: [400],
  then: "open",
});

/** 200 for what the application got, and the connection goes on. */
export const taken = (name: string, sends: string, ...sees: string[]): SmugglingRow => ({
  name,
  sends,
  sees,
  gets: sees.map(() => 200),
  then: "open",
});

/** A row that shows what the runtime takes beyond the RFC. */
export const lenient = (reason: string, row: SmugglingRow): SmugglingRow => ({
  ...row,
  lenient: reason,
});
