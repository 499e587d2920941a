// @ts-check
/** Items on their way: dots along the edges, as many as the rate says; red where something failed. */

import { along } from "./curve.js";

/** @typedef {import("./model.js").Scene} Scene */
/** @typedef {import("./model.js").Edge} Edge */
/** @typedef {import("./view.js").View} View */

const EACH_UNTIL = 4; // [1/s] up to here every item is a dot; beyond, their number grows with the logarithm
const MOST_STARTS = 420; // [1/s] dots on all edges together
const MOST_DOTS = 900;
const SPEED = 240; // [world/s]
const SHORTEST = 0.4; // [s]
const LONGEST = 1.7;
const FLASH = 900; // [ms]
const SPREAD = 100; // [ms] a pulse's items start within

/** @typedef {{edge: Edge, start: number, span: number}} Dot */

/** Dots a second for items a second. @param {number} rate */
export const shown = (rate) => (rate <= EACH_UNTIL ? rate : EACH_UNTIL + 1.6 * Math.log2(rate / EACH_UNTIL));

/** What has passed an edge: what its source gave and its target took, as far as both agree. */
class Meter {
  constructor() {
    this.given = 0;
    this.taken = 0;
    this.rest = 0;
  }

  /** @param {number} given @param {number} taken */
  passed(given, taken) {
    this.given += given;
    this.taken += taken;
    const passed = Math.min(this.given, this.taken);
    this.given = (this.given - passed) * 0.6; // the counters of two ends are not read at the same moment
    this.taken = (this.taken - passed) * 0.6;
    return passed;
  }
}

export class Motion {
  /** @param {HTMLCanvasElement} canvas @param {View} view */
  constructor(canvas, view) {
    this.c = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.view = view;
    this.ratio = 1;
    this.is_on = true;
    this.is_running = false;
    this.is_clear = true;
    /** @type {Scene|null} */
    this.scene = null;
    /** @type {import("./palette.js").Palette|null} */
    this.colours = null;
    /** @type {(node: import("./model.js").Node) => boolean} Whether it is not what is searched for. */
    this.is_faint = () => false;
    /** @type {Dot[]} */
    this.dots = [];
    /** @type {Map<string, number>} */
    this.flashes = new Map();
    /** @type {Map<string, Meter>} */
    this.meters = new Map();
    /** @type {Record<string, import("../state/figures.js").Figures>} */
    this.before = {};
    /** @type {Record<string, any>} */
    this.wires = {};
    this.draw = this.draw.bind(this);
  }

  /** @param {Scene} scene */
  show(scene) {
    this.scene = scene;
    const known = new Map(scene.edges.map((edge) => [edge.id, edge]));
    this.dots = this.dots.flatMap((dot) => {
      const edge = known.get(dot.edge.id);
      return edge ? [{ ...dot, edge }] : [];
    });
    for (const id of this.meters.keys()) if (!known.has(id)) this.meters.delete(id);
  }

  /**
   * Takes new counters.
   * @param {Record<string, import("../state/figures.js").Figures>} pulse
   * @param {Record<string, any>} wires
   */
  beat(pulse, wires) {
    const { before, wires: wires_before } = this;
    this.before = pulse;
    this.wires = wires;
    if (!this.scene || document.hidden) return;
    this.flash(pulse, before);
    if (!this.is_on) return;
    const moves = this.scene.edges.map((edge) => this.move(edge, pulse, before, wires, wires_before));
    const wanted = moves.reduce((sum, { dots }) => sum + dots, 0) * (1000 / SPREAD);
    const share = Math.min(1, MOST_STARTS / (wanted || 1));
    for (const { edge, dots } of moves) if (dots) this.start(edge, dots * share);
    this.run();
  }

  /** @param {Edge} edge @param {Record<string, any>} pulse @param {Record<string, any>} before @param {Record<string, any>} wires @param {Record<string, any>} wires_before */
  move(edge, pulse, before, wires, wires_before) {
    const grown = (/** @type {string} */ key, /** @type {string} */ name) =>
      pulse[key] && before[key] ? Math.max(0, pulse[key][name] - before[key][name]) : 0;
    const given = grown(edge.from, "emitted");
    const taken = grown(edge.to, "received");
    const meter = this.meters.get(edge.id) ?? new Meter();
    this.meters.set(edge.id, meter);
    const wire = passed_of(wires[edge.id]);
    let passed;
    if (wire !== null) passed = Math.max(0, wire - (passed_of(wires_before[edge.id]) ?? wire));
    else if (edge.from && edge.to) passed = given || taken || meter.given || meter.taken ? meter.passed(given, taken) : 0;
    else passed = edge.from ? given : taken;
    const rate = (edge.from ? pulse[edge.from]?.rate_out : pulse[edge.to]?.rate_in) || passed;
    return { edge, dots: passed ? passed * Math.min(1, shown(rate) / rate) : 0 };
  }

