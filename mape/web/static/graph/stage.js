// @ts-check
/** The graph on its canvases: builds the scene when the structure changes, draws it when something is new, and only then. */

import { distance } from "./curve.js";
import { draw_scene } from "./draw.js";
import { arrange, no_memory } from "./layout.js";
import { scene_of } from "./model.js";
import { palette } from "./palette.js";
import { View, listen } from "./view.js";
import { Motion } from "./motion.js";
import { matches } from "../frame/search.js";
import { shown } from "../state/numbers.js";
import { key_of, store } from "../state/store.js";

/** @typedef {import("./model.js").Node} Node */
/** @typedef {import("../state/store.js").State} State */

const NEAR = 0.66; // from further away: fewer words, and larger
const FAR = 0.3; // from afar: patches of colour
const FIGURES_EACH = 250; // [ms] people cannot read faster
const MOVE = 320; // [ms] things glide to their new places

export class Stage {
  /** @param {HTMLElement} host @param {HTMLCanvasElement} base @param {HTMLCanvasElement} overlay */
  constructor(host, base, overlay) {
    this.host = host;
    this.base = base;
    this.overlay = overlay;
    this.c = /** @type {CanvasRenderingContext2D} */ (base.getContext("2d"));
    this.view = new View(() => this.request());
    this.motion = new Motion(overlay, this.view);
    this.memory = no_memory();
    this.scene = scene_of(store.get());
    this.colours = palette();
    this.focused = "";
    this.hovered = "";
    this.ratio = 1;
    this.facts = "";
    this.is_due = false;
    this.drawn = 0;
    this.timer = 0;
    /** @type {{start: number, nodes: Map<string, {x: number, y: number}>}|null} */
    this.move = null;
    /** @type {Partial<State>} */
    this.seen = {};
    /** @type {(() => void)[]} */
    this.ends = [];
    this.paint = this.paint.bind(this);
  }

  /** @param {(x: number, y: number) => void} click */
  open(click) {
    listen(this.host, this.view, click);
    const watcher = new ResizeObserver(() => this.resize());
    watcher.observe(this.host);
    const unsubscribe = store.subscribe((state) => this.take(state));
    this.ends.push(unsubscribe, () => watcher.disconnect(), () => clearTimeout(this.timer));
    this.resize();
    this.take(store.get());
  }

  close() {
    for (const end of this.ends) end();
  }

