import assert from "node:assert/strict";
import fc from "fast-check";
import type { ASGIFramework } from "../../src/asgi_types.ts";
import type { Framework } from "../../src/framework_types.ts";
import { dispatcher, type Mount, type Mounts } from "../../src/middleware/mod.ts";
import { settled } from "../_support/fake_exchange.ts";
import { LogSink } from "../_support/log_sink.ts";
import { eventually } from "../_support/waiting.ts";
import { applicationOf, asgiApp, ask, fetchApp, knock, seenBy, shake, wsgiApp } from "./harness.ts";

/** A request for one of ASGI applications that are called as their mount. */
interface Row {
  readonly mounts: string[];
  readonly target: string;
  /** `root_path` of the server; default: none. */
  readonly root?: string;
  /** Mount that gets it, path and root path it sees; `null` is 404. */
  readonly sees: [mount: string, path: string, rootPath: string] | null;
  /** What Hypercorn does instead, or why we do otherwise. */
  readonly differs?: string;
}

/** Hypercorn's vectors (reference, 8.1). */
const VECTORS: Row[] = [
  { mounts: ["/api/x", "/api"], target: "/api/x/b", sees: ["/api/x", "/api/x/b", "/api/x"] },
  { mounts: ["/api/x", "/api"], target: "/api/b", sees: ["/api", "/api/b", "/api"] },
  { mounts: ["/api/x", "/api"], target: "/", sees: null },
  { mounts: ["/api", "/api/x"], target: "/api/x/b", sees: ["/api", "/api/x/b", "/api"] },
  {
    mounts: ["/api"],
    target: "/apix",
    sees: null,
    differs: "Hypercorn takes any prefix (flaw 43)",
  },
  { mounts: ["/api"], target: "/api", sees: ["/api", "/api", "/api"] },
  { mounts: ["/api"], target: "/API", sees: null },
  {
    mounts: ["/a/"],
    target: "/a",
    sees: ["/a/", "/a", "/a"],
    differs:
      "Hypercorn: 404. A root path with a slash at its end makes two in every URL built on it",
  },
  {
    mounts: ["/graphql", "/"],
    target: "/a",
    sees: ["/", "/a", ""],
    differs: 'Hypercorn: root path "/", which makes two slashes in every URL built on it',
  },
  { mounts: ["/graphql", ""], target: "/a", sees: ["", "/a", ""] },
  { mounts: ["/api"], root: "/root", target: "/api/x", sees: ["/api", "/api/x", "/root/api"] },
];

const BEYOND: Row[] = [
  {
    mounts: ["/api"],
    root: "/root",
    target: "/root/api/x",
    sees: ["/api", "/root/api/x", "/root/api"],
  },
  {
    mounts: ["/api"],
    root: "/root/",
    target: "/root/api",
    sees: ["/api", "/root/api", "/root/api"],
  },
  { mounts: ["/api"], root: "/root", target: "/rooted/api", sees: null },
  { mounts: ["/api"], target: "/api/", sees: ["/api", "/api/", "/api"] },
  { mounts: ["/api"], target: "/api?x", sees: ["/api", "/api", "/api"] },
  { mounts: ["/api"], target: "/x?/api", sees: null },
  { mounts: ["/api"], target: "/%61p%69/x", sees: ["/api", "/api/x", "/api"] },
  { mounts: ["/api"], target: "/api%2Fx", sees: ["/api", "/api/x", "/api"] },
  { mounts: ["/café"], target: "/caf%C3%A9/x", sees: ["/café", "/café/x", "/café"] },
  { mounts: ["/api"], target: "//api", sees: null },
  { mounts: ["/api"], target: "/x/../api", sees: null },
  { mounts: ["/api", ""], target: "/api/../x", sees: ["/api", "/api/../x", "/api"] },
  { mounts: ["/api"], target: "*", sees: null },
  { mounts: ["/"], target: "*", sees: ["/", "*", ""] },
];
for (const { mounts, target, root = "", sees, differs } of [...VECTORS, ...BEYOND]) {
  const where = root && ` below "${root}"`;
  const result = sees
    ? `gives ${target}${where} to "${sees[0]}"`
    : `answers 404 to ${target}${where}`;
  const unlike = differs ? ", unlike Hypercorn" : "";
  Deno.test(`dispatcher() of ["${mounts.join('", "')}"] ${result}${unlike}`, async () => {
    const list = Object.fromEntries(mounts.map((path) => [path, asgiApp(path)]));
    const exchange = await ask(applicationOf(dispatcher(list), { rootPath: root }), { target });
    if (sees === null) {
      assert.deepEqual(exchange.head, { status: 404, fields: [["content-length", "0"]] });
      assert.deepEqual(exchange.calls, ["respond", "end"]);
    } else {
      const { name, path, root_path } = seenBy(exchange);
      assert.deepEqual([name, path, root_path], sees);
    }
  });
}

