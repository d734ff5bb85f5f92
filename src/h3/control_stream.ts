/**
 * The client's control stream: SETTINGS first, then what concerns the connection as a whole.
 *
 * Whether a frame may come is looked up in {@linkcode NEXT} when its header is there, before its payload.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-6.2.1 | RFC 9114 §6.2.1}
 * @module
 */

import type { Budget } from "./budget.ts";
import { type ConnectionEvent, NO_EVENTS } from "./connection_event.ts";
import { H3, H3Error } from "./errors.ts";
import {
  decodeIdPayload,
  FRAME,
  type Frame,
  frameName,
  FrameReader,
  isKnownFrameType,
} from "./frames.ts";
import { MAX_CONTROL_PAYLOAD_BYTES } from "./limits.ts";
import type { Treatment } from "./piece_reader.ts";
import { decodePriorityUpdate, type PriorityUpdate } from "./priority.ts";
import { decodeSettings, type Settings } from "./settings.ts";
import { misplacedSignal, WEBTRANSPORT_SIGNAL } from "./webtransport_signal.ts";

/** The connection as its control stream sees it. */
export interface ControlContext {
  /** What legal but useless input costs. */
  readonly budget: Budget;
  /** Whether WebTransport was offered. */
  readonly webTransport: boolean;
  /** Request streams that the client may have opened by now, at most. */
  streamLimit(): number;
  /** Takes the client's settings. */
  configure(settings: Settings): void;
  /** Takes the priority of a request. Says whether that request is open now. */
  prioritize(update: PriorityUpdate): boolean;
}

type State = "opening" | "open";

/** `[state][frame type]` is the next state; a known type that is absent is refused. */
const NEXT: Readonly<Record<State, Readonly<Record<number, State>>>> = {
  opening: { [FRAME.SETTINGS]: "open" },
  open: {
    [FRAME.GOAWAY]: "open",
    [FRAME.MAX_PUSH_ID]: "open",
    [FRAME.CANCEL_PUSH]: "open",
    [FRAME.PRIORITY_UPDATE_REQUEST]: "open",
    [FRAME.PRIORITY_UPDATE_PUSH]: "open",
  },
};

/** Reads the client's control stream. */
export class ControlStream {
  readonly #context: ControlContext;
  readonly #frames: FrameReader;
  #state: State = "opening";
  /** Push id of the last GOAWAY: they may not grow. */
  #goawayId = Infinity;
  /** Last MAX_PUSH_ID: they may not shrink. */
  #maxPushId = -1;

  /** @param context The connection. */
  constructor(context: ControlContext) {
    this.#context = context;
    this.#frames = new FrameReader({ admit: (type, length) => this.#admit(type, length) });
  }

  /**
   * Takes bytes of the stream, after its type.
   *
   * @throws {H3Error} Always a connection error.
   */
  receive(bytes: Uint8Array): readonly ConnectionEvent[] {
    let events: ConnectionEvent[] | null = null;
    this.#frames.receive(bytes);
    for (let frame = this.#frames.next(); frame !== null; frame = this.#frames.next()) {
      const event = this.#handle(frame);
      if (event !== null) (events ??= []).push(event);
    }
    return events ?? NO_EVENTS;
  }

  #admit(type: number, length: number): Treatment {
    const next = NEXT[this.#state][type];
    if (next === undefined) return this.#admitOther(type);
    this.#state = next;
    if (length <= MAX_CONTROL_PAYLOAD_BYTES) return "whole";
    throw new H3Error(
      H3.EXCESSIVE_LOAD,
      `Cannot accept ${
        frameName(type)
      } of ${length} bytes: the limit is ${MAX_CONTROL_PAYLOAD_BYTES}`,
    );
  }

  #admitOther(type: number): Treatment {
    if (this.#state === "opening") {
      throw new H3Error(
        H3.MISSING_SETTINGS,
        `Cannot accept ${
          frameName(type)
        }: expected SETTINGS as the first frame of the control stream`,
      );
    }
    if (isKnownFrameType(type)) {
      const reason = type === FRAME.SETTINGS ? "it came before" : "it does not belong here";
      throw new H3Error(
        H3.FRAME_UNEXPECTED,
        `Cannot accept ${frameName(type)} on the control stream: ${reason}`,
      );
    }
    if (type === WEBTRANSPORT_SIGNAL && this.#context.webTransport) {
      throw misplacedSignal("on the control stream");
    }
    this.#context.budget.spend("unknown frames");
    return "skip";
  }

  #handle(frame: Frame): ConnectionEvent | null {
    switch (frame.type) {
      case FRAME.SETTINGS:
        return this.#configure(frame);
      case FRAME.GOAWAY:
        return this.#leave(decodeIdPayload(frame));
      case FRAME.MAX_PUSH_ID:
        return this.#allowPush(decodeIdPayload(frame));
      case FRAME.CANCEL_PUSH:
        return this.#cancelPush(decodeIdPayload(frame));
      default:
        return this.#prioritize(frame);
    }
  }

  #configure(frame: Frame): ConnectionEvent {
    const settings = decodeSettings(frame.payload);
    this.#context.configure(settings);
    return { type: "settings", settings };
  }

  #leave(id: number): ConnectionEvent {
    this.#context.budget.spend("GOAWAY frames");
    if (id > this.#goawayId) {
      throw new H3Error(
        H3.ID_ERROR,
        `Cannot accept GOAWAY: its id grew from ${this.#goawayId} to ${id}`,
      );
    }
    this.#goawayId = id;
    return { type: "goaway", id };
  }

  /** We never push, so the limit only has to keep its rule (RFC 9114 §7.2.7). */
  #allowPush(id: number): null {
    this.#context.budget.spend("MAX_PUSH_ID frames");
    if (id < this.#maxPushId) {
      throw new H3Error(
        H3.ID_ERROR,
        `Cannot accept MAX_PUSH_ID: it shrank from ${this.#maxPushId} to ${id}`,
      );
    }
    this.#maxPushId = id;
    return null;
  }

  /** No push was promised, so every id is wrong: beyond the limit, or never mentioned (RFC 9114 §7.2.3). */
  #cancelPush(id: number): never {
    throw new H3Error(H3.ID_ERROR, `Cannot cancel push ${id}: none was promised`);
  }

  /** Browsers send a few in a page; each has us order streams anew. */
  #prioritize(frame: Frame): ConnectionEvent | null {
    this.#context.budget.spend("PRIORITY_UPDATE frames");
    const update = decodePriorityUpdate(frame, this.#context.streamLimit());
    return this.#context.prioritize(update) ? { type: "priority", ...update } : null;
  }
}
