/**
 * What a native server-side WebSocket cannot do through its public API. This file is the only one that knows.
 *
 * The runtime keeps the state of a socket in symbol properties. Where one is missing, the socket is left to the
 * runtime.
 *
 * @module
 */

/** What can be handed to the runtime at once; a `Blob` it would read first, and forget that the socket may close. */
export type MessageData = string | ArrayBufferLike | ArrayBufferView;

interface RuntimeCore {
  readonly tryClose?: (rid: number) => void;
}

/**
 * Ready states that the runtime does not know, so that none of its branches applies. Rounded down they are what the
 * application sees. Without a resource `send()` and `bufferedAmount` of an open socket would end the process, so a
 * socket is never left in that state.
 */
const LINGERING = 2.25;
const CUT = 2.5;
const ABANDONED = 3.5;

const { send: nativeSend, close: nativeClose } = WebSocket.prototype;
const nativeBuffered = Object.getOwnPropertyDescriptor(WebSocket.prototype, "bufferedAmount")?.get;

/** The runtime's side of a WebSocket. */
export class NativeSocket {
  readonly #socket: WebSocket;
  /** Key of the ready state. */
  readonly #key: symbol | undefined;

  /** @param socket As the runtime made it. */
  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#key = symbolOf(socket, "[[readyState]]");
  }

  /** Bytes the runtime has queued for the peer. A message counts until all of it is with the system. */
  get buffered(): number {
    let bytes = 0;
    this.#whileOpen(() => bytes = nativeBuffered?.call(this.#socket));
    return bytes;
  }

  /** Queues a message, also on a socket that lingers. */
  send(data: MessageData): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#send(data);
    else this.#whileOpen(() => this.#send(data));
  }

  /** Queues a Close frame, and lingers. */
  close(code: number, reason: string): void {
    this.#whileOpen(() => nativeClose.call(this.#socket, code, reason));
    this.linger();
  }

  /**
   * Goes on reading, while the application sees a socket that is closing.
   *
   * A socket that is closing is cut by the runtime at the peer's next message. Since there are unread bytes then, the
   * system resets the connection, and a peer that was sending never sees our Close frame. In a state of our own the
   * runtime reads on until the peer's Close frame (RFC 6455 §7.1.2); messages until then have to be dropped by the caller.
   */
  linger(): void {
    this.#enter(LINGERING);
  }

  /**
   * Cuts the connection at once, by the id of its resource.
   *
   * With something queued it must not be called: the runtime would neither close the connection nor free what is queued
   * before the peer reads it or leaves, and nothing would tell when. See {@link abandon}.
   *
   * @returns `false` when this runtime offers no way.
   */
  cut(): boolean {
    const id = symbolOf(this.#socket, "[[rid]]");
    const rid = id && stateOf(this.#socket)[id];
    const core = runtimeCore();
    if (this.#socket.readyState >= WebSocket.CLOSED) return true; // the runtime is about to do it
    if (typeof rid !== "number" || core?.tryClose === undefined || !this.#enter(CUT)) return false;
    core.tryClose(rid);
    return true;
  }

  /**
   * Shows the application a closed socket, while the runtime goes on to hold the connection. Its close event comes when
   * that ends. @returns `false` when this runtime offers no way.
   */
  abandon(): boolean {
    return this.#enter(ABANDONED);
  }

  #send(data: MessageData): void {
    nativeSend.call(this.#socket, data as Parameters<typeof nativeSend>[0]);
  }

  #enter(state: number): boolean {
    const socket = this.#socket;
    const key = this.#key;
    if (key === undefined) return false;
    const states = stateOf(socket) as Record<symbol, number>;
    states[key] = state;
    Object.defineProperty(socket, "readyState", {
      configurable: true,
      get: () => Math.floor(states[key]!),
    });
    return true;
  }

  /** Acts on the socket as an open one, if it still has its resource. */
  #whileOpen(act: () => void): void {
    const states = stateOf(this.#socket);
    const state = this.#key && states[this.#key];
    if (state === CUT) return;
    if (state !== LINGERING && state !== ABANDONED) return act();
    states[this.#key!] = WebSocket.OPEN;
    try {
      act();
    } finally {
      states[this.#key!] = state;
    }
  }
}

function stateOf(socket: WebSocket): Record<symbol, unknown> {
  return socket as unknown as Record<symbol, unknown>;
}

function symbolOf(socket: WebSocket, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === description);
}

function runtimeCore(): RuntimeCore | undefined {
  const deno = Deno as unknown as Record<symbol, { readonly core?: RuntimeCore } | undefined>;
  const key = (Deno as unknown as { readonly internal?: symbol }).internal;
  return key === undefined ? undefined : deno[key]?.core;
}
