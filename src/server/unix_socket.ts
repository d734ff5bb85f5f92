/**
 * Unix sockets: stale files, mode and owner.
 *
 * @module
 */

import type { BindSpec, ResolvedConfig } from "../config/mod.ts";
import { BindError } from "../errors.ts";

type UnixSpec = Extract<BindSpec, { kind: "unix" }>;

/**
 * Removes the socket file a killed server left behind. A socket somebody listens on, and any other kind of file,
 * stays.
 *
 * @throws {BindError} When something else is at the path.
 */
export async function removeStaleSocket({ path, text }: UnixSpec): Promise<void> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (!info.isSocket) {
    throw new BindError(
      text,
      `Cannot bind "${text}": the path exists and is not a socket. Remove it or choose another path`,
    );
  }
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    await Deno.remove(path);
  }
}

/** Runs `bind` under the configured umask, which is the process's and so must be put back at once. */
export function withUmask<T>(umask: number | null, bind: () => T): T {
  if (umask === null) return bind();
  const before = Deno.umask(umask);
  try {
    return bind();
  } finally {
    Deno.umask(before);
  }
}

/** Gives the socket file to `user` and `group`; as in Hypercorn both must be set. */
export async function changeOwner(
  { path }: UnixSpec,
  config: Pick<ResolvedConfig, "user" | "group">,
): Promise<void> {
  if (config.user !== null && config.group !== null) {
    await Deno.chown(path, config.user, config.group);
  }
}
