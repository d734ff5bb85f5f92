/**
 * Every error class of the module. Imports nothing.
 *
 * Whose fault it is decides the class: {@link ConfigError}, {@link NoAppError} and {@link BindError} are the operator's,
 * {@link ApplicationError} the application's, {@link DisconnectError} nobody's (the peer left),
 * {@link LifespanError} and its kin report a start or stop that failed.
 *
 * @module
 */

/** What {@link ConfigError} was told about the refused value. */
export interface ConfigErrorDetail {
  /** The option as the user wrote it, e.g. `"keep_alive_timout"` or `"bind[1]"`. */
  readonly key: string;
  /** What would have been accepted, e.g. `"a number of seconds >= 0"`. */
  readonly expected: string;
  /** What was received, already formatted for a message. */
  readonly received: string;
  /** Nearest known option name, when the key itself is unknown. */
  readonly nearest?: string;
  /** What to do about it, when that is not obvious from `expected`. */
  readonly hint?: string;
}

/**
 * A configuration value that cannot be used: unknown key, wrong type, impossible value, or an
 * option this runtime cannot honour.
 *
 * @example
 * ```ts
 * import { Config, ConfigError } from "jsr:@x/hypercorn";
 *
 * try {
 *   Config.fromMapping({ keep_alive_timout: 5 });
 * } catch (error) {
 *   if (error instanceof ConfigError) console.log(error.key, error.nearest);
 * }
 * ```
 */
export class ConfigError extends Error {
  /** The name of this class. */
  override name = "ConfigError";
  /** The option as the user wrote it. */
  readonly key: string;
  /** What would have been accepted. */
  readonly expected: string;
  /** What was received, formatted. */
  readonly received: string;
  /** Nearest known option name, or `undefined` when the key is known. */
  readonly nearest: string | undefined;
  /** What to do about it, or `undefined` when `expected` says it. */
  readonly hint: string | undefined;

  /** Builds the one-line message from its parts. */
  constructor(detail: ConfigErrorDetail, options?: ErrorOptions) {
    const { key, expected, received, nearest, hint } = detail;
    const advice = [nearest && `Did you mean "${nearest}"?`, hint].filter(Boolean).join(" ");
    const problem = `Cannot use option "${key}": expected ${expected}, received ${received}`;
    super(oneLine(advice ? `${problem}. ${advice}` : problem), options);
    this.key = detail.key;
    this.expected = detail.expected;
    this.received = detail.received;
    this.nearest = detail.nearest;
    this.hint = detail.hint;
  }
}

/** What a key or a hint may have from a file or an argument, and what would break a line of a log in two. */
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g;

