import assert from "node:assert/strict";
import { NoAppError } from "../../src/errors.ts";
import { type Job, loadJobApplication, loadJobConfig } from "../../src/workers/job.ts";

const JOB: Job = { application: "main.ts", factory: false, config: null, options: {} };

/** The file forms and the precedence are tested in `tests/cli/settle_test.ts`. */
Deno.test("loadJobConfig() reads the file anew each time, under the same options", async () => {
  const config = await Deno.makeTempFile({ suffix: ".toml" });
  try {
    const job: Job = { ...JOB, config, options: { backlog: 3 } };
    for (const seconds of [1, 2]) {
      await Deno.writeTextFile(config, `graceful_timeout = ${seconds}\nbacklog = 9`);
      const { gracefulTimeout, backlog } = await loadJobConfig(job);
      assert.deepEqual([gracefulTimeout, backlog], [seconds, 3]);
    }
  } finally {
    await Deno.remove(config);
  }
});

Deno.test("loadJobConfig() checks options that came as JSON", async () => {
  const job: Job = { ...JOB, options: { workers: "2" } };
  await assert.rejects(loadJobConfig(job), { name: "ConfigError", key: "workers" });
});

Deno.test("loadJobApplication() calls the factory if the job says so", async () => {
  const application = "data:text/javascript,export default () => ({ fetch() {} })";
  const { app } = await loadJobApplication({ ...JOB, application, factory: true });
  assert.equal(typeof app, "object");
  assert.equal(typeof (await loadJobApplication({ ...JOB, application })).app, "function");
});

Deno.test("loadJobApplication() rejects for an application that is not there", async () => {
  const job: Job = { ...JOB, application: "/nonexistent/main.ts" };
  await assert.rejects(loadJobApplication(job), NoAppError);
});
