/**
 * A log that tests can read, given to a server as `errorlog`.
 *
 * @module
 */

/** Collects log lines as `"LEVEL message"`. */
export class LogSink {
  /** Lines so far. */
  readonly lines: string[] = [];

  debug(message: string): void {
    this.lines.push(`DEBUG ${message}`);
  }

  info(message: string): void {
    this.lines.push(`INFO ${message}`);
  }

  warn(message: string): void {
    this.lines.push(`WARN ${message}`);
  }

  error(message: string): void {
    this.lines.push(`ERROR ${message}`);
  }

  /** Lines that contain `text`. */
  matching(text: string): string[] {
    return this.lines.filter((line) => line.includes(text));
  }

  /** Removes the lines that contain `text`, and returns them. */
  take(text: string): string[] {
    const taken = this.matching(text);
    this.lines.splice(0, this.lines.length, ...this.lines.filter((line) => !line.includes(text)));
    return taken;
  }
}
