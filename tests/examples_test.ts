/** Every example runs by the command in its doc comment, answers as it says, and stops with exit code 0. */

import { deadline } from "@std/async/deadline";
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { fileURLToPath } from "node:url";
import { BUN_FETCH } from "./_support/bun_client.ts";
import { CHROMIUM, Chromium } from "./_support/chromium.ts";
import { GTLSCLIENT } from "./_support/gtlsclient.ts";
import { outputOf, testWithTool } from "./_support/h3_tools.ts";
import { PATIENCE_MS, Program } from "./_support/program.ts";
import { REPOSITORY, sourceFiles } from "./_support/repository.ts";
import { serverCertificate } from "./_support/server_certificate.ts";
import { connect } from "./_support/socket_client.ts";

interface Row {
  /** Use of the running example; it is told to stop afterwards. */
  readonly check: (example: Program) => Promise<void>;
  /** How many addresses it listens on; default 1. */
  readonly binds?: number;
  /** Working directory; default: the repository. */
  readonly cwd?: string;
}

const ROWS: Record<string, Row> = {
  "examples/hello.ts": {
    binds: 3,
    check: async ({ urls }) => {
      const [secure, plain] = urls;
      assert.equal(await get(`${plain}/a%20b`), "Hello from /a%20b\n");
      assert.equal(await getTrusting(`${secure}/a%20b`), "Hello from /a%20b\n");
    },
  },

  "examples/hono.ts": {
    check: async ({ url }) => {
      assert.equal(await get(url), "Hello over HTTP/1.1\n");
      assert.equal(await get(`${url}/books/7`), '{"id":7}');
    },
  },

  "examples/asgi.ts": {
    check: async ({ url }) => {
      assert.equal(await get(url), "3\n2\n1\nLift-off\n");
      await using socket = await connect(url);
      socket.send("ping");
      assert.equal(await socket.next(), "ping");
      socket.send(new Uint8Array([0, 255]));
      assert.deepEqual(await socket.next(), new Uint8Array([0, 255]).buffer);
    },
  },

  "examples/wsgi.ts": {
    check: async ({ url }) => {
      assert.match(await get(url), /<form method="post">/);
      const response = await fetch(`${url}/here`, {
        method: "POST",
        body: new URLSearchParams({ name: "Ada & Zoë" }),
      });
      assert.equal(await response.text(), "Hello Ada & Zoë, you asked for /here\n");
    },
  },

  "examples/sse.ts": {
    check: async (program) => {
      const response = await fetch(program.url);
      assert.equal(response.headers.get("content-type"), "text/event-stream");
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      // The second event shows that events arrive while the response is open.
      while (!text.includes("id:2\n\n")) text += (await deadline(reader.read(), PATIENCE_MS)).value;
      assert.match(text, /^event:tick\ndata:\d{4}-\d\d-\d\dT.*Z\nid:1\n\n/);
      await reader.cancel();
      await program.says(/A client left after \d+ events/);
    },
  },

  "examples/chat.ts": {
    binds: 3,
    check: async (program) => {
      const [, plain] = program.urls;
      assert.match(await get(plain!), /<script type="module">/);
      await using ada = await connect(`${plain}/socket`);
      assert.equal(await ada.next(), "Guest 1 (HTTP/1.1) came in");
      await using bob = await connect(`${plain}/socket`);
      assert.equal(await bob.next(), "Guest 2 (HTTP/1.1) came in");
      ada.send("Hello Bob");
      assert.equal(await bob.next(), "Guest 1 (HTTP/1.1): Hello Bob");
      await ada.close();
      assert.equal(await bob.next(), "Guest 1 (HTTP/1.1) left");
      program.stop();
      assert.equal(await bob.closed, 1001, "The stopping server did not say that it goes away");
    },
  },

  "examples/webtransport.ts": { // its page is run in webtransport_page_test.ts
    binds: 3,
    check: async ({ urls }) => {
      const [secure, plain, http3] = urls;
      assert.match(await get(plain!), /new WebTransport\(url/);
      const { raw } = new X509Certificate(await serverCertificate(secure!));
      const hash = createHash("sha256").update(raw).digest("base64");
      const target = { url: `${http3}/session`, hash };
      assert.deepEqual(JSON.parse(await get(`${plain}/target`)), target);
      const { status, body } = await fetch(`${plain}/session`);
      await body?.cancel();
      assert.equal(status, 501);
    },
  },

  "examples/http3.ts": {
    binds: 2,
    check: async ({ url }) => assert.equal(await getTrusting(url), "Hello over HTTP/2\n"),
  },

  "examples/graceful.ts": {
    check: async (program) => {
      const answer = get(program.url);
      await program.says(/A request began/);
      program.stop();
      assert.equal(await answer, "Better late than never\n");
      assert.equal(await program.exitCode(), 0);
      assert.deepEqual(program.stdout.trim().split("\n"), [
        "Opening the database",
        "A request began",
        "Stopping because of SIGTERM",
        "A request ended",
        "Closing the database",
        "Stopped",
      ]);
    },
  },

  "examples/config.ts": {
    check: async ({ url }) => {
      const response = await fetch(url);
      assert.equal(response.headers.get("server"), null, "hypercorn.toml switches it off");
      assert.deepEqual(await response.json(), { gracefulTimeout: 10 });
    },
  },

  "examples/middleware.ts": {
    check: async ({ url }) => {
      assert.equal(await get(`${url}/api/books`), "API: /books below /api\n");
      assert.equal(await get(`${url}/old/form`), "Old: /form below /old\n");
      assert.equal(await get(`${url}/apiary`), "Site: /apiary\n");
    },
  },

  "examples/behind_a_proxy.ts": {
    check: async ({ url }) => {
      const ask = (proto: string) =>
        fetch(`${url}/path`, {
          headers: { forwarded: `for=192.0.2.1;proto=${proto};host=example.com` },
          redirect: "manual",
        });
      const text = await (await ask("https")).text();
      assert.equal(text, "192.0.2.1 asked for https://example.com/path\n");
      const { status, headers } = await ask("http");
      assert.deepEqual([status, headers.get("location")], [307, "https://example.com/path"]);
    },
  },

  "examples/deploy.ts": {
    check: async ({ url }) => assert.equal(await get(`${url}/x`), "Hello from /x\n"),
  },
};

for (const [path, row] of Object.entries(ROWS)) {
  Deno.test(`${path} answers and stops with exit code 0`, () => runExample(path, row));
}

testWithTool(GTLSCLIENT, "examples/http3.ts answers over HTTP/3", async () => {
  await runExample("examples/http3.ts", {
    binds: 2,
    check: async ({ urls }) => {
      await using client = await GTLSCLIENT.connect(Number(new URL(urls[1]!).port));
      assert.deepEqual(await client.get(["/"]), ["Hello over HTTP/3\n"]);
    },
  });
});

testWithTool(
  CHROMIUM,
  "examples/chat.ts tells who speaks over HTTP/3 and who does not",
  async () => {
    await runExample("examples/chat.ts", {
      binds: 3,
      check: async ({ urls }) => {
        const [secure, plain, http3] = urls;
        await using browser = await Chromium.start(new URL(http3!).host, {
          certificate: await serverCertificate(secure!),
          features: ["EnableWebsocketsOverHttp3"],
        });
        const heard = `document.querySelectorAll("li")`;
        for (let left = 5; left > 0; left--) {
          await browser.open(http3!);
          await browser.until(`${heard}.length === 1`); // that the page's guest came in
          // Chromium has to know the server's SETTINGS for that, which may come after the page.
          if (await browser.evaluate(`!${heard}[0].textContent.startsWith("Disconnected")`)) break;
        }
        await using ada = await connect(`${plain}/socket`);
        assert.equal(await ada.next(), "Guest 2 (HTTP/1.1) came in");
        ada.send("Hello Bob");
        assert.equal(await ada.next(), "Guest 2 (HTTP/1.1): Hello Bob");
        await browser.until(`${heard}.length === 3`);
        await browser.evaluate(`{
        document.querySelector("input").value = "Hello Ada";
        document.querySelector("form").requestSubmit();
      }`);
        assert.equal(await ada.next(), "Guest 1 (HTTP/3): Hello Ada");
        await browser.until(`${heard}.length === 4`);
        assert.deepEqual(
          await browser.evaluate(`Array.from(${heard}, (item) => item.textContent)`),
          [
            "Guest 1 (HTTP/3) came in",
            "Guest 2 (HTTP/1.1) came in",
            "Guest 2 (HTTP/1.1): Hello Bob",
            "Guest 1 (HTTP/3): Hello Ada",
          ],
        );
      },
    });
  },
);

testWithTool(BUN_FETCH, "examples/hello.ts prints a command that asks it over HTTP/3", async () => {
  await runExample("examples/hello.ts", {
    binds: 3,
    check: async (program) => {
      await program.says(/^Try HTTP\/3: .*\n/m);
      const [, command] = /^Try HTTP\/3: (.*)$/m.exec(program.stdout)!;
      assert.equal(await outputOf("sh", ["-c", command!]), "Hello from /\n\n");
    },
  });
});

Deno.test("examples/hello.ts says what to do when its port is taken", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "examples/hello.ts", "127.0.0.1:0", `127.0.0.1:${taken.addr.port}`],
    cwd: REPOSITORY,
    env: { NO_COLOR: "1" },
  }).output();
  const lines = new TextDecoder().decode(stderr).trimEnd().split("\n");
  assert.equal(code, 1);
  assert.match(lines.at(-2)!, /^Cannot bind .*: the address is in use\. Stop the other program/);
  assert.equal(lines.at(-1), "Other addresses: deno task start 127.0.0.1:8080 127.0.0.1:9443");
});

