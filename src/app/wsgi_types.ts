/**
 * The types of WSGI applications. They are of the base, since middleware takes applications of every form.
 *
 * @module
 */

export type * from "../wsgi_types.ts";
