/**
 * Applications that write down how they learn that their client left.
 *
 * @module
 */

import type { ASGIFramework, ASGIReceive, ASGISend } from "../../src/asgi_types.ts";
import type { WSGIFramework } from "../../src/wsgi_types.ts";
import { DisconnectError } from "../../src/errors.ts";
import type { FetchHandler } from "../../src/fetch_types.ts";

/** What an application noticed, in order. */
export class Diary {
  /** The entries. */
  readonly entries: string[] = [];

  /** Adds an entry. */
  note(entry: string): void {
    this.entries.push(entry);
  }
}

const PIECE = new TextEncoder().encode("piece\n");

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * The ASGI form: `/upload` reads, `/pending` waits after reading, `/stream` sends for ever, `/idle` sends one piece
 * and waits.
 */
export function asgiDiary(diary: Diary): ASGIFramework {
  return async (scope, receive, send) => {
    if (scope.type !== "http") return;
    diary.note("called");
    if (scope.path === "/stream" || scope.path === "/idle") {
      await send({ type: "http.response.start", status: 200 });
      await send({ type: "http.response.body", body: PIECE, more_body: true });
    }
    if (scope.path === "/stream") await sendForEver(send, diary);
    await untilDisconnect(receive, diary);
  };
}

async function sendForEver(send: ASGISend, diary: Diary): Promise<void> {
  try {
    for (;;) {
      await nextTurn();
      await send({ type: "http.response.body", body: PIECE, more_body: true });
    }
  } catch (error) {
    diary.note(`send: ${error instanceof DisconnectError ? "DisconnectError" : error}`);
  }
}

async function untilDisconnect(receive: ASGIReceive, diary: Diary): Promise<void> {
  while ((await receive()).type !== "http.disconnect");
  diary.note("http.disconnect");
  receive().then(({ type }) => diary.note(`again: ${type}`));
}

/** The fetch form, with the same paths. */
export function fetchDiary(diary: Diary): FetchHandler {
  return async (request) => {
    diary.note("called");
    const gone = new Promise<void>((resolve) =>
      request.signal.addEventListener("abort", () => resolve(), { once: true })
    );
    switch (new URL(request.url).pathname) {
      case "/upload":
        await request.text().catch(() => diary.note("read failed"));
        break;
      case "/pending":
        await request.text();
        await gone;
        diary.note("signal");
        break;
      case "/stream":
        return new Response(stream(diary, true));
      case "/idle":
        return new Response(stream(diary, false));
    }
    return new Response("too late");
  };
}

function stream(diary: Diary, forEver: boolean): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(PIECE),
    async pull(controller) {
      if (!forEver) return await new Promise(() => {});
      await nextTurn();
      controller.enqueue(PIECE);
    },
    cancel: () => diary.note("cancel"),
  });
}

/** The WSGI form; it reads and waits before it is called, so only `/upload` and `/stream` mean something. */
export function wsgiDiary(diary: Diary): WSGIFramework {
  return (_environ, startResponse) => {
    diary.note("called");
    startResponse("200 OK", []);
    const pieces = function* () {
      try {
        for (;;) {
          yield PIECE;
          yield "";
        }
      } finally {
        diary.note("finally");
      }
    }();
    return Object.assign(pieces, { close: () => diary.note("close") });
  };
}