const openssl = await opensslVersion();
Deno.test({
  name: `examples/https.ts answers and stops with exit code 0${
    openssl === null ? " (skipped: openssl is not installed)" : ""
  }`,
  ignore: openssl === null,
  fn: async () => {
    const cwd = await Deno.makeTempDir();
    try {
      await makeCertificate(cwd);
      await runExample("examples/https.ts", { binds: 2, cwd, check: checkHttps(cwd) });
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  },
});

Deno.test("every example is run by a test", () => {
  const elsewhere = ["examples/https.ts", "examples/production/main.ts"]; // here, and in production_test.ts
  assert.deepEqual([...Object.keys(ROWS), ...elsewhere].sort(), sourceFiles("examples"));
});

function checkHttps(folder: string): Row["check"] {
  return async ({ urls }) => {
    const cert = await Deno.readTextFile(`${folder}/cert.pem`);
    using client = Deno.createHttpClient({ caCerts: [cert] });
    const [secure, plain] = urls;
    const response = await fetch(secure!, { client });
    assert.equal(await response.text(), "Hello over https: and HTTP/2\n");
    assert.equal(await get(plain!), "Hello over http: and HTTP/1.1\n");
  };
}

async function runExample(path: string, { check, binds = 1, cwd }: Row): Promise<void> {
  const args = await argumentsOf(path, binds);
  await using program = await Program.start(args, cwd ?? REPOSITORY, binds);
  await check(program);
  program.stop();
  assert.equal(await program.exitCode(), 0, program.stderr);
  assert.doesNotMatch(program.stderr, /\[(WARN|ERROR)\]|error:/i);
}

/** Arguments of the command in the doc comment, with addresses that are free. */
async function argumentsOf(path: string, binds: number): Promise<string[]> {
  const source = await Deno.readTextFile(new URL(path, REPOSITORY));
  const command = /^ \* {5}npx -y deno@2\.9\.6 (.+)$/m.exec(source);
  assert(command, `${path} does not say how to run it`);
  const file = fileURLToPath(new URL(path, REPOSITORY));
  const args = command[1]!.replace(path, file).replace("--port 8000", "--port 0").split(" ");
  return args[0] === "serve" ? args : [...args, ...new Array(binds).fill("127.0.0.1:0")];
}

/** Content of a successful GET. */
async function get(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}

/** {@link get} from a server whose certificate is trusted because it shows it. */
async function getTrusting(url: string): Promise<string> {
  using client = Deno.createHttpClient({ caCerts: [await serverCertificate(url)] });
  return await (await fetch(url, { client, signal: AbortSignal.timeout(PATIENCE_MS) })).text();
}

/** Makes the certificate of `examples/https.ts` by the command in its doc comment. */
async function makeCertificate(cwd: string): Promise<void> {
  const source = await Deno.readTextFile(new URL("examples/https.ts", REPOSITORY));
  const [, args] = /^ \* {5}openssl (.+)$/m.exec(source)!;
  const { success, stderr } = await new Deno.Command("openssl", { args: args!.split(" "), cwd })
    .output();
  assert(success, new TextDecoder().decode(stderr));
}

async function opensslVersion(): Promise<string | null> {
  try {
    const { stdout } = await new Deno.Command("openssl", { args: ["version"] }).output();
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
