/**
 * A `Request` that is built when somebody looks deeper than its URL, method and signal.
 *
 * Building one costs more than the rest of a small exchange: a URL is parsed, fields are checked and copied, a signal is
 * made to follow another. Most handlers look at URL and method only. The runtime keeps what it knows of a request in
 * properties named by symbols; here these are getters that build the real request first. So everything the platform does
 * with a request (`fetch(request)`, `new Request(request)`, `request.clone()`, reading its body) works as with any other.
 * That is tried once at import; where it should fail, requests are built at once.
 *
 * @module
 */

/** What a request is built from. */
export interface RequestParts {
  /** URL exactly as it is to be seen. */
  readonly url: string;
  /** Method exactly as it is to be seen. */
  readonly method: string;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** Builds the real request; called at most once. */
  build(): Request;
}

type Slots = Record<symbol, unknown>;

/** Leads to the request itself from a `Proxy` of it or what inherits from it: those lack its private members. */
const SELF = Symbol("lazy request");

class LazyRequest {
  readonly [SELF]: LazyRequest;
  readonly #parts: RequestParts;
  #request: Request | undefined;

  constructor(parts: RequestParts) {
    this[SELF] = this;
    this.#parts = parts;
  }

  get url(): string {
    return this[SELF].#parts.url;
  }

  get method(): string {
    return this[SELF].#parts.method;
  }

  get signal(): AbortSignal {
    return this[SELF].#parts.signal;
  }

  static slots(request: LazyRequest): Slots {
    const self = request[SELF];
    return (self.#request ??= self.#parts.build()) as unknown as Slots;
  }
}

Object.setPrototypeOf(LazyRequest.prototype, Request.prototype);
Object.defineProperty(LazyRequest.prototype, "constructor", { value: Request });
for (const member of ["url", "method", "signal"]) {
  Object.defineProperty(LazyRequest.prototype, member, { enumerable: true }); // as those of `Request`
}

for (const slot of Object.getOwnPropertySymbols(new Request("http://localhost/"))) {
  Object.defineProperty(LazyRequest.prototype, slot, {
    configurable: true,
    get(this: LazyRequest): unknown {
      return LazyRequest.slots(this)[slot];
    },
    set(this: LazyRequest, value: unknown) {
      LazyRequest.slots(this)[slot] = value;
    },
  });
}

/** Whether the platform takes a lazy request for a real one. */
const WORKS = ((): boolean => {
  try {
    const real = new Request("http://localhost/", {
      method: "POST",
      headers: { a: "b" },
      body: "c",
    });
    const { signal } = new AbortController();
    const lazy = make({ url: "http://localhost/", method: "POST", signal, build: () => real });
    const copy = new Request(lazy.clone());
    return lazy instanceof Request && lazy.headers === real.headers && lazy.body === real.body &&
      copy.headers.get("a") === "b" && copy.method === "POST" && !lazy.bodyUsed;
  } catch {
    return false;
  }
})();

/** Makes a request out of its parts, now or when it is needed. */
export function lazyRequest(parts: RequestParts): Request {
  if (WORKS) return make(parts);
  const { url, method, signal } = parts;
  const request = parts.build();
  for (const [member, value] of Object.entries({ url, method, signal })) {
    Object.defineProperty(request, member, { value });
  }
  return request;
}

function make(parts: RequestParts): Request {
  return new LazyRequest(parts) as unknown as Request;
}
