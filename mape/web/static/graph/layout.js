// @ts-check
/** Where everything is: loops are laid out by themselves, in rows within their level, levels one below the other, processes in lines. */

import { draw_ways } from "./route.js";
import { block_of, size } from "./loop.js";
import { BAND_GAP, GAP, NO_PAD, extent, packed, pad_of, rows_of } from "./rows.js";
import { GAP as SHELF, by_flow, shelves, tracks } from "./shelves.js";
import { measure } from "./text.js";

/** @typedef {import("./model.js").Scene} Scene */
/** @typedef {import("./model.js").Group} Group */
/** @typedef {import("./model.js").Node} Node */
/** @typedef {import("./loop.js").Block} Block */
/** @typedef {import("./shelves.js").Lines} Lines */

const PEER = { side: 24, top: 48, bottom: 24 };
const WIDE = 1.15; // on so wide a screen the loops of one process go across, as they are read
const NARROW = 0.8; // on so narrow a one everything is in one column
const MOST_COLUMNS = 8;
const BETTER = 1.12; // how much larger all must be drawn to be worth the less usual direction
const STICKY = 1.45; // how much larger another arrangement must be drawn to be worth the change

/** @typedef {{rows: Map<string, string[][]>, places: string[][], direction: string}} Memory What stays when the graph changes. */

/** @returns {Memory} */
export const no_memory = () => ({ rows: new Map(), places: [], direction: "" });

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

/** The one level of one of several processes: a box of its own would only take room. @param {Scene} scene @param {Group} peer */
function only_level(scene, peer) {
  const levels = levels_of(scene, peer);
  return levels.length === 1 && levels[0].path ? levels[0] : null;
}

/**
 * @typedef {object} Plan What a process shows, and how large that is.
 * @property {Group[]} levels
 * @property {string[][][]} rows
 * @property {number} w
 * @property {number} h
 */

/** @param {Group} peer @param {Group[]} levels @param {string[][][]} rows @param {Map<string, Block>} blocks @param {typeof PEER} pad @returns {Plan} */
function plan_of(peer, levels, rows, blocks, pad) {
  let [w, h] = [0, rows.length ? -BAND_GAP : 0];
  rows.forEach((band, index) => {
    const size = extent(band, blocks);
    const inner = pad_of(levels[index], peer);
    w = Math.max(w, size.w + 2 * inner.side);
    h += size.h + inner.top + inner.bottom + BAND_GAP;
  });
  return { levels, rows, w: w + 2 * pad.side, h: h + pad.top + pad.bottom };
}

/** @type {Plan} */
const GAP_PLAN = { levels: [], rows: [], w: 0, h: 0 };

/** The shape that a process may have. @param {Lines} lines @param {number} aspect Of the screen. */
const share_of = (lines, aspect) => (aspect * (lines.length || 1)) / Math.max(1, ...lines.map((line) => line.length));

/** Tries processes in lines, and remembers what each would look like. */
class Trial {
  /** @param {Scene} scene @param {Map<string, Block>} blocks @param {number} aspect @param {typeof PEER} pad */
  constructor(scene, blocks, aspect, pad) {
    this.scene = scene;
    this.blocks = blocks;
    this.aspect = aspect;
    this.pad = pad;
    /** @type {Map<string, Plan>} */
    this.plans = new Map();
  }

  /** @param {Group|null} peer @param {number} share */
  plan(peer, share) {
    if (!peer) return GAP_PLAN;
    const name = `${peer.id} ${share}`;
    const known = this.plans.get(name);
    if (known) return known;
    const levels = levels_of(this.scene, peer);
    const bands = levels.map((level) => level.children);
    const own = new Map(bands.flat().map((id) => [id, /** @type {Block} */ (this.blocks.get(id))]));
    const plan = plan_of(peer, levels, packed(bands, own, share).rows, this.blocks, this.pad);
    this.plans.set(name, plan);
    return plan;
  }

  /** How large all of it is drawn. @param {Lines} lines */
  value(lines) {
    const share = share_of(lines, this.aspect);
    const { w, h } = tracks(lines.map((line) => line.map((peer) => this.plan(peer, share))));
    return Math.min(this.aspect / (w || 1), 1 / (h || 1));
  }
}

