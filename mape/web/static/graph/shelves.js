// @ts-check
/** Processes beside and below each other: in as many columns as let them be drawn largest; who comes back finds the old place. */

/** @typedef {import("./model.js").Group} Group */
/** @typedef {import("./model.js").Scene} Scene */
/** @typedef {{w: number, h: number}} Size */
/** @typedef {(Group|null)[][]} Lines Of processes; null where one was that is gone. */
/** @typedef {{widths: number[], heights: number[], w: number, h: number}} Tracks How wide each column is, how high each line. */

export const GAP = 64; // between processes
const STEADY = 0.8; // as before, if that is drawn no smaller than this share of what could be

/** Processes in the order in which items go from one to the next. @param {Scene} scene @param {Group[]} peers */
export function by_flow(scene, peers) {
  /** @type {Map<string, Set<string>>} */
  const next = new Map(peers.map(({ peer }) => [peer, new Set()]));
  const entered = new Set();
  for (const { source, target } of scene.edges) {
    const [from, to] = [scene.nodes.get(source)?.peer ?? "", scene.nodes.get(target)?.peer ?? ""];
    if (from === to) continue;
    next.get(from)?.add(to);
    entered.add(to);
  }
  const by_title = [...peers].sort((a, b) => a.title.localeCompare(b.title));
  const first = by_title.filter(({ peer }) => !entered.has(peer));
  const then = by_title.filter(({ peer }) => first.some((one) => next.get(one.peer)?.has(peer)));
  return [...new Set([...first, ...then, ...by_title])];
}

/** @param {Size[][]} lines @returns {Tracks} */
export function tracks(lines) {
  /** @type {number[]} */
  const widths = [];
  for (const line of lines) line.forEach(({ w }, column) => (widths[column] = Math.max(widths[column] ?? 0, w)));
  const heights = lines.map((line) => Math.max(0, ...line.map(({ h }) => h)));
  const sum = (/** @type {number[]} */ list) => list.reduce((all, one) => all + one + GAP, list.length ? -GAP : 0);
  return { widths, heights, w: sum(widths), h: sum(heights) };
}

/** In so many columns. @template T @param {T[]} list @param {number} columns */
function in_lines(list, columns) {
  /** @type {T[][]} */
  const lines = [];
  for (let at = 0; at < list.length; at += columns) lines.push(list.slice(at, at + columns));
  return lines;
}

/** The lines as they were, with gaps where somebody is gone; null when somebody is new. @param {Group[]} peers @param {string[][]} places @returns {Lines|null} */
function as_before(peers, places) {
  const known = places.flat();
  if (!peers.every(({ peer }) => known.includes(peer))) return null;
  const lines = places.map((line) => line.map((name) => peers.find(({ peer }) => peer === name) ?? null));
  return lines.filter((line) => line.some(Boolean));
}

/**
 * Who stands where.
 * @param {Group[]} peers In their order.
 * @param {string[][]} places Where they stood, by name; those that are gone keep theirs.
 * @param {number} most So many beside each other, at most.
 * @param {(lines: Lines) => number} value How large all is drawn then.
 */
export function shelves(peers, places, most, value) {
  let best = { value: -1, lines: /** @type {Lines} */ ([]), places };
  for (let columns = 1; columns <= Math.min(most, peers.length); columns++) {
    const lines = in_lines(peers, columns);
    const found = { value: value(lines), lines, places: lines.map((line) => line.map(({ peer }) => peer)) };
    if (found.value > best.value * 1.02) best = found;
  }
  const before = as_before(peers, places);
  const old = before?.every((line) => line.length <= most) ? before : null;
  const old_value = old ? value(old) : -1;
  return old && old_value >= STEADY * best.value ? { value: old_value, lines: old, places } : best;
}
