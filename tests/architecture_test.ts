/**
 * Keeps the layers apart: who may import whom, and which names the pure folders may not say.
 *
 * The same picture in prose is `src/README.md`; a change here is a change there.
 */

import assert from "node:assert/strict";
import configuration from "../deno.json" with { type: "json" };
import { fromFileUrl, readModuleGraph, REPOSITORY, sourceFiles } from "./_support/repository.ts";

/** The layers directly below each layer. An arrow may skip levels, and never points up. */
const BELOW: Record<string, readonly string[]> = {
  cli: ["workers"],
  workers: ["server"],
  server: ["config", "protocol", "app", "middleware", "logging", "metrics"],
  protocol: ["webtransport", "websocket", "quic"],
  webtransport: ["h3"],
  h3: ["qpack"],
  qpack: ["base"],
  websocket: ["base"],
  quic: ["base"],
  app: ["base"],
  middleware: ["base"],
  config: ["base"],
  logging: ["base"],
  metrics: ["base"],
  base: [],
};

/** Layers without I/O and time: bytes and time come in as arguments, writes go out as values. */
const PURE: readonly string[] = ["base", "qpack", "h3", "webtransport", "websocket"];

/** What the pure layers may not name; `globalThis` because it leads to all the others. */
const IMPURE_NAMES: readonly string[] = [
  "Deno",
  "Date",
  "console",
  "fetch",
  "globalThis",
  "performance",
  "queueMicrotask",
  "setInterval",
  "setTimeout",
];

/** Packages that `src` may use. A new one needs a reason: it becomes every user's dependency. */
const PACKAGES = /^(@std\/(async|http|log|toml)(\/|$)|node:)/;

/** Files that load packages when they need them, and which; users who do not need them do not download them. */
const ON_DEMAND: Record<string, readonly string[]> = {
  "src/server/x509.ts": ["reflect-metadata", "@peculiar/x509"], // certificates for development
};

interface Edge {
  /** Importing file, relative to the repository. */
  readonly from: string;
  /** Imported file relative to the repository, or the specifier of a package. */
  readonly to: string;
  /** Whether the import exists at run time, unlike `import type`. */
  readonly code: boolean;
}

Deno.test("src files import only what their layer allows", async () => {
  const violations = (await readEdges()).map(judge).filter((reason) => reason !== null);
  assert.deepEqual(violations, []);
});

Deno.test("src files load on demand only what is known, in the versions of deno.json", async () => {
  const { imports } = configuration;
  const found: Record<string, string[]> = {};
  for (const path of sourceFiles()) {
    const source = await Deno.readTextFile(new URL(path, REPOSITORY));
    const loaded = [...source.matchAll(/ = "((?:npm|jsr):[^"]+)"/g)].map(([, name]) => name!);
    if (loaded.length > 0) found[path] = loaded;
  }
  const expected = Object.entries(ON_DEMAND).map(([path, names]) =>
    [path, names.map((name) => imports[name as keyof typeof imports])] as const
  );
  assert.deepEqual(found, Object.fromEntries(expected));
});

Deno.test("src files do not import each other in a circle", async () => {
  const edges = (await readEdges()).filter((edge) => edge.code);
  assert.deepEqual(findCircle(edges), []);
});

for (const path of sourceFiles().filter((path) => PURE.includes(layerOf(path)))) {
  Deno.test(`${path} is pure: no I/O, no clock, no console`, async () => {
    const source = await Deno.readTextFile(new URL(path, REPOSITORY));
    assert.deepEqual(findImpureNames(path, source), []);
  });
}

const EDGES = [
  { from: "src/cli/main.ts", to: "src/errors.ts", reason: null },
  { from: "src/server/mod.ts", to: "src/h3/frame.ts", reason: null },
  { from: "src/protocol/h3.ts", to: "src/protocol/alt_svc.ts", reason: null },
  { from: "src/config/file.ts", to: "@std/toml", reason: null },
  { from: "src/app/asgi.ts", to: "src/protocol/h3.ts", reason: /"app" may not import "protocol"/ },
  { from: "src/protocol/h3.ts", to: "src/app/asgi.ts", reason: /"protocol" may not import "app"/ },
  { from: "src/errors.ts", to: "src/server/mod.ts", reason: /"base" may not import "server"/ },
  { from: "src/errors.ts", to: "@std/async", reason: /"base" is pure/ },
  { from: "src/server/mod.ts", to: "src/cli/main.ts", reason: /"server" may not import "cli"/ },
  { from: "src/server/mod.ts", to: "tests/_support/wire.ts", reason: /is outside src/ },
  { from: "src/server/mod.ts", to: "mod.ts", reason: /is outside src/ },
  { from: "src/server/mod.ts", to: "npm:left-pad", reason: /is no package that src may use/ },
  { from: "src/misc/a.ts", to: "src/errors.ts", reason: /"misc" is no known layer/ },
];
for (const { from, to, reason } of EDGES) {
  Deno.test(`the layer check ${reason ? "refuses" : "allows"} ${from} → ${to}`, () => {
    const verdict = judge({ from, to, code: true });
    if (reason === null) return assert.equal(verdict, null);
    assert.match(verdict ?? "allowed", reason);
    assert.match(verdict ?? "allowed", new RegExp(`^${from} → ${to}: `));
  });
}

