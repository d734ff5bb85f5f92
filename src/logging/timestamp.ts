/**
 * The time, in the three ways logs write it. Each is made once a second, for it costs more than the rest of a line.
 *
 * @module
 */

/** Where logs take the time from; tests have one of their own. */
export interface LogClock {
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /** Milliseconds since some moment; never runs backwards. */
  monotonic(): number;
}

/** The clock of the system. */
export const SYSTEM_CLOCK: LogClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** Writes the second that holds a time, given in milliseconds since 1970 UTC. */
export type SecondFormat = (time: number) => string;

/** Makes `format` remember its latest second. */
export function perSecond(format: (date: Date) => string): SecondFormat {
  let second = NaN;
  let text = "";
  return (time) => {
    const now = Math.floor(time / 1000);
    if (now !== second) {
      text = format(new Date(time));
      second = now;
    }
    return text;
  };
}

/** `2026-11-22 08:06:00 +0000`, local time, as Python's logging in Hypercorn. */
export function formatLocal(date: Date): string {
  const { day, month, year, time, zone } = local(date);
  return `${year}-${two(month)}-${day} ${time} ${zone}`;
}

/** `[22/Nov/2026:08:06:00 +0000]`, local time, as the Common Log Format has it. */
export function formatCommon(date: Date): string {
  const { day, month, year, time, zone } = local(date);
  return `[${day}/${MONTHS[month - 1]}/${year}:${time} ${zone}]`;
}

/** Makes a writer of `2026-11-22T08:06:00.123Z`, UTC (ISO 8601, RFC 3339). */
export function isoFormat(): (time: number) => string {
  const seconds = perSecond((date) => date.toISOString().slice(0, -"123Z".length));
  return (time) => {
    const whole = Math.floor(time);
    return `${seconds(whole)}${String(whole - Math.floor(whole / 1000) * 1000).padStart(3, "0")}Z`;
  };
}

/** Not by the locale of the process: programs read these. */
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

function local(date: Date) {
  const offset = -date.getTimezoneOffset();
  const size = Math.abs(offset);
  return {
    day: two(date.getDate()),
    month: date.getMonth() + 1,
    year: String(date.getFullYear()),
    time: [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":"),
    zone: `${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${two(size % 60)}`,
  };
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
