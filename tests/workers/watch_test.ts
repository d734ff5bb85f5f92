/**
 * Watching real files: every wait is for an event, never for time.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { applicationFile, findTargets } from "../../src/workers/watch_targets.ts";
import { FileWatch } from "../../src/workers/watch.ts";
import { changedFiles, scanFiles, type WatchTargets } from "../../src/workers/watched_files.ts";
import { withDeadline } from "../_support/deadline.ts";

/** A folder with files, removed in the end. */
async function inFolder(
  files: Record<string, string>,
  act: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const [path, text] of Object.entries(files)) await write(join(folder, path), text);
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
}

async function write(path: string, text: string): Promise<void> {
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await Deno.writeTextFile(path, text);
}

const SOURCES = [
  { path: "main.ts", counts: true },
  { path: "a/b/c/view.tsx", counts: true },
  { path: "data.json", counts: true },
  { path: "deno.jsonc", counts: true },
  { path: "settings.toml", counts: true },
  { path: "README.md", counts: false },
  { path: "log.txt", counts: false },
  { path: "node_modules/x/index.js", counts: false },
  { path: "a/node_modules/x/index.js", counts: false },
  { path: ".git/config.json", counts: false },
  { path: ".#main.ts", counts: false },
  { path: "#main.ts#", counts: false },
  { path: "main.ts~", counts: false },
];
for (const { path, counts } of SOURCES) {
  Deno.test(`scanFiles() ${counts ? "counts" : "skips"} "${path}" in a program's folder`, () =>
    inFolder({ [path]: "x" }, async (folder) => {
      const { files } = await scanFiles({ sources: [folder], paths: [] });
      assert.deepEqual([...files.keys()], counts ? [join(folder, path)] : []);
    }));
}

Deno.test("scanFiles() counts every file of the paths that are named, and watches their folders", () =>
  inFolder(
    { "t/a.html": "", "t/deep/b.css": "", ".env": "", "t/.hidden/c": "" },
    async (folder) => {
      const paths = [join(folder, "t"), join(folder, ".env"), join(folder, "missing.txt")];
      const { files, folders } = await scanFiles({ sources: [], paths });
      assert.deepEqual([...files.keys()].map((path) => path.slice(folder.length)).sort(), [
        "/.env",
        "/t/a.html",
        "/t/deep/b.css",
      ]);
      assert.deepEqual(folders, [folder, join(folder, "t"), join(folder, "t/deep")]);
    },
  ));

Deno.test("changedFiles() names what came, went and changed, and nothing that was only read", () =>
  inFolder({ "same.ts": "1", "gone.ts": "1", "longer.ts": "1" }, async (folder) => {
    const targets = { sources: [folder], paths: [] };
    const before = await scanFiles(targets);
    await Deno.readTextFile(join(folder, "same.ts"));
    await Deno.remove(join(folder, "gone.ts"));
    await write(join(folder, "longer.ts"), "22");
    await write(join(folder, "new/new.ts"), "");
    const changed = changedFiles(before, await scanFiles(targets));
    assert.deepEqual(changed.map((path) => path.slice(folder.length)), [
      "/gone.ts",
      "/longer.ts",
      "/new/new.ts",
    ]);
  }));

/** A watch whose changes are taken one by one. */
class Watched implements AsyncDisposable {
  readonly #watch: FileWatch;
  readonly #watching = Promise.withResolvers<void>();
  #changes: (readonly string[])[] = [];
  #onChange = Promise.withResolvers<void>();

