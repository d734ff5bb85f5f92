/**
 * Errors on their way from a worker to the supervisor.
 *
 * @module
 */

import {
  BindError,
  ConfigError,
  LifespanError,
  LifespanTimeoutError,
  NoAppError,
} from "../errors.ts";

/** What is left of an error in a message. */
export interface Failure {
  /** The error's name, e.g. `"BindError"`. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** Where it was thrown; `null` when the message says all that helps. */
  readonly stack: string | null;
  /** The stack of its cause, which for a failed start of the application is where its author has to look. */
  readonly cause: string | null;
  /** Its own members, as far as they are plain JSON. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Errors about the configuration, the machine or the application; our own stack would only hide the message. */
const SELF_EXPLANATORY = [ConfigError, BindError, LifespanError, LifespanTimeoutError, NoAppError];

/** Takes apart what was thrown. */
export function describeFailure(thrown: unknown): Failure {
  if (!(thrown instanceof Error)) {
    return plainFailure(`Thrown: ${String(thrown)}`);
  }
  const { name, message, cause } = thrown;
  const explained = SELF_EXPLANATORY.some((type) => thrown instanceof type);
  return {
    name,
    message,
    stack: explained ? null : thrown.stack ?? null,
    cause: cause instanceof Error ? cause.stack ?? cause.message : null,
    fields: plain(thrown),
  };
}

/** A failure of which there is nothing but a message. */
export function plainFailure(message: string): Failure {
  return { name: "Error", message, stack: null, cause: null, fields: {} };
}

/** The text for a log. */
export function failureText({ name, message, stack, cause }: Failure): string {
  if (name === "LifespanError" && cause !== null) return `${message}\n${cause}`;
  return stack ?? message;
}

/** An error that reads like the original, with its name and members, though it is not of its class. */
export function reviveFailure(failure: Failure): Error {
  const { name, message, stack, cause, fields } = failure;
  const options = cause === null ? {} : { cause: withStack(new Error(), cause) };
  const error = Object.assign(new Error(message, options), fields, { name });
  return withStack(error, stack ?? message);
}

function withStack(error: Error, stack: string): Error {
  error.stack = stack;
  return error;
}

function plain(error: Error): Record<string, unknown> {
  const members = Object.entries(error).filter(([key, value]) => key !== "name" && isPlain(value));
  return Object.fromEntries(members);
}

function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}
