/**
 * `wsgi.errors`: a text stream that ends in the server's error log.
 *
 * @module
 */

import type { WSGIErrors } from "../wsgi_types.ts";

/** Cuts text into lines and logs each. An incomplete line waits for its end or for `flush()`. */
export class ErrorLog implements WSGIErrors {
  readonly #logError: (message: string) => void;
  #line = "";

  /** Makes a stream. @param logError Receives one line without its line feed. */
  constructor(logError: (message: string) => void) {
    this.#logError = logError;
  }

  write(text: string): void {
    const lines = (this.#line + text).split("\n");
    // split() yields at least one element; the last is the line that has not ended yet.
    this.#line = lines.pop() ?? "";
    for (const line of lines) this.#logError(line);
  }

  writelines(texts: Iterable<string>): void {
    for (const text of texts) this.write(text);
  }

  flush(): void {
    const line = this.#line;
    this.#line = "";
    if (line !== "") this.#logError(line);
  }
}