// Forms

const FORMS: Mounts = {
  "/fetch": fetchApp("fetch"),
  "/object": { fetch: fetchApp("object") },
  "/asgi": asgiApp("asgi"),
  "/wsgi": wsgiApp("wsgi"),
  "/inner": dispatcher({ "/fetch": fetchApp("inner fetch"), "/deep": asgiApp("deep") }),
};
const SEEN: { target: string; sees: Record<string, unknown> }[] = [
  { target: "/fetch/x?y", sees: { name: "fetch", url: "http://localhost/fetch/x?y" } },
  { target: "/object", sees: { name: "object", url: "http://localhost/object" } },
  { target: "/asgi/x", sees: { name: "asgi", path: "/asgi/x", root_path: "/asgi" } },
  { target: "/wsgi/x", sees: { name: "wsgi", scriptName: "/wsgi", pathInfo: "/x" } },
  { target: "/wsgi", sees: { name: "wsgi", scriptName: "/wsgi", pathInfo: "/" } },
  { target: "/inner/fetch", sees: { name: "inner fetch", url: "http://localhost/inner/fetch" } },
  {
    target: "/inner/deep/x",
    sees: { name: "deep", path: "/inner/deep/x", root_path: "/inner/deep" },
  },
];
for (const { target, sees } of SEEN) {
  Deno.test(`dispatcher() of mixed forms shows ${target} as ${JSON.stringify(sees)}`, async () => {
    const seen = seenBy(await ask(applicationOf(dispatcher(FORMS)), { target }));
    assert.deepEqual(Object.fromEntries(Object.keys(sees).map((key) => [key, seen[key]])), sees);
  });
}

Deno.test("dispatcher() inside of another finds its mounts behind a proxy that takes root_path off", async () => {
  const app = applicationOf(dispatcher(FORMS), { rootPath: "/root" });
  for (const target of ["/inner/deep/x", "/root/inner/deep/x"]) {
    const { path, root_path } = seenBy(await ask(app, { target }));
    assert.deepEqual([path, root_path], [target, "/root/inner/deep"]);
  }
});

Deno.test("dispatcher() mounts by the mode that is given", async () => {
  const app = ((environ: Record<string, string>, begin: (status: string, fields: []) => void) => {
    begin("200 OK", []);
    return [environ.SCRIPT_NAME!];
  }) as unknown as Framework;
  const mounts: Mount[] = [{ path: "/x", app, mode: "wsgi" }, { app: fetchApp("rest") }];
  const application = applicationOf(dispatcher(mounts));
  assert.equal((await ask(application, { target: "/x/y" })).text, "/x");
  assert.equal(seenBy(await ask(application, { target: "/y" })).name, "rest");
});

Deno.test("dispatcher() takes away the short cut of a fetch application", () => {
  assert.equal(applicationOf(dispatcher({ "": fetchApp("f") })).fetch, undefined);
});

Deno.test("dispatcher() gives WebSockets to the same mounts, and denies others with 404", async () => {
  const app = applicationOf(dispatcher({ "/asgi": asgiApp("asgi"), "/wsgi": wsgiApp("wsgi") }));
  assert.equal(seenBy(await shake(app, { target: "/asgi/x" })).root_path, "/asgi");
  assert.equal((await shake(app, { target: "/wsgi" })).head?.status, 403);
  const denied = await shake(app, { target: "/x" });
  assert.deepEqual(denied.head, { status: 404, fields: [["content-length", "0"]] });
  assert.equal(denied.state, "closed");
});

