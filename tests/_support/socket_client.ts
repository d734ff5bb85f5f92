/**
 * The runtime's own WebSocket client, with messages to wait for.
 *
 * @module
 */

import { deadline } from "@std/async/deadline";
import assert from "node:assert/strict";
import { PATIENCE_MS } from "./program.ts";

/** A WebSocket client. */
export interface SocketClient extends AsyncDisposable {
  /** Sends a message. */
  send(data: string | Uint8Array<ArrayBuffer>): void;
  /** The next message. */
  next(): Promise<string | ArrayBuffer>;
  /** Closes it, and waits until it is closed. */
  close(): Promise<void>;
  /** The close code, once closed. */
  readonly closed: Promise<number>;
}

/** Connects to a WebSocket below an `http:` URL. */
export async function connect(url: string): Promise<SocketClient> {
  const socket = new WebSocket(url.replace("http", "ws"));
  socket.binaryType = "arraybuffer";
  const closed = new Promise<number>((resolve) => socket.onclose = ({ code }) => resolve(code));
  const messages = new ReadableStream<string | ArrayBuffer>({
    start(controller) {
      socket.onmessage = ({ data }) => controller.enqueue(data);
      closed.then(() => controller.close());
    },
  }).getReader();
  const close = async () => {
    socket.close();
    await deadline(closed, PATIENCE_MS);
  };
  const opened = new Promise((resolve) => socket.onopen = resolve);
  await deadline(Promise.race([opened, closed]), PATIENCE_MS);
  assert.equal(socket.readyState, WebSocket.OPEN, `${url} refused the WebSocket`);
  return {
    send: (data) => socket.send(data),
    async next() {
      const { done, value } = await deadline(messages.read(), PATIENCE_MS);
      assert(!done, "The WebSocket was closed instead of a message");
      return value;
    },
    close,
    closed: deadline(closed, 2 * PATIENCE_MS),
    [Symbol.asyncDispose]: close,
  };
}
