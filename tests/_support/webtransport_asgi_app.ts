/**
 * The application of `webtransport_app.ts` in ASGI.
 *
 * @module
 */

import type { ASGIFramework } from "../../mod.ts";
import type { ASGIReceive, ASGISend } from "../../src/asgi_types.ts";
import type { ASGIStreamKey, WebTransportReceiveEvent } from "../../src/asgi_webtransport_types.ts";
import type { Ends } from "./webtransport_app.ts";

/** What an event comes to, besides the end. */
type Use = (event: WebTransportReceiveEvent, send: ASGISend) => Promise<void>;

/** The ASGI form. */
export function asgiSessions(ends: Ends): ASGIFramework {
  return async (scope, receive, send) => {
    if (scope.type === "lifespan") throw new Error("No lifespan");
    if (scope.type === "http") {
      await send({ type: "http.response.start", status: 200 });
      return await send({ type: "http.response.body", body: "page" });
    }
    await receive(); // the connect
    if (scope.type === "websocket") return await echoMessages(receive, send);
    const behaviour = scope.path.slice(1);
    if (await deny(behaviour, send)) return;
    await send({
      type: "webtransport.accept",
      headers: [["x-behaviour", behaviour]],
      protocol: behaviour === "protocol" ? "chat" : null,
    });
    const use = useOf(behaviour);
    if (behaviour === "ask") await ask(send);
    for (;;) {
      const event = await receive() as WebTransportReceiveEvent;
      if (event.type === "webtransport.disconnect") {
        const { code, reason } = event;
        return ends.add(code === null ? "lost" : `closed ${code} ${reason}`.trimEnd());
      }
      await use(event, send);
    }
  };
}

/** Says whether the behaviour is a denial, which was sent then. */
async function deny(behaviour: string, send: ASGISend): Promise<boolean> {
  if (behaviour === "refuse") await send({ type: "webtransport.close" });
  else if (behaviour === "deny") {
    const headers: [string, string][] = [["x-why", "full"]];
    await send({ type: "webtransport.http.response.start", status: 429, headers });
    await send({ type: "webtransport.http.response.body", body: "no ", more_body: true });
    await send({ type: "webtransport.http.response.body", body: "room" });
  } else return false;
  return true;
}

function useOf(behaviour: string): Use {
  if (behaviour === "ask") return answering();
  if (behaviour === "close") return close;
  return echo;
}

/** Streams in one direction are answered on one with this name. */
function echoName(stream: ASGIStreamKey): string {
  return `echo ${stream}`;
}

/** The client numbers its streams, in one direction with the second bit (RFC 9000 §2.1). */
function isUnidirectional(stream: number): boolean {
  return stream % 4 === 2;
}

async function echo(event: WebTransportReceiveEvent, send: ASGISend): Promise<void> {
  switch (event.type) {
    case "webtransport.stream.open": {
      if (!event.unidirectional) return;
      const stream = echoName(event.stream);
      return await send({ type: "webtransport.stream.open", stream, unidirectional: true });
    }
    case "webtransport.stream.receive": {
      const { stream: from, data, more_data } = event;
      const stream = isUnidirectional(from as number) ? echoName(from) : from;
      return await send({ type: "webtransport.stream.send", stream, data, more_data });
    }
    case "webtransport.datagram.receive":
      return await send({ type: "webtransport.datagram.send", data: event.data });
  }
}

async function close(event: WebTransportReceiveEvent, send: ASGISend): Promise<void> {
  if (event.type !== "webtransport.datagram.receive") return;
  await send({ type: "webtransport.close", code: 4000, reason: "grüße" });
}

async function ask(send: ASGISend): Promise<void> {
  const stream = "question";
  await send({ type: "webtransport.stream.open", stream });
  await send({
    type: "webtransport.stream.send",
    stream,
    data: "Who are you?",
    more_data: false,
  });
}

/** Answers when the whole name is there. */
function answering(): Use {
  let name = "";
  return async (event, send) => {
    if (event.type !== "webtransport.stream.receive") return;
    name += new TextDecoder().decode(event.data);
    if (event.more_data) return;
    const stream = "answer";
    await send({ type: "webtransport.stream.open", stream, unidirectional: true });
    const data = `Hello ${name}`;
    await send({ type: "webtransport.stream.send", stream, data, more_data: false });
  };
}

async function echoMessages(receive: ASGIReceive, send: ASGISend): Promise<void> {
  await send({ type: "websocket.accept" });
  for (;;) {
    const event = await receive();
    if (event.type !== "websocket.receive") return;
    await send({ type: "websocket.send", text: event.text ?? "" });
  }
}
