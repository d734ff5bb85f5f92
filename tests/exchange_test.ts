import assert from "node:assert/strict";
import { ApplicationError } from "../src/errors.ts";
import {
  after,
  EXCHANGE_CALLS,
  nextState,
  nextWebSocketState,
  type ResponseCall,
  type ResponseState,
  SETTLED,
  WEBSOCKET_CALLS,
  type WebSocketCall,
  type WebSocketState,
} from "../src/exchange.ts";

// Both tables are written out here a second time, the whole of them: `-` is refused.

const EXCHANGE_STATES: readonly ResponseState[] = ["initial", "responding", "ended", "aborted"];

const EXCHANGE: Readonly<Record<ResponseCall, readonly string[]>> = {
  // In state:  initial      responding    ended    aborted
  inform: /* */ ["initial", /*       */ "-", "-", "-"],
  respond: /**/ ["responding", /*    */ "-", "-", "-"],
  write: /*  */ ["-", "responding", "-", "-"],
  end: /*    */ ["-", "ended", "-", "-"],
  sendFile: /**/ ["-", "ended", "-", "-"],
  abort: /*  */ ["aborted", "aborted", "ended", "aborted"],
};

const WEBSOCKET_STATES: readonly WebSocketState[] = [
  "handshake",
  "denying",
  "open",
  "closing",
  "closed",
];

const WEBSOCKET: Readonly<Record<WebSocketCall, readonly string[]>> = {
  accept: ["open", "-", "-", "-", "-"],
  respond: ["denying", "-", "-", "-", "-"],
  write: ["-", "denying", "-", "-", "-"],
  end: ["-", "closed", "-", "-", "-"],
  receive: ["-", "-", "open", "closing", "closed"],
  send: ["-", "-", "open", "-", "-"],
  close: ["-", "-", "closing", "closing", "closed"],
  abort: ["closed", "closed", "closed", "closed", "closed"],
};

function defineRows(
  name: string,
  states: readonly string[],
  table: Readonly<Record<string, readonly string[]>>,
  what: string,
  next: (state: string, call: string) => string,
): void {
  for (const [call, outcomes] of Object.entries(table)) {
    for (const [index, outcome] of outcomes.entries()) {
      const state = states[index]!;
      if (outcome === "-") {
        Deno.test(`${name}() refuses ${call}() in state "${state}"`, () => {
          assert.throws(() => next(state, call), (error: Error) => {
            assert.ok(error instanceof ApplicationError);
            assert.equal(
              error.message,
              `Cannot call ${call}(): the ${what} is in state "${state}"`,
            );
            return true;
          });
        });
      } else {
        Deno.test(`${name}() leads from "${state}" by ${call}() to "${outcome}"`, () => {
          assert.equal(next(state, call), outcome);
        });
      }
    }
  }
}

defineRows(
  "nextState",
  EXCHANGE_STATES,
  EXCHANGE,
  "exchange",
  (state, call) => nextState(state as ResponseState, call as ResponseCall),
);

defineRows(
  "nextWebSocketState",
  WEBSOCKET_STATES,
  WEBSOCKET,
  "WebSocket",
  (state, call) => nextWebSocketState(state as WebSocketState, call as WebSocketCall),
);

Deno.test("the state tables know no state and no call beyond those", () => {
  for (
    const [source, states, calls] of [
      [EXCHANGE_CALLS, EXCHANGE_STATES, Object.keys(EXCHANGE)],
      [WEBSOCKET_CALLS, WEBSOCKET_STATES, Object.keys(WEBSOCKET)],
    ] as const
  ) {
    assert.deepEqual(Object.keys(source), states);
    for (const row of Object.values(source)) {
      for (const call of Object.keys(row)) assert.ok(calls.includes(call), call);
    }
  }
});

Deno.test("after() goes on at once when there is nothing to wait for", () => {
  let ran = false;
  assert.equal(after(SETTLED, () => void (ran = true)), SETTLED);
  assert.ok(ran);
});

Deno.test("after() waits for a call that is pending, and passes its rejection on", async () => {
  const pending = Promise.withResolvers<void>();
  let ran = false;
  const done = after(pending.promise, () => void (ran = true));
  assert.equal(ran, false);
  pending.resolve();
  await done;
  assert.ok(ran);
  const failed = after(Promise.reject(new RangeError()), () => assert.fail("called"));
  await assert.rejects(failed, RangeError);
});

Deno.test("after() settles with what goes on, also when that has to wait", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  assert.equal(after(SETTLED, () => promise), promise);
  resolve();
  await promise;
});
