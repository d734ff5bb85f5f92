/**
 * One application in three forms, for the contract suite: it does what the path says.
 *
 * | Path | What it does |
 * | --- | --- |
 * | `/hello` | answers `hello` |
 * | `/status/N` | answers with status N and no content |
 * | `/fields` | answers with repeated, latin-1 and empty fields and two cookies |
 * | `/server` | sets its own `server` and `date` fields |
 * | `/flat/N` | answers with N bytes at once |
 * | `/stream/N` | streams N pieces of ten bytes, each in its own turn of the event loop |
 * | `/declared/N` | the same with a content-length |
 * | `/endless` | streams 64 KiB pieces for ever and counts them in the {@link Probe} |
 * | `/describe…` | answers with what it knows of the request, as JSON |
 * | `/echo` | reads the whole content, then sends it back |
 * | `/pump` | sends each piece back as it comes |
 * | `/early` | answers without reading the content |
 * | `/gate` | reads nothing until the {@link Probe} opens the gate, then counts the content |
 * | `/hang` | reads nothing and answers when the gate is opened |
 * | `/hints` | sends two early hints where it can, and answers `hello` when the gate is opened |
 * | `/trailers` | streams two pieces and trailers |
 * | `/trailed` | reads the whole content, then answers with the trailers of the request, as JSON |
 *
 * @module
 */

import type { ASGIFramework, ASGIHTTPScope, ASGIReceive, ASGISend } from "../../src/asgi_types.ts";
import type { WSGIEnviron, WSGIFramework } from "../../src/wsgi_types.ts";
import type { FetchHandler, FetchInfo, SocketAddr } from "../../src/fetch_types.ts";
import {
  type Description,
  HINTS,
  nextTurn,
  type Plan,
  plan,
  type Probe,
  text,
} from "./contract_plan.ts";

// Fetch

/** The fetch form. */
export function fetchApp(probe: Probe): FetchHandler {
  return async (request, info) => {
    probe.call();
    const target = request.url.slice(request.url.indexOf("/", "https://".length));
    const path = target.split("?", 1)[0]!;
    if (path.startsWith("/describe")) {
      return new Response(JSON.stringify(describeFetch(request, info, target)));
    }
    switch (path) {
      case "/echo":
        return new Response(await request.bytes());
      case "/pump":
        return new Response(request.body);
      case "/trailed":
        await request.bytes();
        return Response.json([...await info.requestTrailers() ?? ["none"]]);
      case "/gate": {
        await probe.gate;
        let size = 0;
        for await (const piece of request.body ?? []) size += piece.length;
        return new Response(String(size));
      }
      case "/hints":
        for (const link of HINTS) info.informational(103, { link });
        await probe.gate;
        break;
      case "/hang":
        await Promise.race([
          probe.gate,
          new Promise<void>((resolve) => request.signal.addEventListener("abort", () => resolve())),
        ]);
    }
    const answer = plan(path, probe);
    const { status, fields, trailers } = answer;
    if (trailers) info.trailers(trailers);
    const bodiless = status === 204 || status === 304;
    return new Response(bodiless ? null : bodyOf(answer), { status, headers: fields });
  };
}

function bodyOf({ content, eager }: Plan): BodyInit {
  if (content instanceof Uint8Array) return content;
  const iterator = content[Symbol.iterator]();
  return new ReadableStream({
    async pull(controller) {
      if (!eager) await nextTurn();
      const { done, value } = iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel() {
      iterator.return?.();
    },
  }, { highWaterMark: 0 });
}

function describeFetch(request: Request, info: FetchInfo, target: string): Description {
  const url = new URL(request.url);
  return {
    method: request.method,
    target,
    path: null,
    query: target.split("?").slice(1).join("?"),
    fields: interesting([...request.headers]),
    host: url.host,
    scheme: url.protocol.slice(0, -1),
    version: info.httpVersion,
    client: pairOf(info.remoteAddr),
    server: pairOf(info.localAddr),
    root: null,
    serverName: info.serverName,
  };
}

function pairOf(address: SocketAddr): [string, number] | null {
  return "port" in address ? [address.hostname, address.port] : null;
}

function interesting(
  fields: readonly (readonly [string, string])[],
): (readonly [string, string])[] {
  return fields.filter(([name]) => name.startsWith("x-") || name === "cookie");
}

// ASGI

/** The ASGI form; it knows no lifespan. */
export function asgiApp(probe: Probe): ASGIFramework {
  return async (scope, receive, send) => {
    if (scope.type !== "http") throw new Error(`No ${scope.type} here`);
    probe.call();
    const path = scope.raw_path.slice(scope.root_path.length);
    if (path.startsWith("/describe")) {
      return await sendPlan(send, text(JSON.stringify(describeASGI(scope))));
    }
    switch (path) {
      case "/echo":
        return await sendPlan(send, {
          status: 200,
          fields: [],
          content: await contentOf(receive),
        });
      case "/pump":
        return await pump(receive, send);
      case "/gate": {
        await probe.gate;
        return await sendPlan(send, text(String((await contentOf(receive)).length)));
      }
      case "/hints":
        if (scope.extensions?.["http.response.early_hint"]) {
          for (const link of HINTS) await send({ type: "http.response.early_hint", links: [link] });
        }
        await probe.gate;
        break;
      case "/hang": {
        const gone = receive().then(async (event) => {
          if (event.type === "http.request") event = await receive();
        });
        await Promise.race([probe.gate, gone]);
      }
    }
    await sendPlan(send, plan(path, probe));
  };
}

async function contentOf(receive: ASGIReceive): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const event = await receive();
    if (event.type !== "http.request") throw new Error(`Received ${event.type}`);
    parts.push(event.body as Uint8Array<ArrayBuffer>);
    if (!event.more_body) return await new Blob(parts).bytes();
  }
}

