// @ts-check
/** What the counters in a pulse say: rates, smoothed, and their history for what somebody looks at. */

import { key_of } from "./store.js";

/**
 * @typedef {object} Figures
 * @property {number} received
 * @property {number} processed
 * @property {number} emitted
 * @property {number} dropped
 * @property {number} errors
 * @property {number} queued
 * @property {number|null} last Seconds that the last item took.
 * @property {number|null} mean Seconds that an item takes on average.
 * @property {boolean} running
 * @property {number} rate Items a second: what comes in, or what goes out where nothing comes in.
 * @property {number} rate_in
 * @property {number} rate_out
 * @property {number} error_rate
 * @property {number} drop_rate
 */

const SMOOTH = 1.5; // [s] how long a rate remembers
const STEP = 500; // [ms] between two looks at the rates
const FIRST_STEP = 150; // [ms]
const HISTORY = 240; // steps: two minutes
const KEPT = 16; // elements with a history
export const SERIES = ["rate_in", "rate_out", "error_rate", "queued", "mean", "last"];

/** @type {Map<string, {t: number[], [name: string]: (number|null)[]}>} */
const histories = new Map();
/** @type {Map<string, {received: number, emitted: number, errors: number, dropped: number, is_first: boolean}>} */
const before = new Map();
let looked = 0;
let looks = 0; // since the server said hello: the first rates are wanted soon

/** @param {any[]} row As in the pulse event. @param {Figures|undefined} old @returns {Figures} */
export function figures_of(row, old) {
  const [received, processed, emitted, dropped, errors, queued, last, mean, running] = row;
  const { rate = 0, rate_in = 0, rate_out = 0, error_rate = 0, drop_rate = 0 } = old ?? {};
  return {
    received, processed, emitted, dropped, errors, queued, last, mean, running: Boolean(running),
    rate, rate_in, rate_out, error_rate, drop_rate,
  }; // prettier-ignore
}

/**
 * A rate that follows `seen`, and ends at nothing instead of creeping towards it.
 * @param {number} rate @param {number} seen @param {number} share
 */
function follow(rate, seen, share) {
  const next = rate + share * (seen - rate);
  return seen === 0 && next < 0.04 ? 0 : next;
}

/** @param {string} key @param {Figures} now @param {number} span [s] @returns {Figures} */
function rated(key, now, span) {
  const old = before.get(key);
  const { received, emitted, errors, dropped } = now;
  before.set(key, { received, emitted, errors, dropped, is_first: !old });
  if (!old || now.received < old.received || now.emitted < old.emitted) return now; // first seen, or started anew
  const share = old.is_first ? 1 : 1 - Math.exp(-span / SMOOTH); // the first rate there is, then smoothly
  const rate_in = follow(now.rate_in, (now.received - old.received) / span, share);
  const rate_out = follow(now.rate_out, (now.emitted - old.emitted) / span, share);
  const error_rate = follow(now.error_rate, (now.errors - old.errors) / span, share);
  const drop_rate = follow(now.drop_rate, (now.dropped - old.dropped) / span, share);
  const rate = now.received ? rate_in : rate_out;
  const is_still =
    rate_in === now.rate_in && rate_out === now.rate_out && error_rate === now.error_rate && drop_rate === now.drop_rate;
  return is_still && rate === now.rate ? now : { ...now, rate, rate_in, rate_out, error_rate, drop_rate };
}

/** @param {string} key @param {Figures} now @param {number} t [s] */
function remember(key, now, t) {
  const ring = histories.get(key);
  if (!ring) return;
  ring.t.push(t);
  for (const name of SERIES) ring[name].push(/** @type {any} */ (now)[name]);
  if (ring.t.length > HISTORY) for (const list of Object.values(ring)) list.shift();
}

/**
 * Takes a look at all rates; call it often, it works twice a second.
 * @param {Record<string, Figures>} pulse
 * @param {number} now [ms]
 * @returns {Record<string, Figures>|null} The new pulse, or null when it is not time yet.
 */
export function look(pulse, now) {
  const span = (now - looked) / 1000;
  if (span * 1000 < (looks < 2 ? FIRST_STEP : STEP)) return null;
  looked = now;
  looks += Object.keys(pulse).length ? 1 : 0;
  if (span > 30) before.clear(); // the page slept: a mean over that time would say nothing
  /** @type {Record<string, Figures>} */
  const next = {};
  for (const [key, figures] of Object.entries(pulse)) {
    next[key] = rated(key, figures, span);
    remember(key, next[key], now / 1000);
  }
  return next;
}

/**
 * The figures of the last two minutes, two a second, of an element; it begins when somebody first asks.
 * @param {string} peer
 * @param {string} path
 * @returns {{t: number[], [name: string]: (number|null)[]}} Lists of equal length: t [s] and those in `SERIES`.
 */
export function history(peer, path) {
  const key = key_of(peer, path);
  const ring = histories.get(key) ?? { t: [], ...Object.fromEntries(SERIES.map((name) => [name, []])) };
  histories.delete(key);
  histories.set(key, ring);
  if (histories.size > KEPT) histories.delete(/** @type {string} */ (histories.keys().next().value));
  return ring;
}

/** Forgets what was counted: the server is another one. */
export function forget() {
  before.clear();
  histories.clear();
  looks = 0;
}
