/**
 * Cutting the connection of a WebSocket whose peer does not answer.
 *
 * After `close()` the runtime waits for the peer's Close frame for ever (deno-runtime.md C), and the public API
 * has no way to end that. The socket object carries the id of its resource, and closing that resource cuts the
 * connection. This file is the only one that knows.
 *
 * @module
 */

interface RuntimeCore {
  readonly tryClose?: (rid: number) => void;
}

function runtimeCore(): RuntimeCore | undefined {
  const deno = Deno as unknown as Record<symbol, { readonly core?: RuntimeCore } | undefined>;
  const key = (Deno as unknown as { readonly internal?: symbol }).internal;
  return key === undefined ? undefined : deno[key]?.core;
}

/** Cuts the connection at once. @returns `false` when this runtime offers no way. */
export function cutSocket(socket: WebSocket): boolean {
  const key = Object.getOwnPropertySymbols(socket).find((symbol) =>
    symbol.description === "[[rid]]"
  );
  const rid = key && (socket as unknown as Record<symbol, unknown>)[key];
  const core = runtimeCore();
  if (typeof rid !== "number" || core?.tryClose === undefined) return false;
  core.tryClose(rid);
  return true;
}
