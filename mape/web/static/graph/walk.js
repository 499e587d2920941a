// @ts-check
/** The graph by keyboard: arrows go to what is joined, or to what is next; a sentence says where one is. */

import { rate } from "../format.js";

/** @typedef {import("./model.js").Node} Node */
/** @typedef {import("./model.js").Scene} Scene */

/** @type {Record<string, [number, number]>} */
export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** How far a node is in a direction; sideways counts double, behind not at all. @param {Node} from @param {Node} to @param {[number, number]} way */
function far(from, to, [dx, dy]) {
  const [x, y] = [to.x - from.x, to.y - from.y];
  const ahead = x * dx + y * dy;
  const aside = Math.abs(x * dy) + Math.abs(y * dx);
  return ahead <= 1 ? Infinity : ahead + 2 * aside;
}

/** @param {Node} from @param {Node[]} others @param {[number, number]} way */
function nearest(from, others, way) {
  const ranked = others.map((node) => ({ node, value: far(from, node, way) })).filter(({ value }) => value < Infinity);
  ranked.sort((a, b) => a.value - b.value);
  return ranked[0]?.node ?? null;
}

/** The node to which an arrow key leads. @param {Scene} scene @param {string} id @param {string} key @returns {Node|null} */
export function step(scene, id, key) {
  const from = scene.nodes.get(id);
  const nodes = [...scene.nodes.values()].filter((node) => node.kind !== "channel");
  if (!from) return nodes[0] ?? null;
  const joined = scene.edges.flatMap((edge) => (edge.source === id ? [edge.target] : edge.target === id ? [edge.source] : []));
  const beside = nodes.filter((node) => joined.includes(node.id) && node.id !== id);
  return nearest(from, beside, ARROWS[key]) ?? nearest(from, nodes, ARROWS[key]);
}

/** @param {Scene} scene @param {Node} node @param {Record<string, any>} pulse */
export function sentence(scene, node, pulse) {
  const titles = (/** @type {string[]} */ ids) => ids.map((id) => scene.nodes.get(id)?.title ?? "outside").join(", ");
  const from = scene.edges.filter((edge) => edge.target === node.id).map((edge) => edge.source);
  const to = scene.edges.filter((edge) => edge.source === node.id).map((edge) => edge.target);
  const loop = scene.groups.get(node.group)?.title ?? "";
  const figures = pulse[node.keys[0]];
  const what = node.kind === "loop" ? `folded loop with ${node.keys.length} elements` : `${node.role}, loop ${loop}`;
  return [
    `${node.title}, ${what}`,
    figures ? (figures.running ? rate(figures.rate) : "stopped") : "",
    figures?.errors ? `${figures.errors} errors` : "",
    from.length ? `from ${titles(from)}` : "",
    to.length ? `to ${titles(to)}` : "",
  ].filter(Boolean).join(", "); // prettier-ignore
}
