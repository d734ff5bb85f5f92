import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAuthority } from "../../src/address.ts";
import { parseBind } from "../../src/config/bind.ts";
import { ConfigError } from "../../src/errors.ts";

/** Text made of the pieces that the grammar is about, so that most of it is nearly a bind. */
const NEARLY_BIND = fc.array(
  fc.constantFrom(..."[]:./%@*-_ \0\n", "::", "unix:", "fd:", "//", "127.0.0.1", "a", "8000", "é"),
  { maxLength: 8 },
).map((pieces) => pieces.join(""));

const PORT = fc.integer({ min: 0, max: 65535 });
const LABEL = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const NAME = fc.array(LABEL, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));

Deno.test("parseBind() returns or throws ConfigError for any text", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), NEARLY_BIND), (text) => {
      try {
        const spec = parseBind(text);
        assert.equal(spec.text, text);
        if (spec.kind === "unix") return assert.ok(text.startsWith("unix:") && spec.path !== "");
        assert.ok(spec.hostname !== "" && !/[[\]\s]/.test(spec.hostname));
        assert.ok(Number.isInteger(spec.port) && spec.port >= 0 && spec.port <= 65535);
      } catch (error) {
        assert.ok(error instanceof ConfigError, `${error}`);
      }
    }),
    { numRuns: 5_000 },
  );
});

Deno.test("parseBind() gives back the host and port that formatAuthority() joined", () => {
  fc.assert(
    fc.property(fc.oneof(NAME, fc.ipV4(), fc.ipV6()), PORT, (host, port) => {
      const spec = parseBind(formatAuthority(host, port));
      assert.ok(spec.kind === "tcp");
      assert.equal(spec.port, port);
      const same = host.includes(":") ? new URL(`http://[${host}]`).hostname.slice(1, -1) : host;
      assert.equal(spec.hostname, same);
    }),
  );
});

Deno.test("parseBind() reads what formatAuthority() makes of its result as the same address", () => {
  fc.assert(
    fc.property(NEARLY_BIND, (text) => {
      let first;
      try {
        first = parseBind(text);
      } catch {
        return; // the property above looks at the error
      }
      if (first.kind === "unix") return;
      const second = parseBind(formatAuthority(first.hostname, first.port));
      assert.deepEqual({ ...second, text }, first);
    }),
    { numRuns: 5_000 },
  );
});
