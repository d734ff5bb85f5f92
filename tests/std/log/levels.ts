/**
 * Offline stand-in for `jsr:@std/log/levels`.
 *
 * @module
 */

/** Numeric value of every level name; a record passes when it is at least the logger's level. */
export const LogLevels = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  ERROR: 40,
  CRITICAL: 50,
} as const;

/** Name of a level, such as `"INFO"`. */
export type LevelName = Exclude<keyof typeof LogLevels, number>;

/** Numeric value of a level, such as `20`. */
export type LogLevel = typeof LogLevels[LevelName];

/**
 * Looks up the numeric value of a level.
 *
 * @throws {Error} When no level has that name.
 */
export function getLevelByName(name: LevelName): LogLevel {
  const level = LogLevels[name];
  if (level !== undefined) return level;
  throw new Error(`Cannot get log level: no level named ${name}`);
}

/**
 * Looks up the name of a level.
 *
 * @throws {Error} When no level has that value.
 */
export function getLevelName(level: LogLevel): LevelName {
  for (const [name, value] of Object.entries(LogLevels)) {
    if (value === level) return name as LevelName;
  }
  throw new Error(`Cannot get log level: no name for level: ${level}`);
}
