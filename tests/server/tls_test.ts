import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { ConfigError, type ConfigInit, start } from "../../mod.ts";

const CERT = await Deno.readTextFile(new URL("../testdata/localhost.pem", import.meta.url));
const KEY = await Deno.readTextFile(new URL("../testdata/localhost.key", import.meta.url));
const PATHS = { certfile: "tests/testdata/localhost.pem", keyfile: "tests/testdata/localhost.key" };

const encrypted = createPrivateKey(KEY).export({
  type: "pkcs8",
  format: "pem",
  cipher: "aes-256-cbc",
  passphrase: "secret",
}) as string;
const foreignKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
  .export({ type: "pkcs8", format: "pem" }) as string;

async function get(url: string): Promise<string> {
  using client = Deno.createHttpClient({ caCerts: [CERT] });
  return await (await fetch(url, { client })).text();
}

const ACCEPTED: { name: string; config: ConfigInit }[] = [
  { name: "files", config: PATHS },
  { name: "PEM text", config: { certfile: CERT, keyfile: KEY } },
  {
    name: "an encrypted key with its password",
    config: { certfile: CERT, keyfile: encrypted, keyfilePassword: "secret" },
  },
];

for (const { name, config } of ACCEPTED) {
  Deno.test(`start() serves TLS with certificate and key from ${name}`, async () => {
    await using server = await start((_request, info) => new Response(info.httpVersion), {
      bind: "127.0.0.1:0",
      errorlog: null,
      ...config,
    });
    assert.equal(server.binds[0]!.secure, true);
    assert.match(server.binds[0]!.url, /^https:/);
    assert.equal(await get(server.binds[0]!.url), "2");
  });
}

Deno.test("start() opens insecure_bind in plain text beside TLS", async () => {
  await using server = await start((request) => new Response(new URL(request.url).protocol), {
    bind: "127.0.0.1:0",
    insecureBind: "127.0.0.1:0",
    errorlog: null,
    ...PATHS,
  });
  const [secure, insecure] = server.binds;
  assert.equal(await get(secure!.url), "https:");
  assert.equal(await get(insecure!.url), "http:");
});

const REFUSED: { name: string; config: ConfigInit; message: RegExp }[] = [
  {
    name: "a certificate that is not there",
    config: { ...PATHS, certfile: "/nonexistent.pem" },
    message:
      /^Cannot use option "certfile": expected the path of a PEM file.* received "\/nonexistent\.pem" \(No such file/,
  },
  {
    name: "a key that is not there",
    config: { ...PATHS, keyfile: "/nonexistent.key" },
    message: /^Cannot use option "keyfile": expected the path of a PEM file/,
  },
  {
    name: "another certificate's key",
    config: { certfile: CERT, keyfile: foreignKey },
    message:
      /^Cannot use option "keyfile": expected the private key of the certificate in the PEM text given/,
  },
  {
    name: "a file without a certificate",
    config: { ...PATHS, certfile: "deno.json" },
    message:
      /^Cannot use option "certfile": expected a certificate in PEM form, received "deno\.json", which holds none/,
  },
  {
    name: "a file without a key",
    config: { ...PATHS, keyfile: "deno.json" },
    message: /^Cannot use option "keyfile": expected a private key in PEM form/,
  },
  {
    name: "an encrypted key without its password",
    config: { certfile: CERT, keyfile: encrypted },
    message: /^Cannot use option "keyfile_password": expected the password of the encrypted key/,
  },
  {
    name: "an encrypted key with another password",
    config: { certfile: CERT, keyfile: encrypted, keyfilePassword: "wrong" },
    message: /^Cannot use option "keyfile_password": expected the password that decrypts the key/,
  },
];

for (const { name, config, message } of REFUSED) {
  Deno.test(`start() refuses ${name} before the application starts`, async () => {
    let started = false;
    await assert.rejects(
      start(() => new Response(), { bind: "127.0.0.1:0", errorlog: null, ...config }, {
        startup: () => started = true,
      }),
      (error) =>
        error instanceof ConfigError && message.test(error.message) &&
        !error.message.includes("\n") &&
        !error.message.includes("PRIVATE KEY"),
    );
    assert.equal(started, false);
  });
}
