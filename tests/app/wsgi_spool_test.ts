import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { wsgiHandler } from "../../src/app/wsgi.ts";
import { openTemporaryFile, Spool, type TemporaryFile } from "../../src/app/wsgi_spool.ts";
import type { WSGIFramework, WSGIInput } from "../../src/wsgi_types.ts";
import { ApplicationError, DisconnectError } from "../../src/errors.ts";
import { WSGI_SPOOL_BYTES } from "../../src/limits.ts";
import { FakeExchange } from "../_support/fake_exchange.ts";
import { answering, OPTIONS } from "../_support/wsgi.ts";

const MAX_BODY_SIZE = 4 * WSGI_SPOOL_BYTES;

/** Real temporary files; `open` is how many are open now. */
class Files {
  made = 0;
  open = 0;

  readonly spool = new Spool(OPTIONS.logError, () => this.#make());

  async #make(): Promise<TemporaryFile> {
    const file = await openTemporaryFile();
    this.made++;
    this.open++;
    const close = () => {
      this.open--;
      file.close();
    };
    return { ...file, close };
  }
}

/** Content without a period that a buffer size could hide, in pieces of odd sizes. */
function pieces(length: number): Uint8Array[] {
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7) & 0xff);
  const list: Uint8Array[] = [];
  for (let at = 0; at < length; at += 60_013) list.push(bytes.slice(at, at + 60_013));
  return list;
}

