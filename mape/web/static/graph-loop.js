// @ts-check
/** The inside of one loop: dagre puts its elements in order. Kept as long as the loop's structure is the same. */

import { Graph, layout } from "./dagre.js";
import { measure, pill_width } from "./graph-text.js";

/** @typedef {import("./graph-model.js").Node} Node */
/** @typedef {import("./graph-model.js").Edge} Edge */
/** @typedef {import("./graph-curve.js").Point} Point */

/**
 * @typedef {object} Block A loop with its channels, from its own corner on.
 * @property {number} w
 * @property {number} h
 * @property {{x: number, y: number, w: number, h: number}} frame The box around its elements.
 * @property {Map<string, Point>} places Of the nodes' middles.
 * @property {Map<string, Point[]>} ways Through what an edge goes.
 */

const CARD = { least: 172, most: 300, h: 94 };
const FOLDED = { w: 232, h: 96 };
const CHIP = { least: 84, most: 230, h: 36 };
const PAD = { side: 22, top: 44, bottom: 20 };
const ROLE_ORDER = ["monitor", "analyze", "plan", "execute", "element"];
const KEPT = 800;
/** A number of the loop's knowledge, with its curve. */
export const FACT = { w: 168, h: 50 };

/** How many numbers stand beside each other. @param {number} width Of the loop's frame. */
export const facts_across = (width) => Math.max(1, Math.floor((width - 24) / FACT.w));

/** @type {Map<string, Block>} */
const known = new Map();

/** Gives a node its size. @param {Node} node */
export function size(node) {
  if (node.kind === "channel") {
    node.w = Math.max(CHIP.least, Math.min(CHIP.most, measure(node.title, "chip") + 50));
    node.h = CHIP.h;
  } else if (node.kind === "loop") Object.assign(node, FOLDED);
  else {
    node.w = Math.round(Math.max(CARD.least, Math.min(CARD.most, measure(node.title, "title") + 82)));
    node.h = CARD.h;
  }
}

/** @param {Node[]} nodes @param {Edge[]} edges @param {string} direction */
function signature(nodes, edges, direction) {
  const ids = nodes.map((node) => `${node.id}:${node.w}`);
  const ways = edges.map((edge) => `${edge.id}:${edge.source}>${edge.target}:${edge.operators.join("|")}`);
  return [direction, ...ids, ...ways].join("\n");
}

/** Those that no edge joins, in the order of roles, in rows of three. @param {any} graph @param {Node[]} nodes */
function line_up(graph, nodes) {
  const alone = nodes.filter((node) => !graph.nodeEdges(node.id)?.length);
  alone.sort((a, b) => ROLE_ORDER.indexOf(a.role) - ROLE_ORDER.indexOf(b.role));
  alone.forEach((node, index) => {
    if (index % 3) graph.setEdge(alone[index - 1].id, node.id, { width: 0, height: 0 }, "order");
  });
}

/** @param {Node[]} nodes @param {Edge[]} edges @param {string} direction */
function arranged(nodes, edges, direction) {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: direction, nodesep: 26, edgesep: 18, ranksep: 46, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.id, { width: node.w, height: node.h });
  for (const edge of edges) {
    const width = edge.operators.length ? pill_width(edge.operators) : 0;
    const label = width ? { width: width + 4, height: 26, labelpos: "c" } : {};
    if (edge.source !== edge.target) graph.setEdge(edge.source, edge.target, label, edge.id);
  }
  line_up(graph, nodes);
  layout(graph);
  return graph;
}

/** @param {Node[]} nodes @param {any} graph @returns {{left: number, top: number, right: number, bottom: number}} */
function extent(nodes, graph) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const node of nodes) {
    const { x, y } = graph.node(node.id);
    box.left = Math.min(box.left, x - node.w / 2);
    box.right = Math.max(box.right, x + node.w / 2);
    box.top = Math.min(box.top, y - node.h / 2);
    box.bottom = Math.max(box.bottom, y + node.h / 2);
  }
  return box;
}

/** The ways' own extent: feedback goes around the outside. @param {any} graph @param {ReturnType<typeof extent>} box */
function with_ways(graph, box) {
  const wide = { ...box };
  for (const name of graph.edges()) {
    for (const { x, y } of graph.edge(name).points ?? []) {
      wide.left = Math.min(wide.left, x);
      wide.right = Math.max(wide.right, x);
      wide.top = Math.min(wide.top, y);
      wide.bottom = Math.max(wide.bottom, y);
    }
  }
  return wide;
}

/**
 * @param {Node[]} nodes Of one loop, with their sizes.
 * @param {Edge[]} edges Between them.
 * @param {"LR"|"TB"} direction
 * @param {number} title_width The loop's title needs this much.
 * @param {number} facts How many numbers stand at its foot.
 * @returns {Block}
 */
export function block_of(nodes, edges, direction, title_width, facts) {
  const name = `${facts} ${Math.round(title_width)} ${signature(nodes, edges, direction)}`;
  const kept = known.get(name);
  if (kept) return kept;
  const graph = arranged(nodes, edges, direction);
  const inside = nodes.filter((node) => node.kind !== "channel");
  const core = extent(inside, graph);
  const all = with_ways(graph, extent(nodes, graph));
  const has_frame = !inside.some((node) => node.kind === "loop");
  const pad = has_frame ? PAD : { side: 0, top: 0, bottom: 0 };
  const frame = {
    left: core.left - pad.side,
    top: Math.min(core.top, has_frame ? all.top : core.top) - pad.top,
    right: Math.max(core.right + pad.side, core.left - pad.side + title_width),
    bottom: Math.max(core.bottom, has_frame ? all.bottom : core.bottom) + pad.bottom,
  };
  if (facts && has_frame) frame.bottom += FACT.h * Math.ceil(facts / facts_across(frame.right - frame.left)) + 2;
  const left = Math.min(all.left, frame.left);
  const top = Math.min(all.top, frame.top);
  const block = {
    w: Math.max(all.right, frame.right) - left,
    h: Math.max(all.bottom, frame.bottom) - top,
    frame: { x: frame.left - left, y: frame.top - top, w: frame.right - frame.left, h: frame.bottom - frame.top },
    places: new Map(nodes.map(({ id }) => [id, moved(graph.node(id), left, top)])),
    ways: ways_of(graph, edges, left, top),
  };
  known.set(name, block);
  if (known.size > KEPT) known.delete(/** @type {string} */ (known.keys().next().value));
  return block;
}

/** @param {Point} point @param {number} left @param {number} top @returns {Point} */
const moved = ({ x, y }, left, top) => ({ x: x - left, y: y - top });

/** @param {any} graph @param {Edge[]} edges @param {number} left @param {number} top */
function ways_of(graph, edges, left, top) {
  /** @type {Map<string, Point[]>} */
  const ways = new Map();
  for (const edge of edges) {
    const way = graph.edge(edge.source, edge.target, edge.id);
    if (way?.points) ways.set(edge.id, way.points.map((/** @type {Point} */ point) => moved(point, left, top)));
  }
  return ways;
}
