// @ts-check
/** The inside of one loop: dagre puts its elements in order. Kept as long as the loop's structure is the same. */

import { Graph, layout } from "../vendor/dagre.js";
import { measure, pill_width } from "./text.js";

/** @typedef {import("./model.js").Node} Node */
/** @typedef {import("./model.js").Edge} Edge */
/** @typedef {import("./curve.js").Point} Point */

/**
 * @typedef {object} Block A loop with its channels, from its own corner on.
 * @property {number} w
 * @property {number} h
 * @property {{x: number, y: number, w: number, h: number}} frame The box around its elements.
 * @property {Map<string, Point>} places Of the nodes' middles.
 * @property {Map<string, Point[]|null>} ways Through what an edge goes.
 */

const CARD = { least: 172, most: 300, h: 94 };
const FOLDED = { w: 232, h: 96 };
const CHIP = { least: 84, most: 230, h: 36 };
const PAD = { side: 22, top: 44, bottom: 20 };
const ROLE_ORDER = ["monitor", "analyze", "plan", "execute", "element"];
const STEP = 12; // cards come in few widths, so that loops of the same build look the same
const KEPT = 800;
/** A number of the loop's knowledge, with its curve. */
export const FACT = { w: 168, h: 50 };

/** How many numbers stand beside each other. @param {number} width Of the loop's frame. */
export const facts_across = (width) => Math.max(1, Math.floor((width - 24) / FACT.w));

/** @typedef {{from: number, to: number, label: number}} Wire */
/** @typedef {{w: number, h: number, frame: {x: number, y: number, w: number, h: number}, places: Point[], ways: (Point[]|null)[]}} Shape A block without names. */

/** @type {Map<string, Shape>} */
const known = new Map();

/** Gives a node its size. @param {Node} node */
export function size(node) {
  if (node.kind === "channel") {
    node.w = Math.max(CHIP.least, Math.min(CHIP.most, measure(node.title, "chip") + 50));
    node.h = CHIP.h;
  } else if (node.kind === "loop") Object.assign(node, FOLDED);
  else {
    const wanted = Math.max(CARD.least, Math.min(CARD.most, measure(node.title, "title") + 82));
    node.w = Math.ceil(wanted / STEP) * STEP;
    node.h = CARD.h;
  }
}

/** What the layout depends on: loops of the same build share one. @param {Node[]} nodes @param {Wire[]} wires @param {string} direction */
function signature(nodes, wires, direction) {
  const parts = nodes.map((node) => `${node.kind}${node.role}${node.w}`);
  return [direction, ...parts, ...wires.map((wire) => `${wire.from}>${wire.to}:${wire.label}`)].join(" ");
}

/** Edges by the places of their ends in the list of nodes. @param {Node[]} nodes @param {Edge[]} edges @returns {Wire[]} */
function wires_of(nodes, edges) {
  const at = new Map(nodes.map((node, index) => [node.id, index]));
  return edges.map(({ source, target, operators }) => ({
    from: /** @type {number} */ (at.get(source)),
    to: /** @type {number} */ (at.get(target)),
    label: operators.length ? Math.ceil(pill_width(operators) / 8) * 8 : 0,
  }));
}

/** Those that no edge joins, in the order of roles, in rows of three. @param {any} graph @param {Node[]} nodes */
function line_up(graph, nodes) {
  const alone = [...nodes.keys()].filter((index) => !graph.nodeEdges(String(index))?.length);
  alone.sort((a, b) => ROLE_ORDER.indexOf(nodes[a].role) - ROLE_ORDER.indexOf(nodes[b].role));
  alone.forEach((node, index) => {
    if (index % 3) graph.setEdge(String(alone[index - 1]), String(node), { width: 0, height: 0 }, "order");
  });
}

