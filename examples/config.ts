/**
 * Configuration from a file: `hypercorn.toml` holds Hypercorn's options by Hypercorn's names.
 *
 *     npx -y deno@2.9.6 run --allow-net --allow-read=examples examples/config.ts
 *     curl -i http://127.0.0.1:8000/
 *
 * @module
 */

import { Config, serve } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"

const config = await Config.fromToml(new URL("hypercorn.toml", import.meta.url));
if (Deno.args[0]) config.bind = Deno.args[0]; // what is assigned later wins

await serve(() => Response.json({ gracefulTimeout: config.gracefulTimeout }), config);
