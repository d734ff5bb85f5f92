/**
 * What a native server-side WebSocket cannot do through its public API. This file is the only one that knows.
 *
 * The runtime keeps the state of a socket in symbol properties. Where one is missing, both functions leave the socket
 * to the runtime.
 *
 * @module
 */

interface RuntimeCore {
  readonly tryClose?: (rid: number) => void;
}

/** A ready state that the runtime does not know, so that none of its branches applies. */
const LINGERING = 2.5;

/**
 * Cuts the connection at once, by the id of its resource.
 *
 * After `close()` the runtime waits for the peer's Close frame for ever. What was queued for a
 * peer that does not read stays with the runtime until the peer reads it or leaves.
 *
 * @returns `false` when this runtime offers no way.
 */
export function cutSocket(socket: WebSocket): boolean {
  const key = symbolOf(socket, "[[rid]]");
  const rid = key && stateOf(socket)[key];
  const core = runtimeCore();
  if (typeof rid !== "number" || core?.tryClose === undefined) return false;
  core.tryClose(rid);
  return true;
}

/**
 * Lets a socket go on reading after `close()`.
 *
 * A socket that is closing is cut by the runtime at the peer's next message. Since there are unread bytes then, the
 * system resets the connection, and a peer that was sending never sees our Close frame. In a state of our own the
 * runtime reads on until the peer's Close frame (RFC 6455 §7.1.2); messages until then have to be dropped by the caller.
 */
export function keepReading(socket: WebSocket): void {
  const key = symbolOf(socket, "[[readyState]]");
  if (key === undefined) return;
  const state = stateOf(socket);
  state[key] = LINGERING;
  Object.defineProperty(socket, "readyState", {
    get: () => state[key] === LINGERING ? WebSocket.CLOSING : state[key],
  });
}

function stateOf(socket: WebSocket): Record<symbol, unknown> {
  return socket as unknown as Record<symbol, unknown>;
}

function symbolOf(socket: WebSocket, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === description);
}

function runtimeCore(): RuntimeCore | undefined {
  const deno = Deno as unknown as Record<symbol, { readonly core?: RuntimeCore } | undefined>;
  const key = (Deno as unknown as { readonly internal?: symbol }).internal;
  return key === undefined ? undefined : deno[key]?.core;
}