/** @param {Node[]} nodes @param {Wire[]} wires @param {string} direction */
function arranged(nodes, wires, direction) {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: direction, nodesep: 26, edgesep: 18, ranksep: 46, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  nodes.forEach((node, index) => graph.setNode(String(index), { width: node.w, height: node.h }));
  wires.forEach(({ from, to, label }, index) => {
    const size = label ? { width: label + 4, height: 26, labelpos: "c" } : {};
    if (from !== to) graph.setEdge(String(from), String(to), size, String(index));
  });
  line_up(graph, nodes);
  layout(graph);
  return graph;
}

/** @param {Node[]} nodes @param {any} graph @param {boolean} has_channels @returns {{left: number, top: number, right: number, bottom: number}} */
function extent(nodes, graph, has_channels) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  nodes.forEach((node, index) => {
    if (node.kind === "channel" && !has_channels) return;
    const { x, y } = graph.node(String(index));
    box.left = Math.min(box.left, x - node.w / 2);
    box.right = Math.max(box.right, x + node.w / 2);
    box.top = Math.min(box.top, y - node.h / 2);
    box.bottom = Math.max(box.bottom, y + node.h / 2);
  });
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

/** A channel stands within the frame or beside it, never across its border. @param {ReturnType<typeof extent>} frame @param {Node[]} nodes @param {any} graph */
function take_in(frame, nodes, graph) {
  nodes.forEach((node, index) => {
    const { x, y } = graph.node(String(index));
    if (node.kind !== "channel" || x < frame.left || x > frame.right || y < frame.top || y > frame.bottom) return;
    frame.left = Math.min(frame.left, x - node.w / 2 - PAD.bottom);
    frame.right = Math.max(frame.right, x + node.w / 2 + PAD.bottom);
    frame.bottom = Math.max(frame.bottom, y + node.h / 2 + PAD.bottom);
  });
}

/** @param {Node[]} nodes @param {Wire[]} wires @param {string} direction @param {number} title_width @param {number} facts @returns {Shape} */
function shape_of(nodes, wires, direction, title_width, facts) {
  const graph = arranged(nodes, wires, direction);
  const core = extent(nodes, graph, false);
  const all = with_ways(graph, extent(nodes, graph, true));
  const has_frame = !nodes.some((node) => node.kind === "loop");
  const pad = has_frame ? PAD : { side: 0, top: 0, bottom: 0 };
  const frame = {
    left: core.left - pad.side,
    top: Math.min(core.top, has_frame ? all.top : core.top) - pad.top,
    right: Math.max(core.right + pad.side, core.left - pad.side + title_width),
    bottom: Math.max(core.bottom, has_frame ? all.bottom : core.bottom) + pad.bottom,
  };
  if (has_frame) take_in(frame, nodes, graph);
  if (facts && has_frame) frame.bottom += FACT.h * Math.ceil(facts / facts_across(frame.right - frame.left)) + 2;
  const left = Math.min(all.left, frame.left);
  const top = Math.min(all.top, frame.top);
  const moved = (/** @type {Point} */ { x, y }) => ({ x: x - left, y: y - top });
  return {
    w: Math.max(all.right, frame.right) - left,
    h: Math.max(all.bottom, frame.bottom) - top,
    frame: { x: frame.left - left, y: frame.top - top, w: frame.right - frame.left, h: frame.bottom - frame.top },
    places: nodes.map((_, index) => moved(graph.node(String(index)))),
    ways: wires.map(({ from, to }, index) => graph.edge(String(from), String(to), String(index))?.points?.map(moved) ?? null),
  };
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
  const wires = wires_of(nodes, edges);
  const width = Math.ceil(title_width / 20) * 20;
  const name = `${facts} ${width} ${signature(nodes, wires, direction)}`;
  const shape = known.get(name) ?? shape_of(nodes, wires, direction, width, facts);
  known.set(name, shape);
  if (known.size > KEPT) known.delete(/** @type {string} */ (known.keys().next().value));
  const { w, h, frame } = shape;
  const places = new Map(nodes.map(({ id }, index) => [id, shape.places[index]]));
  return { w, h, frame, places, ways: new Map(edges.map(({ id }, index) => [id, shape.ways[index]])) };
}
