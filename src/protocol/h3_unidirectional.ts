/**
 * Streams on which only the client sends: critical ones, those of WebTransport sessions, and what nobody knows.
 *
 * @module
 */

import type { ConnectionEvent, H3Connection, WebTransportStart } from "../h3/mod.ts";
import {
  type QuicConnection,
  type QuicReceiveStream,
  StreamResetError,
} from "../quic/transport.ts";

/** The connection, as these streams see it. */
export interface UnidirectionalOwner {
  /** Whether it is over. */
  readonly over: boolean;
  /** A critical stream said something. */
  onConnectionEvent(event: ConnectionEvent): void;
  /** It belongs to a WebTransport session; whoever is told reads it from now on. */
  onUnidirectional(stream: QuicReceiveStream, start: WebTransportStart): void;
  /** Writes what waits for our decoder stream, soon. */
  acknowledge(): void;
  /** Ends the connection because of `error`. */
  fail(error: unknown): void;
}

/** Reads all that the client opens, as long as the connection lasts. */
export async function readUnidirectional(
  quic: QuicConnection,
  machine: H3Connection,
  owner: UnidirectionalOwner,
): Promise<void> {
  for (;;) {
    const stream = await quic.acceptUnidirectional();
    if (stream === null) return;
    void readStream(stream, machine, owner);
  }
}

async function readStream(
  stream: QuicReceiveStream,
  connection: H3Connection,
  owner: UnidirectionalOwner,
): Promise<void> {
  const machine = connection.unidirectional(stream.id);
  try {
    for (;;) {
      const bytes = await stream.read();
      if (owner.over) return;
      if (bytes === null) return machine.finish();
      for (const event of machine.receive(bytes, performance.now())) owner.onConnectionEvent(event);
      owner.acknowledge();
      if (machine.webTransport) return owner.onUnidirectional(stream, machine.webTransport);
      if (machine.discard) return stream.stop();
    }
  } catch (error) {
    if (!(error instanceof StreamResetError)) return owner.fail(error);
    try {
      machine.reset(error.code);
    } catch (fault) {
      owner.fail(fault);
    }
  }
}
