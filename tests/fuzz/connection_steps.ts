/**
 * What a simulated HTTP/3 client does, and what is expected to come of it.
 *
 * @module
 */

import type { Field, FieldList } from "../../src/fields.ts";
import {
  DEFAULT_PRIORITY,
  type H3Options,
  type Priority,
  type RequestStream,
  STREAM,
} from "../../src/h3/mod.ts";
import type { Settings } from "../../src/h3/settings.ts";
import { concat } from "../_support/bytes.ts";
import type { PlainEvent } from "../h3/request_support.ts";

/** One step of client, server or network. `stream` picks one of those there are. */
export type Action =
  | { readonly do: "request"; readonly fields: FieldList; readonly content: readonly number[] }
  | { readonly do: "trailers"; readonly stream: number; readonly fields: FieldList }
  | { readonly do: "unknown frame"; readonly stream: number; readonly length: number }
  | { readonly do: "unknown stream"; readonly length: number }
  | { readonly do: "session stream"; readonly both: boolean; readonly length: number }
  | { readonly do: "prioritize"; readonly stream: number; readonly priority: Priority }
  | { readonly do: "goaway" }
  | { readonly do: "allow pushes" }
  | { readonly do: "finish"; readonly stream: number }
  | { readonly do: "reset"; readonly stream: number }
  | { readonly do: "deliver"; readonly stream: number; readonly length: number }
  | { readonly do: "respond"; readonly stream: number; readonly fields: FieldList }
  | { readonly do: "reply"; readonly length: number }
  | { readonly do: "leave"; readonly final: boolean };

/** What the server allows. */
export const SERVER: H3Options = {
  maxFieldSectionSize: 4096,
  qpackTableCapacity: 400,
  qpackBlockedStreams: 3,
  maxRequestStreams: 100,
  enableConnectProtocol: true,
  enableDatagrams: true,
  webTransportSessions: 1,
  random: 0.5,
};

/** What the client allows. */
export const CLIENT: Settings = {
  maxFieldSectionSize: 10_000,
  qpackMaxTableCapacity: 300,
  qpackBlockedStreams: 2,
  enableConnectProtocol: false,
  enableDatagrams: true,
  webTransportSessions: 1,
};

/** A type of frames and streams that means nothing. */
export const GREASE = 0x21;

/** Types of the client's streams, in forms of several bytes, so that they are cut, too. */
export const TYPES: readonly Uint8Array[] = [
  Uint8Array.of(0x40, STREAM.CONTROL),
  Uint8Array.of(0x80, 0, 0, STREAM.QPACK_ENCODER),
  Uint8Array.of(0xc0, 0, 0, 0, 0, 0, 0, STREAM.QPACK_DECODER),
];

/** Bytes on their way. */
export class Queue {
  #bytes: Uint8Array = new Uint8Array(0);

  /** How many wait. */
  get length(): number {
    return this.#bytes.length;
  }

  /** Sends more. */
  push(bytes: Uint8Array | null): void {
    if (bytes !== null) this.#bytes = concat([this.#bytes, bytes]);
  }

  /** The next ones, at most so many, arrive. */
  take(length: number): Uint8Array {
    const taken = this.#bytes.slice(0, length);
    this.#bytes = this.#bytes.slice(length);
    return taken;
  }

  /** The rest is lost. */
  clear(): void {
    this.#bytes = new Uint8Array(0);
  }
}

/** A request as both sides see it. */
export interface Request {
  readonly id: number;
  /** Bytes that were sent and did not arrive. */
  readonly queue: Queue;
  /** What the server is to read. */
  readonly expected: PlainEvent[];
  /** What it did read. */
  readonly events: PlainEvent[];
  /** Whether trailers or FIN were sent, so that nothing but unknown frames may follow. */
  ended: boolean;
  /** Whether FIN was sent. */
  finished: boolean;
  /** Whether FIN arrived. */
  delivered: boolean;
  /** Whether the client gave it up. */
  reset: boolean;
  /** The server's side; `null` before the stream is open there. */
  machine: RequestStream | null;
  /** What the last PRIORITY_UPDATE said. */
  priority: Priority;
}

/** Field lines of a request; few targets, so that they come again. */
export function linesOf(id: number, fields: FieldList): Field[] {
  const pseudo: Field[] = [[":method", "POST"], [":scheme", "https"], [":authority", "a.test"]];
  return [...pseudo, [":path", targetOf(id)], ...fields];
}

/** Content by the lengths of its DATA frames, each of a letter of its own. */
export function textsOf(content: readonly number[]): string[] {
  return content.map((length, index) => String.fromCharCode(97 + index).repeat(length));
}

/** A request of which nothing was sent, and the events of its head and content. */
export function newRequest(id: number, fields: FieldList, content: readonly number[]): Request {
  const head: PlainEvent = {
    type: "head",
    contentLength: null,
    head: {
      method: "POST",
      scheme: "https",
      authority: "a.test",
      target: targetOf(id),
      httpVersion: "3",
      fields: [["host", "a.test"], ...fields],
      protocol: null,
    },
  };
  const texts = textsOf(content).filter((text) => text !== "");
  return {
    id,
    queue: new Queue(),
    expected: [head, ...texts.map((text): PlainEvent => ({ type: "data", text }))],
    events: [],
    ended: false,
    finished: false,
    delivered: false,
    reset: false,
    machine: null,
    priority: DEFAULT_PRIORITY,
  };
}

function targetOf(id: number): string {
  return `/${id % 12}`;
}
