// @ts-check
/** From the server's graphs to what is drawn: nodes, edges and groups, without any position yet. */

import { shown } from "../state/numbers.js";
import { key_of } from "../state/store.js";

/**
 * @typedef {object} Node
 * @property {string} id
 * @property {"element"|"loop"|"channel"} kind A loop is a node while it is folded.
 * @property {string} peer
 * @property {string} path
 * @property {string} group The id of its loop.
 * @property {string} role
 * @property {string} title
 * @property {string} type
 * @property {"once"|"subscribe"|"manual"} starts
 * @property {boolean} is_stopped
 * @property {boolean} is_remote Whether a channel leads to another process.
 * @property {string[]} keys The keys of all elements it stands for.
 * @property {number} x Its middle.
 * @property {number} y
 * @property {number} w
 * @property {number} h
 *
 * @typedef {object} Edge
 * @property {string} id
 * @property {string} source A node's id.
 * @property {string} target
 * @property {string} from The key of the element whose items pass; "" for a source outside.
 * @property {string} to The key of the element that takes them; "" for a sink.
 * @property {string[]} operators
 * @property {"local"|"remote"|"routed"|"sink"|"source"} kind
 * @property {string} title
 * @property {string} role Gives the colour of its items.
 * @property {Float32Array} points x, y, x, y, ...
 * @property {{x: number, y: number, w: number, h: number}} extent Of its points, from the corner on.
 * @property {number} length
 * @property {Uint8Array} covered By point: whether something lies over it.
 *
 * @typedef {object} Group
 * @property {string} id
 * @property {"loop"|"level"|"peer"} kind
 * @property {string} peer
 * @property {string} path
 * @property {string} title
 * @property {string} parent
 * @property {number} knowledge How many keys it shares.
 * @property {string} scope The key of its numbers.
 * @property {string[]} facts The names of its numbers that are shown.
 * @property {Group|null} only The one level of a process: both share a title, and a box.
 * @property {number} x Its left.
 * @property {number} y Its top.
 * @property {number} w
 * @property {number} h
 * @property {string[]} children
 *
 * @typedef {object} Scene
 * @property {Map<string, Node>} nodes
 * @property {Edge[]} edges
 * @property {Map<string, Group>} groups
 * @property {{x: number, y: number, w: number, h: number}} bounds
 */

const ROLES = ["monitor", "analyze", "plan", "execute"];
const BOX = { x: 0, y: 0, w: 0, h: 0 };

/** @param {string} role */
export const role_of = (role) => (ROLES.includes(role) ? role : "element");

/** @param {string} starts */
function start_of(starts) {
  if (/init|once/i.test(starts ?? "")) return "once";
  return /subscri/i.test(starts ?? "") ? "subscribe" : "manual";
}

/** @param {any} element @param {string} peer @param {string} loop @returns {Node} */
const element_node = (element, peer, loop) => ({
  ...BOX,
  id: key_of(peer, element.path),
  kind: "element",
  peer,
  path: element.path,
  group: loop,
  role: role_of(element.role),
  title: String(element.uid),
  type: String(element.type ?? ""),
  starts: start_of(element.starts),
  is_stopped: element.state === "stopped",
  is_remote: false,
  keys: [key_of(peer, element.path)],
});

/** @param {any} loop @param {string} peer @returns {Node} */
const loop_node = (loop, peer) => ({
  ...BOX,
  id: key_of(peer, `loop ${loop.path}`),
  kind: "loop",
  peer,
  path: loop.path,
  group: key_of(peer, `loop ${loop.path}`),
  role: "element",
  title: String(loop.uid),
  type: "",
  starts: "once",
  is_stopped: false,
  is_remote: false,
  keys: loop.elements.map((/** @type {string} */ path) => key_of(peer, path)),
});

/** @param {string} id @param {string} peer @param {string} group @param {any} edge @returns {Node} */
const channel_node = (id, peer, group, edge) => ({
  ...BOX,
  id,
  kind: "channel",
  peer,
  path: "",
  group,
  role: "element",
  title: String(edge.end?.title || edge.title || "outside"),
  type: String(edge.end?.kind ?? edge.kind),
  starts: "once",
  is_stopped: false,
  is_remote: edge.kind === "remote",
  keys: [],
});