Deno.test("the circle check finds a circle and accepts a diamond", () => {
  const edge = (from: string, to: string): Edge => ({ from, to, code: true });
  const diamond = [edge("a", "b"), edge("a", "c"), edge("b", "d"), edge("c", "d")];
  assert.deepEqual(findCircle(diamond), []);
  assert.deepEqual(findCircle([...diamond, edge("d", "b")]), ["b", "d", "b"]);
});

const SOURCES = [
  { source: "const at = Date.now();", names: ["Date"] },
  { source: "export let id: Deno.Addr; setTimeout(() => {}, 1);", names: ["Deno", "setTimeout"] },
  { source: "globalThis.console.log(1);", names: ["globalThis"] },
  { source: "log(`${performance.now()}`);", names: ["performance"] },
  { source: '// Date\n/** Deno.serve */ const text = "console.log(Date)";', names: [] },
  { source: "app.fetch(request); const info = { console: 1 };", names: [] },
  { source: "interface App { fetch(): void; Date: number }", names: [] },
];
for (const { source, names } of SOURCES) {
  Deno.test(`the purity check finds [${names}] in ${JSON.stringify(source)}`, () => {
    assert.deepEqual(findImpureNames("x.ts", source).map((found) => found.split(":")[1]), names);
  });
}

/** Why an import is not allowed, or `null`. */
function judge({ from, to }: Edge): string | null {
  const layer = layerOf(from);
  const reason = !(layer in BELOW)
    ? `"${layer}" is no known layer; add it to BELOW and to src/README.md`
    : to.startsWith("src/")
    ? judgeLayers(layer, layerOf(to))
    : /^\w+(\/|\.ts$)/.test(to)
    ? `"${to}" is outside src`
    : judgePackage(layer, to);
  return reason && `${from} → ${to}: ${reason}`;
}

function judgeLayers(from: string, to: string): string | null {
  if (from === to || isBelow(from, to)) return null;
  return `"${from}" may not import "${to}" (see src/README.md)`;
}

function judgePackage(layer: string, specifier: string): string | null {
  if (PURE.includes(layer)) return `"${layer}" is pure and imports no package`;
  if (PACKAGES.test(specifier)) return null;
  return `"${specifier}" is no package that src may use; add it to PACKAGES with a reason`;
}

function isBelow(layer: string, other: string): boolean {
  return BELOW[layer]!.some((lower) => lower === other || isBelow(lower, other));
}

/** `src/h3/frame.ts` is in "h3"; a file directly in `src` is in "base". */
function layerOf(path: string): string {
  const [, folder, file] = path.split("/");
  return file === undefined ? "base" : folder!;
}

/** Every import of every file in `src`, type-only ones included. */
async function readEdges(): Promise<Edge[]> {
  const files = sourceFiles();
  assert(files.length > 0, "Found no file in src");
  const edges: Edge[] = [];
  for (const module of await readModuleGraph(files)) {
    const from = fromFileUrl(module.specifier);
    if (!from?.startsWith("src/")) continue;
    assert.equal(module.error, undefined, `Cannot read the imports of ${from}`);
    for (const { specifier, code, type } of module.dependencies ?? []) {
      // A package may be linked to a local folder; how it was written tells a package from a file.
      const resolved = (code ?? type)?.specifier;
      const to = specifier.startsWith(".") && resolved ? fromFileUrl(resolved) : null;
      edges.push({ from, to: to ?? specifier, code: code !== undefined });
    }
  }
  return edges;
}

/** The first circle of imports as a path that ends where it began; empty when there is none. */
function findCircle(edges: readonly Edge[]): string[] {
  const imports = Map.groupBy(edges, (edge) => edge.from);
  const finished = new Set<string>();
  function visit(file: string, path: readonly string[]): string[] {
    if (finished.has(file)) return [];
    const start = path.indexOf(file);
    if (start >= 0) return [...path.slice(start), file];
    for (const { to } of imports.get(file) ?? []) {
      const circle = visit(to, [...path, file]);
      if (circle.length > 0) return circle;
    }
    finished.add(file);
    return [];
  }
  for (const file of imports.keys()) {
    const circle = visit(file, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

/**
 * Uses of {@linkcode IMPURE_NAMES}, each as `line:name`.
 *
 * Works on the syntax tree, so comments and strings do not count, nor do property names.
 */
function findImpureNames(path: string, source: string): string[] {
  const rule: Deno.lint.Rule = {
    create: (context) => ({
      Identifier(node) {
        if (!IMPURE_NAMES.includes(node.name) || isPropertyName(node)) return;
        context.report({ node, message: node.name });
      },
    }),
  };
  const plugin: Deno.lint.Plugin = { name: "architecture", rules: { pure: rule } };
  return Deno.lint.runPlugin(plugin, path, source).map(({ range, message }) => {
    const line = source.slice(0, range[0]).split("\n").length;
    return `${line}:${message}`;
  });
}

function isPropertyName(node: Deno.lint.Identifier): boolean {
  const parent = node.parent;
  if (parent.type === "MemberExpression") return !parent.computed && parent.property === node;
  return "key" in parent && parent.key === node && parent.type !== "TSMappedType";
}
