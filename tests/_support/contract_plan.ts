/**
 * What the contract's application answers, whatever form it has, and what a test sees of it.
 *
 * @module
 */

/** What a test sees of the application, and how it holds it up. */
export class Probe {
  /** Pieces that `/endless` was asked for. */
  produced = 0;
  /** How often the application was called. */
  calls = 0;
  readonly #called = Promise.withResolvers<void>();
  readonly #gate = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();

  /** Resolves when the application was called. */
  readonly called: Promise<void> = this.#called.promise;
  /** Resolves when the test opened the gate. */
  readonly gate: Promise<void> = this.#gate.promise;
  /** Resolves when a streaming application was told to stop. */
  readonly stopped: Promise<void> = this.#stopped.promise;

  /** The application was called. */
  call(): void {
    this.calls++;
    this.#called.resolve();
  }

  /** Lets `/gate` and `/hang` go on. */
  open(): void {
    this.#gate.resolve();
  }

  /** A streaming application was told to stop. */
  stop(): void {
    this.#stopped.resolve();
  }
}

/** What the application knows of a request; `null` where its form has no such thing. */
export interface Description {
  /** Method. */
  readonly method: string;
  /** Path and query as received. */
  readonly target: string | null;
  /** Path, percent-decoded, its bytes as latin-1. */
  readonly path: string | null;
  /** Query as received, without `?`. */
  readonly query: string;
  /** `x-` fields of the request, and cookies. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Value of `host`, or what stands for it. */
  readonly host: string | null;
  /** Scheme. */
  readonly scheme: string;
  /** HTTP version. */
  readonly version: string;
  /** Client address. */
  readonly client: readonly [host: string, port: number] | null;
  /** Our address. */
  readonly server: readonly [host: string, port: number] | null;
  /** Mount point. */
  readonly root: string | null;
  /** Name the client asked for in TLS; absent where the form or the protocol does not tell. */
  readonly serverName?: string | null | undefined;
}

/** A response that does not depend on the request. */
export interface Plan {
  /** Status. */
  readonly status: number;
  /** Header section. */
  readonly fields: [string, string][];
  /** All of it, or pieces that are produced one by one. */
  readonly content: Uint8Array<ArrayBuffer> | Iterable<Uint8Array<ArrayBuffer>>;
  /** Whether pieces come at once, held up by nothing but back-pressure. */
  readonly eager?: boolean;
  /** Trailer section. */
  readonly trailers?: [string, string][];
}

/** Fields of the interim responses of `/hints`, both with status 103. */
export const HINTS = ["</style.css>; rel=preload", "</script.js>; rel=preload"] as const;

/** What `/trailers` ends with. */
export const TRAILERS: [string, string][] = [["x-latin", "caf\xe9"], ["x-sum", "20"]];

const utf8 = new TextEncoder();
const EMPTY = new Uint8Array(0);
const PIECE = new Uint8Array(65536);

/** The answer to a path. */
export function plan(path: string, probe: Probe): Plan {
  const [, command = "", argument = ""] = path.split("/");
  const count = Number(argument);
  switch (command) {
    case "hello":
    case "early":
    case "hang":
    case "hints":
      return text("hello");
    case "status":
      return { status: count, fields: [], content: EMPTY };
    case "fields":
      return {
        ...text("fields"),
        fields: [
          ["x-latin", "caf\xe9"],
          ["x-twice", "one"],
          ["x-twice", "two"],
          ["x-empty", ""],
          ["set-cookie", "a=1; Expires=Thu, 01 Jan 2037 00:00:00 GMT"],
          ["set-cookie", "b=2"],
        ],
      };
    case "server":
      return {
        ...text("mine"),
        fields: [["server", "mine"], ["date", "Thu, 01 Jan 1970 00:00:00 GMT"]],
      };
    case "flat":
      return { status: 200, fields: [], content: new Uint8Array(count).fill(0x61) };
    case "stream":
      return { status: 200, fields: [], content: pieces(count) };
    case "declared":
      return {
        status: 200,
        fields: [["content-length", String(10 * count)]],
        content: pieces(count),
      };
    case "trailers":
      return { status: 200, fields: [], content: pieces(2), trailers: TRAILERS };
    case "endless":
      return { status: 200, fields: [], content: endless(probe), eager: true };
    default:
      return { ...text("no such command"), status: 404 };
  }
}

/** A short answer. */
export function text(content: string): Plan {
  return { status: 200, fields: [], content: utf8.encode(content) };
}

function* pieces(count: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let index = 0; index < count; index++) {
    yield utf8.encode(`${String(index).padStart(9, "0")}\n`);
  }
}

function* endless(probe: Probe): Generator<Uint8Array<ArrayBuffer>> {
  try {
    for (;;) {
      probe.produced++;
      yield PIECE;
    }
  } finally {
    probe.stop();
  }
}

/** Lets everything that is ready happen. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
