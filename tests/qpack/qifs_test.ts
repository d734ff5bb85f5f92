/**
 * The files of https://github.com/qpackers/qifs: what six other encoders made of four lists of field sections.
 *
 * They are kept beside the repository, in `../shared/testdata/qifs`. The name of a file says what its encoder was
 * told: table capacity, streams that may be blocked, and whether it was told of acknowledgments.
 */

// deno-lint-ignore-file no-console -- how many files were decoded, or that they are missing, is for the reader

import assert from "node:assert/strict";
import { type Field, QPACKError } from "../../src/qpack/mod.ts";
import { MAX_INTEGER_LENGTH, writeInteger } from "../../src/qpack/prefix_int.ts";
import { REPOSITORY } from "../_support/repository.ts";
import { makeDecoder } from "./support.ts";

const FOLDER = new URL("../shared/testdata/qifs/", REPOSITORY);

/** A block of an encoded file: bytes of the encoder stream (0), or a field section. */
interface Block {
  readonly streamId: number;
  readonly bytes: Uint8Array;
}

const isMissing = !exists(FOLDER);
if (isMissing) console.log(`SKIPPED: the QPACK vectors are not in ${FOLDER.pathname}`);

Deno.test({
  name: "QPACKDecoder decodes every file of the qifs vectors to its list",
  ignore: isMissing,
  fn: () => {
    const lists = new Map<string, Field[][]>();
    const encoders = names("encoded").filter((encoder) => encoder !== "errors");
    const files = encoders.flatMap((encoder) =>
      names(`encoded/${encoder}`).map((file) => ({ encoder, file }))
    );
    assert(files.length > 100, `Found ${files.length} files only`);
    let sections = 0;
    for (const { encoder, file } of files) {
      const list = file.slice(0, file.indexOf("."));
      if (!lists.has(list)) lists.set(list, readList(list));
      const decoded = decodeFile(`encoded/${encoder}/${file}`);
      assert.deepEqual(decoded, lists.get(list), `${encoder}/${file}`);
      sections += decoded.length;
    }
    console.log(
      `qifs: decoded ${files.length} of ${files.length} files of ${encoders.length} encoders ` +
        `(${sections} field sections)`,
    );
  },
});

/**
 * Two error files are none any more. They refer to static entries 0 and 62, which did not exist when QPACK still had
 * the static table of HPACK (1 to 61); in RFC 9204 appendix A they do.
 */
const LEGAL_NOW: Readonly<Record<string, Field>> = {
  err9: [":authority", ""],
  err10: ["x-xss-protection", "1; mode=block"],
};

Deno.test({
  name: "QPACKDecoder refuses every error file of the qifs vectors that RFC 9204 does not allow",
  ignore: isMissing,
  fn: () => {
    const files = names("encoded/errors");
    assert(files.length >= 12, `Found ${files.length} files only`);
    for (const file of files) {
      const path = `encoded/errors/${file}`;
      const legal = LEGAL_NOW[file];
      if (legal !== undefined) {
        assert.deepEqual(decode(path, 4096, 100), [[legal]], file);
        continue;
      }
      const code = readBlocks(path)[0]!.streamId === 0 ? 0x201 : 0x200;
      assert.throws(
        () => decode(path, 4096, 100),
        (error) => error instanceof QPACKError && error.code === code,
        `${file} is not refused with code 0x${code.toString(16)}`,
      );
    }
    const legal = Object.keys(LEGAL_NOW).length;
    console.log(
      `qifs: refused ${files.length - legal} of ${files.length} error files, ` +
        `decoded the ${legal} that became legal`,
    );
  },
});

function decodeFile(path: string): Field[][] {
  const [capacity, blockedStreams] = path.split(".").slice(-3).map(Number);
  return decode(path, capacity!, blockedStreams!);
}

/** The sections of a file in the order of their streams, which is that of the list. */
function decode(path: string, maxTableCapacity: number, maxBlockedStreams: number): Field[][] {
  const decoder = makeDecoder({ maxTableCapacity, maxBlockedStreams });
  // These files were made when a table had its full capacity from the start; some encoders never set it.
  if (maxTableCapacity > 0) decoder.receive(setCapacity(maxTableCapacity));
  const waiting = new Map<number, Uint8Array>();
  const decoded = new Map<number, Field[]>();
  function decodeSection(streamId: number, bytes: Uint8Array): void {
    const fields = decoder.decode(streamId, bytes);
    if (fields === null) waiting.set(streamId, bytes);
    else decoded.set(streamId, fields);
  }
  for (const { streamId, bytes } of readBlocks(path)) {
    if (streamId !== 0) decodeSection(streamId, bytes);
    else for (const id of decoder.receive(bytes)) decodeSection(id, waiting.get(id)!);
  }
  assert.equal(decoder.blockedStreams, 0, `${path} leaves streams blocked`);
  return [...decoded].sort(([a], [b]) => a - b).map(([, fields]) => fields);
}

function setCapacity(capacity: number): Uint8Array {
  const instruction = new Uint8Array(MAX_INTEGER_LENGTH);
  return instruction.subarray(0, writeInteger(instruction, 0, 5, 0x20, capacity));
}

/** Blocks of stream id (8 bytes), length (4 bytes), and that many bytes. */
function readBlocks(path: string): Block[] {
  const bytes = Deno.readFileSync(new URL(path, FOLDER));
  const view = new DataView(bytes.buffer);
  const blocks: Block[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 12 + view.getUint32(at + 8);
    blocks.push({
      streamId: Number(view.getBigUint64(at)),
      bytes: bytes.subarray(at + 12, end),
    });
    at = end;
  }
  return blocks;
}

/** Sections divided by empty lines, of lines with name, tab, value; "#" begins a comment. */
function readList(name: string): Field[][] {
  const text = new TextDecoder("latin1").decode(
    Deno.readFileSync(new URL(`qifs/${name}.qif`, FOLDER)),
  );
  return text.split(/\n\n+/).map((section) =>
    section.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
      .map((line): Field => {
        const tab = line.indexOf("\t");
        return [line.slice(0, tab), line.slice(tab + 1)];
      })
  ).filter((section) => section.length > 0);
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, FOLDER))].map((entry) => entry.name).sort();
}

function exists(url: URL): boolean {
  try {
    return Deno.statSync(url).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