  constructor(findTargets: () => Promise<WatchTargets>) {
    this.#watch = new FileWatch({
      findTargets,
      onWatching: () => this.#watching.resolve(),
      onChange: (paths) => {
        this.#changes.push(paths);
        this.#onChange.resolve();
      },
    });
  }

  static async begin(
    targets: WatchTargets,
    findTargets = () => Promise.resolve(targets),
  ): Promise<Watched> {
    const watched = new Watched(findTargets);
    await watched.#watching.promise;
    return watched;
  }

  /** Waits until there were changes that contain all of `paths`; gives all there were. */
  async sees(...paths: string[]): Promise<string[]> {
    const seen = () => paths.every((path) => this.#changes.flat().includes(path));
    while (!seen()) {
      this.#onChange = Promise.withResolvers();
      await withDeadline(this.#onChange.promise, `a change of ${paths}`);
    }
    const all = this.#changes.flat();
    this.#changes = [];
    return all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch[Symbol.asyncDispose]();
  }
}

Deno.test("FileWatch sees files that are written, replaced, moved in and removed", () =>
  inFolder({ "main.ts": "1" }, async (folder) => {
    await using watched = await Watched.begin({ sources: [folder], paths: [] });
    const main = join(folder, "main.ts");
    await write(main, "12");
    await watched.sees(main);
    await write(join(folder, "main.ts~"), "123"); // as editors save
    await Deno.rename(join(folder, "main.ts~"), main);
    await watched.sees(main);
    await write(join(folder, "new/deep/module.ts"), "1"); // a folder that was not watched
    await watched.sees(join(folder, "new/deep/module.ts"));
    await write(join(folder, "new/deep/module.ts"), "12");
    await watched.sees(join(folder, "new/deep/module.ts"));
    await Deno.remove(join(folder, "new"), { recursive: true });
    await watched.sees(join(folder, "new/deep/module.ts"));
  }));

Deno.test("FileWatch sees a single file change although its neighbours do not count", () =>
  inFolder({ "config.toml": "a = 1", "other.toml": "" }, async (folder) => {
    const config = join(folder, "config.toml");
    await using watched = await Watched.begin({ sources: [], paths: [config] });
    await write(join(folder, "other.toml"), "changed");
    await write(config, "a = 22");
    await watched.sees(config);
  }));

Deno.test("FileWatch sees files that come while it looks for targets, and takes new targets for no change", () =>
  inFolder({ "app/main.ts": "1", "shared/new.ts": "" }, async (folder) => {
    const [main, late] = [join(folder, "app/main.ts"), join(folder, "app/late.ts")];
    const shared = join(folder, "shared/new.ts");
    const sources = [join(folder, "app")];
    let finds = 0;
    const findTargets = async () => {
      finds++;
      if (finds === 2) await write(late, "");
      if (finds === 4) throw new Error("The working directory is gone");
      return { sources, paths: finds > 1 ? [shared] : [] };
    };
    await using watched = await Watched.begin({ sources, paths: [] }, findTargets);
    await write(main, "12");
    assert.deepEqual(await watched.sees(main), [main]);
    assert.deepEqual(await watched.sees(late), [late]);
    await write(shared, "1");
    assert.deepEqual(await watched.sees(shared), [shared]);
    await write(main, "123"); // after the fourth search
    await watched.sees(main);
  }));

Deno.test("FileWatch outlives its folder and sees it come back", () =>
  inFolder({ "app/main.ts": "1" }, async (folder) => {
    const main = join(folder, "app/main.ts");
    await using watched = await Watched.begin({ sources: [join(folder, "app")], paths: [] });
    await Deno.remove(join(folder, "app"), { recursive: true });
    await watched.sees(main);
    await write(main, "back");
    await watched.sees(main);
  }));

Deno.test("FileWatch ends when it is disposed, also while it waits for a folder", async () => {
  await using _watched = await Watched.begin({ sources: ["/nonexistent"], paths: [] });
});

Deno.test("findTargets() finds folder, imports from elsewhere, configuration and reload paths", () =>
  inFolder({
    "app/main.ts": `import "../shared/a.ts"; import "./b.ts"; export default () => new Response();`,
    "app/b.ts": "",
    "shared/a.ts": "",
    "config.toml": "",
  }, async (folder) => {
    const job = {
      application: `${folder}/app/main.ts`,
      factory: false,
      config: `${folder}/config.toml`,
      options: {},
    };
    const targets = await findTargets(job, { reloadPaths: ["/templates"] });
    assert.deepEqual(targets, {
      sources: [join(folder, "app")],
      paths: ["/templates", join(folder, "config.toml"), join(folder, "shared/a.ts")],
    });
  }));

Deno.test({
  name: "findTargets() finds where links in the folder lead",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder({
      "app/main.ts": `import "./linked/a.ts"; import "./b.ts"; import "./c.ts";`,
      "app/b.ts": "",
      "shared/a.ts": "",
      "shared/c.ts": "",
    }, async (folder) => {
      await Deno.symlink(`${folder}/shared`, `${folder}/app/linked`);
      await Deno.symlink(`${folder}/shared/c.ts`, `${folder}/app/c.ts`);
      await Deno.symlink(`${folder}/app`, `${folder}/current`);
      const application = `${folder}/current/main.ts`;
      const job = { application, factory: false, config: null, options: {} };
      const { sources, paths } = await findTargets(job, { reloadPaths: [] });
      assert.deepEqual(sources, [join(folder, "current")]);
      assert.deepEqual(paths.toSorted(), [
        join(folder, "shared/a.ts"),
        join(folder, "shared/c.ts"),
      ]);
    }),
});

Deno.test("findTargets() of a broken application is its folder", () =>
  inFolder({ "main.ts": "import {" }, async (folder) => {
    const job = { application: `${folder}/main:app`, factory: false, config: null, options: {} };
    const { sources } = await findTargets(job, { reloadPaths: [] });
    assert.deepEqual(sources, [folder]);
  }));

const APPLICATIONS = [
  { name: "/srv/main.ts", file: "/srv/main.ts" },
  { name: "asgi:/srv/main.ts:app.api", file: "/srv/main.ts" },
  { name: "file:///srv/with%20blank.ts:app", file: "/srv/with blank.ts" },
  { name: "https://example.org/main.ts", file: null },
  { name: "npm:some-app", file: null },
];
for (const { name, file } of APPLICATIONS) {
  Deno.test(`applicationFile() of "${name}" is ${file}`, () => {
    assert.equal(applicationFile(name), file);
  });
}
