// @ts-check
/** Ways around: along the gaps between processes, loops and cards, at right angles, with few bends. */

import { measure } from "./text.js";

/** @typedef {import("./curve.js").Point} Point */
/** @typedef {import("./model.js").Scene} Scene */
/** @typedef {import("./model.js").Node} Node */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Area */
/** @typedef {Area & {once: number, each: number}} Zone What it costs to touch it, and for each point of the way in it. */

const BEND = 60; // a way is as good as one that is this much longer per bend
const CARD = { once: 3000, each: 6 };
const TITLE = { once: 20, each: 5 };
const STRANGER = { once: 0, each: 1.5 }; // a process that has nothing to do with it
const LOOP = { once: 0, each: 0.25 };
const CLEAR = 13; // between a card and what passes it
const AISLE = 12; // the same around a loop
/** What it costs to use a side of a card: right, left, bottom, top; items leave where they leave within loops, too. */
const SIDES = { LR: { out: [0, 600, 30, 60], in: [600, 0, 60, 30] }, TB: { out: [30, 60, 0, 600], in: [60, 30, 600, 0] } };
const MOST_LINES = 56; // bound: of the grid, in each direction
const LANE = 7; // ways of different sources lie this far apart
const LANES = 7;

/** @param {{x: number, y: number, w: number, h: number}} box Around its middle. @param {number} room @returns {Area} */
const around = ({ x, y, w, h }, room) => ({ left: x - w / 2 - room, right: x + w / 2 + room, top: y - h / 2 - room, bottom: y + h / 2 + room });

/** @param {{x: number, y: number, w: number, h: number}} box From its corner on. @param {number} room @returns {Area} */
const beside = ({ x, y, w, h }, room) => ({ left: x - room, right: x + w + room, top: y - room, bottom: y + h + room });

/** In order, without those that nearly coincide with one before; `fixed` ones stay. @param {number[]} fixed @param {number[]} others */
function lines_of(fixed, others) {
  const kept = [...new Set(fixed)];
  for (const line of others) if (kept.length < MOST_LINES && kept.every((one) => Math.abs(one - line) > 3)) kept.push(line);
  return kept.sort((a, b) => a - b);
}

/** What lies in the way. */
export class Ground {
  /** @param {Scene} scene @param {"LR"|"TB"} direction */
  constructor(scene, direction) {
    this.sides = SIDES[direction];
    this.nodes = [...scene.nodes.values()];
    this.groups = [...scene.groups.values()].filter((group) => group.w);
    this.loops = new Map(this.groups.filter(({ kind }) => kind === "loop").map((group) => [group.id, group]));
    this.peers = this.groups.filter(({ kind }) => kind === "peer");
    /** @type {Map<string, number>} */
    this.lanes = new Map();
  }

  /** How far the ways of a source lie beside the middle of a gap. @param {string} source */
  lane(source) {
    const index = this.lanes.get(source) ?? this.lanes.size;
    this.lanes.set(source, index);
    return (((index + 3) % LANES) - (LANES >> 1)) * LANE;
  }

  /** @param {Node} source @param {Node} target @returns {Zone[]} */
  zones(source, target) {
    const own = [source, target];
    const cards = this.nodes.map((node) => ({ ...around(node, own.includes(node) ? 0 : 5), ...CARD }));
    const titled = this.groups.filter(({ kind, path }) => kind === "loop" || (kind === "level" ? path : this.peers.length > 1));
    const titles = titled.map(({ x, y, w, kind, title, only }) => ({
      left: x + 21, right: x + Math.min(w, (kind === "loop" ? 100 : 160) + 1.6 * measure(title + (only ? `level ${only.title}` : ""), "group")),
      top: y + 4, bottom: y + 42, ...TITLE,
    })); // prettier-ignore
    const strangers = this.peers.filter(({ peer }) => own.every((node) => node.peer !== peer));
    const loops = [...this.loops.values()].map((loop) => ({ ...beside(loop, 0), ...LOOP }));
    return [...cards, ...titles, ...loops, ...strangers.map((peer) => ({ ...beside(peer, 4), ...STRANGER }))];
  }

