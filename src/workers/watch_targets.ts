/**
 * Which files make up what is served.
 *
 * @module
 */

import { dirname, resolve, sep as SEPARATOR } from "node:path";
import { fileURLToPath } from "node:url";
import { parseApplicationName } from "../app/application_name.ts";
import type { ResolvedConfig } from "../config/mod.ts";
import type { Job } from "./job.ts";
import type { WatchTargets } from "./watched_files.ts";

/** Extensions that the name of an application may leave out. */
const EXTENSIONS = ["", ".ts", ".tsx", ".js", ".jsx", ".mjs"];

/**
 * Finds what to watch: the folder of the application, the local modules that it imports from elsewhere, the
 * configuration file and `reload_paths`.
 */
export async function findTargets(
  job: Job,
  { reloadPaths }: Pick<ResolvedConfig, "reloadPaths">,
): Promise<WatchTargets> {
  const application = applicationFile(job.application);
  const folder = application === null ? null : dirname(application);
  const modules = application === null ? [] : await importedFiles(application);
  // A link in the folder leads to files elsewhere, whose changes its own folder does not tell.
  const inside = folder === null ? "" : realPath(folder) + SEPARATOR;
  const outside = new Set(modules.map(realPath).filter((path) => !path.startsWith(inside)));
  const config = configFile(job.config);
  return {
    sources: folder === null ? [] : [folder],
    paths: [...reloadPaths.map((path) => resolve(path)), ...config, ...outside],
  };
}

/** The file of an application; `null` when it is on the network. */
export function applicationFile(application: string): string | null {
  const { module, isSpecifier } = parseApplicationName(application);
  if (isSpecifier) return filesOf(module)[0] ?? null;
  const path = EXTENSIONS.map((extension) => module + extension).find(isFile);
  return resolve(path ?? module); // should it come into being later
}

/** The file of `--config`, as a list of none or one. */
function configFile(config: string | null): string[] {
  if (config === null) return [];
  const path = config.replace(/^(?:(?:toml|json|ts):|file:(?!\/\/))/, "");
  return /^[a-z]{2,}:/i.test(path) ? filesOf(path) : [resolve(path)];
}

/** Local files among a module and all that it imports; best effort, since the application may be broken just now. */
async function importedFiles(module: string): Promise<string[]> {
  try {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", module],
      stdin: "null",
      stderr: "null",
    });
    const { stdout } = await command.output();
    const graph = JSON.parse(new TextDecoder().decode(stdout)) as ModuleGraph;
    return graph.modules.flatMap(({ specifier }) => filesOf(specifier));
  } catch {
    return [];
  }
}

/** What is read of `deno info --json`. */
interface ModuleGraph {
  readonly modules: readonly { readonly specifier: string }[];
}

/** The path of a `file:` URL; nothing for others. */
function filesOf(specifier: string): string[] {
  return specifier.startsWith("file:") ? [fileURLToPath(specifier)] : [];
}

/** Where a path leads; itself when that cannot be told. */
function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
