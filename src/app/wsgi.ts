/**
 * The WSGI adapter: runs a synchronous PEP 3333 application on exchanges.
 *
 * The content is read first, into memory or a temporary file, then the application is called, then its
 * result is sent at the pace of the client. The call itself and every step of the result run on the one JavaScript
 * thread: an application that computes for long holds up every other request.
 *
 * @see {@link https://peps.python.org/pep-3333/ | PEP 3333}
 * @module
 */

import type {
  Exchange,
  ExchangeHandler,
  WebSocketExchange,
  WebSocketHandler,
} from "../exchange.ts";
import { NO_CONTENT } from "../fields.ts";
import { buildEnviron } from "./wsgi_environ.ts";
import { ErrorLog } from "./wsgi_errors.ts";
import { readContent } from "./wsgi_input.ts";
import { assertResult, sendArray, sendIterable, WSGIOutput } from "./wsgi_output.ts";
import { scriptName, splitTarget } from "../request_target.ts";
import { WSGIResponse } from "./wsgi_response.ts";
import { Spool } from "./wsgi_spool.ts";
import type { WSGIEnviron, WSGIFramework } from "../wsgi_types.ts";

/** How {@link wsgiHandler} runs an application. */
export interface WSGIOptions {
  /**
   * Where the application is mounted (`root_path`), not percent-encoded, beginning with `/`; `""` is the
   * root. Requests for paths outside are answered with 404.
   */
  readonly rootPath: string;
  /** Largest request content in bytes (`wsgi_max_body_size`); more is answered with 413. */
  readonly maxBodySize: number;
  /** Value of `wsgi.multiprocess`: other worker processes run the same application. */
  readonly multiprocess: boolean;
  /** Receives the lines of `wsgi.errors` and faults of the application that cannot be thrown any more. */
  readonly logError: (message: string) => void;
  /** Receives one line for each request that is refused before the application sees it. */
  readonly logRefusal: (message: string) => void;
}

/**
 * Makes an exchange handler of a WSGI application.
 *
 * What the application queues with `write()` is kept in memory until it returns, without a bound, since
 * nothing can be sent while it runs. A returned array is sent with a content-length; content beyond the
 * application's own content-length is cut off and logged. The reason phrase of the status is not sent.
 *
 * The handler rejects, without having called `abort()`:
 * - with what the application threw;
 * - with `ApplicationError` when the application broke PEP 3333;
 * - with `DisconnectError` when the client left. While the content is being read that means the
 *   application was not called; later its iteration stops and `close()` is called.
 *
 * @param app The application.
 * @param options How to run it.
 * @param spool Where large request content goes; temporary files by default.
 */
export function wsgiHandler(
  app: WSGIFramework,
  options: WSGIOptions,
  spool: Spool = new Spool(options.logError),
): ExchangeHandler {
  const runner = new WSGIRunner(app, options, spool);
  return (exchange) => runner.handle(exchange);
}

/** Answers WebSocket handshakes under WSGI, which has no WebSockets: 403, as Hypercorn does. */
export function denyWebSocket(logRefusal: WSGIOptions["logRefusal"]): WebSocketHandler {
  return (exchange) => refuse(exchange, 403, "WSGI has no WebSockets", logRefusal);
}

/** Answers with `status` and no content. */
async function refuse(
  exchange: Exchange | WebSocketExchange,
  status: number,
  reason: string,
  logRefusal: WSGIOptions["logRefusal"],
): Promise<void> {
  logRefusal(`Refused ${exchange.request.method} with ${status}: ${reason}`);
  await exchange.respond({ status, fields: NO_CONTENT });
  await exchange.end();
}

/** One application with its options. */
class WSGIRunner {
  readonly #app: WSGIFramework;
  readonly #options: WSGIOptions;
  readonly #mount: string;
  readonly #spool: Spool;

  constructor(app: WSGIFramework, options: WSGIOptions, spool: Spool) {
    this.#app = app;
    this.#options = options;
    this.#spool = spool;
    this.#mount = scriptName(options.rootPath);
  }

  async handle(exchange: Exchange): Promise<void> {
    const { maxBodySize, multiprocess, logError, logRefusal } = this.#options;
    const path = splitTarget(exchange.request.target, this.#mount);
    if (path === null) {
      return await refuse(exchange, 404, `the path is not below "${this.#mount}"`, logRefusal);
    }
    const content = await readContent(exchange, maxBodySize, this.#spool);
    if (content === null) {
      const reason = `the content exceeds wsgi_max_body_size (${maxBodySize} bytes)`;
      return await refuse(exchange, 413, reason, logRefusal);
    }
    const errors = new ErrorLog(logError);
    const parts = { scriptName: this.#mount, path, content, errors, multiprocess };
    try {
      await this.#run(exchange, buildEnviron(exchange, parts));
    } finally {
      if (!(content instanceof Uint8Array)) content.close();
      errors.flush();
    }
  }

  /** Calls the application, sends its result and closes it, whatever happens. */
  async #run(exchange: Exchange, environ: WSGIEnviron): Promise<void> {
    const { logError } = this.#options;
    const response = new WSGIResponse();
    const result: unknown = this.#app(environ, response.startResponse);
    assertResult(result);
    const output = new WSGIOutput(result);
    try {
      if (Array.isArray(result)) await sendArray(exchange, response, result);
      else await sendIterable(exchange, response, output);
    } catch (error) {
      closeAfterFailure(output, logError);
      throw error;
    } finally {
      response.finish();
    }
    output.close();
    if (response.overrun) {
      logError("WSGI application sent more content than its content-length: the rest was cut off");
    }
  }
}

/** Closes without hiding the first error, which is the one that matters. */
function closeAfterFailure(output: WSGIOutput, logError: (message: string) => void): void {
  try {
    output.close();
  } catch (error) {
    logError(`Cannot close the result of the WSGI application: ${String(error)}`);
  }
}
