/**
 * What a request stream shares with the other streams of its connection.
 *
 * @module
 */

import type { QPACKDecoder, QPACKEncoder } from "../qpack/mod.ts";
import type { Budget } from "./budget.ts";
import type { Priority } from "./priority.ts";

/** The connection as a request stream sees it. */
export interface RequestContext {
  /** Decompresses the client's field sections. */
  readonly decoder: QPACKDecoder;
  /** Compresses ours. */
  readonly encoder: QPACKEncoder;
  /** What legal but useless input costs. */
  readonly budget: Budget;
  /** Largest field section to accept, in bytes as RFC 9114 §4.2.2 counts them. */
  readonly maxFieldSectionSize: number;
  /** Whether extended CONNECT was offered (RFC 9220). */
  readonly enableConnectProtocol: boolean;
  /** Whether WebTransport was offered. */
  readonly webTransport: boolean;
  /** Request streams that the client may have opened by now, at most. */
  streamLimit(): number;
  /** What PRIORITY_UPDATE said about a stream, which overrides its `priority` field; `null` when none came. */
  updatedPriority(streamId: number): Priority | null;
  /** The stream is over, in both directions. */
  forget(streamId: number): void;
}