/** Across or downwards: what can be drawn larger; as before, unless the other is much better. @param {Scene} scene @param {Group[]} peers @param {number} aspect @param {Memory} memory */
function chosen(scene, peers, aspect, memory) {
  const known = memory.places.flat();
  const is_new = peers.some(({ peer }) => !known.includes(peer));
  const is_across = aspect > WIDE && peers.length < 2 && memory.direction !== "TB";
  const directions = /** @type {("LR"|"TB")[]} */ (is_across ? ["LR"] : ["LR", "TB"]);
  const ways = directions.map((direction) => {
    const blocks = blocks_of(scene, direction);
    const trial = new Trial(scene, blocks, aspect, pad_around(peers));
    return { direction, blocks, ...shelves(peers, memory.places, aspect < NARROW ? 1 : MOST_COLUMNS, (lines) => trial.value(lines)) };
  });
  const usual = (!is_new && memory.direction) || (aspect < NARROW ? "TB" : "LR");
  const [first, second] = usual === "TB" ? [ways[1], ways[0]] : ways;
  if (!second) return first;
  return second.value > first.value * (is_new ? BETTER : STICKY) ? second : first;
}

/** @param {Group[]} peers */
const pad_around = (peers) => (peers.length < 2 ? NO_PAD : PEER);

/**
 * Gives everything its place.
 * @param {Scene} scene
 * @param {number} aspect Width by height of where it is drawn.
 * @param {Memory} memory
 */
export function arrange(scene, aspect, memory) {
  const peers = by_flow(scene, [...scene.groups.values()].filter((group) => group.kind === "peer"));
  if (peers.length > 1) for (const peer of peers) peer.only = only_level(scene, peer);
  const { direction, blocks, lines, places } = chosen(scene, peers, aspect, memory);
  if (memory.direction !== direction) memory.rows.clear();
  Object.assign(memory, { direction, places });
  const share = share_of(lines, aspect);
  const plans = lines.map((line) => line.map((peer) => {
    if (!peer) return GAP_PLAN;
    const levels = levels_of(scene, peer);
    return plan_of(peer, levels, rows_of(scene, levels, blocks, share, memory), blocks, pad_around(peers));
  })); // prettier-ignore
  /** @type {Map<string, {x: number, y: number}>} */
  const origins = new Map();
  const { w, h } = put_lines(scene, lines, plans, blocks, pad_around(peers), origins);
  draw_ways(scene, blocks, origins, direction);
  scene.bounds = bounds_of(scene, w, h);
}

/** What there is to see: ways may go around the outside. @param {Scene} scene @param {number} w @param {number} h */
function bounds_of({ edges }, w, h) {
  const box = { left: 0, top: 0, right: w, bottom: h };
  for (const { extent } of edges) {
    box.left = Math.min(box.left, extent.x);
    box.top = Math.min(box.top, extent.y);
    box.right = Math.max(box.right, extent.x + extent.w);
    box.bottom = Math.max(box.bottom, extent.y + extent.h);
  }
  return { x: box.left, y: box.top, w: box.right - box.left, h: box.bottom - box.top };
}

/** @param {Scene} scene @param {Lines} lines @param {Plan[][]} plans @param {Map<string, Block>} blocks @param {typeof PEER} pad @param {Map<string, {x: number, y: number}>} origins */
function put_lines(scene, lines, plans, blocks, pad, origins) {
  const size = tracks(plans);
  let y = 0;
  lines.forEach((line, row) => {
    let x = 0;
    line.forEach((peer, column) => {
      if (peer) {
        Object.assign(peer, { x, y, w: size.widths[column], h: size.heights[row] });
        put_bands(scene, peer, plans[row][column], blocks, pad, origins);
      }
      x += size.widths[column] + SHELF;
    });
    y += size.heights[row] + SHELF;
  });
  return size;
}

/** @param {Scene} scene @param {Group} peer @param {Plan} plan @param {Map<string, Block>} blocks @param {typeof PEER} pad @param {Map<string, {x: number, y: number}>} origins */
function put_bands(scene, peer, { levels, rows }, blocks, pad, origins) {
  let y = peer.y + pad.top;
  levels.forEach((level, index) => {
    const inner = pad_of(level, peer);
    put_rows(scene, rows[index], blocks, peer.x + pad.side + inner.side, y + inner.top, origins);
    const h = extent(rows[index], blocks).h + inner.top + inner.bottom;
    if (inner !== NO_PAD) Object.assign(level, { x: peer.x + pad.side, y, w: peer.w - 2 * pad.side, h });
    y += h + BAND_GAP;
  });
}
