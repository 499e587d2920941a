// @ts-check
/** The ways of edges: within a loop as dagre says, between loops the shortest that is not hidden behind cards. */

import { bent, length_of, link, self_way, side_way, spline } from "./curve.js";
import { GAP } from "./shelves.js";
import { pill_width } from "./text.js";
import { Ground } from "./wiring.js";

/** @typedef {import("./model.js").Scene} Scene */
/** @typedef {import("./model.js").Edge} Edge */
/** @typedef {import("./model.js").Node} Node */
/** @typedef {{x: number, y: number, w: number, h: number}} Box Around its middle. */

const MOST_WIRED = 40; // bound: so many ways around things are looked for; of more, all are curves
const MOST_WORK = 4000; // bound: ways times things to go around
const HIDDEN = 400; // a way is as good as one that is this much longer per covered point

/** @param {Box} box @param {number} x @param {number} y */
const is_inside = (box, x, y) => Math.abs(x - box.x) < box.w / 2 + 2 && Math.abs(y - box.y) < box.h / 2 + 2;

/** By point: whether one of the boxes lies over it. @param {Float32Array} points @param {Box[]} boxes */
function marks_of(points, boxes) {
  const marks = new Uint8Array(points.length / 2);
  for (const i of marks.keys()) marks[i] = boxes.some((box) => is_inside(box, points[2 * i], points[2 * i + 1])) ? 1 : 0;
  return marks;
}

/** From where to where a way goes. @param {Float32Array} points */
function extent_of(points) {
  const way = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  for (let i = 0; i < points.length; i += 2) {
    way.left = Math.min(way.left, points[i]);
    way.right = Math.max(way.right, points[i]);
    way.top = Math.min(way.top, points[i + 1]);
    way.bottom = Math.max(way.bottom, points[i + 1]);
  }
  return way;
}

/** The boxes that a way could touch. @param {Float32Array} points @param {Box[]} boxes */
function near(points, boxes) {
  const way = extent_of(points);
  return boxes.filter(
    ({ x, y, w, h }) => x + w / 2 > way.left && x - w / 2 < way.right && y + h / 2 > way.top && y - h / 2 < way.bottom,
  );
}

/** @param {Float32Array} points @param {Box[]} boxes */
function cost(points, boxes) {
  const hidden = marks_of(points, near(points, boxes)).reduce((sum, mark) => sum + mark, 0);
  return length_of(points) + HIDDEN * hidden;
}

/** The best way between two nodes of different loops. @param {Node} source @param {Node} target @param {Node[]} others */
function between(source, target, others) {
  const straight = link(source, target);
  const touched = near(straight, others);
  const hiding = touched.filter((box) => marks_of(straight, [box]).includes(1));
  if (!hiding.length) return straight;
  const ends = [...hiding, source, target];
  const left = Math.min(...ends.map(({ x, w }) => x - w / 2)) - 16;
  const right = Math.max(...ends.map(({ x, w }) => x + w / 2)) + 16;
  const ways = [straight, side_way(source, target, right, 1), side_way(source, target, left, -1)];
  const costs = ways.map((way) => cost(way, others));
  return ways[costs.indexOf(Math.min(...costs))];
}

/** Items pass below cards, and below the edge's own pill. @param {Edge} edge @param {Node[]} nodes */
function covered({ points, operators, source, target }, nodes) {
  /** @type {Box[]} */
  const over = near(points, nodes.filter(({ id }) => id !== source && id !== target));
  const middle = 2 * Math.floor(points.length / 4);
  if (operators.length) over.push({ x: points[middle], y: points[middle + 1], w: pill_width(operators) - 6, h: 22 });
  return marks_of(points, over);
}

/** Ways between loops, if they are few enough. @param {Scene} scene @param {"LR"|"TB"} direction @returns {(source: Node, target: Node) => Float32Array|null} */
function wiring(scene, direction) {
  const group = (/** @type {string} */ id) => scene.nodes.get(id)?.group;
  const count = scene.edges.filter(({ source, target }) => group(source) !== group(target)).length;
  if (!count || count > MOST_WIRED || count * scene.nodes.size > MOST_WORK) return () => null;
  const ground = new Ground(scene, direction);
  return (source, target) => {
    const corners = ground.way(source, target, GAP / 2);
    return corners && bent(corners);
  };
}

/**
 * Gives every edge its way.
 * @param {Scene} scene @param {Map<string, import("./loop.js").Block>} blocks @param {Map<string, {x: number, y: number}>} origins
 * @param {"LR"|"TB"} direction
 */
export function draw_ways(scene, blocks, origins, direction) {
  const nodes = [...scene.nodes.values()];
  const wired = wiring(scene, direction);
  /** @type {Map<string, Node[]>} */
  const by_group = new Map();
  for (const node of nodes) by_group.set(node.group, [...(by_group.get(node.group) ?? []), node]);
  for (const edge of scene.edges) {
    const source = /** @type {Node} */ (scene.nodes.get(edge.source));
    const target = /** @type {Node} */ (scene.nodes.get(edge.target));
    const way = source.group === target.group ? blocks.get(source.group)?.ways.get(edge.id) : undefined;
    const origin = origins.get(source.group);
    const others = way ? (by_group.get(source.group) ?? []) : nodes.filter((node) => node !== source && node !== target);
    if (source === target) edge.points = self_way(source);
    else if (way && origin) edge.points = spline(way.map(({ x, y }) => ({ x: x + origin.x, y: y + origin.y })));
    else edge.points = wired(source, target) ?? between(source, target, others);
    const { left, top, right, bottom } = extent_of(edge.points);
    edge.extent = { x: left, y: top, w: right - left, h: bottom - top };
    edge.length = length_of(edge.points);
    edge.covered = covered(edge, others);
  }
}
