/**
 * QUIC streams by resource id, past the stream objects: what the runtime's internals offer, with nothing around it.
 *
 * @module
 */

/** What is used of the runtime's internals. */
export interface Core {
  /** Bytes read into `into`; 0 at the end. */
  read(rid: number, into: Uint8Array): Promise<number>;
  /** Writes all of `bytes`, which are the runtime's from then on. */
  writeAll(rid: number, bytes: Uint8Array): Promise<void>;
  /** Ends a sending stream, stops a receiving one. */
  close(rid: number): void;
}

// deno-lint-ignore no-explicit-any -- the runtime does not type its internals
export const { core }: { core: Core } = (Deno as any)[(Deno as any).internal];

let backing: symbol | undefined;

/** Resource id of a QUIC stream, as the runtime notes it under a symbol of its own. */
export function resourceOf(stream: object): number {
  const record = stream as Record<symbol, { readonly rid: number }>;
  const found = backing !== undefined ? record[backing] : undefined;
  if (found !== undefined) return found.rid;
  const symbols = Object.getOwnPropertySymbols(stream);
  backing = symbols.find(({ description }) => description === "[[resourceBacking]]");
  if (backing === undefined) throw new Error("This runtime does not say the resource of a stream");
  return record[backing]!.rid;
}
