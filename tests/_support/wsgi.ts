/**
 * Running WSGI applications on {@link FakeExchange}, and results that record how they are treated.
 *
 * @module
 */

import assert from "node:assert/strict";
import { wsgiHandler, type WSGIOptions } from "../../src/app/wsgi.ts";
import type { WSGIFramework, WSGIResult } from "../../src/wsgi_types.ts";
import { FakeExchange, type FakeExchangeOptions } from "./fake_exchange.ts";

/** Mounted at the root, 1000 bytes of content, and a log that must stay empty. */
export const OPTIONS: WSGIOptions = {
  rootPath: "",
  maxBodySize: 1000,
  multiprocess: false,
  logError: (message) => assert.fail(`Unexpected log line: ${message}`),
  logRefusal: (message) => assert.fail(`Unexpected refusal: ${message}`),
};

/** Runs `app` on one request to its end. */
export async function runWSGI(
  app: WSGIFramework,
  request: FakeExchangeOptions = {},
  options: Partial<WSGIOptions> = {},
): Promise<FakeExchange> {
  const exchange = new FakeExchange(request);
  await wsgiHandler(app, { ...OPTIONS, ...options })(exchange);
  return exchange;
}

/** An application that answers 200 with `result`, whatever it is. */
export function answering(
  result: unknown,
  headers: [string, string][] = [],
  status = "200 OK",
): WSGIFramework {
  return (_environ, startResponse) => {
    startResponse(status, headers);
    return result as WSGIResult;
  };
}

/** An iterable that records how it is treated; `steps` are its chunks, an `Error` is thrown. */
export class Watched implements Iterable<Uint8Array | string>, Iterator<Uint8Array | string> {
  readonly log: string[] = [];
  readonly #steps: (string | Error)[];

  constructor(...steps: (string | Error)[]) {
    this.#steps = steps;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<string> {
    this.log.push("next");
    const step = this.#steps.shift();
    if (step instanceof Error) throw step;
    return step === undefined ? { done: true, value: undefined } : { done: false, value: step };
  }

  return(): IteratorResult<string> {
    this.log.push("return");
    return { done: true, value: undefined };
  }

  close(): void {
    this.log.push("close");
  }
}
