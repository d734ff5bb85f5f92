/**
 * The encoding half of a connection (RFC 9204 §2.1).
 *
 * @module
 */

import type { FieldList } from "../fields.ts";
import { ByteWriter } from "./byte_writer.ts";
import { FIELD_TRAITS, UNKNOWN_FIELD } from "./field_traits.ts";

/** Bounds of a {@linkcode QPACKEncoder}. */
export interface EncoderOptions {
  /** Bytes of the dynamic table that we are willing to keep, whatever the peer allows; 0 turns it off. */
  readonly maxTableCapacity: number;
  /** Bytes of encoder instructions that may wait to be taken; nothing is inserted beyond. */
  readonly maxBacklog: number;
}

/** What the peer's decoder can do, from its SETTINGS. */
export interface PeerLimits {
  /** `SETTINGS_QPACK_MAX_TABLE_CAPACITY`, in bytes. */
  readonly maxTableCapacity: number;
  /** `SETTINGS_QPACK_BLOCKED_STREAMS`. */
  readonly maxBlockedStreams: number;
}

const lines = new ByteWriter(16);
const PREFIX = new Uint8Array(2);

/** Encodes field sections. */
export class QPACKEncoder {
  /** Makes an encoder. */
  constructor(_options: EncoderOptions) {}

  /** Takes the peer's SETTINGS. */
  configure(_peer: PeerLimits): void {}

  /** Encodes a field section. */
  encode(_streamId: number, fields: FieldList): Uint8Array<ArrayBuffer> {
    lines.clear();
    for (const [name, value] of fields) {
      const traits = FIELD_TRAITS.get(name) ?? UNKNOWN_FIELD;
      const guarded = value.length < traits.guardedLength;
      const index = traits.values.get(value);
      if (index !== undefined && !guarded) {
        lines.integer(6, 0xc0, index);
        continue;
      }
      if (traits.index >= 0) lines.integer(4, guarded ? 0x70 : 0x50, traits.index);
      else lines.string(4, guarded ? 0x30 : 0x20, name);
      lines.string(8, 0, value);
    }
    lines.prepend(PREFIX, 2);
    return lines.take();
  }

  /** Follows the peer's decoder stream. */
  receive(_bytes: Uint8Array): void {}

  /** Forgets a section that was not sent. */
  cancel(_streamId: number): void {}

  /** What to send on our encoder stream. */
  take(): Uint8Array<ArrayBuffer> | null {
    return null;
  }
}