async function pump(receive: ASGIReceive, send: ASGISend): Promise<void> {
  await send({ type: "http.response.start", status: 200 });
  for (;;) {
    const event = await receive();
    if (event.type !== "http.request") throw new Error(`Received ${event.type}`);
    await send({ type: "http.response.body", body: event.body, more_body: event.more_body });
    if (!event.more_body) return;
  }
}

async function sendPlan(send: ASGISend, answer: Plan): Promise<void> {
  const { status, fields, content, eager, trailers } = answer;
  const announced = trailers && { trailers: true };
  await send({ type: "http.response.start", status, headers: fields, ...announced });
  if (content instanceof Uint8Array) {
    return await send({ type: "http.response.body", body: content });
  }
  for (const body of content) {
    if (!eager) await nextTurn();
    await send({ type: "http.response.body", body, more_body: true });
  }
  await send({ type: "http.response.body" });
  if (trailers) await send({ type: "http.response.trailers", headers: trailers });
}

function describeASGI(scope: ASGIHTTPScope): Description {
  return {
    method: scope.method,
    target: scope.raw_path + (scope.query_string && `?${scope.query_string}`),
    path: fromUtf8(scope.path),
    query: scope.query_string,
    fields: interesting(scope.headers),
    host: scope.headers.find(([name]) => name === "host")?.[1] ?? null,
    scheme: scope.scheme,
    version: scope.http_version,
    client: scope.client,
    server: scope.server,
    root: scope.root_path,
    serverName: scope.extensions?.tls?.server_name,
  };
}

/** Text as its UTF-8 bytes, one character each, to be comparable with WSGI. */
function fromUtf8(path: string): string {
  return String.fromCharCode(...new TextEncoder().encode(path));
}

// WSGI

/** The WSGI form. */
export function wsgiApp(probe: Probe): WSGIFramework {
  return (environ, startResponse) => {
    probe.call();
    const { status, fields, content, eager } = wsgiPlan(environ, probe);
    startResponse(`${status} Whatever`, fields);
    if (content instanceof Uint8Array) return [content];
    return eager ? content : paced(content);
  };
}

function wsgiPlan(environ: WSGIEnviron, probe: Probe): Plan {
  if (environ.PATH_INFO.startsWith("/describe")) {
    return text(JSON.stringify(describeWSGI(environ)));
  }
  switch (environ.PATH_INFO) {
    case "/echo":
    case "/pump":
      return { status: 200, fields: [], content: environ["wsgi.input"].read() };
    default:
      return plan(environ.PATH_INFO, probe);
  }
}

/** An empty piece lets the event loop turn (PEP 3333 "Middleware Handling of Block Boundaries"). */
function* paced(content: Iterable<Uint8Array>): Generator<Uint8Array | string> {
  for (const piece of content) {
    yield "";
    yield piece;
  }
}

function describeWSGI(environ: WSGIEnviron): Description {
  const fields = Object.entries(environ).filter(([key]) =>
    key.startsWith("HTTP_X_") || key === "HTTP_COOKIE"
  ).map(([key, value]) =>
    [key.slice(5).toLowerCase().replaceAll("_", "-"), String(value)] as const
  );
  const { REMOTE_ADDR, REMOTE_PORT } = environ;
  return {
    method: environ.REQUEST_METHOD,
    target: null,
    path: environ.SCRIPT_NAME + environ.PATH_INFO,
    query: environ.QUERY_STRING,
    fields,
    host: environ.HTTP_HOST ?? null,
    scheme: environ["wsgi.url_scheme"],
    version: environ.SERVER_PROTOCOL.slice(5),
    client: REMOTE_ADDR === undefined ? null : [REMOTE_ADDR, Number(REMOTE_PORT)],
    server: [environ.SERVER_NAME, Number(environ.SERVER_PORT)],
    root: environ.SCRIPT_NAME,
  };
}
