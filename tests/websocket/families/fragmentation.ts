/** Family 5: messages in several frames. */

import {
  accepted,
  type Case,
  type Chopping,
  fragments,
  frame,
  pong,
  refused,
  type Script,
  text,
} from "./case.ts";

const FAMILY = "5 fragmentation";

const TWO = fragments("text", ["fragment1", "fragment2"]);
const WHOLE = text("fragment1fragment2");
const PING = frame("ping", "ping payload");
const PONG = pong("ping payload");
const ORPHAN = frame("continuation", "non-continuation payload");
const OPEN_ORPHAN = frame("continuation", "non-continuation payload", { fin: false });
const HELLO = frame("text", "Hello, world!");
const FIVE = fragments("text", ["fragment1", "fragment2", "fragment3", "fragment4", "fragment5"]);

/** The same script in the three ways to cut it. */
function thrice(
  description: string,
  script: (chopping: Chopping) => Script,
): (readonly [string, () => Script])[] {
  const choppings: Chopping[] = ["at once", "by frame", "by octet"];
  return choppings.map((chopping) => [`${description}, ${chopping}`, () => script(chopping)]);
}

const ROWS: readonly (readonly [description: string, script: () => Script])[] = [
  ["ping in two frames", () =>
    refused(1002, [
      frame("ping", "fragment1", { fin: false }),
      frame("continuation", "fragment2"),
    ])],
  ["pong in two frames", () =>
    refused(1002, [
      frame("pong", "fragment1", { fin: false }),
      frame("continuation", "fragment2"),
    ])],
  ...thrice("text in two frames", (chopping) => accepted(TWO, [WHOLE], chopping)),
  ...thrice(
    "text in two frames around a ping",
    (chopping) => accepted([TWO[0]!, PING, TWO[1]!], [PONG, WHOLE], chopping),
  ),
  ...thrice(
    "a last continuation of nothing, then text",
    (chopping) => refused(1002, [ORPHAN, HELLO], [], chopping),
  ),
  ...thrice(
    "a first continuation of nothing, then text",
    (chopping) => refused(1002, [OPEN_ORPHAN, HELLO], [], chopping),
  ),
  [
    "text in two frames, a continuation of nothing, text",
    () => refused(1002, [...TWO, OPEN_ORPHAN, HELLO], [WHOLE]),
  ],
  [
    "a first continuation of nothing and text in two frames, twice",
    () => refused(1002, [OPEN_ORPHAN, ...TWO, OPEN_ORPHAN, ...TWO]),
  ],
  [
    "a last continuation of nothing and text in two frames, twice",
    () => refused(1002, [ORPHAN, ...TWO, ORPHAN, ...TWO]),
  ],
  [
    "text in two frames that both say text",
    () => refused(1002, [TWO[0]!, frame("text", "fragment2")]),
  ],
  ["text in five frames with two pings between, by frame", () => pinged("by frame")],
  ["text in five frames with two pings between, at once", () => pinged("at once")],
];

function pinged(chopping: Chopping): Script {
  return accepted(
    [
      FIVE[0]!,
      FIVE[1]!,
      frame("ping", "pongme 1!"),
      FIVE[2]!,
      FIVE[3]!,
      frame("ping", "pongme 2!"),
      FIVE[4]!,
    ],
    [pong("pongme 1!"), pong("pongme 2!"), text("fragment1fragment2fragment3fragment4fragment5")],
    chopping,
  );
}

/** Beyond Autobahn: what else can be wrong about the order of frames. */
const MORE: readonly (readonly [description: string, script: () => Script])[] = [
  [
    "text in two frames, of which the second says binary",
    () => refused(1002, [TWO[0]!, frame("binary", "fragment2")]),
  ],
  ["a continuation after a whole message", () =>
    refused(1002, [HELLO, ORPHAN], [
      text("Hello, world!"),
    ])],
  [
    "a last continuation around which all is empty",
    () =>
      accepted(fragments("binary", ["", "", ""]), [{ type: "binary", data: new Uint8Array(0) }]),
  ],
];

/** Family 5. */
export const FRAGMENTATION: readonly Case[] = [
  ...ROWS.map(([description, script], index) => ({
    family: FAMILY,
    id: `5.${index + 1}`,
    description,
    script,
  })),
  ...MORE.map(([description, script], index) => ({
    family: FAMILY,
    id: `x5.${index + 1}`,
    description,
    script,
  })),
];
