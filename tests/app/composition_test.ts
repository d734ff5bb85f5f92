import assert from "node:assert/strict";
import { type AdapterOptions, detectMode, type Form, normalise } from "../../src/app/framework.ts";
import { Composition, type Part } from "../../src/composition.ts";
import type { Application } from "../../src/exchange.ts";
import type { Framework } from "../../src/framework_types.ts";
import { formName } from "../../src/server/reporter.ts";
import { FakeExchange } from "../_support/fake_exchange.ts";
import { LogSink } from "../_support/log_sink.ts";

const OPTIONS: AdapterOptions = {
  rootPath: "/root/",
  maxAppQueueSize: 10,
  wsgiMaxBodySize: 1000,
  multiprocess: false,
  log: new LogSink(),
};

const fetchApp: Framework = () => new Response("fetch");
const asgiApp: Framework = async (scope, _receive, send) => {
  if (scope.type !== "http") return;
  await send({ type: "http.response.start", status: 200 });
  await send({ type: "http.response.body", body: scope.root_path });
};
/** Fetch or WSGI: its parameters do not tell. */
const ambiguous =
  ((environ: { SCRIPT_NAME?: string }, begin: (status: string, fields: []) => void) => {
    begin("200 OK", []);
    return [`wsgi ${environ.SCRIPT_NAME}`];
  }) as unknown as Framework;

/** A composition of parts whose first one answers. */
function compose(...parts: Part[]): Composition {
  return new Composition({ parts, build: (applications) => applications[0]! });
}

const FORMS: { name: string; app: Composition; form: Form; inLog: string }[] = [
  { name: "one fetch application", app: compose({ app: fetchApp }), form: "fetch", inLog: "fetch" },
  { name: "one ASGI application", app: compose({ app: asgiApp }), form: "asgi", inLog: "ASGI" },
  {
    name: "one whose mode is given",
    app: compose({ app: ambiguous, mode: "wsgi" }),
    form: "wsgi",
    inLog: "WSGI",
  },
  {
    name: "two of one form",
    app: compose({ app: asgiApp }, { app: asgiApp }),
    form: "asgi",
    inLog: "ASGI",
  },
  {
    name: "two forms",
    app: compose({ app: asgiApp }, { app: fetchApp }),
    form: "mixed",
    inLog: "mixed",
  },
  {
    name: "a composition",
    app: compose({ app: compose({ app: asgiApp }) }),
    form: "asgi",
    inLog: "ASGI",
  },
  {
    name: "compositions of two forms",
    app: compose({ app: compose({ app: asgiApp }) }, { app: compose({ app: fetchApp }) }),
    form: "mixed",
    inLog: "mixed",
  },
];
for (const { name, app, form, inLog } of FORMS) {
  Deno.test(`detectMode() of a composition of ${name} is "${form}", in the log ${inLog}`, () => {
    assert.equal(detectMode(app), form);
    assert.equal(formName(form), inLog);
  });
}

async function answerOf(app: Framework, form: Form | undefined): Promise<string> {
  const exchange = new FakeExchange({ target: "/root/a/b" });
  await normalise(app, form, OPTIONS).http(exchange);
  return exchange.text;
}

const ANSWERS: { name: string; app: Composition; form?: Form; answer: string }[] = [
  { name: "detects the form of a part", app: compose({ app: asgiApp }), answer: "/root/" },
  {
    name: "leaves mixed forms to detection",
    app: compose({ app: asgiApp }, { app: fetchApp }),
    form: "mixed",
    answer: "/root/",
  },
  {
    name: "gives the form of the whole to a part",
    app: compose({ app: compose({ app: ambiguous }) }),
    form: "wsgi",
    answer: "wsgi /root",
  },
  {
    name: "lets the form of a part win",
    app: compose({ app: ambiguous, mode: "wsgi" }),
    form: "asgi",
    answer: "wsgi /root",
  },
  {
    name: "joins root_path and mounts",
    app: compose({ app: compose({ app: asgiApp, mountPath: "/b" }), mountPath: "/a" }),
    answer: "/root/a/b",
  },
];
for (const { name, app, form, answer } of ANSWERS) {
  Deno.test(`normalise() of a composition ${name}`, async () => {
    assert.equal(await answerOf(app, form), answer);
  });
}

Deno.test("normalise() tells a composition where it lies", () => {
  const places: unknown[] = [];
  const build = ([inner]: readonly Application[], place: unknown) => {
    places.push(place);
    return inner!;
  };
  const inner = new Composition({ parts: [{ app: fetchApp }], build });
  normalise(
    new Composition({ parts: [{ app: inner, mountPath: "/a" }], build }),
    undefined,
    OPTIONS,
  );
  assert.deepEqual(places, [
    { rootPath: "/root/", mountPath: "/a" },
    { rootPath: "/root/", mountPath: "" },
  ]);
});

Deno.test("normalise() refuses a part that has no form, in the words for any application", () => {
  const app = compose({ app: {} as Framework });
  const error = {
    name: "TypeError",
    message: "Cannot serve an Object: expected a function or an object with a fetch method",
  };
  assert.throws(() => detectMode(app), error);
  assert.throws(() => normalise(app, undefined, OPTIONS), error);
});

Deno.test("Composition.planOf() is null for what only looks like a composition", () => {
  const alike = Object.create(Composition.prototype);
  for (const app of [null, undefined, fetchApp, {}, "x", alike]) {
    assert.equal(Composition.planOf(app), null);
  }
});