  /** @param {Edge} edge @param {number} dots */
  start(edge, dots) {
    const meter = /** @type {Meter} */ (this.meters.get(edge.id));
    meter.rest += dots;
    const now = performance.now();
    for (; meter.rest >= 1 && this.dots.length < MOST_DOTS; meter.rest -= 1) {
      const span = 1000 * Math.max(SHORTEST, Math.min(LONGEST, edge.length / SPEED));
      this.dots.push({ edge, start: now + Math.random() * SPREAD, span });
    }
    meter.rest = Math.min(meter.rest, 1);
  }

  /** @param {Record<string, any>} pulse @param {Record<string, any>} before */
  flash(pulse, before) {
    for (const node of this.scene?.nodes.values() ?? []) {
      const failed = node.keys.some((key) => before[key] && pulse[key] && pulse[key].errors > before[key].errors);
      if (failed) this.flashes.set(node.id, performance.now());
    }
    if (this.flashes.size) this.run();
  }

  run() {
    if (this.is_running) return;
    this.is_running = true;
    requestAnimationFrame(this.draw);
  }

  /** @param {number} now */
  draw(now) {
    const { c, view, ratio } = this;
    if (!this.is_clear) {
      c.setTransform(1, 0, 0, 1, 0, 0);
      c.clearRect(0, 0, c.canvas.width, c.canvas.height);
    }
    this.is_clear = true;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.draw_flashes(now);
    this.draw_dots(now, view);
    this.is_running = this.dots.length > 0 || this.flashes.size > 0;
    if (this.is_running && !document.hidden) requestAnimationFrame(this.draw);
    else this.is_running = false;
  }

  /** @param {number} now @param {View} view */
  draw_dots(now, view) {
    const { c } = this;
    const radius = Math.max(1.6, Math.min(6, 6 * view.zoom));
    const place = { x: 0, y: 0 };
    /** @type {Map<string, number[]>} */
    const by_role = new Map();
    this.dots = this.dots.filter((dot) => now < dot.start + dot.span);
    for (const { edge, start, span } of this.dots) {
      if (now < start || this.is_aside(edge)) continue;
      const share = (now - start) / span;
      if (edge.covered[Math.round(share * (edge.covered.length - 1))]) continue;
      along(edge.points, share, place);
      const [x, y] = [place.x * view.zoom + view.x, place.y * view.zoom + view.y];
      if (x < -9 || y < -9 || x > view.w + 9 || y > view.h + 9) continue;
      const list = by_role.get(edge.role) ?? [];
      if (!list.length) by_role.set(edge.role, list);
      list.push(x, y);
    }
    for (const [role, list] of by_role) {
      c.fillStyle = this.colours?.roles[role] ?? "#888";
      disks(c, list, radius);
      this.is_clear = false;
    }
  }

  /** Whether an edge does not belong to what is searched for. @param {Edge} edge */
  is_aside({ source, target }) {
    const ends = [this.scene?.nodes.get(source), this.scene?.nodes.get(target)];
    return ends.some((node) => node !== undefined && this.is_faint(node));
  }

  /** @param {number} now */
  draw_flashes(now) {
    const { c, view } = this;
    for (const [id, start] of this.flashes) {
      const node = this.scene?.nodes.get(id);
      const age = Math.max(0, now - start) / FLASH; // a frame's time may lie before what caused it
      if (!node || age >= 1) {
        this.flashes.delete(id);
        continue;
      }
      const grow = 3 + (this.is_on ? 7 * age : 0);
      const [w, h] = [node.w * view.zoom + 2 * grow, node.h * view.zoom + 2 * grow];
      c.beginPath();
      c.roundRect(node.x * view.zoom + view.x - w / 2, node.y * view.zoom + view.y - h / 2, w, h, 14 * view.zoom + grow);
      c.globalAlpha = Math.max(0, 1 - age);
      c.strokeStyle = this.colours?.bad ?? "#c00";
      c.lineWidth = 3.5;
      c.stroke();
      c.globalAlpha = 1;
      this.is_clear = false;
    }
  }

  /** Everything gone, say when the connection is. */
  clear() {
    this.dots = [];
    this.flashes.clear();
    this.meters.clear();
    this.before = {};
    this.run();
  }
}

/** @param {any} wire @returns {number|null} */
const passed_of = (wire) => (Array.isArray(wire) && Number.isFinite(wire[0]) ? wire[0] : null);

/** @param {CanvasRenderingContext2D} c @param {number[]} list @param {number} radius */
function disks(c, list, radius) {
  if (radius < 2.4) {
    for (let i = 0; i < list.length; i += 2) c.fillRect(list[i] - radius, list[i + 1] - radius, 2 * radius, 2 * radius);
    return;
  }
  c.beginPath();
  for (let i = 0; i < list.length; i += 2) {
    c.moveTo(list[i] + radius, list[i + 1]);
    c.arc(list[i], list[i + 1], radius, 0, 7);
  }
  c.fill();
}
