// @ts-check
/** Knowledge that is a number: its value now, and how it went in the last minute. */

import { key_of, store } from "./store.js";

const KEPT = 150; // samples, two a second
const LEAST = 24; // samples before a curve fills its box
const MOST = 600; // rings in all
const SHOWN = 4; // on a loop
const GOAL = "_goal"; // "p95_goal" is a line in the curve of "p95"

/** @type {Map<string, number[]>} */
const rings = new Map();

/** @param {string} place @param {string} name */
const ring_name = (place, name) => `${place} ${name}`;

/**
 * Takes the numbers of a pulse.
 * @param {string} peer
 * @param {Record<string, Record<string, number>>} scopes
 */
export function merged(peer, scopes) {
  const { numbers } = store.get();
  const fresh = Object.entries(scopes).map(([scope, values]) => {
    const place = key_of(peer, scope);
    return [place, { ...(Object.hasOwn(numbers, place) ? numbers[place] : {}), ...values }];
  });
  return { ...numbers, ...Object.fromEntries(fresh) };
}

/** Writes down all numbers as they are; twice a second. @param {Record<string, Record<string, number>>} numbers */
export function note(numbers) {
  for (const [place, values] of Object.entries(numbers)) {
    for (const [name, value] of Object.entries(values)) {
      const key = ring_name(place, name);
      const ring = rings.get(key) ?? [];
      if (!rings.has(key) && rings.size >= MOST) continue;
      rings.set(key, ring);
      if (Number.isFinite(value)) ring.push(value);
      if (ring.length > KEPT) ring.shift();
    }
  }
}

export const forget_numbers = () => rings.clear();

/**
 * What is shown of a scope: those that are no goals of others, in the order in which they came.
 * @param {Record<string, number>|undefined} values
 */
export function shown(values) {
  const names = Object.keys(values ?? {});
  return names.filter((name) => !(name.endsWith(GOAL) && names.includes(name.slice(0, -GOAL.length)))).slice(0, SHOWN);
}

/**
 * The curve of a number, as points in a box from 0 to `w` and 0 (top) to `h`; and the height of its goal.
 * @param {string} place @param {string} name @param {number} w @param {number} h
 * @returns {{points: [number, number][], goal: number|null}}
 */
export function curve(place, name, w, h) {
  const ring = rings.get(ring_name(place, name)) ?? [];
  const goal = store.get().numbers[place]?.[name + GOAL];
  const all = goal === undefined ? ring : [...ring, goal];
  const least = Math.min(...all);
  const span = Math.max(...all) - least;
  const up = (/** @type {number} */ value) => (span ? h - ((value - least) / span) * h : h / 2);
  const many = Math.max(ring.length, LEAST); // a young curve grows from the right, then fills the box
  const points = ring.map((value, index) => /** @type {[number, number]} */ ([((many - ring.length + index) / (many - 1)) * w, up(value)]));
  return { points, goal: goal === undefined ? null : up(goal) };
}

/** A number in at most five digits. @param {number} value */
export function figure(value) {
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 100_000) return String(value);
  const size = Math.abs(value);
  if (size >= 100_000 || (size < 0.001 && size > 0)) return value.toExponential(1);
  return value.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3);
}
