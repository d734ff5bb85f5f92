import assert from "node:assert/strict";
import fc from "fast-check";
import type { ObservedRequest, Outcome } from "../../src/observation.ts";
import { ServeObservation, sizeOf } from "../../src/protocol/serve_observation.ts";
import { observedRequest } from "../_support/observed_request.ts";
import { RecordingObserver } from "../_support/recording_observer.ts";

const OUTCOMES: readonly Outcome[] = ["complete", "aborted", "failed", "refused"];

const response = (status: number) => ({ status, headers: new Headers() });

/** Everything a driver may call, whenever it likes. */
const CALLS = fc.oneof(
  fc.constant((observation: ServeObservation) => observation.forwarded({})),
  fc.nat(10).map((bytes) => (observation: ServeObservation) => observation.sent(bytes)),
  fc.nat(10).map((bytes) => (observation: ServeObservation) => observation.completed(bytes)),
  fc.nat(20).map((length) => (observation: ServeObservation) => observation.expect(length)),
  fc.constant((observation: ServeObservation) => observation.fail()),
  fc.constant((observation: ServeObservation) => observation.responded(response(200))),
  fc.constant((observation: ServeObservation) => observation.begins({ status: 200, fields: [] })),
  fc.constant((observation: ServeObservation) => observation.refused(response(400))),
  fc.constantFrom(...OUTCOMES).map((outcome) => (observation: ServeObservation) =>
    observation.ended(outcome)
  ),
);

/** The rules of `src/observation.ts`. */
const RULES =
  /^(forwarded \S+;)*(responded \d+;(sent [1-9]\d*;)?)?(ended (complete|aborted|failed|refused( \w+)?);)?$/;

Deno.test("ServeObservation keeps to the rules, whatever it is told in whatever order", () => {
  fc.assert(fc.property(fc.array(CALLS, { maxLength: 12 }), (calls) => {
    const observer = new RecordingObserver();
    const observation = ServeObservation.begin(observer, observedRequest())!;
    for (const call of calls) call(observation);
    const events = observer.events[0]!.map((event) => `${event};`).join("");
    assert.match(events, RULES);
    assert.equal(observer.inFlight, observation.over ? 0 : 1);
  }));
});

const ENDS: readonly {
  what: string;
  tell: (observation: ServeObservation) => void;
  outcome: Outcome;
}[] = [
  {
    what: "a client that leaves with part of the content",
    tell: (observation) => observation.sent(4),
    outcome: "aborted",
  },
  {
    what: "a client that leaves with all of the content before the application ends it",
    tell: (observation) => observation.sent(5),
    outcome: "complete",
  },
  {
    what: "a client that leaves with all of the content after the application failed",
    tell: (observation) => {
      observation.sent(5);
      observation.fail();
    },
    outcome: "failed",
  },
];

for (const { what, tell, outcome } of ENDS) {
  Deno.test(`ServeObservation calls ${what} "${outcome}"`, () => {
    const observer = new RecordingObserver();
    const observation = ServeObservation.begin(observer, observedRequest())!;
    observation.begins({ status: 200, fields: [["content-length", "5"]] });
    tell(observation);
    observation.ended("aborted");
    assert.equal(observer.events[0]!.at(-1), `ended ${outcome}`);
  });
}

Deno.test("ServeObservation.run() calls in the observer's context, where it has one", () => {
  const calls: string[] = [];
  const plain = new RecordingObserver();
  const tracing = {
    begin: (request: ObservedRequest) =>
      Object.assign(plain.begin(request), {
        run<T>(call: () => T): T {
          calls.push("run");
          return call();
        },
      }),
  };
  assert.equal(ServeObservation.begin(plain, observedRequest())!.run(() => 1), 1);
  assert.equal(ServeObservation.begin(tracing, observedRequest())!.run(() => 2), 2);
  assert.deepEqual(calls, ["run"]);
});

Deno.test("sizeOf() counts text as UTF-8, as TextEncoder does", () => {
  const encoder = new TextEncoder();
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.equal(sizeOf(text), encoder.encode(text).byteLength);
  }));
  assert.equal(sizeOf("\ud800"), 3);
  assert.equal(sizeOf(new Uint8Array(7)), 7);
});
