/**
 * What operators are told of lines that could not be written.
 *
 * @module
 */

/** Is told what becomes of the lines of a log. */
export interface LossWatch {
  /** So many lines are lost, for a reason. */
  lost(lines: number, reason: string): void;
  /** Lines were written. */
  written(): void;
  /** The log is closed. */
  closed(): void;
}

/** Where notices go. */
export interface LossNoticeOptions {
  /** What is lost, e.g. `access log "/var/log/access.log"`. */
  readonly what: string;
  /** Told that lines are being lost from now on. */
  readonly onLoss: (message: string) => void;
  /** Told that lines are written again, or that the log is closed, and how many were lost. */
  readonly onEnd: (message: string) => void;
  /** Milliseconds of a clock that is never set back. Default `performance.now()`. */
  readonly now?: () => number;
}

/** Milliseconds without a loss after which it is over: a disk that is nearly full takes one line and not the next. */
const CALM_MS = 1_000;

/** Tells of a series of losses twice: when it begins, and how many lines it took when it is over. */
export class LossNotice implements LossWatch {
  readonly #options: LossNoticeOptions;
  readonly #now: () => number;
  #lines = 0;
  #lostAt = 0;

  /** Nothing is lost yet. */
  constructor(options: LossNoticeOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  lost(lines: number, reason: string): void {
    const isFirst = this.#lines === 0;
    this.#lines += lines;
    this.#lostAt = this.#now();
    if (!isFirst) return;
    const { what, onLoss } = this.#options;
    onLoss(`Cannot write the ${what}: ${reason}. Its lines are lost until it can be written again`);
  }

  written(): void {
    if (this.#lines === 0 || this.#now() - this.#lostAt < CALM_MS) return;
    this.#end("is written again");
  }

  closed(): void {
    if (this.#lines > 0) this.#end("is closed");
  }

  #end(what: string): void {
    const lost = this.#lines === 1 ? "1 line was lost" : `${this.#lines} lines were lost`;
    this.#lines = 0; // first, for telling may write to this very log
    this.#options.onEnd(`The ${this.#options.what} ${what}: ${lost}`);
  }
}
