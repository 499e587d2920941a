// @ts-check
/** Numbers as people read them: few digits, a unit, always the same width for the same size. */

const SPACE = "\u202f"; // narrow, does not break

/** @param {number} value Three digits that mean something. */
function short(value) {
  const size = Math.abs(value);
  if (size >= 100 || size === 0) return value.toFixed(0);
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** @param {number|null|undefined} value */
export function count(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 999_500_000) return `${short(value / 1e9)}${SPACE}G`;
  if (size >= 999_500) return `${short(value / 1e6)}${SPACE}M`;
  if (size >= 10_000) return `${short(value / 1e3)}${SPACE}k`;
  return Number.isInteger(value) ? String(value) : short(value);
}

/** Items a second. @param {number|null|undefined} value */
export function rate(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return `0${SPACE}/s`;
  if (value < 0.095) return `<${SPACE}0.1${SPACE}/s`;
  if (value < 9.95) return `${value.toFixed(1)}${SPACE}/s`;
  if (value < 999.5) return `${value.toFixed(0)}${SPACE}/s`;
  if (value < 999_500) return `${short(value / 1e3)}${SPACE}k/s`;
  return `${short(value / 1e6)}${SPACE}M/s`;
}

/** @param {number|null|undefined} value [s] */
export function seconds(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size === 0) return `0${SPACE}s`;
  if (size < 0.999_5e-3) return `${short(value * 1e6)}${SPACE}µs`;
  if (size < 0.999_5) return `${short(value * 1e3)}${SPACE}ms`;
  if (size < 99.95) return `${short(value)}${SPACE}s`;
  if (size < 5_940) return `${(value / 60).toFixed(0)}${SPACE}min`;
  return size < 172_800 ? `${(value / 3600).toFixed(1)}${SPACE}h` : `${(value / 86_400).toFixed(0)}${SPACE}d`;
}

const pad = (/** @type {number} */ value, /** @type {number} */ width) => String(value).padStart(width, "0");

/** The time of day, to the millisecond. @param {number} t [s] since 1970 */
export function clock(t) {
  const time = new Date(t * 1000);
  if (Number.isNaN(time.getTime())) return "–";
  return `${pad(time.getHours(), 2)}:${pad(time.getMinutes(), 2)}:${pad(time.getSeconds(), 2)}.${pad(time.getMilliseconds(), 3)}`;
}

/** How long ago, coarsely. @param {number} t [s] since 1970 @param {number} [now] [s] */
export function ago(t, now = Date.now() / 1000) {
  const span = Math.max(0, now - t);
  return span < 1 ? "now" : `${seconds(Math.floor(span))} ago`;
}

/** @param {string} text @param {number} length */
export const cut = (text, length) => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);
