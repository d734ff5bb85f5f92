/**
 * What the streams of the client have to say to the connection as a whole.
 *
 * @module
 */

import type { Priority } from "./priority.ts";
import type { Settings } from "./settings.ts";

/** The client's settings came, once per connection. */
export interface SettingsEvent {
  /** What kind of event this is. */
  readonly type: "settings";
  /** What the client can take. */
  readonly settings: Settings;
}

/** A request stream is not blocked any more: call its `unblock()`, then go on with `next()`. */
export interface UnblockedEvent {
  /** What kind of event this is. */
  readonly type: "unblocked";
  /** The request stream. */
  readonly streamId: number;
}

/** An open request stream has another priority, which its `priority` already says. */
export interface PriorityEvent {
  /** What kind of event this is. */
  readonly type: "priority";
  /** The request stream. */
  readonly streamId: number;
  /** Its priority from now on. */
  readonly priority: Priority;
}

/** The client will not take pushes from this id on, and is about to leave (RFC 9114 §5.2). */
export interface GoawayEvent {
  /** What kind of event this is. */
  readonly type: "goaway";
  /** A push id. */
  readonly id: number;
}

/** Something that one of the client's unidirectional streams told. */
export type ConnectionEvent = SettingsEvent | UnblockedEvent | PriorityEvent | GoawayEvent;

/** The usual outcome. */
export const NO_EVENTS: readonly ConnectionEvent[] = [];
