// @ts-check
/** What part of the scene is in sight: pan, zoom, pinch, fit; by mouse, finger and key. */

const LEAST = 0.03;
const MOST = 3;
const FIT_MOST = 1.3; // a small graph is not blown up
const MARGIN = { side: 30, top: 20, bottom: 62 }; // buttons stand below
const PHONE = 600; // narrower: one scrolls, as everywhere on a phone
const LEGIBLE = 0.36;
const READABLE = 0.6;
const GLIDE = 260; // [ms]
const SLOP = 5; // a press that moves less is a click

/** @typedef {{x: number, y: number, zoom: number}} Eye */

export class View {
  /** @param {() => void} changed */
  constructor(changed) {
    this.x = 0;
    this.y = 0;
    this.zoom = 1;
    this.w = 1;
    this.h = 1;
    this.covered = 0; // at the bottom, by a sheet
    this.is_held = false; // something chosen is shown from near
    this.is_touched = false; // somebody moved it: it stays where they put it
    this.changed = changed;
    this.is_calm = false; // no gliding
    /** @type {{from: Eye, to: Eye, start: number}|null} */
    this.glide = null;
  }

  /** @param {number} x @param {number} y On the screen. */
  world(x, y) {
    return { x: (x - this.x) / this.zoom, y: (y - this.y) / this.zoom };
  }

  sight() {
    const { x: left, y: top } = this.world(0, 0);
    return { left, top, right: left + this.w / this.zoom, bottom: top + this.h / this.zoom };
  }

  /** @param {number} w @param {number} h */
  resize(w, h) {
    this.x += (w - this.w) / 2;
    this.y += (h - this.h) / 2;
    this.w = w;
    this.h = h;
  }

  /** @param {{x: number, y: number, w: number, h: number}} box @returns {Eye} */
  fitting(box) {
    const side = Math.min(MARGIN.side, this.w * 0.03);
    const [w, h] = [this.w - 2 * side, this.h - MARGIN.top - MARGIN.bottom];
    const zoom = Math.max(LEAST, Math.min(w / (box.w || 1), h / (box.h || 1), FIT_MOST));
    const top = Math.min(MARGIN.top + (h - box.h * zoom) / 2, (this.h - box.h * zoom) / 2 + MARGIN.bottom / 2);
    return { zoom, x: (this.w - box.w * zoom) / 2 - box.x * zoom, y: top - box.y * zoom };
  }

  /** What one sees first: all, or on a phone the beginning, if all would be too small. @param {{x: number, y: number, w: number, h: number}} box @param {boolean} [at_once] */
  begin(box, at_once = false) {
    const all = this.fitting(box);
    const zoom = Math.min(READABLE, (this.w * 0.94) / (box.w || 1));
    const is_small = this.w < PHONE && all.zoom < LEGIBLE && zoom > 1.2 * all.zoom;
    this.is_touched = this.is_held = false;
    this.go(is_small ? { zoom, x: (this.w - box.w * zoom) / 2 - box.x * zoom, y: MARGIN.top - box.y * zoom } : all, at_once);
  }

  /** @param {{x: number, y: number, w: number, h: number}} box @param {boolean} [at_once] */
  fit(box, at_once = false) {
    this.is_touched = this.is_held = false;
    this.go(this.fitting(box), at_once);
  }

  /** @param {Eye} to @param {boolean} [at_once] */
  go(to, at_once = false) {
    this.glide = at_once || this.is_calm ? null : { from: { x: this.x, y: this.y, zoom: this.zoom }, to, start: performance.now() };
    if (!this.glide) Object.assign(this, to);
    this.changed();
  }

  /** Moves so that a place is comfortably in sight. @param {{x: number, y: number, w: number, h: number}} node Around its middle. */
  reveal(node) {
    const sight = this.sight();
    sight.bottom -= this.covered / this.zoom;
    const edge = 30 / this.zoom;
    const is_in =
      node.x - node.w / 2 > sight.left + edge && node.x + node.w / 2 < sight.right - edge &&
      node.y - node.h / 2 > sight.top + edge && node.y + node.h / 2 < sight.bottom - edge; // prettier-ignore
    if (is_in && this.zoom > 0.2) return;
    const zoom = Math.max(this.zoom, 0.6);
    this.is_held = true;
    this.go({ zoom, x: this.w / 2 - node.x * zoom, y: (this.h - this.covered) / 2 - node.y * zoom });
  }