  /** The lines that a way may take. @param {Node} source @param {Node} target @param {number} aisle Half of the gap between processes. */
  grid(source, target, aisle) {
    const lane = this.lane(source.id);
    const ends = [source, target];
    const areas = [
      ...this.peers.map((peer) => beside(peer, aisle + lane)),
      ...ends.flatMap((node) => this.loops.get(node.group) ?? []).map((loop) => beside(loop, AISLE + lane * 0.3)),
      ...this.nodes.filter(({ group }) => ends.some((node) => node.group === group)).map((node) => around(node, CLEAR + lane * 0.3)),
      ...(source.peer === target.peer ? this.aisles(source.peer, AISLE + lane * 0.3) : []),
    ];
    const sides = ends.map((node) => around(node, 0));
    const xs = [...ends.map(({ x }) => x), ...sides.flatMap(({ left, right }) => [left, right])];
    const ys = [...ends.map(({ y }) => y), ...sides.flatMap(({ top, bottom }) => [top, bottom])];
    return {
      xs: lines_of(xs, areas.flatMap(({ left, right }) => [left, right])),
      ys: lines_of(ys, areas.flatMap(({ top, bottom }) => [top, bottom])),
    };
  }

  /** Around all loops of a process. @param {string} peer @param {number} room */
  aisles(peer, room) {
    return [...this.loops.values()].filter((loop) => loop.peer === peer).map((loop) => beside(loop, room));
  }

  /** The best way from one card to another, as its corners; null if there is none. @param {Node} source @param {Node} target @param {number} aisle */
  way(source, target, aisle) {
    const { xs, ys } = this.grid(source, target, aisle);
    const sight = { left: xs[0], right: xs[xs.length - 1], top: ys[0], bottom: ys[ys.length - 1] };
    const zones = this.zones(source, target).filter((zone) => touches(zone, sight));
    const search = new Search(xs, ys, zones);
    for (const port of ports(source, this.sides.out)) search.start(port.x, port.y, port.cost);
    return search.find(ports(target, this.sides.in));
  }
}

/** @param {Area} a @param {Area} b */
const touches = (a, b) => a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;

/** The middles of a card's sides. @param {Node} node @param {number[]} costs */
const ports = ({ x, y, w, h }, costs) =>
  [[1, 0], [-1, 0], [0, 1], [0, -1]].map(([dx, dy], side) => ({
    x: x + (dx * w) / 2, y: y + (dy * h) / 2, is_level: dx !== 0, cost: costs[side],
  })); // prettier-ignore

/** Dijkstra's search over the crossings of lines; each is there twice, since a bend costs. */
class Search {
  /** @param {number[]} xs @param {number[]} ys @param {Zone[]} zones */
  constructor(xs, ys, zones) {
    this.xs = xs;
    this.ys = ys;
    this.by_column = xs.map((x) => zones.filter((zone) => zone.left <= x && zone.right >= x));
    this.by_row = ys.map((y) => zones.filter((zone) => zone.top <= y && zone.bottom >= y));
    const count = xs.length * ys.length * 2;
    this.costs = new Float64Array(count).fill(Infinity);
    this.from = new Int32Array(count).fill(-1);
    /** @type {[number, number][]} Cost and place: a heap. */
    this.heap = [];
  }

  /** @param {number} x @param {number} y @param {boolean} is_level */
  place(x, y, is_level) {
    return 2 * (this.ys.indexOf(y) * this.xs.length + this.xs.indexOf(x)) + (is_level ? 1 : 0);
  }

  /** A way leaves a card straight on. @param {number} x @param {number} y @param {number} cost */
  start(x, y, cost) {
    for (const is_level of [true, false]) this.reach(this.place(x, y, is_level), -1, cost);
  }

