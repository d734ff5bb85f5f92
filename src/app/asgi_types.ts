/**
 * The types of ASGI applications. They are of the base, since middleware takes applications of every form.
 *
 * @module
 */

export type * from "../asgi_types.ts";
