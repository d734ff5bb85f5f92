/**
 * What the admin listeners answer.
 *
 * @module
 */

import { PROMETHEUS_CONTENT_TYPE } from "../metrics/mod.ts";
import { within } from "./within.ts";

/** Where the pages get what they tell. */
export interface AdminSources {
  /** Makes the page of `/metrics`. Requests that come while it is being made share the result. */
  readonly metrics: () => Promise<string> | string;
  /** Seconds to wait for that page. Default 5: Prometheus itself gives up after 10. */
  readonly metricsTimeout?: number;
  /** Whether new requests are welcome: `false` before the start is complete and as soon as a stop begins. */
  readonly ready: () => boolean;
  /** Told when a page cannot be made. */
  readonly log: { warn(message: string): void };
}

const METRICS_TIMEOUT = 5;

const TEXT = "text/plain; charset=utf-8";

/** Path of a URL in any form the runtime makes; a URL parser refuses authorities that HTTP/1.1 clients may send. */
const PATH_OF_URL = /^[a-z+]+:\/\/[^/?#]*([^?#]*)/;

const utf8 = new TextEncoder();

/** The pages. */
export class AdminPages {
  readonly #sources: AdminSources;
  readonly #leaving = new Set<Promise<unknown>>();
  #metrics: Promise<string> | null = null;

  /** Pages that tell what `sources` say. */
  constructor(sources: AdminSources) {
    this.#sources = sources;
  }

  /** Answers a request. @param completed Settles when the answer has left. */
  answer(request: Request, completed: Promise<void>): Promise<Response> {
    const leaving = completed.catch(() => {}).finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
    return this.#route(request);
  }

  /** Settles when every answer that was begun has left. */
  async settled(): Promise<void> {
    await Promise.all(this.#leaving);
  }

  /** The answer when no other could be made. */
  broken(): Response {
    return page("GET", 500, "internal error\n");
  }

  async #route(request: Request): Promise<Response> {
    const { method } = request;
    const path = pathOf(request);
    if (path === null) return page(method, 400, "bad request\n");
    const make = this.#pageAt(path);
    if (make === null) return page(method, 404, "not found: see /metrics, /healthz, /readyz\n");
    if (method !== "GET" && method !== "HEAD") {
      return page(method, 405, "method not allowed\n", { allow: "GET, HEAD" });
    }
    return await make(method);
  }

  #pageAt(path: string): ((method: string) => Response | Promise<Response>) | null {
    switch (path) {
      case "/metrics":
        return (method) => this.#metricsPage(method);
      case "/healthz":
        return (method) => page(method, 200, "ok\n");
      case "/readyz":
        return (method) =>
          this.#sources.ready() ? page(method, 200, "ready\n") : page(method, 503, "not ready\n");
      default:
        return null;
    }
  }

  async #metricsPage(method: string): Promise<Response> {
    try {
      const text = await this.#makeMetrics();
      return page(method, 200, text, { "content-type": PROMETHEUS_CONTENT_TYPE });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#sources.log.warn(`Cannot tell metrics: ${reason}`);
      return page(method, 503, `metrics are not available: ${reason}\n`);
    }
  }

  /** One at a time: scrapers that do not wait for each other must not pile up work. */
  #makeMetrics(): Promise<string> {
    return this.#metrics ??= this.#limitedMetrics().finally(() => this.#metrics = null);
  }

  async #limitedMetrics(): Promise<string> {
    const { metrics, metricsTimeout = METRICS_TIMEOUT } = this.#sources;
    const made = Promise.resolve(metrics());
    if (!await within(made, metricsTimeout)) {
      made.catch(() => {}); // nobody waits for it any more
      throw new Error(`they were not there after ${metricsTimeout} seconds`);
    }
    return await made;
  }
}

/** `null` when the runtime cannot tell it, or the Host field, which it puts into the URL as it is, would be part of it. */
function pathOf(request: Request): string | null {
  try {
    if (/[/?#]/.test(request.headers.get("host") ?? "")) return null;
    return PATH_OF_URL.exec(request.url)?.[1] ?? null;
  } catch {
    return null; // the runtime throws for some values of Host
  }
}

/** A page that no cache keeps, with its length, also for HEAD. */
function page(
  method: string,
  status: number,
  text: string,
  fields: Readonly<Record<string, string>> = {},
): Response {
  const content = utf8.encode(text);
  const headers = {
    "content-type": TEXT,
    "content-length": String(content.length),
    "cache-control": "no-store",
    ...fields,
  };
  return new Response(method === "HEAD" ? null : content, { status, headers });
}
