/**
 * What the contract suite asks of an HTTP client, whatever it is made of.
 *
 * @module
 */

/** Field lines as the client saw them, names in lower case. */
export type ClientFields = readonly (readonly [name: string, value: string])[];

/** A request to send. */
export interface ClientRequest {
  /** Default `GET`. */
  readonly method?: string;
  /** Path and query, sent as they are. */
  readonly target: string;
  /** Further field lines; their values are latin-1. */
  readonly fields?: ClientFields;
  /** Content: whole, sent with a content-length, or `"open"` for pieces of unknown number. */
  readonly content?: string | Uint8Array | "open";
}

/** Head of the final response. */
export interface ClientHead {
  /** Status code. */
  readonly status: number;
  /** Header section; lines that the client joined cannot be told apart. */
  readonly fields: ClientFields;
}

/** A response on its way. */
export interface IncomingResponse {
  /** The final response head. Rejects with {@link BrokenResponse} when there is none. */
  head(): Promise<ClientHead>;
  /** Next piece of content, `null` at a proper end. Rejects with {@link BrokenResponse} when it is cut short. */
  read(): Promise<Uint8Array | null>;
}

/** One request in progress. */
export interface ClientExchange extends IncomingResponse, AsyncDisposable {
  /** Sends a piece of open content; settles when the connection took it. */
  send(piece: Uint8Array | string): Promise<void>;
  /** Ends open content. */
  finish(): Promise<void>;
  /** Goes away at once, in the middle of whatever happens. */
  leave(): Promise<void>;
}

/** A client connected to one server. */
export interface Client extends AsyncDisposable {
  /** Starts a request. */
  open(request: ClientRequest): Promise<ClientExchange>;
}

/** The response was missing or ended before it was complete, and the client noticed. */
export class BrokenResponse extends Error {
  /** The name of this class. */
  override name = "BrokenResponse";
}

/** A whole response. */
export interface ClientResponse extends ClientHead {
  /** The content. */
  readonly content: Uint8Array;
  /** The content as text. */
  readonly text: string;
}

/** Sends a request and reads the whole response. */
export async function request(client: Client, sent: ClientRequest): Promise<ClientResponse> {
  await using exchange = await client.open(sent);
  return await readResponse(exchange);
}

/** Reads what is left of a response. */
export async function readResponse(exchange: IncomingResponse): Promise<ClientResponse> {
  const head = await exchange.head();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const piece = await exchange.read();
    if (piece === null) break;
    pieces.push(piece as Uint8Array<ArrayBuffer>);
  }
  const content = new Uint8Array(await new Blob(pieces).arrayBuffer());
  return { ...head, content, text: new TextDecoder().decode(content) };
}

/** First value of a field, or `undefined`. */
export function fieldOf({ fields }: ClientHead, name: string): string | undefined {
  return fields.find(([candidate]) => candidate === name)?.[1];
}

/** All values of a field, in order. */
export function fieldsOf({ fields }: ClientHead, name: string): string[] {
  return fields.filter(([candidate]) => candidate === name).map(([, value]) => value);
}

const utf8 = new TextEncoder();

/** Bytes of content. */
export function bytesOf(content: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof content === "string" ? utf8.encode(content) : content as Uint8Array<ArrayBuffer>;
}

/** Text as one byte a character. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Bytes as text, one character a byte. */
export function fromLatin1(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 8192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return text;
}

/** Reads field lines out of a head, one a line. */
export function parseFields(lines: readonly string[]): ClientFields {
  return lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
}
