/**
 * Reports that an attacker can cause as often as he likes, and must not fill the log with.
 *
 * @module
 */

/** Milliseconds between reports of the same kind. */
const PAUSE_MS = 10_000;

/** Passes the first report of a kind on, then at most one in ten seconds, which tells how many there were. */
export class RareReport {
  readonly #tell: (client: string, reason: string) => void;
  readonly #kinds = new Map<string, { next: number; skipped: number }>();

  /** @param tell Gets what passes. */
  constructor(tell: (client: string, reason: string) => void) {
    this.#tell = tell;
  }

  /**
   * Reports, or only counts.
   *
   * @param reason What the kinds are told apart by; one of few.
   * @param detail More about this one, which may be anything.
   */
  report(client: string, reason: string, detail = ""): void {
    const now = performance.now();
    const kind = this.#kinds.get(reason);
    if (kind && now < kind.next) {
      kind.skipped++;
      return;
    }
    this.#kinds.set(reason, { next: now + PAUSE_MS, skipped: 0 });
    const others = kind?.skipped ?? 0;
    const text = detail === "" ? reason : `${reason} (${detail})`;
    this.#tell(client, others > 0 ? `${text}; ${others} more since the last report` : text);
  }
}