  resize() {
    const { width, height } = this.host.getBoundingClientRect();
    if (!width || !height) return;
    this.ratio = this.motion.ratio = Math.min(2, devicePixelRatio || 1);
    for (const canvas of [this.base, this.overlay]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    this.view.resize(width, height);
    this.move = null;
    this.rebuild(true);
    this.paint();
  }

  /** @param {State} state */
  take(state) {
    const { seen } = this;
    const has = (/** @type {(keyof State)[]} */ ...names) => names.some((name) => state[name] !== seen[name]);
    this.seen = state;
    if (has("is_moving")) {
      this.motion.is_on = state.is_moving;
      this.view.is_calm = !state.is_moving;
      if (!state.is_moving) this.motion.clear();
    }
    if (has("status") && state.status !== "live") this.motion.clear();
    if (has("is_dark", "theme")) this.recolour();
    if (has("graphs", "folded", "peers")) this.rebuild();
    if (has("numbers")) this.take_numbers(state);
    if (has("selected")) this.follow(state);
    if (has("query", "selected", "status")) this.request();
    if (has("pulse", "wires")) {
      this.motion.beat(state.pulse, state.wires);
      this.request_figures();
    }
  }

  recolour() {
    this.colours = palette();
    this.motion.colours = this.colours;
    this.request();
  }

  /** Another set of numbers needs another layout. @param {State} state */
  take_numbers({ numbers }) {
    const names = Object.entries(numbers).map(([scope, values]) => `${scope}: ${shown(values)}`).join("\n");
    if (names !== this.facts) this.rebuild();
    this.facts = names;
  }

  /** @param {State} state */
  follow({ selected }) {
    if (!selected && this.view.is_held) this.release();
    const node = selected && this.scene.nodes.get(key_of(selected.peer, selected.path));
    if (!node) return;
    this.focused = "";
    requestAnimationFrame(() => {
      this.view.covered = this.covered(); // now that the sheet has taken its room
      this.view.reveal(node);
    });
  }

  /** Back to the whole, if nobody has moved it. */
  release() {
    this.view.is_held = false;
    if (!this.view.is_touched) this.view.begin(this.scene.bounds);
  }

  /** How much of the graph a sheet hides, on a phone. */
  covered() {
    const own = this.host.getBoundingClientRect();
    const sheet = document.querySelector(".sheet")?.getBoundingClientRect();
    return sheet && sheet.left < own.right ? Math.max(0, own.bottom - sheet.top) : 0;
  }

  /** @param {boolean} [at_once] Nothing glides. */
  rebuild(at_once = false) {
    const old = this.scene;
    const scene = scene_of(store.get());
    arrange(scene, this.view.w / this.view.h, this.memory);
    this.scene = scene;
    this.motion.show(scene);
    const is_first = !old.nodes.size;
    if (!is_first && !at_once && !this.view.is_calm) {
      const nodes = new Map([...old.nodes.values()].map(({ id, x, y }) => [id, { x, y }]));
      this.move = { start: performance.now(), nodes };
    }
    if (!this.view.is_touched && !this.view.is_held) this.view.begin(scene.bounds, is_first || at_once);
    this.request();
  }

  request() {
    if (this.is_due) return;
    this.is_due = true;
    requestAnimationFrame(this.paint);
  }

  request_figures() {
    if (this.timer || this.is_due) return;
    const wait = Math.max(0, FIGURES_EACH - (performance.now() - this.drawn));
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.request();
    }, wait);
  }

  paint() {
    this.is_due = false;
    const now = performance.now();
    this.drawn = now;
    const is_gliding = this.view.step(now);
    const { query, selected } = store.get();
    const found = query.trim() ? matches(query) : null;
    const { zoom } = this.view;
    /** @type {import("./draw.js").Picture} */
    const picture = {
      c: this.c, colours: this.colours, pulse: store.get().pulse, numbers: store.get().numbers, zoom, near: NEAR, far: FAR,
      selected: selected ? key_of(selected.peer, selected.path) : "", focused: this.focused,
      is_faint: (node) => found !== null && !node.keys.some((key) => found.has(key)), sight: this.view.sight(),
    }; // prettier-ignore
    this.motion.is_faint = picture.is_faint;
    const restore = this.shift(now);
    draw_scene(picture, this.scene, this.view, this.ratio, this.hovered || picture.selected || this.focused);
    restore();
    if (is_gliding || this.move) {
      this.request();
      this.motion.run();
    }
  }

  /** While things glide: draws them between where they were and where they go. @param {number} now @returns {() => void} */
  shift(now) {
    if (!this.move) return () => {};
    const t = Math.max(0, now - this.move.start) / MOVE;
    if (t >= 1) {
      this.move = null;
      return () => {};
    }
    const rest = (1 - t) ** 3;
    /** @type {[Node, number, number][]} */
    const homes = [];
    for (const node of this.scene.nodes.values()) {
      const old = this.move.nodes.get(node.id);
      if (!old) continue;
      homes.push([node, node.x, node.y]);
      node.x += (old.x - node.x) * rest;
      node.y += (old.y - node.y) * rest;
    }
    return () => homes.forEach(([node, x, y]) => Object.assign(node, { x, y }));
  }

  /** What is at a point of the screen. @param {number} x @param {number} y */
  hit(x, y) {
    const at = this.view.world(x, y);
    for (const node of [...this.scene.nodes.values()].reverse()) {
      if (Math.abs(at.x - node.x) <= node.w / 2 && Math.abs(at.y - node.y) <= node.h / 2) return { kind: "node", node };
    }
    const reach = Math.max(7, 7 / this.view.zoom);
    const near = this.scene.edges.find((edge) => distance(edge.points, at.x, at.y) < reach);
    const group = [...this.scene.groups.values()].find(
      (one) => one.kind === "loop" && at.x >= one.x && at.x <= one.x + one.w && at.y >= one.y && at.y <= one.y + 44,
    );
    if (group && !near) return { kind: "group", group };
    return near ? { kind: "edge", edge: near } : null;
  }

  /** Where a node is on the screen. @param {string} id */
  place_of(id) {
    const node = this.scene.nodes.get(id);
    if (!node) return null;
    const { x, y, zoom } = this.view;
    return { x: node.x * zoom + x, y: node.y * zoom + y };
  }
}
