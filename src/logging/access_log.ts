/**
 * The access log: one line for each request, WebSocket or WebTransport session, after it ended.
 *
 * @module
 */

import type { LogSink } from "../log_types.ts";
import type { Observation, ObservedRequest, Observer } from "../observation.ts";
import { type AccessEntry, entryMaker } from "./access_entry.ts";
import { jsonFormat } from "./access_json.ts";
import { AccessNeeds, AccessRecord, type RecordKeeper } from "./access_record.ts";
import { compileTemplate, type RecordFormat } from "./access_template.ts";
import { contained, type CustomLogger, ownAtomsOf } from "./custom_logger.ts";
import { type LogHandler, reopenFailure } from "./error_log.ts";
import { LineBuffer } from "./line_buffer.ts";
import { LossNotice } from "./loss_notice.ts";
import { openOutput, placeName } from "./output.ts";
import type { ServerLog } from "../log_types.ts";
import { formatLocal, type LogClock, perSecond, SYSTEM_CLOCK } from "./timestamp.ts";

/** The access log of a server. */
export interface AccessLog extends Observer {
  /** Writes the lines that wait for others. */
  flush(): void;
  /** Opens files anew by their names, after they were moved away. A failure is logged, and the old file stays. */
  reopen(): void;
  /** Writes all lines and closes the files; the lines of requests that end later are lost. */
  close(): void;
}

/** Where access lines go: places of ours, an object of the user's, or the access method of a logger class. */
export type AccessTarget =
  | { readonly handlers: readonly LogHandler[] }
  | { readonly sink: LogSink; readonly json: boolean }
  | { readonly access: NonNullable<CustomLogger["access"]>; readonly json: boolean };

/** What {@link openAccessLines} wants to know. */
export interface AccessLogOptions {
  /** Where lines go. */
  readonly target: AccessTarget;
  /** Template of lines that are not JSON. */
  readonly template: string;
  /** Logger whose atoms replace ours or add to them. */
  readonly logger?: CustomLogger | null;
  /** Gets warnings about the template, and what goes wrong later. */
  readonly log: Pick<ServerLog, "warn" | "error">;
  /** Where the time comes from. Default: the system. */
  readonly clock?: LogClock;
}

/** Writes records to one place. */
interface RecordWriter {
  write(record: AccessRecord): void;
  /** The lines that wait, where lines do. */
  readonly lines?: LineBuffer;
}

/**
 * Opens an access log.
 *
 * @throws {ConfigError} When a file cannot be opened, or for a template that cannot be read.
 */
export function openAccessLines(options: AccessLogOptions): AccessLog {
  const needs = new AccessNeeds();
  const writers: RecordWriter[] = [];
  try {
    openWriters(options, needs, writers);
  } catch (error) {
    for (const { lines } of writers) lines?.close();
    throw error;
  }
  return new AccessLines(needs, writers, options.clock ?? SYSTEM_CLOCK, options.log);
}

/** Hands the records of requests to its writers. */
class AccessLines implements AccessLog, RecordKeeper {
  readonly needs: AccessNeeds;
  readonly clock: LogClock;
  readonly #writers: readonly RecordWriter[];
  readonly #log: AccessLogOptions["log"];
  readonly #finish = () => {
    for (const { lines } of this.#writers) lines?.finish();
  };

  constructor(
    needs: AccessNeeds,
    writers: readonly RecordWriter[],
    clock: LogClock,
    log: AccessLogOptions["log"],
  ) {
    this.needs = needs;
    this.clock = clock;
    this.#writers = writers;
    this.#log = log;
    // A process that ends by Deno.exit() gives no timer a chance.
    addEventListener("unload", this.#finish);
  }

  begin(request: ObservedRequest): Observation {
    return new AccessRecord(request, this);
  }

  write(record: AccessRecord): void {
    for (const writer of this.#writers) writer.write(record);
  }

  flush(): void {
    for (const { lines } of this.#writers) lines?.flush();
  }

  reopen(): void {
    for (const { lines } of this.#writers) {
      try {
        lines?.reopen();
      } catch (error) {
        this.#log.error(reopenFailure(error));
      }
    }
  }

  close(): void {
    removeEventListener("unload", this.#finish);
    for (const { lines } of this.#writers) lines?.close();
  }
}

/** Adds to `writers` one by one, so that those opened before a failure can be closed. */
function openWriters(options: AccessLogOptions, needs: AccessNeeds, writers: RecordWriter[]): void {
  const formatOf = formatMaker(options, needs);
  const { target } = options;
  if ("handlers" in target) {
    for (const handler of target.handlers) {
      const format = handler.json ? formatOf(true) : withPrefix(formatOf(false));
      writers.push(lineWriter(openLines(handler, options.log), format));
    }
  } else if ("sink" in target) {
    writers.push(sinkWriter(target.sink, formatOf(target.json)));
  } else {
    writers.push(customWriter(target.access, entryMaker(needs), formatOf(target.json)));
  }
}

/** Makes formats as they are asked for; a template is compiled once, and so warned of once. */
function formatMaker(
  { template, logger, log }: AccessLogOptions,
  needs: AccessNeeds,
): (json: boolean) => RecordFormat {
  const compile = () =>
    compileTemplate(template, {
      needs,
      ownAtoms: logger ? ownAtomsOf(logger, needs) : undefined,
      warn: (message) => log.warn(message),
    });
  let text: RecordFormat | undefined;
  return (json) => json ? jsonFormat(needs) : text ??= compile();
}

/** Lines begin as those of the error log, so that one reader can take both (and as in Hypercorn). */
function withPrefix(format: RecordFormat): RecordFormat {
  const prefix = perSecond((date) => `[${formatLocal(date)}] [${Deno.pid}] [INFO] `);
  return (record) => prefix(record.endedAt) + format(record);
}

/** The error log is told of lost lines: in this one, programs expect requests. */
function openLines(handler: LogHandler, log: AccessLogOptions["log"]): LineBuffer {
  const notice = new LossNotice({
    what: `access log ${placeName(handler)}`,
    onLoss: (message) => log.error(message),
    onEnd: (message) => log.warn(message),
  });
  return new LineBuffer(openOutput(handler), notice);
}

function lineWriter(lines: LineBuffer, format: RecordFormat): RecordWriter {
  return { lines, write: (record) => lines.add(format(record)) };
}

function sinkWriter(sink: LogSink, format: RecordFormat): RecordWriter {
  return { write: (record) => contained(() => sink.info(format(record))) };
}

function customWriter(
  access: NonNullable<CustomLogger["access"]>,
  entryOf: (record: AccessRecord) => AccessEntry,
  format: RecordFormat,
): RecordWriter {
  return {
    write: (record) => {
      const entry = Object.freeze(entryOf(record));
      contained(() => access(entry, format(record)));
    },
  };
}
