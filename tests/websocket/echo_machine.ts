/**
 * A server that echoes, made of a machine and nothing else, and a client's ear for what it answers.
 *
 * @module
 */

import {
  acceptDeflate,
  type Closed,
  type DeflateOptions,
  parseExtensions,
  WebSocketMachine,
} from "../../src/websocket/mod.ts";
import { MessageReader } from "../../src/websocket/message_reader.ts";
import type { Answer, Case } from "./families/mod.ts";
import { ZLIB } from "../../src/protocol/deflate_codec.ts";

/** Echoes what comes, and writes down what a client would get. */
export class EchoMachine {
  /** What was answered so far, apart from a Close frame. */
  readonly answers: Answer[] = [];
  /** Code of the Close frame that was sent; `null` while there is none. */
  close: number | null = null;
  /** The last event; `null` before it. */
  closed: Closed | null = null;
  readonly #machine: WebSocketMachine;
  readonly #ear: MessageReader;
  #now = 0;

  /** Makes it ready for a case. */
  constructor({ extensions, maxFragments }: Pick<Case, "extensions" | "maxFragments"> = {}) {
    const deflate = extensions === undefined ? null : agree(extensions);
    this.#machine = new WebSocketMachine({
      role: "server",
      maxMessageSize: 16 * 1024 * 1024,
      closeTimeout: 5000,
      deflate,
      ...(maxFragments === undefined ? {} : { maxFragments }),
    }, 0);
    this.#ear = new MessageReader({
      role: "client",
      maxMessageSize: 2 ** 30,
      maxFragments: Infinity,
      codec: deflate?.codec ?? null,
    });
  }

  /** Takes a chunk, which it keeps, and answers. */
  receive(chunk: Uint8Array): void {
    this.#machine.receive(chunk, this.#now += 100);
    for (let event = this.#machine.next(); event !== null; event = this.#machine.next()) {
      if (event.type === "message") this.#machine.send(event.data);
      if (event.type === "closed") this.closed = event;
      this.#flush();
    }
    this.#flush();
  }

  /** As a driver does after each event, which is what keeps answers in their order. */
  #flush(): void {
    for (let bytes = this.#machine.take(); bytes !== null; bytes = this.#machine.take()) {
      this.#ear.receive(bytes);
      for (let heard = this.#ear.next(); heard !== null; heard = this.#ear.next()) {
        if (this.close !== null) throw new Error(`A ${heard.type} came after the Close frame`);
        if (heard.type === "close") this.close = heard.code;
        else if (heard.type === "message") this.answers.push(answerOf(heard.data));
        else if (heard.type === "pong") this.answers.push({ type: "pong", data: heard.payload });
        else throw new Error("A ping came that nothing asked for");
      }
    }
  }
}

function answerOf(data: string | Uint8Array): Answer {
  return typeof data === "string" ? { type: "text", data } : { type: "binary", data };
}

function agree(extensions: string): DeflateOptions {
  const agreement = acceptDeflate(parseExtensions(extensions) ?? []);
  if (agreement === null) throw new Error(`The offer "${extensions}" was declined`);
  return { codec: ZLIB, windowBits: agreement.windowBits };
}
