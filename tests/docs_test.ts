/** Documentation that cannot rot: examples compile, links lead somewhere, examples are listed. */

import assert from "node:assert/strict";
import configuration from "../deno.json" with { type: "json" };
import { REPOSITORY, runDeno, sourceFiles } from "./_support/repository.ts";

/** One fenced block of TypeScript. */
interface CodeBlock {
  /** File that holds the block, relative to the repository. */
  readonly path: string;
  /** Line of the file where the code begins. */
  readonly line: number;
  readonly code: string;
}

const PAGES = [
  "README.md",
  "CHANGELOG.md",
  "examples/README.md",
  "src/README.md",
  "tests/std/README.md",
  ...gitHubPages(),
];

Deno.test("examples in pages and doc comments type-check against the local mod.ts", async () => {
  const blocks = [
    ...(await Promise.all(PAGES.map(async (path) => findBlocks(path, await read(path))))).flat(),
    ...(await Promise.all(
      ["mod.ts", ...sourceFiles()].map(async (path) =>
        findBlocks(path, uncomment(await read(path)))
      ),
    )).flat(),
  ];
  assert(blocks.length > 0, "Found no example at all");
  const report = await check(blocks);
  assert(report === "", report);
});

Deno.test("the example check refuses a name that mod.ts does not export", async () => {
  const report = await check([
    { path: "a.md", line: 7, code: 'import { nobody } from "jsr:@x/hypercorn";' },
    { path: "b.md", line: 7, code: "const fine = 1;" },
  ]);
  assert.match(report, /nobody/);
  assert.match(report, /a\.md:7/);
  assert.doesNotMatch(report, /b\.md/);
});

Deno.test("findBlocks() takes ts blocks, also indented ones, and no others", () => {
  const text =
    "# A\n```ts\nlet a;\n```\n```sh\nls\n```\n- item\n  ```ts\n  let b;\n  ```\n```ts ignore\n?\n```\n";
  assert.deepEqual(findBlocks("a.md", text), [
    { path: "a.md", line: 3, code: "let a;" },
    { path: "a.md", line: 10, code: "let b;" },
  ]);
});

Deno.test("uncomment() keeps doc comments only, on their lines", () => {
  const source = "/**\n * ```ts\n * let a;\n * ```\n */\nconst text = `\n```ts\n`;\n";
  assert.deepEqual(findBlocks("a.ts", uncomment(source)), [{
    path: "a.ts",
    line: 3,
    code: "let a;",
  }]);
});

for (const page of PAGES) {
  Deno.test(`relative links in ${page} lead to files`, async () => {
    const missing = [];
    for (const link of relativeLinks(await read(page))) {
      if (!await exists(new URL(link, new URL(page, REPOSITORY)))) missing.push(link);
    }
    assert.deepEqual(missing, []);
  });
}

for (const page of PAGES) {
  Deno.test(`links within ${page} lead to headings`, async () => {
    const text = await read(page);
    const headings = new Set(headingAnchors(text));
    const anchors = Array.from(text.matchAll(/\]\(#([^)\s]+)\)/g), ([, anchor]) => anchor!);
    assert.deepEqual(anchors.filter((anchor) => !headings.has(anchor)), []);
  });
}

Deno.test("headingAnchors() makes of headings what GitHub makes of them", () => {
  const text = "# A\n```sh\n# no heading\n```\n## Limits, and what has `none`\n### HTTP/3\n";
  assert.deepEqual(headingAnchors(text), ["a", "limits-and-what-has-none", "http3"]);
});

Deno.test("relativeLinks() takes paths and leaves addresses and anchors", () => {
  const text = "[a](b.md) [c](https://d.example/e) [f](#g) [h](../i.md#j) ![k](l.png)\n[m]: n.md\n";
  assert.deepEqual(relativeLinks(text), ["b.md", "../i.md", "l.png", "n.md"]);
});

Deno.test("every example is listed in examples/README.md or README.md", async () => {
  const pages = await Promise.all(["README.md", "examples/README.md"].map(readIfAny));
  const unlisted = sourceFiles("examples").filter((path) => {
    const name = path.slice("examples/".length);
    return !pages.some((page) => page.includes(name));
  });
  assert.deepEqual(unlisted, []);
});

/** Type-checks all blocks in one go; empty when all are well, otherwise what Deno said. */
async function check(blocks: readonly CodeBlock[]): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const files = await Promise.all(blocks.map(async ({ code }, index) => {
      const file = `${folder}/block_${index}.ts`;
      // The export makes it a module, so that blocks do not share their names.
      await Deno.writeTextFile(file, `${localise(code)}\nexport {};\n`);
      return file;
    }));
    const { success, text } = await runDeno([
      "check",
      "--quiet",
      "--config",
      "deno.json",
      ...files,
    ]);
    if (success) return "";
    return text.replace(/\S*block_(\d+)\.ts:(\d+)/g, (_, index, line) => {
      const { path, line: start } = blocks[Number(index)]!;
      return `${path}:${start + Number(line) - 1}`;
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Replaces the published package by the local files, entry by entry. */
function localise(code: string): string {
  const entries: Record<string, string> = configuration.exports;
  return code.replace(/"jsr:@x\/hypercorn(?:@[^"/]+)?(\/[^"]+)?"/g, (_, entry = "") => {
    const path = entries[`.${entry}`];
    assert(path !== undefined, `An example imports ".${entry}", which deno.json does not export`);
    return JSON.stringify(new URL(path, REPOSITORY).href);
  });
}

/** Blocks fenced by "```ts"; a fence that says `ignore` leaves its block out, as `deno test --doc`. */
function findBlocks(path: string, text: string): CodeBlock[] {
  return [...text.matchAll(/^([ \t]*)```ts(?![^\n]*\bignore\b)[^\n]*\n([^]*?)^\1```/gm)].map(
    (match) => {
      const before = text.slice(0, match.index).split("\n").length;
      const [, indent, body] = match;
      const code = body!.split("\n").map((line) => line.slice(indent!.length)).join("\n").trimEnd();
      return { path, line: before + 1, code };
    },
  );
}

/** The text of a file's doc comments, every line at its place, and nothing else. */
function uncomment(source: string): string {
  let inside = false;
  return source.split("\n").map((line) => {
    const start = !inside && /^\s*\/\*\*/.test(line);
    const text = inside ? line.replace(/^\s*\* ?/, "") : "";
    inside = (inside || start) && !line.includes("*/");
    return text;
  }).join("\n");
}

function relativeLinks(text: string): string[] {
  const links = [...text.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]:\s*(\S+)/gm)];
  return links.map((match) => (match[1] ?? match[2]!).replace(/#.*/, ""))
    .filter((link) => link !== "" && !/^[a-z]+:/.test(link));
}

/** Anchors of a page's headings: lower case, blanks as dashes, without other punctuation. */
function headingAnchors(text: string): string[] {
  const prose = text.replace(/^([ \t]*)```[^]*?^\1```/gm, "");
  return Array.from(prose.matchAll(/^#+ (.*)$/gm), ([, heading]) => {
    return heading!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
  });
}

/** The pages of `.github`. */
function gitHubPages(): string[] {
  return [...Deno.readDirSync(new URL(".github", REPOSITORY))]
    .filter((entry) => entry.name.endsWith(".md"))
    .map((entry) => `.github/${entry.name}`)
    .sort();
}

function read(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, REPOSITORY));
}

async function readIfAny(path: string): Promise<string> {
  return await exists(new URL(path, REPOSITORY)) ? await read(path) : "";
}

async function exists(url: URL): Promise<boolean> {
  try {
    await Deno.stat(url);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