function oneLine(text: string): string {
  return text.replace(CONTROL, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/**
 * Which step of loading an application failed.
 *
 * - `"name"`: the text is not a name of a module and an export.
 * - `"module"`: there is no such module, or it may not be read.
 * - `"load"`: the module is there and does not load: a syntax error, a missing import, or it throws.
 * - `"export"`: it loads and has no such export.
 * - `"factory"`: the export was called, and threw.
 * - `"form"`: what was found, or what the factory gave, is no application.
 */
export type NoAppReason = "name" | "module" | "load" | "export" | "factory" | "form";

/** What {@link NoAppError} was told. */
export interface NoAppErrorDetail {
  /** The application as the user wrote it, e.g. `"main.ts:app"`. */
  readonly application: string;
  /** Which step failed. */
  readonly reason: NoAppReason;
  /** What is wrong, as a message goes on after a colon; may have several lines, of the runtime's own text. */
  readonly problem: string;
  /** The module part, unless `reason` is `"name"`. */
  readonly module?: string;
  /** The export that was looked for, when it was named or found. */
  readonly export?: string;
  /** Exports of the module that could be applications. */
  readonly exports?: readonly string[];
  /** The nearest of the names that exist. */
  readonly nearest?: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** The application that the command line or a configuration file names cannot be loaded. */
export class NoAppError extends Error {
  /** The name of this class. */
  override name = "NoAppError";
  /** The application as the user wrote it. */
  readonly application: string;
  /** Which step failed. */
  readonly reason: NoAppReason;
  /** The module part, or `undefined` when the text has none. */
  readonly module: string | undefined;
  /** The export that was looked for, or `undefined` when the search did not get so far. */
  readonly export: string | undefined;
  /** Exports of the module that could be applications; empty unless it was loaded. */
  readonly exports: readonly string[];
  /** The nearest of the names that exist, or `undefined`. */
  readonly nearest: string | undefined;
  /** What to do about it, or `undefined`. */
  readonly hint: string | undefined;

  /** Builds the message from its parts; it has one line unless the runtime had more to say. */
  constructor(detail: NoAppErrorDetail, options?: ErrorOptions) {
    const { application, problem, nearest, hint } = detail;
    const advice = [nearest && `Did you mean "${nearest}"?`, hint].filter(Boolean).join(" ");
    const text = `Cannot load application from "${application}": ${problem}`;
    super(advice ? `${text}${text.includes("\n") ? "\n" : ". "}${advice}` : text, options);
    this.application = application;
    this.reason = detail.reason;
    this.module = detail.module;
    this.export = detail.export;
    this.exports = detail.exports ?? [];
    this.nearest = nearest;
    this.hint = hint;
  }
}

/**
 * A listener could not be opened: address in use, privileged port, unknown host, unreadable socket path. The message is
 * one line and says what to do; `cause` is the runtime's own error.
 */
export class BindError extends Error {
  /** The name of this class. */
  override name = "BindError";
  /** The bind as configured, e.g. `"127.0.0.1:8000"`. */
  readonly bind: string;

  /** Wraps the runtime's error (`options.cause`) for one bind. */
  constructor(bind: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.bind = bind;
  }
}

/** The application misused its interface: wrong message order, bad header, wrong return value. */
export class ApplicationError extends Error {
  /** The name of this class. */
  override name = "ApplicationError";
}

/**
 * An ASGI application sent a message that the current state does not allow.
 *
 * The text is Hypercorn's: `Unexpected message type, <type> given the state <state>`. It is thrown
 * inside the application's own `send()`, which may catch it and go on.
 */
export class UnexpectedMessageError extends ApplicationError {
  /** The name of this class. */
  override name = "UnexpectedMessageError";

  /**
   * Builds the message.
   *
   * @param state State of the exchange.
   * @param messageType The refused message type.
   */
  constructor(state: string, messageType: string) {
    super(`Unexpected message type, ${messageType} given the state ${state}`);
  }
}

/**
 * The peer left before the exchange was complete. Normal on the internet, so it is logged quietly;
 * it is also the reason of `Exchange.signal`.
 */
export class DisconnectError extends Error {
  /** The name of this class. */
  override name = "DisconnectError";

  /** Builds the error; the default message fits most places, another one says what was being done. */
  constructor(message = "The client disconnected", options?: ErrorOptions) {
    super(message, options);
  }
}

/** The server stops, and ended the exchange itself when its time was over. Nothing an application sends helps any more. */
export class ShutdownError extends DisconnectError {
  /** The name of this class. */
  override name = "ShutdownError";

  /** Builds the error. */
  constructor() {
    super("The server is shutting down");
  }
}

/**
 * The application did not begin its response within `handler_timeout`, and the client got 504. It is the reason of
 * `Exchange.signal` then, and ASGI applications receive `http.disconnect`. A fetch application under `Deno.serve` is not
 * told: the signal of the runtime's own `Request` cannot be aborted from outside, so what it does goes on, and what it
 * returns is dropped.
 */
export class HandlerTimeoutError extends DisconnectError {
  /** The name of this class. */
  override name = "HandlerTimeoutError";

  /**
   * Builds the message.
   *
   * @param seconds The limit that was exceeded.
   */
  constructor(seconds: number) {
    super(
      `The application did not begin its response within ${seconds} s. ` +
        `Make it faster or raise "handler_timeout"`,
    );
  }
}

/**
 * The client sent nothing for `read_timeout` while the content of its request was read. It gets 408 unless the response
 * has begun.
 */
export class ReadTimeoutError extends DisconnectError {
  /** The name of this class. */
  override name = "ReadTimeoutError";

  /** Builds the message; nothing came for so many seconds. */
  constructor(seconds: number) {
    super(`The client sent nothing of the request content for ${seconds} s (read_timeout)`);
  }
}

/**
 * The content of a request is larger than `max_body_size`, which shows while it is read where the client did not declare
 * its length. An application that lets it pass before it began its response answers with 413 (RFC 9110 §15.5.14).
 */
export class ContentTooLargeError extends Error {
  /** The name of this class. */
  override name = "ContentTooLargeError";
  /** The limit in bytes. */
  readonly limit: number;

  /**
   * Builds the message.
   *
   * @param limit Bytes that are allowed.
   */
  constructor(limit: number) {
    super(`Cannot read the request content: it exceeds "max_body_size" (${limit} bytes)`);
    this.limit = limit;
  }
}

/** Which half of the lifespan protocol an error belongs to. */
export type LifespanStage = "startup" | "shutdown";

/** The application reported that its start or stop failed; the message holds its reason. */
export class LifespanError extends Error {
  /** The name of this class. */
  override name = "LifespanError";
  /** `"startup"` or `"shutdown"`. */
  readonly stage: LifespanStage;

  /**
   * Builds the message.
   *
   * @param stage The half that failed.
   * @param reason The application's own words, may be empty.
   */
  constructor(stage: LifespanStage, reason: string, options?: ErrorOptions) {
    super(`Lifespan failure in ${stage}: ${reason || "the application gave no reason"}`, options);
    this.stage = stage;
  }
}

/** The application did not finish its start or stop within `startup_timeout` / `shutdown_timeout`. */
export class LifespanTimeoutError extends Error {
  /** The name of this class. */
  override name = "LifespanTimeoutError";
  /** `"startup"` or `"shutdown"`. */
  readonly stage: LifespanStage;

  /**
   * Builds the message.
   *
   * @param stage The half that took too long.
   * @param seconds The limit that was exceeded.
   */
  constructor(stage: LifespanStage, seconds: number) {
    super(
      `Timeout whilst awaiting ${stage}: the application did not complete it within ${seconds} s. ` +
        `Make it faster or raise "${stage}_timeout"`,
    );
    this.stage = stage;
  }
}

/**
 * A handshake of a WebSocket or a WebTransport session that cannot be accepted. An application may let it pass: the server
 * answers with `status` and `fields`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2 | RFC 6455 §4.2.2}
 */
export class HandshakeError extends Error {
  /** The name of this class. */
  override name = "HandshakeError";
  /** Status of the answer: 400, 405, 426, 501 where there is no WebTransport, or 503 from a server that is stopping. */
  readonly status: number;
  /** Fields of the answer, e.g. `sec-websocket-version`. */
  readonly fields: readonly (readonly [name: string, value: string])[];

  /** Makes an error with the answer to the client. @param protocol What was asked for. Default `"WebSocket"`. */
  constructor(
    status: number,
    reason: string,
    fields: readonly (readonly [name: string, value: string])[],
    protocol: "WebSocket" | "WebTransport" = "WebSocket",
  ) {
    super(`Cannot accept the ${protocol} handshake: ${reason}`);
    this.status = status;
    this.fields = fields;
  }

  /** The answer, without content. Frameworks that handle errors themselves, such as Hono, ask an error for it. */
  getResponse(): Response {
    return new Response(null, { status: this.status, headers: this.fields as [string, string][] });
  }
}