  /** @param {number} at @param {number} from @param {number} cost */
  reach(at, from, cost) {
    if (cost >= this.costs[at]) return;
    this.costs[at] = cost;
    this.from[at] = from;
    push(this.heap, [cost, at]);
  }

  /** @param {ReturnType<typeof ports>} ends @returns {Point[]|null} */
  find(ends) {
    const goals = new Map(ends.map(({ x, y, is_level, cost }) => [this.place(x, y, is_level), cost]));
    let best = { cost: Infinity, at: -1 };
    while (this.heap.length) {
      const [cost, at] = pop(this.heap);
      if (cost > this.costs[at]) continue;
      if (cost >= best.cost) break;
      const last = goals.get(at);
      if (last !== undefined && cost + last < best.cost) best = { cost: cost + last, at };
      this.spread(at, cost);
    }
    return best.at < 0 ? null : this.corners(best.at);
  }

  /** @param {number} at @param {number} cost */
  spread(at, cost) {
    const wide = this.xs.length;
    const [column, row, was_level] = [(at >> 1) % wide, Math.floor((at >> 1) / wide), (at & 1) === 1];
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) { // prettier-ignore
      const [x, y] = [column + dx, row + dy];
      if (x < 0 || y < 0 || x >= wide || y >= this.ys.length) continue;
      const bend = was_level === (dx !== 0) ? 0 : BEND;
      const next = 2 * (y * wide + x) + (dx !== 0 ? 1 : 0);
      if (cost + bend < this.costs[next]) this.reach(next, at, cost + bend + this.price(column, row, x, y));
    }
  }

  /** @param {number} ax @param {number} ay @param {number} bx @param {number} by */
  price(ax, ay, bx, by) {
    const { xs, ys } = this;
    const [left, right] = [Math.min(xs[ax], xs[bx]), Math.max(xs[ax], xs[bx])];
    const [top, bottom] = [Math.min(ys[ay], ys[by]), Math.max(ys[ay], ys[by])];
    let price = right - left + bottom - top;
    for (const zone of ay === by ? this.by_row[ay] : this.by_column[ax]) {
      const [w, h] = [Math.min(right, zone.right) - Math.max(left, zone.left), Math.min(bottom, zone.bottom) - Math.max(top, zone.top)];
      if (w < 0 || h < 0 || (w === 0 && h === 0)) continue;
      price += zone.once + zone.each * (w + h);
    }
    return price;
  }

  /** @param {number} at */
  corners(at) {
    /** @type {Point[]} */
    const found = [];
    for (let place = at; place >= 0; place = this.from[place]) {
      const cell = place >> 1;
      const point = { x: this.xs[cell % this.xs.length], y: this.ys[Math.floor(cell / this.xs.length)] };
      const [b, a] = [found[found.length - 1], found[found.length - 2]];
      const is_straight = a && ((a.x === b.x && b.x === point.x) || (a.y === b.y && b.y === point.y));
      if (is_straight) found[found.length - 1] = point;
      else found.push(point);
    }
    return found.reverse();
  }
}

/** @param {[number, number][]} heap @param {[number, number]} one */
function push(heap, one) {
  let at = heap.push(one) - 1;
  for (let up = (at - 1) >> 1; at > 0 && heap[up][0] > heap[at][0]; at = up, up = (at - 1) >> 1) {
    [heap[up], heap[at]] = [heap[at], heap[up]];
  }
}

/** @param {[number, number][]} heap */
function pop(heap) {
  const least = heap[0];
  const last = /** @type {[number, number]} */ (heap.pop());
  if (!heap.length) return least;
  heap[0] = last;
  for (let at = 0; ; ) {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    let small = at;
    if (left < heap.length && heap[left][0] < heap[small][0]) small = left;
    if (right < heap.length && heap[right][0] < heap[small][0]) small = right;
    if (small === at) return least;
    [heap[small], heap[at]] = [heap[at], heap[small]];
    at = small;
  }
}
