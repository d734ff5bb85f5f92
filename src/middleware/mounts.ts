/**
 * Which application of a dispatcher a request is for.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import type { Framework, Mode } from "../framework_types.ts";
import { describe } from "../misuse.ts";
import { pathBelow, scriptName } from "../request_target.ts";

/** One application of a dispatcher, and the requests it is for. */
export interface Mount {
  /** The application, in any form. */
  readonly app: Framework;
  /**
   * Path below which it lies, as decoded text that begins with `/`; a slash at its end has no meaning. Whole segments
   * count: `/api` is for `/api` and `/api/x`, not for `/apix`. Default `""`, every path.
   */
  readonly path?: string;
  /**
   * Name of the host it is for, without port, in any case; `*.example.com` is for every name below `example.com`, at any
   * depth, and not for that itself. Default: every host, and requests that name none.
   */
  readonly host?: string;
  /** Form of the application; detected when absent. */
  readonly mode?: Mode;
}

/** Applications by path, or a list when hosts or forms matter. The first that fits is taken. */
export type Mounts = Readonly<Record<string, Framework>> | readonly Mount[];

/** A mount that was understood. */
export interface Route {
  /** The application. */
  readonly app: Framework;
  /** Its form, if given. */
  readonly mode: Mode | undefined;
  /** What is added to `root_path`. */
  readonly mountPath: string;
  /** Whether the host of a request is looked at. */
  readonly hasHost: boolean;
  /**
   * Whether a request is for it.
   *
   * @param path Decoded path below the dispatcher.
   * @param host Result of {@link hostName}.
   */
  fits(path: string, host: string): boolean;
}

/** Understands mounts. @throws {ConfigError} Names the one that cannot be used. */
export function routesOf(mounts: Mounts): readonly Route[] {
  const list: readonly Mount[] = Array.isArray(mounts)
    ? mounts
    : Object.entries(mounts as Readonly<Record<string, Framework>>).map(([path, app]) => {
      return { path, app };
    });
  if (list.length === 0) throw unusable("mounts", "at least one application", "none");
  return list.map(routeOf);
}

/** Host of an authority, to be compared: lower case, without port and without a final dot. */
export function hostName(authority: string): string {
  return authority.toLowerCase().replace(/:[0-9]*$/, "").replace(/\.$/, "");
}

function routeOf({ app, path = "", host, mode }: Mount, index: number): Route {
  if ((typeof app !== "function" && typeof app !== "object") || app === null) {
    throw unusable(`mounts[${index}].app`, "an application", describe(app));
  }
  if (path !== "" && !path.startsWith("/")) {
    throw unusable(
      `mounts[${index}].path`,
      `a path that begins with "/"`,
      describe(path),
      `For a host pass a list: [{ host: "api.example.com", app }]`,
    );
  }
  const mountPath = path.replace(/\/+$/, "");
  const below = scriptName(path);
  const fitsHost = host === undefined ? null : hostTest(host, `mounts[${index}].host`);
  return {
    app,
    mode,
    mountPath,
    hasHost: fitsHost !== null,
    fits: (path, host) => pathBelow(path, below) !== null && (fitsHost === null || fitsHost(host)),
  };
}

/** A name or an address, without port; what `URL` takes for a host is judged by `URL`. */
const HOST_ALONE = /^(?:\[[^\]]*\]|[^:/?#@\\[\]*]+)$/;

function hostTest(pattern: string, key: string): (host: string) => boolean {
  const isWildcard = pattern.startsWith("*.");
  const name = isWildcard ? pattern.slice(2) : pattern;
  const url = HOST_ALONE.test(name) ? URL.parse(`http://${name}/`) : null;
  if (url === null) {
    throw unusable(key, `a host name without port, or "*." and one`, describe(pattern));
  }
  const wanted = hostName(url.hostname); // lower case, and in the form that is sent where it is not ASCII
  if (!isWildcard) return (host) => host === wanted;
  const suffix = `.${wanted}`;
  return (host) => host.endsWith(suffix) && host.length > suffix.length;
}

function unusable(key: string, expected: string, received: string, hint?: string): ConfigError {
  return new ConfigError({ key, expected, received, ...(hint !== undefined && { hint }) });
}
