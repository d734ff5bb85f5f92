/**
 * Every error class of the module. Imports nothing.
 *
 * Whose fault it is decides the class: {@link ConfigError} and {@link BindError} are the operator's,
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

  /** Builds the one-line message from its parts. */
  constructor(detail: ConfigErrorDetail, options?: ErrorOptions) {
    const { key, expected, received, nearest, hint } = detail;
    const advice = [nearest && `Did you mean "${nearest}"?`, hint].filter(Boolean).join(" ");
    const problem = `Cannot use option "${key}": expected ${expected}, received ${received}`;
    super(advice ? `${problem}. ${advice}` : problem, options);
    this.key = detail.key;
    this.expected = detail.expected;
    this.received = detail.received;
    this.nearest = detail.nearest;
  }
}

/**
 * A listener could not be opened: address in use, privileged port, unknown host, unreadable socket
 * path. The message is one line and says what to do; `cause` is the runtime's own error.
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

  /**
   * Builds the error.
   *
   * @param message Says what was being done; the default fits most places.
   */
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
 * A WebSocket handshake that cannot be accepted. An application may let it pass: the server answers
 * with `status` and `fields`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2 | RFC 6455 §4.2.2}
 */
export class HandshakeError extends Error {
  /** The name of this class. */
  override name = "HandshakeError";
  /** Status of the answer: 400, 405, 426, or 503 from a server that is stopping. */
  readonly status: number;
  /** Fields of the answer, e.g. `sec-websocket-version`. */
  readonly fields: readonly (readonly [name: string, value: string])[];

  /**
   * Builds the message.
   *
   * @param status Status to answer with.
   * @param reason What is wrong.
   * @param fields Fields to answer with.
   */
  constructor(
    status: number,
    reason: string,
    fields: readonly (readonly [name: string, value: string])[],
  ) {
    super(`Cannot accept the WebSocket handshake: ${reason}`);
    this.status = status;
    this.fields = fields;
  }
}
