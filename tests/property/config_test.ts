import assert from "node:assert/strict";
import fc from "fast-check";
import { Config, resolveConfig, type ResolvedConfig } from "../../src/config/mod.ts";
import { findOption, OPTIONS } from "../../src/config/options.ts";
import { ConfigError } from "../../src/errors.ts";

const KEY = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...OPTIONS.flatMap((o) => [o.name, o.snakeName])) },
  { weight: 1, arbitrary: fc.string() },
);

/** Values of which many are right for some option. */
const VALUE = fc.oneof(
  fc.jsonValue(),
  fc.boolean(),
  fc.double(),
  fc.integer({ min: -1, max: 1000 }),
  fc.constantFrom("-", "", "auto", "info", "CERT_NONE", "0o077", "/api/", "localhost:1", "unix:/a"),
  fc.array(fc.constantFrom("localhost:1", "127.0.0.1:0", "[::1]:2", "h2", "unix:/a")),
);

const MAPPING = fc.dictionary(KEY, VALUE, { maxKeys: 3 });

/** A mapping with only right values, made by trying. */
const VALID = fc.dictionary(
  fc.constantFrom(...OPTIONS.map((option) => option.snakeName)),
  fc.array(VALUE, { minLength: 5, maxLength: 5 }),
).map((candidates) =>
  Object.fromEntries(
    Object.entries(candidates).flatMap(([key, values]) =>
      values.filter((value) => accepts(key, value)).slice(0, 1).map((value) => [key, value])
    ),
  )
);

function accepts(key: string, value: unknown): boolean {
  try {
    Config.fromMapping({ [key]: value });
    return true;
  } catch {
    return false;
  }
}

function resolveOrNull(mapping: Record<string, unknown>): ResolvedConfig | null {
  try {
    return resolveConfig(Config.fromMapping(mapping));
  } catch (error) {
    assert.ok(error instanceof ConfigError, `${error}`);
    return null;
  }
}

Deno.test("Config.fromMapping() and resolveConfig() throw nothing but ConfigError", () => {
  fc.assert(
    fc.property(MAPPING, (mapping) => {
      try {
        resolveConfig(Config.fromMapping(mapping));
      } catch (error) {
        assert.ok(error instanceof ConfigError, `${error}`);
        assert.ok(error.expected !== "" && error.received !== "");
        assert.ok(!error.message.includes("\n"), "one line");
      }
    }),
    { numRuns: 5_000 },
  );
});

Deno.test("Config.fromMapping() throws nothing but ConfigError for any JSON document", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (document) => {
      try {
        Config.fromMapping(document as Record<string, unknown>);
      } catch (error) {
        assert.ok(error instanceof ConfigError, `${error}`);
      }
    }),
  );
});

Deno.test("resolveConfig() gives the same for a Config, its copy and the normal form", () => {
  let resolvedCount = 0;
  fc.assert(
    fc.property(VALID, (mapping) => {
      const resolved = resolveOrNull(mapping);
      if (resolved === null) return; // right values may still not go together
      resolvedCount++;
      const config = Config.fromMapping(mapping);
      assert.deepEqual(resolveConfig(config), resolved);
      assert.deepEqual(resolveConfig(config), resolved, "the first call changed nothing");
      assert.deepEqual(resolveConfig(new Config(config)), resolved);
    }),
    { numRuns: 500 },
  );
  assert.ok(resolvedCount > 50, `Only ${resolvedCount} configurations were resolved`);
});

Deno.test("Config.fromMapping() gives both spellings of an option the same value", () => {
  fc.assert(
    fc.property(VALID, (mapping) => {
      const camel = Object.entries(mapping).map(([key, value]) => [findOption(key)?.name, value]);
      assert.deepEqual(Config.fromMapping(Object.fromEntries(camel)), Config.fromMapping(mapping));
    }),
    { numRuns: 500 },
  );
});
