import assert from "node:assert/strict";
import type * as library from "@peculiar/x509";
import { loadX509, type X509 } from "../../src/server/x509.ts";
import { REPOSITORY, runDeno } from "../_support/repository.ts";

Deno.test("loadX509() loads the library that its types describe", async () => {
  // The assignment is the check: it does not compile when the library has other types.
  const described: X509<library.Extension> = await loadX509() as typeof library;
  for (const name of ["X509CertificateGenerator", "SubjectAlternativeNameExtension"] as const) {
    assert.equal(typeof described[name], "function");
  }
});

Deno.test("loadX509() says in one line what to do without the library", async () => {
  const loader = new URL("src/server/x509.ts", REPOSITORY).href;
  const program = `import { loadX509 } from "${loader}";
    await loadX509().catch((error) => console.log(error.name + ": " + error.message));`;
  const { success, text } = await runDeno(["eval", "--no-npm", program]);
  assert.ok(success, text);
  const [line, ...more] = text.trimEnd().split("\n");
  assert.deepEqual(more, []);
  const start = 'ConfigError: Cannot use option "devCertificate": expected "npm:@peculiar/x509@';
  assert.ok(line!.startsWith(start), line);
  assert.match(
    line!,
    /received "npm specifiers were requested.*"\. Or set "certfile" and "keyfile"/,
  );
  const [command] = /openssl .+$/.exec(line!)!;
  const example = await Deno.readTextFile(new URL("examples/https.ts", REPOSITORY));
  assert.ok(example.split("\n").includes(` *     ${command}`), "examples/https.ts differs");
});
