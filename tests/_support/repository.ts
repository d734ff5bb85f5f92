/**
 * The repository as data: its files and their imports, for tests about the code base itself.
 *
 * @module
 */

/** The repository's root folder. */
export const REPOSITORY: URL = new URL("../../", import.meta.url);

/** One module of `deno info --json`, as far as tests read it. */
export interface ModuleInfo {
  /** Where the module was found. */
  readonly specifier: string;
  /** Why it could not be read, if so. */
  readonly error?: string;
  /** What it imports; `code` at run time, `type` for types only. */
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: { readonly specifier?: string };
    readonly type?: { readonly specifier?: string };
  }[];
}

/** Paths of the TypeScript files below a folder, relative to the repository and sorted. */
export function sourceFiles(folder = "src"): string[] {
  const paths: string[] = [];
  for (const entry of Deno.readDirSync(new URL(folder, REPOSITORY))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) paths.push(...sourceFiles(path));
    else if (path.endsWith(".ts")) paths.push(path);
  }
  return paths.sort();
}

/** Path relative to the repository, or `null` for a URL outside it. */
export function fromFileUrl(url: string): string | null {
  return url.startsWith(REPOSITORY.href) ? url.slice(REPOSITORY.href.length) : null;
}

/** Every module that the given files (relative to the repository) reach. */
export async function readModuleGraph(paths: readonly string[]): Promise<ModuleInfo[]> {
  // `deno info` takes one root, so a root is written that imports all of them.
  const root = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const imports = paths.map((path) =>
      `import ${JSON.stringify(new URL(path, REPOSITORY).href)};`
    );
    await Deno.writeTextFile(root, imports.join("\n"));
    const output = await runDeno(["info", "--json", "--config", "deno.json", root]);
    if (!output.success) throw new Error(`Cannot read the module graph: ${output.text}`);
    return JSON.parse(output.text).modules;
  } finally {
    await Deno.remove(root);
  }
}

/** Runs this Deno in the repository; `text` is what it wrote, standard output first. */
export async function runDeno(args: string[]): Promise<{ success: boolean; text: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd: REPOSITORY,
    env: { NO_COLOR: "1" },
  });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout);
  return { success, text: success ? text : text + decoder.decode(stderr) };
}