Deno.test("dispatcher() gives WebTransport to the same mounts, and denies others with 404", async () => {
  const app = applicationOf(dispatcher({ "/asgi": asgiApp("asgi"), "/wsgi": wsgiApp("wsgi") }));
  assert.equal(seenBy(await knock(app, { target: "/asgi/x" })).root_path, "/asgi");
  for (
    const { target, status } of [{ target: "/wsgi", status: 501 }, { target: "/", status: 404 }]
  ) {
    const denied = await knock(app, { target });
    assert.deepEqual(denied.head, { status, fields: [["content-length", "0"]] });
    assert.deepEqual(denied.calls, ["respond", "end"]);
  }
});

Deno.test("dispatcher() gives every request to the first mount that fits, or to none", async () => {
  const segment = fc.constantFrom("a", "b", "ab", "", "%61", "A");
  const path = fc.array(segment, { maxLength: 4 }).map((all) =>
    all.map((one) => `/${one}`).join("")
  );
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(path, { minLength: 1 }), path, async (paths, at) => {
      const app = applicationOf(dispatcher(paths.map((path) => ({ path, app: fetchApp(path) }))));
      const segments = (path: string) => path.replace(/\/+$/, "").split("/");
      const asked = decodeURIComponent(at).split("/");
      const expected = paths.find((path) =>
        segments(path).every((one, index) => asked[index] === one)
      );
      const exchange = await ask(app, { target: at || "/" });
      assert.equal(exchange.head!.status === 200 ? seenBy(exchange).name : undefined, expected);
    }),
  );
});

// Lifespan

/** An application that writes down when it starts and stops, and fails where it is told to. */
function lifespanApp(
  events: string[],
  name: string,
  fails?: "startup" | "shutdown",
): ASGIFramework {
  return async (scope, receive, send) => {
    if (scope.type !== "lifespan") {
      const body = JSON.stringify(scope.state);
      await send({ type: "http.response.start", status: 200 });
      return await send({ type: "http.response.body", body });
    }
    scope.state["name"] = name;
    for (const stage of ["startup", "shutdown"] as const) {
      await receive();
      events.push(`${stage} ${name}`);
      await settled();
      if (fails === stage) {
        return await send({ type: `lifespan.${stage}.failed`, message: `${name} is broken` });
      }
      await send({ type: `lifespan.${stage}.complete` });
    }
  };
}

Deno.test("dispatcher() starts all in order, each with its own state, and stops them in reverse", async () => {
  const events: string[] = [];
  const app = applicationOf(dispatcher({
    "/a": lifespanApp(events, "a"),
    "/fetch": fetchApp("f"),
    "/b": dispatcher({ "/c": lifespanApp(events, "c"), "/d": lifespanApp(events, "d") }),
    "/wsgi": wsgiApp("w"),
  }));
  await app.startup!();
  assert.deepEqual(events.splice(0), ["startup a", "startup c", "startup d"]);
  assert.equal((await ask(app, { target: "/a" })).text, '{"name":"a"}');
  assert.equal((await ask(app, { target: "/b/d" })).text, '{"name":"d"}');
  await app.shutdown!();
  assert.deepEqual(events, ["shutdown d", "shutdown c", "shutdown a"]);
});

Deno.test("dispatcher() stops what had started when one fails, and fails with its words", async () => {
  const events: string[] = [];
  const app = applicationOf(dispatcher({
    "/a": lifespanApp(events, "a", "shutdown"),
    "/b": lifespanApp(events, "b", "startup"),
    "/c": lifespanApp(events, "c"),
  }));
  await assert.rejects(app.startup!(), {
    name: "LifespanError",
    message: "Lifespan failure in startup: b is broken",
  });
  assert.deepEqual(events, ["startup a", "startup b", "shutdown a"]);
});

