// @ts-check
/** Where everything is: loops are laid out by themselves, packed into rows within their level, levels one below the other. */

import { draw_ways } from "./route.js";
import { block_of, size } from "./loop.js";
import { measure } from "./text.js";

/** @typedef {import("./model.js").Scene} Scene */
/** @typedef {import("./model.js").Group} Group */
/** @typedef {import("./model.js").Node} Node */
/** @typedef {import("./loop.js").Block} Block */

const GAP = 32; // between loops
const BAND = { side: 24, top: 42, bottom: 22, gap: 28 };
const PEER = { side: 28, top: 52, bottom: 28, gap: 60 };
const TRIES = 16;
const WIDE = 1.15; // on so wide a screen loops go across, as they are read
const NARROW = 0.8;
const STICKY = 1.45; // how much larger another arrangement must be drawn to be worth the change

/** @typedef {{rows: Map<string, string[][]>, direction: string, columns: number}} Memory What stays when the graph changes. */

/** @returns {Memory} */
export const no_memory = () => ({ rows: new Map(), direction: "", columns: 1 });

/** @param {Scene} scene */
function by_group(scene) {
  /** @type {Map<string, {nodes: Node[], edges: import("./model.js").Edge[]}>} */
  const loops = new Map();
  for (const group of scene.groups.values()) if (group.kind === "loop") loops.set(group.id, { nodes: [], edges: [] });
  for (const node of scene.nodes.values()) {
    size(node);
    loops.get(node.group)?.nodes.push(node);
  }
  for (const edge of scene.edges) {
    const source = /** @type {Node} */ (scene.nodes.get(edge.source));
    const target = /** @type {Node} */ (scene.nodes.get(edge.target));
    if (source.group === target.group) loops.get(source.group)?.edges.push(edge);
  }
  return loops;
}

/** @param {Scene} scene @param {"LR"|"TB"} direction */
function blocks_of(scene, direction) {
  /** @type {Map<string, Block>} */
  const blocks = new Map();
  for (const [id, { nodes, edges }] of by_group(scene)) {
    const group = /** @type {Group} */ (scene.groups.get(id));
    const title = measure(group.title, "group") + (group.knowledge ? 120 : 70);
    if (nodes.length) blocks.set(id, block_of(nodes, edges, direction, title, group.facts.length));
    else blocks.set(id, { w: 220, h: 90, frame: { x: 0, y: 0, w: 220, h: 90 }, places: new Map(), ways: new Map() });
  }
  return blocks;
}

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
function extent(rows, blocks) {
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
    h += size.h + BAND.top + BAND.bottom + BAND.gap;
  }
  return Math.min(aspect / w, 1 / h);
}

