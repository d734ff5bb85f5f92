import assert from "node:assert/strict";
import configuration from "../deno.json" with { type: "json" };
import { REPOSITORY } from "./_support/repository.ts";

const changelog = await Deno.readTextFile(new URL("CHANGELOG.md", REPOSITORY));

Deno.test("deno.json and CHANGELOG.md agree on the version", () => {
  const [newest] = versions(changelog);
  assert.equal(newest, configuration.version);
});

Deno.test("CHANGELOG.md begins with Unreleased, then versions with dates, newest first", () => {
  const [first, ...releases] = headings(changelog);
  assert.equal(first, "[Unreleased]");
  assert(releases.length > 0, "Found no version in CHANGELOG.md");
  for (const heading of releases) assert.match(heading, /^\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/);
  const listed = versions(changelog);
  assert.deepEqual(listed, listed.toSorted(compareVersions).reverse());
});

Deno.test("versions() skips Unreleased and keeps the order", () => {
  const text =
    "# Changelog\n\n## [Unreleased]\n\n## [0.10.0] - 2026-01-02\n\n## [0.9.1] - 2026-01-01\n";
  assert.deepEqual(versions(text), ["0.10.0", "0.9.1"]);
  assert.deepEqual(["0.9.1", "0.10.0"].toSorted(compareVersions), ["0.9.1", "0.10.0"]);
});

function headings(text: string): string[] {
  return [...text.matchAll(/^## (.+)$/gm)].map((match) => match[1]!);
}

function versions(text: string): string[] {
  return headings(text).flatMap((heading) => /\d+\.\d+\.\d+/.exec(heading)?.[0] ?? []);
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