/** Builds the scene of one process after the other. */
class Builder {
  /** @param {ReadonlySet<string>} folded Keys of loops. @param {Record<string, Record<string, number>>} numbers */
  constructor(folded, numbers) {
    this.folded = folded;
    this.numbers = numbers;
    /** @type {Scene} */
    this.scene = { nodes: new Map(), edges: [], groups: new Map(), bounds: { ...BOX } };
    /** @type {Map<string, string>} Where an element is drawn: itself, or its folded loop. */
    this.places = new Map();
    /** @type {Map<string, string>} Roles by element. */
    this.roles = new Map();
    /** @type {Map<string, string>} The loop's group by element. */
    this.loops = new Map();
    /** @type {Map<string, {in: string[], out: string[]}>} Operators of the ports, by element. */
    this.ports = new Map();
    /** @type {{peer: string, source: string, from: string, targets: {peer: string, path: string}[], edge: any}[]} */
    this.leaving = [];
  }

  /** @param {string} peer @param {any} graph @param {string} title */
  add(peer, graph, title) {
    /** @type {Map<string, number>} */
    const keys = new Map((graph.knowledge ?? []).map((/** @type {any} */ one) => [one.scope, one.keys]));
    const top = this.group("peer", peer, "", title, "", keys.get("app"));
    for (const level of graph.levels ?? []) {
      this.group("level", peer, level.uid, level.uid, top.id, keys.get(`level:${level.uid}`));
    }
    for (const loop of graph.loops ?? []) this.loop(peer, loop, top, keys);
    for (const element of graph.elements ?? []) this.element(peer, element);
    for (const edge of graph.edges ?? []) this.edge(peer, edge);
  }

  /** @param {"peer"|"level"|"loop"} kind @param {string} peer @param {string} path @param {string} title @param {string} parent @param {number} [knowledge] */
  group(kind, peer, path, title, parent, knowledge = 0) {
    const id = key_of(peer, `${kind} ${path}`);
    /** @type {Group} */
    const group = { ...BOX, id, kind, peer, path, title, parent, knowledge, scope: "", facts: [], only: null, children: [] };
    for (const scope of kind === "peer" ? ["app"] : [`${kind}:${path}`, `${kind}:${title}`]) {
      const name = key_of(peer, scope);
      if (!group.facts.length) Object.assign(group, { scope: name, facts: shown(this.numbers[name]) });
    }
    this.scene.groups.set(id, group);
    this.scene.groups.get(parent)?.children.push(id);
    return group;
  }

  /** @param {string} peer @param {any} loop @param {Group} top @param {Map<string, number>} keys */
  loop(peer, loop, top, keys) {
    const level = key_of(peer, `level ${loop.level ?? ""}`);
    if (!this.scene.groups.has(level)) this.group("level", peer, loop.level ?? "", loop.level ?? "", top.id);
    const known = keys.get(`loop:${loop.path}`) ?? keys.get(`loop:${loop.uid}`);
    const group = this.group("loop", peer, loop.path, String(loop.uid), level, known);
    for (const path of loop.elements) this.loops.set(key_of(peer, path), group.id);
    const key = key_of(peer, loop.path);
    if (!this.folded.has(key)) return;
    const node = loop_node(loop, peer);
    this.scene.nodes.set(node.id, node);
    group.children.push(node.id);
    for (const path of loop.elements) this.places.set(key_of(peer, path), node.id);
  }

  /** @param {string} peer @param {any} element */
  element(peer, element) {
    const key = key_of(peer, element.path);
    const node = element_node(element, peer, this.loops.get(key) ?? "");
    this.roles.set(key, node.role);
    this.ports.set(key, { in: element.ops_in ?? [], out: element.ops_out ?? [] });
    const group = this.scene.groups.get(node.group);
    if (!group || this.places.has(node.id)) return;
    this.places.set(node.id, node.id);
    this.scene.nodes.set(node.id, node);
    group.children.push(node.id);
  }