/** Finds the width of rows that lets everything be drawn largest. @param {string[][]} bands @param {Map<string, Block>} blocks @param {number} aspect */
function packed(bands, blocks, aspect) {
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

/** @param {Scene} scene @param {Group[]} levels @param {Map<string, Block>} blocks @param {number} aspect @param {Memory} memory */
function rows_of(scene, levels, blocks, aspect, memory) {
  const bands = levels.map((level) => in_order(scene, level.children));
  const own = new Map(bands.flat().map((id) => [id, /** @type {Block} */ (blocks.get(id))]));
  const fresh = packed(bands, own, aspect);
  const old = levels.map((level, index) => kept_rows(memory.rows.get(level.id) ?? [], bands[index]));
  const is_kept = levels.some((level) => memory.rows.has(level.id)) && worth(old, own, aspect) > 0.8 * fresh.value;
  const rows = is_kept ? old : fresh.rows;
  levels.forEach((level, index) => memory.rows.set(level.id, rows[index]));
  return rows;
}

/** @param {Scene} scene @param {string} id @param {Block} block @param {number} left @param {number} top */
function put_loop(scene, id, block, left, top) {
  const group = /** @type {Group} */ (scene.groups.get(id));
  const { frame } = block;
  Object.assign(group, { x: left + frame.x, y: top + frame.y, w: frame.w, h: frame.h });
  for (const [name, place] of block.places) {
    const node = scene.nodes.get(name);
    if (node) Object.assign(node, { x: left + place.x, y: top + place.y });
  }
}

/** @param {Scene} scene @param {string[][]} rows @param {Map<string, Block>} blocks @param {number} left @param {number} top @param {Map<string, {x: number, y: number}>} origins */
function put_rows(scene, rows, blocks, left, top, origins) {
  let y = top;
  for (const row of rows) {
    let x = left;
    let height = 0;
    for (const id of row) {
      const block = /** @type {Block} */ (blocks.get(id));
      put_loop(scene, id, block, x, y);
      origins.set(id, { x, y });
      x += block.w + GAP;
      height = Math.max(height, block.h);
    }
    y += height + GAP;
  }
}

/** The levels of a process that have loops. @param {Scene} scene @param {Group} peer */
const levels_of = (scene, peer) =>
  peer.children.map((id) => /** @type {Group} */ (scene.groups.get(id))).filter((level) => level.children.length);

/** In how many columns processes are drawn largest. @param {Scene} scene @param {Group[]} peers @param {Map<string, Block>} blocks @param {number} aspect */
function columns_of(scene, peers, blocks, aspect) {
  let best = { value: -1, columns: 1 };
  for (let columns = 1; columns <= Math.min(6, Math.max(1, peers.length)); columns++) {
    const lines = Math.ceil(peers.length / columns) || 1;
    const worths = peers.map((peer) => {
      const bands = levels_of(scene, peer).map((level) => level.children);
      const own = new Map(bands.flat().map((id) => [id, /** @type {Block} */ (blocks.get(id))]));
      return packed(bands, own, (aspect * lines) / columns).value;
    });
    const value = Math.min(1, ...worths) / lines;
    if (value > best.value * 1.05) best = { value, columns };
  }
  return best;
}

/** Across or downwards: what can be drawn larger; as before, unless the other is much better. @param {Scene} scene @param {Group[]} peers @param {number} aspect @param {Memory} memory */
function chosen(scene, peers, aspect, memory) {
  const directions = /** @type {("LR"|"TB")[]} */ (aspect > WIDE && memory.direction !== "TB" ? ["LR"] : ["LR", "TB"]);
  const ways = directions.map((direction) => {
    const blocks = blocks_of(scene, direction);
    return { direction, blocks, ...columns_of(scene, peers, blocks, aspect) };
  });
  const usual = memory.direction || (aspect < NARROW ? "TB" : "LR");
  const [first, second] = usual === "TB" ? [ways[1], ways[0]] : ways;
  if (!second) return first;
  return second.value > first.value * (memory.direction ? STICKY : 1.2) ? second : first;
}

/** Lines of processes below each other. @param {Group[]} peers @param {number} columns @returns {{w: number, h: number}} */
function align(peers, columns) {
  const lines = Math.ceil(peers.length / columns);
  const w = Math.max(0, ...peers.map((peer) => peer.w));
  for (const peer of peers) peer.w = w;
  for (let line = 0; line < lines; line++) {
    const row = peers.slice(line * columns, (line + 1) * columns);
    const h = Math.max(...row.map((peer) => peer.h));
    for (const peer of row) peer.h = h;
  }
  return { w, h: peers.reduce((sum, peer, index) => sum + (index % columns ? 0 : peer.h + PEER.gap), -PEER.gap) };
}

/**
 * Gives everything its place.
 * @param {Scene} scene
 * @param {number} aspect Width by height of where it is drawn.
 * @param {Memory} memory
 */
export function arrange(scene, aspect, memory) {
  const peers = [...scene.groups.values()].filter((group) => group.kind === "peer");
  const { direction, blocks, columns } = chosen(scene, peers, aspect, memory);
  if (memory.direction !== direction) memory.rows.clear();
  Object.assign(memory, { direction, columns });
  const pad = peers.length < 2 ? { side: 0, top: 0, bottom: 0 } : PEER;
  const share = (aspect * Math.ceil(peers.length / columns)) / columns;
  const plans = peers.map((peer) => {
    const levels = levels_of(scene, peer);
    const rows = rows_of(scene, levels, blocks, share, memory);
    const size = extent_of(levels, rows, blocks);
    Object.assign(peer, { w: size.w + 2 * pad.side, h: size.h + pad.top + pad.bottom });
    return { levels, rows };
  });
  const size = align(peers, columns);
  /** @type {Map<string, {x: number, y: number}>} */
  const origins = new Map();
  let top = 0;
  peers.forEach((peer, index) => {
    const column = index % columns;
    if (index && !column) top += peers[index - 1].h + PEER.gap;
    Object.assign(peer, { x: column * (size.w + PEER.gap), y: top });
    const { levels, rows } = plans[index];
    put_bands(scene, levels, rows, blocks, peer.x + pad.side, top + pad.top, peer.w - 2 * pad.side, origins);
  });
  draw_ways(scene, blocks, origins);
  scene.bounds = { x: 0, y: 0, w: size.w * columns + PEER.gap * (columns - 1), h: Math.max(0, size.h) };
}

const NO_PAD = { side: 0, top: 0, bottom: 0, gap: BAND.gap };

/** @param {Group[]} levels @param {string[][][]} rows @param {Map<string, Block>} blocks */
function extent_of(levels, rows, blocks) {
  let [w, h] = [0, 0];
  rows.forEach((band, index) => {
    const size = extent(band, blocks);
    const pad = levels[index].path ? BAND : NO_PAD;
    w = Math.max(w, size.w + 2 * pad.side);
    h += size.h + pad.top + pad.bottom + (index ? BAND.gap : 0);
  });
  return { w, h };
}

/** @param {Scene} scene @param {Group[]} levels @param {string[][][]} rows @param {Map<string, Block>} blocks @param {number} left @param {number} top @param {number} w @param {Map<string, {x: number, y: number}>} origins */
function put_bands(scene, levels, rows, blocks, left, top, w, origins) {
  let y = top;
  levels.forEach((level, index) => {
    const pad = level.path ? BAND : NO_PAD;
    put_rows(scene, rows[index], blocks, left + pad.side, y + pad.top, origins);
    const { h } = extent(rows[index], blocks);
    Object.assign(level, { x: left, y, w, h: h + pad.top + pad.bottom });
    y += level.h + BAND.gap;
  });
}
