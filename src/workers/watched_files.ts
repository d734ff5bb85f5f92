/**
 * A look at files: which there are, and when they changed last.
 *
 * @module
 */

import { extname, join } from "node:path";

/** What to look at. */
export interface WatchTargets {
  /** Folders of a program: its modules and settings count, by their extension. */
  readonly sources: readonly string[];
  /** Files and folders of which everything counts. */
  readonly paths: readonly string[];
}

/** What a look found. */
export interface FileScan {
  /** Folders that have to be watched to notice a change. */
  readonly folders: readonly string[];
  /** Time and size of each file by its path; equal texts mean the same content, as far as a look can tell. */
  readonly files: ReadonlyMap<string, string>;
}

const SOURCE_EXTENSIONS = new Set([
  ...[".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json", ".jsonc", ".toml"],
]);

/** Folders that hold nothing of the program's own, and are large. */
const SKIPPED_FOLDER = /^(?:\..*|node_modules)$/;

/** What editors leave for a moment: locks, swap files, backups. */
const SKIPPED_FILE = /^(?:\..*|#.*#|.*~|.*\.tmp|4913)$/;

/** Looks at all targets; what is not there, or may not be read, is not found. */
export async function scanFiles(targets: WatchTargets): Promise<FileScan> {
  const folders = new Set<string>();
  const files = new Map<string, string>();
  for (const folder of targets.sources) {
    await scanFolder(folder, (name) => SOURCE_EXTENSIONS.has(extname(name)), folders, files);
  }
  for (const path of targets.paths) {
    const info = await look(path);
    if (info?.isDirectory) await scanFolder(path, () => true, folders, files);
    // Editors replace a file by another of its name, so it is its folder that has to be watched.
    else if ((await look(join(path, "..")))?.isDirectory) folders.add(join(path, ".."));
    if (info?.isFile) files.set(path, signatureOf(info));
  }
  return { folders: [...folders].sort(), files };
}

/** Paths of files that came, went or changed between two looks, sorted. */
export function changedFiles(before: FileScan, after: FileScan): string[] {
  const paths = new Set([...before.files.keys(), ...after.files.keys()]);
  return [...paths].filter((path) => before.files.get(path) !== after.files.get(path)).sort();
}

async function scanFolder(
  folder: string,
  counts: (name: string) => boolean,
  folders: Set<string>,
  files: Map<string, string>,
): Promise<void> {
  const entries = await list(folder);
  if (entries === null) return;
  folders.add(folder);
  for (const { name, isDirectory } of entries) {
    const path = join(folder, name);
    if (isDirectory) {
      if (!SKIPPED_FOLDER.test(name)) await scanFolder(path, counts, folders, files);
    } else if (counts(name) && !SKIPPED_FILE.test(name)) {
      const info = await look(path);
      if (info?.isFile) files.set(path, signatureOf(info));
    }
  }
}

async function list(folder: string): Promise<Deno.DirEntry[] | null> {
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch {
    return null; // it vanished, or may not be read
  }
}

async function look(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.stat(path);
  } catch {
    return null;
  }
}

function signatureOf({ mtime, size, ino }: Deno.FileInfo): string {
  return `${mtime?.getTime()} ${size} ${ino}`;
}