function sha256(parts: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** Reads all by `read(size)` and answers with its length as told and its checksum. */
function summing(size: number): WSGIFramework {
  return (environ, startResponse) => {
    const input = environ["wsgi.input"];
    const parts: Uint8Array[] = [];
    for (let part = input.read(size); part.length > 0; part = input.read(size)) parts.push(part);
    startResponse("200 OK", []);
    return [`${environ.CONTENT_LENGTH} ${sha256(parts)}`];
  };
}

function run(app: WSGIFramework, exchange: FakeExchange, spool: Spool): Promise<void> {
  return Promise.resolve(
    wsgiHandler(app, { ...OPTIONS, maxBodySize: MAX_BODY_SIZE }, spool)(exchange),
  );
}

const SIZES: [length: number, made: number][] = [
  [0, 0],
  [1, 0],
  [WSGI_SPOOL_BYTES, 0],
  [WSGI_SPOOL_BYTES + 1, 1],
  [MAX_BODY_SIZE, 1],
];
for (const [length, made] of SIZES) {
  for (const declared of [true, false]) {
    const how = declared ? "declared" : "chunked";
    Deno.test(`wsgiHandler() takes ${length} ${how} bytes with ${made} temporary files`, async () => {
      const content = pieces(length);
      const fields = declared
        ? [["content-length", String(length)]] as const
        : [["transfer-encoding", "chunked"]] as const;
      const files = new Files();
      for (const size of [-1, 1000, 65_536, 100_000]) {
        const exchange = new FakeExchange({ method: "POST", fields, content });
        await run(summing(size), exchange, files.spool);
        assert.equal(exchange.text, `${length} ${sha256(content)}`);
      }
      assert.deepEqual([files.made, files.open], [made * 4, 0]);
    });
  }
}

Deno.test("wsgiHandler() gives the lines of spooled content, whatever their lengths", async () => {
  const lines = Array.from({ length: 200 }, (_, i) => "x".repeat((i * 7919) % 9000) + "\n");
  lines.push("y".repeat(200_000) + "\n", "no feed at the end");
  const app: WSGIFramework = (environ, startResponse) => {
    startResponse("200 OK", []);
    const lengths = Array.from(environ["wsgi.input"], (line) => line.length);
    return [JSON.stringify(lengths)];
  };
  const files = new Files();
  const exchange = new FakeExchange({ content: [lines.join("")] });
  await run(app, exchange, files.spool);
  assert.deepEqual(JSON.parse(exchange.text), lines.map((line) => line.length));
  assert.deepEqual([files.made, files.open], [1, 0]);
});

Deno.test("wsgiHandler() closes the file when the client leaves while content is spooled", async () => {
  const files = new Files();
  const exchange = new FakeExchange({ content: { open: true } });
  exchange.feed(new Uint8Array(WSGI_SPOOL_BYTES + 1));
  const done = run(() => assert.fail("called"), exchange, files.spool);
  await exchange.until("read", 2);
  assert.equal(files.open, 1);
  exchange.disconnect();
  await assert.rejects(done, DisconnectError);
  assert.equal(files.open, 0);
});

Deno.test("wsgiHandler() answers 413 and closes the file when spooled content exceeds the limit", async () => {
  const files = new Files();
  const refusals: string[] = [];
  const options = {
    ...OPTIONS,
    maxBodySize: MAX_BODY_SIZE,
    logRefusal: (line: string) => refusals.push(line),
  };
  const exchange = new FakeExchange({ method: "POST", content: pieces(MAX_BODY_SIZE + 1) });
  await wsgiHandler(() => assert.fail("called"), options, files.spool)(exchange);
  assert.equal(exchange.head?.status, 413);
  assert.equal(refusals.length, 1);
  assert.deepEqual([files.made, files.open], [1, 0]);
});

Deno.test("wsgiHandler() closes the file when the application fails", async () => {
  const files = new Files();
  const broken: WSGIFramework = () => {
    throw new Error("broken");
  };
  const exchange = new FakeExchange({ content: pieces(WSGI_SPOOL_BYTES + 1) });
  await assert.rejects(run(broken, exchange, files.spool), { message: "broken" });
  assert.deepEqual([files.made, files.open], [1, 0]);
});

Deno.test("wsgiHandler() closes the file and says why when it cannot be written", async () => {
  let closed = 0;
  const write = () => Promise.reject(new Error("No space left on device"));
  const spool = new Spool(
    OPTIONS.logError,
    () => Promise.resolve({ write, readAt: () => null, close: () => closed++ }),
  );
  const exchange = new FakeExchange({ content: pieces(WSGI_SPOOL_BYTES + 1) });
  await assert.rejects(run(() => assert.fail("called"), exchange, spool), {
    message: "Cannot spool WSGI content to a temporary file: No space left on device",
  });
  assert.equal(closed, 1);
});

Deno.test("wsgiHandler() writes a piece before it reads the next, and all of it", async () => {
  const events: string[] = [];
  const kept = new Uint8Array(MAX_BODY_SIZE);
  let length = 0;
  const spool = new Spool(OPTIONS.logError, () =>
    Promise.resolve({
      write: (bytes: Uint8Array) => {
        const count = Math.ceil(bytes.length / 2); // as a system call may
        events.push(`write after ${exchange.calls.length} reads`);
        kept.set(bytes.subarray(0, count), length);
        length += count;
        return Promise.resolve(count);
      },
      readAt: (offset: number, into: Uint8Array) => {
        const piece = kept.subarray(offset, Math.min(length, offset + into.length));
        into.set(piece);
        return piece.length;
      },
      close: () => {},
    }));
  const first = new Uint8Array(WSGI_SPOOL_BYTES);
  const exchange = new FakeExchange({ content: [first, "abcd", "e"] });
  await run(summing(-1), exchange, spool);
  assert.equal(new Set(events).size, 2, "the first two pieces, then the third");
  assert.equal(events.at(-1), "write after 3 reads");
  const whole = [first, new TextEncoder().encode("abcde")];
  assert.equal(exchange.text, `${WSGI_SPOOL_BYTES + 5} ${sha256(whole)}`);
});

Deno.test("wsgi.input of spooled content throws when it is read after the request", async () => {
  let input: WSGIInput | undefined;
  const app: WSGIFramework = (environ, startResponse) => {
    input = environ["wsgi.input"];
    input.read(10); // so that a window is there to be read from
    return answering(["ok"])(environ, startResponse);
  };
  const exchange = new FakeExchange({ content: pieces(WSGI_SPOOL_BYTES + 1) });
  await run(app, exchange, new Files().spool);
  const reads = [
    () => input!.read(1),
    () => input!.readline(),
    () => input!.readlines(),
    () => [...input!],
  ];
  for (const read of reads) assert.throws(read, ApplicationError);
});

Deno.test("wsgi.input of spooled content can be read while the result is iterated", async () => {
  const app: WSGIFramework = (environ, startResponse) => {
    startResponse("200 OK", []);
    return function* () {
      for (;;) {
        const part = environ["wsgi.input"].read(99_999);
        if (part.length === 0) return;
        yield part;
      }
    }();
  };
  const content = pieces(WSGI_SPOOL_BYTES + 1);
  const exchange = new FakeExchange({ content });
  const files = new Files();
  await run(app, exchange, files.spool);
  assert.equal(sha256([exchange.content]), sha256(content));
  assert.equal(files.open, 0);
});

Deno.test("wsgiHandler() keeps large content in memory when no file can be made, and logs it once", async () => {
  const lines: string[] = [];
  const failing = () => Promise.reject(new Error("Read-only file system"));
  const spool = new Spool((line) => lines.push(line), failing);
  const content = pieces(MAX_BODY_SIZE);
  for (let request = 0; request < 2; request++) {
    const exchange = new FakeExchange({ content });
    await run(summing(65_536), exchange, spool);
    assert.equal(exchange.text, `${MAX_BODY_SIZE} ${sha256(content)}`);
  }
  assert.deepEqual(lines, [
    "Cannot spool WSGI content to a temporary file (Read-only file system): keeping it in memory",
  ]);
});

Deno.test("Spool.open() without permission asks nothing and says which flags are missing", async () => {
  const module = new URL("../../src/app/wsgi_spool.ts", import.meta.url);
  const program = `
    import { Spool } from "${module}";
    const spool = new Spool((line) => console.log(line));
    console.log(await spool.open(), await spool.open());`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-"],
    cwd: new URL("../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { stdout } = await child.output();
  assert.match(
    new TextDecoder().decode(stdout),
    /^Cannot spool WSGI content to a temporary file \(no write access to ".+"\): keeping it in memory\. Run with --allow-write and --allow-read for the temporary folder\nnull null\n$/,
  );
});

Deno.test("openTemporaryFile() leaves no name in the folder while the file is in use", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hypercorn-" });
  const file = await openTemporaryFile(folder);
  try {
    assert.equal(await file.write(new Uint8Array([1, 2, 3])), 3);
    const names = Array.from(Deno.readDirSync(folder), (entry) => entry.name);
    if (Deno.build.os !== "windows") assert.deepEqual(names, []);
    const into = new Uint8Array(9);
    assert.equal(file.readAt(1, into), 2);
    assert.deepEqual(Array.from(into.subarray(0, 2)), [2, 3]);
    assert.equal(file.readAt(3, into), null);
  } finally {
    file.close();
    await Deno.remove(folder); // fails unless it is empty
  }
});