  /** @param {string} peer @param {any} edge */
  edge(peer, edge) {
    const from = edge.source ? key_of(peer, edge.source) : "";
    const to = edge.target ? key_of(peer, edge.target) : "";
    const start = this.places.get(from);
    const end = this.places.get(to);
    if (!start && !end) return;
    const targets = (edge.peer_targets ?? [edge.peer_target]).filter(Boolean);
    if (start && !end && targets.length) {
      this.leaving.push({ peer, source: start, from, targets, edge });
      return;
    }
    const source = start ?? this.channel(peer, /** @type {string} */ (end), edge, "from");
    const target = end ?? this.channel(peer, /** @type {string} */ (start), edge, "to");
    if (source === target && this.scene.nodes.get(source)?.kind === "loop") return; // inside a folded loop
    this.join(key_of(peer, edge.id), source, target, start ? from : "", end ? to : "", edge);
  }

  /** @param {string} peer @param {string} beside @param {any} edge @param {string} direction */
  channel(peer, beside, edge, direction) {
    const group = /** @type {Node} */ (this.scene.nodes.get(beside)).group;
    const id = `${group} ${direction} ${edge.end?.id ?? edge.title}`;
    if (!this.scene.nodes.has(id)) {
      this.scene.nodes.set(id, channel_node(id, peer, group, edge));
      this.scene.groups.get(group)?.children.push(id);
    }
    return id;
  }

  /** @param {string} id @param {string} source @param {string} target @param {string} from @param {string} to @param {any} edge */
  join(id, source, target, from, to, edge) {
    const role = this.roles.get(from) ?? this.roles.get(to) ?? "element";
    const { kind = "local", title = "" } = edge;
    const operators = [...(this.ports.get(from)?.out ?? []), ...(edge.operators ?? []), ...(this.ports.get(to)?.in ?? [])];
    this.scene.edges.push({ id, source, target, from, to, operators, kind, title, role, points: new Float32Array(0), extent: BOX, length: 0, covered: new Uint8Array(0) });
  }

  /** Draws the hops between processes, now that all of them are there. */
  finish() {
    for (const way of this.leaving) this.leave(way);
    return this.scene;
  }

  /** One who takes it is reached by a line, several by way of what is between them. @param {Builder["leaving"][number]} way */
  leave({ peer, source, from, targets, edge }) {
    const id = key_of(peer, edge.id);
    const keys = targets.map((target) => key_of(target.peer, target.path)).filter((key) => this.places.has(key));
    const place = (/** @type {string} */ key) => /** @type {string} */ (this.places.get(key));
    if (keys.length === 1 && targets.length === 1) {
      this.join(id, source, place(keys[0]), from, keys[0], edge);
      return;
    }
    const chip = this.channel(peer, source, edge, "to");
    this.join(id, source, chip, from, "", edge);
    for (const key of keys) this.join(`${chip} > ${key}`, chip, place(key), from, key, { kind: "remote", title: edge.title });
  }
}

/** What a peer calls itself; where it is, if another calls itself the same. @param {import("../state/store.js").State} state @param {string} name */
export function peer_title({ peers, hello }, name) {
  const own = hello?.app?.title ?? "app";
  if (!name) return own;
  const title = Object.hasOwn(peers, name) ? peers[name].title : "";
  if (!title) return name;
  const others = Object.values(peers).filter((peer) => peer.name !== name).map((peer) => peer.title);
  return [own, ...others].includes(title) ? `${title} · ${name}` : title;
}

/** The processes to show, the own first, others by their titles; one without elements only if all are. @param {import("../state/store.js").State} state */
export function processes(state) {
  const { graphs } = state;
  const title = (/** @type {string} */ name) => `${peer_title(state, name)} ${name}`;
  const names = Object.keys(graphs).sort((a, b) => (a === "" ? -1 : b === "" ? 1 : title(a).localeCompare(title(b))));
  const filled = names.filter((name) => graphs[name].elements?.length);
  return filled.length ? filled : names.slice(0, 1);
}

/**
 * @param {import("../state/store.js").State} state
 * @returns {Scene}
 */
export function scene_of(state) {
  const builder = new Builder(state.folded, state.numbers);
  for (const name of processes(state)) builder.add(name, state.graphs[name], peer_title(state, name));
  return builder.finish();
}
