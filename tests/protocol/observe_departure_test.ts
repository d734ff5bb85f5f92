/**
 * What the TCP driver tells observers of requests that do not come to their end: the client leaves, or the server stops.
 */
import assert from "node:assert/strict";
import {
  FETCH_FORMS,
  OBSERVED_FORMS,
  observedApplication,
  type ObservedForm,
  WAITING_FORMS,
} from "../_support/observed_apps.ts";
import { testObserved } from "../_support/observed_matrix.ts";
import { ObservedServer } from "../_support/observed_server.ts";

const LEFT: readonly {
  when: string;
  path: string;
  upload?: boolean;
  forms: readonly ObservedForm[];
  events: readonly string[];
}[] = [
  {
    when: "while the answer is pending",
    path: "/pending",
    forms: WAITING_FORMS,
    events: ["ended aborted"],
  },
  {
    when: "during a stream",
    path: "/endless",
    forms: OBSERVED_FORMS,
    events: ["responded 200", "sent some", "ended aborted"],
  },
  {
    when: "while a stream is silent",
    path: "/silent",
    forms: WAITING_FORMS,
    events: ["responded 200", "sent some", "ended aborted"],
  },
  {
    when: "during its upload",
    path: "/upload",
    upload: true,
    forms: OBSERVED_FORMS,
    events: ["ended aborted"],
  },
  {
    when: "during its upload, which is sent back",
    path: "/echo",
    upload: true,
    forms: FETCH_FORMS,
    events: ["responded 200", "sent some", "ended aborted"],
  },
];

for (const { when, path, upload = false, forms, events } of LEFT) {
  testObserved(
    (form) => `${form} whose client leaves ${when}: ${events.join(", ")}`,
    forms,
    async (form, { connect, secure }) => {
      await using server = new ObservedServer(observedApplication(form), { secure });
      await using client = connect(server.url);
      const exchange = await client.open(
        upload ? { method: "POST", target: path, content: "open" } : { target: path },
      );
      if (upload) await exchange.send("some");
      await server.begun(1, events.includes("sent some") ? "sent" : "");
      await exchange.leave();
      assert.deepEqual(withoutSizes(await server.ended(1)), [events]);
      assert.deepEqual(server.log.matching("ERROR"), []);
    },
  );
}

/** Events where it depends on speed how much was sent. */
function withoutSizes(requests: readonly (readonly string[])[]): string[][] {
  return requests.map((events) => events.map((event) => event.replace(/^sent .*/, "sent some")));
}

const CUT = [
  { what: "an answer that is pending", path: "/pending", events: ["responded 503"] },
  { what: "a stream", path: "/endless", events: ["responded 200", "sent some"] },
];

for (const { what, path, events } of CUT) {
  testObserved(
    (form) => `${form} with ${what} at the deadline of a stop: ${events.join(", ")}, ended aborted`,
    WAITING_FORMS,
    async (form, { connect, secure }) => {
      await using server = new ObservedServer(observedApplication(form), { secure });
      await using client = connect(server.url);
      await using exchange = await client.open({ target: path });
      await server.begun(1, path === "/endless" ? "sent" : "");
      server.cut();
      assert.deepEqual(withoutSizes(await server.ended(1)), [[...events, "ended aborted"]]);
      await exchange.leave();
    },
  );
}