  /** One step of gliding. @param {number} now [ms] @returns {boolean} Whether it still moves. */
  step(now) {
    if (!this.glide) return false;
    const { from, to, start } = this.glide;
    const t = Math.max(0, Math.min(1, (now - start) / GLIDE));
    const share = 1 - (1 - t) ** 3;
    this.zoom = from.zoom * (to.zoom / from.zoom) ** share;
    const across = from.zoom === to.zoom ? share : (this.zoom - from.zoom) / (to.zoom - from.zoom);
    this.x = from.x + (to.x - from.x) * across;
    this.y = from.y + (to.y - from.y) * across;
    if (t === 1) this.glide = null;
    return t < 1;
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this.is_touched = true;
    this.glide = null;
    this.x += dx;
    this.y += dy;
    this.changed();
  }

  /** @param {number} factor @param {number} [x] @param {number} [y] What stays where it is. */
  zoom_by(factor, x = this.w / 2, y = this.h / 2) {
    const zoom = Math.max(LEAST, Math.min(MOST, this.zoom * factor));
    const at = this.world(x, y);
    this.is_touched = true;
    this.glide = null;
    Object.assign(this, { zoom, x: x - at.x * zoom, y: y - at.y * zoom });
    this.changed();
  }
}

/** Hands on the canvas: one finger pans, two pinch, a short press clicks. */
class Hands {
  /** @param {HTMLElement} host @param {View} view @param {(x: number, y: number) => void} click */
  constructor(host, view, click) {
    this.host = host;
    this.view = view;
    this.click = click;
    /** @type {Map<number, {x: number, y: number}>} */
    this.fingers = new Map();
    this.moved = 0;
  }

  /** @param {PointerEvent|WheelEvent} event */
  place(event) {
    const box = this.host.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button !== 0) return;
    if (!this.fingers.size) this.moved = 0;
    this.fingers.set(event.pointerId, this.place(event));
    this.host.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const last = this.fingers.get(event.pointerId);
    if (!last) return;
    const now = this.place(event);
    const others = [...this.fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    this.moved += Math.hypot(now.x - last.x, now.y - last.y);
    this.fingers.set(event.pointerId, now);
    if (others.length) {
      const [other] = others;
      const before = Math.hypot(last.x - other.x, last.y - other.y) || 1;
      const after = Math.hypot(now.x - other.x, now.y - other.y) || 1;
      this.view.zoom_by(after / before, (now.x + other.x) / 2, (now.y + other.y) / 2);
      this.view.pan((now.x - last.x) / 2, (now.y - last.y) / 2);
    } else if (this.moved > SLOP) this.view.pan(now.x - last.x, now.y - last.y);
  }

  /** @param {PointerEvent} event */
  up(event) {
    if (!this.fingers.delete(event.pointerId) || this.fingers.size) return;
    if (this.moved <= SLOP && event.type === "pointerup") {
      const { x, y } = this.place(event);
      this.click(x, y);
    }
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    const line = event.deltaMode === 1 ? 18 : 1;
    if (event.shiftKey) return this.view.pan(-(event.deltaX + event.deltaY) * line, 0);
    const { x, y } = this.place(event);
    const speed = event.ctrlKey ? 0.01 : 0.0016;
    return this.view.zoom_by(Math.exp(-Math.max(-300, Math.min(300, event.deltaY * line)) * speed), x, y);
  }
}

/** @param {HTMLElement} host @param {View} view @param {(x: number, y: number) => void} click */
export function listen(host, view, click) {
  const hands = new Hands(host, view, click);
  host.addEventListener("pointerdown", (event) => hands.down(event));
  host.addEventListener("pointermove", (event) => hands.move(event));
  host.addEventListener("pointerup", (event) => hands.up(event));
  host.addEventListener("pointercancel", (event) => hands.up(event));
  host.addEventListener("wheel", (event) => hands.wheel(event), { passive: false });
}
