/**
 * What an HTTP/3 client remembers of a connection: the server's settings and GOAWAY, and both QPACK tables.
 *
 * @module
 */

import type { FieldList } from "../../src/fields.ts";
import { decodeIdPayload } from "../../src/h3/frames.ts";
import {
  decodeSettings,
  encodeFrame,
  encodeSettings,
  encodeVarints,
  FRAME,
  FrameReader,
  type Settings,
  STREAM,
} from "../../src/h3/mod.ts";
import { QPACKDecoder, QPACKEncoder } from "../../src/qpack/mod.ts";
import { concat } from "./bytes.ts";
import { withDeadline } from "./deadline.ts";

/** What the server may do. */
const LIMITS: Settings = {
  maxFieldSectionSize: 1_048_576,
  qpackMaxTableCapacity: 4096,
  qpackBlockedStreams: 16,
  enableConnectProtocol: false,
  enableDatagrams: false,
  webTransportSessions: 0,
};

/** First bytes of the client's unidirectional streams. */
export const STREAM_STARTS = {
  control: concat([
    encodeVarints(STREAM.CONTROL),
    encodeFrame(FRAME.SETTINGS, encodeSettings(LIMITS, null)),
  ]),
  encoder: encodeVarints(STREAM.QPACK_ENCODER),
  decoder: encodeVarints(STREAM.QPACK_DECODER),
} as const;

/** One connection, without its transport. After each call there may be bytes to take. */
export class H3ClientSession {
  /** The server's settings; `null` before they came. */
  settings: Settings | null = null;
  /** Id of the last GOAWAY, `null` before one. */
  goaway: number | null = null;
  /** Bytes that came on the server's QPACK streams. */
  readonly received = { encoder: 0, decoder: 0 };
  readonly #decoder = new QPACKDecoder({
    maxTableCapacity: LIMITS.qpackMaxTableCapacity,
    maxBlockedStreams: LIMITS.qpackBlockedStreams,
    maxFieldSectionSize: LIMITS.maxFieldSectionSize,
    maxNameLength: 65_536,
    maxValueLength: LIMITS.maxFieldSectionSize,
  });
  readonly #encoder = new QPACKEncoder({ maxTableCapacity: 4096, maxBacklog: 65_536 });
  readonly #blocked = new Map<number, PromiseWithResolvers<void>>();

  /** What takes the bytes of a stream the server opened, by its type. What it throws ends the connection. */
  receiver(type: number): (bytes: Uint8Array) => void {
    switch (type) {
      case STREAM.CONTROL:
        return this.#controlReceiver();
      case STREAM.QPACK_ENCODER:
        return (bytes) => {
          this.received.encoder += bytes.length;
          for (const id of this.#decoder.receive(bytes)) this.#blocked.get(id)?.resolve();
        };
      case STREAM.QPACK_DECODER:
        return (bytes) => {
          this.received.decoder += bytes.length;
          this.#encoder.receive(bytes);
        };
      default:
        return () => {}; // reserved
    }
  }

  /** A HEADERS frame. */
  encode(streamId: number, fields: FieldList): Uint8Array<ArrayBuffer> {
    return encodeFrame(FRAME.HEADERS, this.#encoder.encode(streamId, fields));
  }

  /** The fields of a section, once the instructions it needs are there. */
  async decode(streamId: number, section: Uint8Array): Promise<FieldList> {
    for (;;) {
      const fields = this.#decoder.decode(streamId, section);
      if (fields !== null) return fields;
      const waiting = Promise.withResolvers<void>();
      this.#blocked.set(streamId, waiting);
      await withDeadline(waiting.promise, "instructions for a blocked field section");
      this.#blocked.delete(streamId);
    }
  }

  /** A response is not wanted any more. */
  cancel(streamId: number): void {
    this.#decoder.cancel(streamId);
  }

  /** Instructions for the server's decoder. */
  takeEncoder(): Uint8Array | null {
    return this.#encoder.take();
  }

  /** Acknowledgements for the server's encoder. */
  takeDecoder(): Uint8Array | null {
    return this.#decoder.take();
  }

  #controlReceiver(): (bytes: Uint8Array) => void {
    const wanted: number[] = [FRAME.SETTINGS, FRAME.GOAWAY];
    const reader = new FrameReader({ admit: (type) => wanted.includes(type) ? "whole" : "skip" });
    return (bytes) => {
      reader.receive(bytes);
      for (let frame = reader.next(); frame !== null; frame = reader.next()) {
        if (frame.type === FRAME.GOAWAY) this.goaway = decodeIdPayload(frame);
        else this.#configure(decodeSettings(frame.payload));
      }
    };
  }

  #configure(settings: Settings): void {
    this.settings = settings;
    this.#encoder.configure({
      maxTableCapacity: settings.qpackMaxTableCapacity,
      maxBlockedStreams: settings.qpackBlockedStreams,
    });
  }
}