Deno.test("dispatcher() starts anew after a start that failed", async () => {
  const events: string[] = [];
  let attempt = 0;
  const moody: ASGIFramework = (scope, receive, send) => {
    const fails = attempt++ === 0 ? "startup" : undefined;
    return lifespanApp(events, "b", fails)(scope, receive, send);
  };
  const app = applicationOf(dispatcher({ "/a": lifespanApp(events, "a"), "/b": moody }));
  await assert.rejects(app.startup!());
  await app.startup!();
  await app.shutdown!();
  assert.deepEqual(events.slice(3), ["startup a", "startup b", "shutdown b", "shutdown a"]);
});

Deno.test("dispatcher() stops all although one fails", async () => {
  const events: string[] = [];
  const app = applicationOf(dispatcher({
    "/a": lifespanApp(events, "a"),
    "/b": lifespanApp(events, "b", "shutdown"),
  }));
  await app.startup!();
  await assert.rejects(app.shutdown!(), { message: "Lifespan failure in shutdown: b is broken" });
  assert.deepEqual(events.slice(2), ["shutdown b", "shutdown a"]);
});

Deno.test("dispatcher() stops all although one hangs", async () => {
  const events: string[] = [];
  const told = Promise.withResolvers<void>();
  const hanging: ASGIFramework = async (_scope, receive, send) => {
    await receive();
    await send({ type: "lifespan.startup.complete" });
    await receive();
    await told.promise;
    await send({ type: "lifespan.shutdown.complete" });
  };
  const app = applicationOf(dispatcher({ "/a": lifespanApp(events, "a"), "/b": hanging }));
  await app.startup!();
  const stopped = app.shutdown!();
  await eventually(() => events.includes("shutdown a"), "the stop of the other");
  told.resolve();
  await stopped;
});

Deno.test("dispatcher() tells every error of the stop", async () => {
  const app = applicationOf(dispatcher({
    "/a": lifespanApp([], "a", "shutdown"),
    "/b": lifespanApp([], "b", "shutdown"),
  }));
  await app.startup!();
  await assert.rejects(app.shutdown!(), (error: AggregateError) => {
    assert.equal(error.errors.length, 2);
    assert.equal(
      error.message,
      "Lifespan failure in shutdown: b is broken; Lifespan failure in shutdown: a is broken",
    );
    return true;
  });
});

Deno.test("dispatcher() starts an application that is mounted twice once, and stops it last", async () => {
  const events: string[] = [];
  const twice = lifespanApp(events, "twice");
  const app = applicationOf(dispatcher({
    "/a": twice,
    "/b": lifespanApp(events, "b"),
    "/c": dispatcher({ "/d": twice }),
  }));
  await app.startup!();
  assert.equal((await ask(app, { target: "/c/d" })).text, '{"name":"twice"}');
  await app.shutdown!();
  await app.shutdown!(); // nothing is left to stop
  assert.deepEqual(events, ["startup twice", "startup b", "shutdown b", "shutdown twice"]);
});

Deno.test("dispatcher() serves an application without lifespan beside one with it", async () => {
  const log = new LogSink();
  const events: string[] = [];
  const without: ASGIFramework = async (scope, receive, send) => {
    if (scope.type === "lifespan") throw new Error("no lifespan here");
    await asgiApp("without")(scope, receive, send);
  };
  const mounts = { "/a": without, "/b": lifespanApp(events, "b") };
  const app = applicationOf(dispatcher(mounts), { log });
  await app.startup!();
  assert.equal(seenBy(await ask(app, { target: "/a" })).name, "without");
  await app.shutdown!();
  assert.deepEqual(events, ["startup b", "shutdown b"]);
  assert.equal(log.matching("continuing without Lifespan support").length, 1);
});

Deno.test("dispatcher() of applications that have no lifespan has none", () => {
  const app = applicationOf(dispatcher({ "/a": fetchApp("a"), "/b": wsgiApp("b") }));
  assert.deepEqual([app.startup, app.shutdown], [undefined, undefined]);
});
