/**
 * The WSGI form of an application: PEP 3333 in TypeScript.
 *
 * @see {@link https://peps.python.org/pep-3333/ | PEP 3333}
 * @module
 */

/**
 * `wsgi.input`: the request content, which has arrived as a whole (bounded by `wsgi_max_body_size`).
 *
 * Up to 512 KiB are in memory, larger content is in a temporary file that goes when the request is over:
 * reading it later throws `ApplicationError`.
 */
export interface WSGIInput {
  /** Reads up to `size` bytes, or all that is left when `size` is absent or negative; empty at the end. */
  read(size?: number): Uint8Array<ArrayBuffer>;
  /** Reads up to and including the next line feed, at most `size` bytes; empty at the end. */
  readline(size?: number): Uint8Array<ArrayBuffer>;
  /** Reads all remaining lines. `hint` stops after that many bytes. */
  readlines(hint?: number): Uint8Array<ArrayBuffer>[];
  /** Iterates over the remaining lines. */
  [Symbol.iterator](): IterableIterator<Uint8Array<ArrayBuffer>>;
}

/** `wsgi.errors`: a text stream that ends in the server's error log. */
export interface WSGIErrors {
  /** Appends text; each complete line becomes one log line. */
  write(text: string): void;
  /** Appends several texts. */
  writelines(texts: Iterable<string>): void;
  /** Logs what is not yet a complete line. */
  flush(): void;
}

/** The request as WSGI gives it. CGI values are strings whose code units are bytes (latin-1), as PEP 3333 asks. */
export interface WSGIEnviron {
  /** Method, e.g. `"GET"`. */
  REQUEST_METHOD: string;
  /** Where the application is mounted (`root_path`); `""` at the root. */
  SCRIPT_NAME: string;
  /** Decoded path below `SCRIPT_NAME`, as UTF-8 bytes read as latin-1. */
  PATH_INFO: string;
  /** Query as received; `""` if none. */
  QUERY_STRING: string;
  /** Host we listen on, `"localhost"` on a Unix socket. */
  SERVER_NAME: string;
  /** Port we listen on, as a string. */
  SERVER_PORT: string;
  /** E.g. `"HTTP/1.1"`. */
  SERVER_PROTOCOL: string;
  /** Client address; absent on a Unix socket. */
  REMOTE_ADDR?: string;
  /** Client port; absent on a Unix socket. */
  REMOTE_PORT?: string;
  /** Request content type; absent if not sent. */
  CONTENT_TYPE?: string;
  /** Request content length; absent if not sent. */
  CONTENT_LENGTH?: string;
  /** `[1, 0]`. */
  "wsgi.version": readonly [1, 0];
  /** `"http"` or `"https"`. */
  "wsgi.url_scheme": "http" | "https";
  /** Request content. */
  "wsgi.input": WSGIInput;
  /** `true`: reading past the end is safe (the server ends the input). */
  "wsgi.input_terminated": true;
  /** Text stream to the error log. */
  "wsgi.errors": WSGIErrors;
  /** `false`: applications run on the one JavaScript thread. */
  "wsgi.multithread": false;
  /** `true` when other worker processes run the same application. */
  "wsgi.multiprocess": boolean;
  /** `false`: the process serves many requests. */
  "wsgi.run_once": false;
  /** Request fields as `HTTP_NAME`, e.g. `HTTP_USER_AGENT`. */
  [key: `HTTP_${string}`]: string | undefined;
}

/** Imperative way to send content (PEP 3333 "The write() Callable"). */
export type WSGIWrite = (data: Uint8Array | string) => void;

/**
 * Starts the response. `status` is code and reason, e.g. `"200 OK"`. May be called again before the first
 * content; with `excInfo` after the headers were sent it throws that error.
 */
export type StartResponse = (
  status: string,
  headers: Iterable<readonly [name: string, value: string]>,
  excInfo?: unknown,
) => WSGIWrite;

/** What a WSGI application returns: content in pieces, with an optional `close()` called at the end. */
export type WSGIResult = Iterable<Uint8Array | string> & {
  /** Called once when iteration ended, failed, or the client left. */
  close?: () => void;
};

/**
 * An application in WSGI form. It is synchronous; strings are UTF-8 encoded.
 *
 * @example
 * ```ts
 * import { serve, type WSGIFramework } from "jsr:@x/hypercorn";
 *
 * const app: WSGIFramework = (environ, startResponse) => {
 *   startResponse("200 OK", [["content-type", "text/plain"]]);
 *   return [`Hello from ${environ.PATH_INFO}\n`];
 * };
 * await serve(app);
 * ```
 */
export type WSGIFramework = (
  environ: WSGIEnviron,
  startResponse: StartResponse,
) => WSGIResult;
