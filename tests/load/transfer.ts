/**
 * `deno task load:transfer`: large uploads and downloads through every adapter, with checksums and memory.
 *
 *     deno task load:transfer [--megabytes 300] [--only asgi,wsgi]
 *
 * The exit code is 1 when a checksum is wrong or the memory grows by more than the target. That holds for WSGI
 * uploads too: their content is complete before the application is called, but in a temporary file.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { freePort, isInstalled, ServerProcess } from "../_support/server_process.ts";
import { table } from "../_support/table.ts";
import { pieces } from "./content.ts";

const MEGABYTE = 1_000_000;

/** What the resident memory of the server may grow by, whatever the size of the content. */
const TARGET_BYTES = 60 * MEGABYTE;

/** Bytes moved before the measurement, so that compiled code and buffers in use anyway are not counted. */
const WARM_UP_BYTES = 10 * MEGABYTE;

const VERSIONS = [["HTTP/1.1", "--http1.1"], ["HTTP/2", "--http2-prior-knowledge"]] as const;

/** One transfer of the check. */
interface Transfer {
  readonly server: ServerProcess;
  /** Flag of curl for the version. */
  readonly version: string;
  /** Bytes to move. */
  readonly size: number;
  /** File with those bytes. */
  readonly file: string;
  /** SHA-256 of those bytes. */
  readonly sum: string;
}

const DIRECTIONS: Readonly<Record<string, (transfer: Transfer) => Promise<boolean>>> = {
  upload: async ({ server, version, file, sum }) => {
    const args = [version, "-sf", "-X", "POST", "-T", file, "-H", "Expect:", server.url];
    const { success, stdout } = await new Deno.Command("curl", { args }).output();
    return success && new TextDecoder().decode(stdout) === sum;
  },
  download: async ({ server, version, size, sum }) => {
    const args = [version, "-sf", `${server.url}/?${size}`];
    const curl = new Deno.Command("curl", { args, stdout: "piped" }).spawn();
    const hash = createHash("sha256");
    for await (const piece of curl.stdout) hash.update(piece);
    return (await curl.status).success && hash.digest("hex") === sum;
  },
};

const { values } = parseArgs({
  options: {
    megabytes: { type: "string", default: "300" },
    only: { type: "string", default: "fetch,fetch-exchange,asgi,wsgi" },
  },
});

async function main(): Promise<boolean> {
  if (!await isInstalled("curl", "--version")) {
    console.log('SKIPPED: the transfer check needs "curl"');
    return true;
  }
  const directory = await Deno.makeTempDir({ prefix: "hypercorn-" });
  try {
    const small = await writeContent(`${directory}/small`, WARM_UP_BYTES);
    const large = await writeContent(`${directory}/large`, Number(values.megabytes) * MEGABYTE);
    const rows: string[][] = [];
    for (const adapter of values.only.split(",")) {
      rows.push(...await checkAdapter(adapter, small, large));
    }
    const head = [
      "adapter",
      "version",
      "direction",
      "MB/s",
      "peak growth MB",
      "checksum",
      "memory",
    ];
    console.log(table(head, rows));
    return !rows.some((row) => row.includes("WRONG") || row.includes("MISSED"));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

type Content = Pick<Transfer, "file" | "size" | "sum">;

async function writeContent(file: string, size: number): Promise<Content> {
  const hash = createHash("sha256");
  const output = await Deno.open(file, { write: true, create: true });
  const writer = output.writable.getWriter();
  for (const piece of pieces(size)) {
    hash.update(piece);
    await writer.write(piece);
  }
  await writer.close(); // closes the file too
  return { file, size, sum: hash.digest("hex") };
}

async function checkAdapter(adapter: string, small: Content, large: Content): Promise<string[][]> {
  const rows: string[][] = [];
  for (const [title, version] of VERSIONS) {
    for (const [direction, move] of Object.entries(DIRECTIONS)) {
      // A fresh process each, so that one transfer's garbage is not the next one's room.
      const port = freePort();
      await using server = await startServer(adapter, port);
      for (let warmUp = 0; warmUp < 3; warmUp++) await move({ server, version, ...small });
      const before = server.residentBytes;
      server.resetPeak();
      const started = performance.now();
      const right = await move({ server, version, ...large });
      const seconds = (performance.now() - started) / 1000;
      const growth = server.peakResidentBytes - before;
      rows.push([
        adapter,
        title,
        direction,
        (large.size / MEGABYTE / seconds).toFixed(0),
        (growth / MEGABYTE).toFixed(0),
        right ? "right" : "WRONG",
        growth <= TARGET_BYTES ? `<= ${TARGET_BYTES / MEGABYTE}` : "MISSED",
      ]);
    }
  }
  return rows;
}

function startServer(adapter: string, port: number): Promise<ServerProcess> {
  return ServerProcess.start({
    command: Deno.execPath(),
    args: ["run", "-A", "tests/load/transfer_server.ts", adapter, String(port)],
    cwd: new URL("../../", import.meta.url).pathname,
  }, port);
}

if (!await main()) Deno.exit(1);
