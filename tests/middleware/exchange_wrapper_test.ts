import assert from "node:assert/strict";
import type { Exchange, WebSocketExchange } from "../../src/exchange.ts";
import {
  ExchangeWrapper,
  WebSocketExchangeWrapper,
  WebTransportExchangeWrapper,
} from "../../src/middleware/exchange_wrapper.ts";
import type { WebTransportExchange } from "../../src/webtransport_exchange.ts";
import { FakeExchange } from "../_support/fake_exchange.ts";

const GETTERS = ["request", "peer", "supports", "observation", "signal"] as const;
const WEBSOCKET_GETTERS = [
  "request",
  "peer",
  "subprotocols",
  "observation",
  "signal",
  "buffered",
  "extensions",
  "closing",
] as const;
const WEBTRANSPORT_GETTERS = ["request", "peer", "protocols", "observation", "signal"] as const;

/** Calls of every other member, with arguments; a new member does not type-check until it is here. */
const CALLS = {
  respond: [{ status: 200, fields: [] }],
  write: ["chunk"],
  end: [[["x", "y"]]],
  abort: [new Error("gave up")],
  read: [],
  trailers: [],
  inform: [{ status: 103, fields: [] }],
  sendFile: ["/tmp/file"],
} satisfies Record<Exclude<keyof Exchange, (typeof GETTERS)[number]>, unknown[]>;
const { respond, write, end, abort } = CALLS;
const WEBSOCKET_CALLS = {
  respond,
  write,
  end,
  abort,
  accept: [{ subprotocol: "chat" }],
  receive: [],
  send: ["message"],
  close: [1001, "bye"],
} satisfies Record<Exclude<keyof WebSocketExchange, (typeof WEBSOCKET_GETTERS)[number]>, unknown[]>;
const WEBTRANSPORT_CALLS = {
  respond,
  write,
  end,
  abort,
  accept: [{ protocol: "chat" }],
} satisfies Record<
  Exclude<keyof WebTransportExchange, (typeof WEBTRANSPORT_GETTERS)[number]>,
  unknown[]
>;

/** An object that answers each member with a value of its own, and notes what was looked at and called. */
function spy(getters: readonly string[], calls: Record<string, unknown[]>) {
  const looked: string[] = [];
  const called: [string, ...unknown[]][] = [];
  const results: Record<string, unknown> = {};
  const object = {};
  for (const name of getters) {
    const value = results[name] = { name };
    Object.defineProperty(object, name, {
      get() {
        looked.push(name);
        return value;
      },
    });
  }
  for (const name of Object.keys(calls)) {
    const value = results[name] = name === "abort" ? undefined : Promise.resolve(name);
    Object.defineProperty(object, name, {
      value(...args: unknown[]) {
        called.push([name, ...args]);
        return value;
      },
    });
  }
  return { object, looked, called, results };
}

const KINDS = [
  {
    name: "ExchangeWrapper",
    getters: GETTERS,
    calls: CALLS,
    wrap: (inner: object) => new ExchangeWrapper(inner as Exchange),
  },
  {
    name: "WebSocketExchangeWrapper",
    getters: WEBSOCKET_GETTERS,
    calls: WEBSOCKET_CALLS,
    wrap: (inner: object) => new WebSocketExchangeWrapper(inner as WebSocketExchange),
  },
  {
    name: "WebTransportExchangeWrapper",
    getters: WEBTRANSPORT_GETTERS,
    calls: WEBTRANSPORT_CALLS,
    wrap: (inner: object) => new WebTransportExchangeWrapper(inner as WebTransportExchange),
  },
];
for (const { name, getters, calls, wrap } of KINDS) {
  Deno.test(`${name} looks at nothing that a driver makes on demand`, () => {
    const { object, looked } = spy(getters, calls);
    wrap(object);
    assert.deepEqual(looked, ["request", "peer"]);
  });

  for (const member of getters) {
    Deno.test(`${name}.${member} is that of the inner exchange`, () => {
      const { object, results } = spy(getters, calls);
      assert.equal(Reflect.get(wrap(object), member), results[member]);
    });
  }

  for (const [member, args] of Object.entries(calls)) {
    Deno.test(`${name}.${member}() passes arguments and result on, the same promise`, () => {
      const { object, called, results } = spy(getters, calls);
      const wrapper = wrap(object);
      const result = Reflect.apply(Reflect.get(wrapper, member), wrapper, args);
      assert.deepEqual(called, [[member, ...args]]);
      assert.equal(result, results[member]);
    });
  }
}

Deno.test("a wrapper shows the request and peer it was given", () => {
  const inner = new FakeExchange();
  const request = { ...inner.request, scheme: "https" } as const;
  const peer = { client: null, server: null };
  const wrapper = new ExchangeWrapper(inner, { request, peer });
  assert.equal(wrapper.request, request);
  assert.equal(wrapper.peer, peer);
});
