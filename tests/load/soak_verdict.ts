/**
 * What the soak asks of the server, and whether it was so.
 *
 * @module
 */

import { type Sample, slopePerMinute } from "./soak_samples.ts";

/** One demand. */
export interface Check {
  /** What is asked. */
  readonly name: string;
  /** What was found, in a few words. */
  readonly found: string;
  /** Whether that is right. */
  readonly right: boolean;
}

/**
 * Megabytes that the memory may go up by once, and stay: the allocator of the runtime gives memory back in large parts
 * and late, and its threads start arenas of their own.
 */
const RESIDENT_STEP_MB = 8;

/**
 * Minutes that a soak takes at least for its slopes to be asked: some ten thousand requests pass until the runtime has
 * compiled what it needs and its allocators have what they keep.
 */
const LEAST_MINUTES = 3;

/** Megabytes that live objects may differ by from look to look: there are more or less requests in progress. */
const HEAP_STEP_MB = 2;

/** Bytes a request may leave for good. Less could not be told from the rounding of pages; a leak is an object, or more. */
const BYTES_PER_REQUEST = 16;

/**
 * Megabytes outside of the heap that may stay: the contents that the applications keep, which are 3, and their like. While
 * there is traffic it is what is on its way, some tens that rise and fall with the pace of the machine, so no slope is asked.
 */
const EXTERNAL_REST_MB = 8;

/** The memory of the second half of the time, for the first is for warming up, and that at rest, before and in the end. */
export function memoryChecks(samples: readonly Sample[], rest: readonly [Sample, Sample]): Check[] {
  const [before, after] = rest.map(({ external }) => external / 1e6) as [number, number];
  const end = samples.at(-1)!.seconds;
  const half = samples.filter(({ seconds }) => seconds >= end / 2);
  return [
    slopeCheck("RSS", half, ({ resident }) => resident, RESIDENT_STEP_MB),
    slopeCheck("live heap", half, ({ heap }) => heap, HEAP_STEP_MB),
    {
      name: "external memory at rest is as before",
      found: `${before.toFixed(1)} -> ${after.toFixed(1)} MB, ${EXTERNAL_REST_MB} more at most`,
      right: after - before <= EXTERNAL_REST_MB,
    },
  ];
}

/**
 * The bound: a step in the middle of a time T tilts the line through all by 1.5 steps / T, and each request may leave
 * some bytes. So the longer the time, the less hides in it.
 */
function slopeCheck(
  name: string,
  samples: readonly Sample[],
  bytesOf: (sample: Sample) => number,
  step: number,
): Check {
  const [first, last] = [samples[0]!, samples.at(-1)!];
  const minutes = (last.seconds - first.seconds) / 60;
  const perMinute = (last.requests - first.requests) / minutes;
  const bound = 1.5 * step / minutes + BYTES_PER_REQUEST * perMinute / 1e6;
  const slope = slopePerMinute(
    samples.map((sample) => ({ seconds: sample.seconds, value: bytesOf(sample) / 1e6 })),
  );
  const asked = last.seconds >= LEAST_MINUTES * 60 * 0.95; // the last sample is some seconds before the end
  return {
    name: `${name} grows slowly in the second half`,
    found: asked
      ? `${slope.toFixed(2)} MB/min, ${bound.toFixed(2)} at most`
      : `${slope.toFixed(2)} MB/min, not asked in less than ${LEAST_MINUTES} minutes`,
    right: !asked || slope <= bound,
  };
}
