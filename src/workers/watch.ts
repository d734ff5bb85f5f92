/**
 * Notices that files have changed.
 *
 * The system's events only say when to look; what has changed is told by two looks. So nothing is missed while
 * folders come and go, and what an editor does on its way to a saved file counts once.
 *
 * @module
 */

import { SYSTEM_CLOCK } from "./clock.ts";
import { changedFiles, type FileScan, scanFiles, type WatchTargets } from "./watched_files.ts";

/** Seconds in which files must be at rest. */
const REST_SECONDS = 0.2;

/** Looks for which rest is waited; a file that is written all the time must not keep the others from counting. */
const MAX_LOOKS = 10;

/** Seconds between looks where the system gives no events: all folders are gone, or there are too many. */
const POLL_SECONDS = 1;

/** What to watch, and whom to tell. */
export interface WatchOptions {
  /** Finds what to watch; called again after each change, because imports may have changed. */
  readonly findTargets: () => Promise<WatchTargets>;
  /** Called with the paths of changed files. */
  readonly onChange: (paths: readonly string[]) => void;
  /** Called once, when watching has begun: later changes are noticed. */
  readonly onWatching?: () => void;
}

/** Watches until disposed. It never ends by itself. */
export class FileWatch implements AsyncDisposable {
  readonly #options: WatchOptions;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  /** Begins. */
  constructor(options: WatchOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { findTargets, onChange, onWatching } = this.#options;
    const { signal } = this.#stop;
    let targets = await findTargets();
    let known = await scanFiles(targets);
    onWatching?.();
    while (!signal.aborted) {
      const now = await this.#nextScan(targets, known);
      const changed = changedFiles(known, now);
      known = now;
      if (changed.length === 0 || signal.aborted) continue;
      onChange(changed);
      const old = targets;
      targets = await findTargets().catch(() => old); // the working directory may be gone
      const found = await scanFiles(targets);
      known = withNewTargets(known, found, await scanFiles(old));
    }
  }

  /** Waits until something may have changed since `known`, and is at rest again. */
  async #nextScan(targets: WatchTargets, known: FileScan): Promise<FileScan> {
    const { signal } = this.#stop;
    const watcher = openWatcher(known.folders);
    const close = () => watcher?.close();
    signal.addEventListener("abort", close);
    try {
      let now = await scanFiles(targets); // what happened while nobody watched
      if (changedFiles(known, now).length === 0) await this.#event(watcher);
      for (let looks = 0; looks < MAX_LOOKS && !signal.aborted; looks++) {
        await SYSTEM_CLOCK.sleep(REST_SECONDS, signal);
        const before = now;
        now = await scanFiles(targets);
        if (changedFiles(before, now).length === 0) break;
      }
      return now;
    } finally {
      signal.removeEventListener("abort", close);
      if (!signal.aborted) close();
    }
  }

  /** Waits for an event, or for a while when there are none to be had. */
  async #event(watcher: Deno.FsWatcher | null): Promise<void> {
    try {
      for await (const { kind } of watcher ?? []) {
        if (kind !== "access") return; // our own looks among them
      }
    } catch { /* the same as the end of the events */ }
    await SYSTEM_CLOCK.sleep(POLL_SECONDS, this.#stop.signal);
  }
}

/** `null` when there is nothing to watch, or the system cannot. */
function openWatcher(folders: readonly string[]): Deno.FsWatcher | null {
  if (folders.length === 0) return null;
  try {
    return Deno.watchFs([...folders], { recursive: false });
  } catch {
    return null;
  }
}

/**
 * Adds what only the new targets have, which is no change. Files that came since belong to the old targets, too, and
 * are one: they are left to be found.
 */
function withNewTargets(known: FileScan, found: FileScan, foundByOld: FileScan): FileScan {
  const added = [...found.files].filter(([path]) => !foundByOld.files.has(path));
  return { folders: found.folders, files: new Map([...added, ...known.files]) };
}
