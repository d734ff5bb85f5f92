/**
 * The same work in WebTransport sessions of every form of application.
 *
 * A datagram that begins with {@link ECHO} is sent back, others are counted. A stream in both directions begins with a
 * number of bytes, as a 64-bit float: so many are read from the client and answered with one byte, or, when it is
 * negative, so many are sent.
 *
 * @module
 */

import type { ASGIFramework } from "../../../mod.ts";

/** First byte of a datagram that is to come back. */
export const ECHO = 1;

/** Bytes of the number that a stream begins with. */
export const HEAD_BYTES = 8;

/** Bytes of a write. */
export const PIECE_BYTES = 65_536;

/** Datagrams that were counted. */
export const counted = { datagrams: 0 };

type Session = Pick<WebTransport, "datagrams" | "incomingBidirectionalStreams">;

/** Serves a session of the interface of browsers, ours or the runtime's, until it is over. */
export async function serveSession(session: Session): Promise<void> {
  await Promise.all([serveDatagrams(session), serveStreams(session)]);
}

async function serveDatagrams({ datagrams }: Session): Promise<void> {
  const reader = datagrams.readable.getReader();
  const writer = datagrams.writable.getWriter();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (value[0] === ECHO) await writer.write(value);
    else counted.datagrams++;
  }
}

async function serveStreams({ incomingBidirectionalStreams }: Session): Promise<void> {
  const open = new Set<unknown>(); // a collected stream ends
  for await (const stream of incomingBidirectionalStreams) {
    open.add(stream);
    serveStream(stream).catch(() => {}); // the client has left
  }
}

async function serveStream(stream: WebTransportBidirectionalStream): Promise<void> {
  const reader = stream.readable.getReader();
  const writer = stream.writable.getWriter();
  const first = (await reader.read()).value!;
  const size = sizeIn(first);
  let left = size - (first.length - HEAD_BYTES);
  if (size < 0) return await sendPieces(-size, (piece) => writer.write(piece));
  while (left > 0) left -= (await reader.read()).value!.length;
  await writer.write(Uint8Array.of(0));
}

/** The same in ASGI form. */
export const asgiSession: ASGIFramework = async (scope, receive, send) => {
  if (scope.type !== "webtransport") throw new TypeError(`Cannot handle ${scope.type}`);
  await send({ type: "webtransport.accept" });
  const left = new Map<unknown, number>();
  for (;;) {
    const event = await receive();
    if (event.type === "webtransport.disconnect") return;
    if (event.type === "webtransport.datagram.receive") {
      const { data } = event;
      if (data[0] === ECHO) await send({ type: "webtransport.datagram.send", data });
      else counted.datagrams++;
    } else if (event.type === "webtransport.stream.receive") {
      const { stream, data } = event;
      const answer = (data: Uint8Array) => send({ type: "webtransport.stream.send", stream, data });
      const size = left.get(stream) ?? sizeIn(data) + HEAD_BYTES;
      left.set(stream, size - data.length);
      if (size < 0) await sendPieces(HEAD_BYTES - size, answer);
      else if (size <= data.length) await answer(Uint8Array.of(0));
    }
  }
};

function sizeIn(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getFloat64(0);
}

/** Sends so many bytes, each piece when the transport has taken the last one. */
export async function sendPieces(
  size: number,
  send: (piece: Uint8Array<ArrayBuffer>) => Promise<void>,
): Promise<void> {
  for (let left = size; left > 0; left -= PIECE_BYTES) {
    await send(new Uint8Array(Math.min(left, PIECE_BYTES)));
  }
}
