// @ts-check
/** Loops in rows within their level: so that they are drawn largest, in the order of their items, and stay where they were. */

/** @typedef {import("./model.js").Scene} Scene */
/** @typedef {import("./model.js").Group} Group */
/** @typedef {import("./loop.js").Block} Block */

export const GAP = 32; // between loops
export const NO_PAD = { side: 0, top: 0, bottom: 0 };
const BAND = { side: 24, top: 42, bottom: 22 };
export const BAND_GAP = 28; // between levels
const TRIES = 16;
const STEADY = 0.8; // rows stay, if they are drawn no smaller than this share of what could be

/** The room around the loops of a level. @param {Group} level @param {Group} [peer] */
export const pad_of = (level, peer) => (level.path && peer?.only !== level ? BAND : NO_PAD);

/** Loops in the order in which items go from one to the next. @param {Scene} scene @param {string[]} ids */
function in_order(scene, ids) {
  const members = new Set(ids);
  /** @type {Map<string, Set<string>>} */
  const next = new Map(ids.map((id) => [id, new Set()]));
  const entered = new Set();
  for (const edge of scene.edges) {
    const from = scene.nodes.get(edge.source)?.group ?? "";
    const to = scene.nodes.get(edge.target)?.group ?? "";
    if (from === to || !members.has(from) || !members.has(to)) continue;
    next.get(from)?.add(to);
    entered.add(to);
  }
  /** @type {Set<string>} */
  const seen = new Set();
  const visit = (/** @type {string} */ id) => {
    if (seen.has(id)) return;
    seen.add(id);
    next.get(id)?.forEach(visit);
  };
  ids.filter((id) => !entered.has(id)).forEach(visit);
  ids.forEach(visit);
  return [...seen];
}

/** @param {string[]} ids @param {Map<string, Block>} blocks @param {number} width */
function rows_within(ids, blocks, width) {
  /** @type {string[][]} */
  const rows = [];
  let used = Infinity;
  for (const id of ids) {
    const { w } = /** @type {Block} */ (blocks.get(id));
    if (used + GAP + w > width) {
      rows.push([]);
      used = -GAP;
    }
    rows[rows.length - 1].push(id);
    used += GAP + w;
  }
  return rows;
}

/** @param {string[][]} rows @param {Map<string, Block>} blocks */
export function extent(rows, blocks) {
  let [w, h] = [0, rows.length ? -GAP : 0];
  for (const row of rows) {
    const sizes = row.map((id) => /** @type {Block} */ (blocks.get(id)));
    w = Math.max(w, sizes.reduce((sum, block) => sum + block.w + GAP, -GAP));
    h += GAP + Math.max(...sizes.map((block) => block.h));
  }
  return { w, h };
}

/** @param {string[][][]} bands @param {Map<string, Block>} blocks @param {number} aspect How large it may be drawn. */
function worth(bands, blocks, aspect) {
  let [w, h] = [0, 0];
  for (const rows of bands) {
    const size = extent(rows, blocks);
    w = Math.max(w, size.w + 2 * BAND.side);
    h += size.h + BAND.top + BAND.bottom + BAND_GAP;
  }
  return Math.min(aspect / w, 1 / h);
}

/** Finds the width of rows that lets everything be drawn largest. @param {string[][]} bands @param {Map<string, Block>} blocks @param {number} aspect */
export function packed(bands, blocks, aspect) {
  const widths = [...blocks.values()].map((block) => block.w);
  const least = Math.max(0, ...widths);
  const most = Math.max(least + 1, ...bands.map((ids) => extent([ids], blocks).w));
  let best = { value: -1, rows: /** @type {string[][][]} */ ([]) };
  for (let i = 0; i <= TRIES; i++) {
    const width = least * (most / least) ** (i / TRIES) + 1;
    const rows = bands.map((ids) => rows_within(ids, blocks, width));
    const value = worth(rows, blocks, aspect);
    if (value > best.value * 1.001) best = { value, rows };
  }
  return best;
}

/** The rows as they were, without what has gone, with what is new at the end. @param {string[][]} old @param {string[]} ids */
function kept_rows(old, ids) {
  const rows = old.map((row) => row.filter((id) => ids.includes(id))).filter((row) => row.length);
  const fresh = ids.filter((id) => !rows.some((row) => row.includes(id)));
  if (fresh.length && rows.length) rows[rows.length - 1].push(...fresh);
  else if (fresh.length) rows.push(fresh);
  return rows;
}

/** @param {Scene} scene @param {Group[]} levels @param {Map<string, Block>} blocks @param {number} aspect @param {{rows: Map<string, string[][]>}} memory */
export function rows_of(scene, levels, blocks, aspect, memory) {
  const bands = levels.map((level) => in_order(scene, level.children));
  const own = new Map(bands.flat().map((id) => [id, /** @type {Block} */ (blocks.get(id))]));
  const fresh = packed(bands, own, aspect);
  const old = levels.map((level, index) => kept_rows(memory.rows.get(level.id) ?? [], bands[index]));
  const is_kept = levels.some((level) => memory.rows.has(level.id)) && worth(old, own, aspect) > STEADY * fresh.value;
  const rows = is_kept ? old : fresh.rows;
  levels.forEach((level, index) => memory.rows.set(level.id, rows[index]));
  return rows;
}
