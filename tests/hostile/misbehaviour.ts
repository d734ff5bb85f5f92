/**
 * What a row of the tables of misbehaving applications says.
 *
 * @module
 */

import type { Framework } from "../../src/framework_types.ts";
import type { ClientFields } from "../_support/client.ts";
import type { Form } from "../_support/contract_server.ts";

/** One way to misbehave. */
export interface Misbehaviour {
  /** What the application does. */
  readonly name: string;
  /** Forms it is tried in. */
  readonly forms: readonly Form[];
  /** The application; the path `/fine` is handled elsewhere. */
  readonly app: Framework;
  /** Protocols it is tried over; default all. */
  readonly over?: readonly string[];
  /** Default `GET`. */
  readonly method?: string;
  /** Further fields of the request. */
  readonly fields?: ClientFields;
  /**
   * What the client gets: a whole response with this status, text or number of bytes, or `"broken"`, a response
   * that it can tell is incomplete.
   */
  readonly outcome: number | string | { readonly bytes: number } | "broken";
  /** Part of the one line in the error log; `null` for none. */
  readonly log: string | null;
}

/** Lets everything that is ready happen. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** One megabyte times 64. */
export const HUGE: Uint8Array<ArrayBuffer> = new Uint8Array(64 * 1024 * 1024);
