// @ts-check
/** Small shapes for a canvas. Each role has its own, so that colour is not the only difference. */

/** @typedef {CanvasRenderingContext2D} Canvas */

/** @param {Canvas} c @param {number} x @param {number} y @param {number} w @param {number} h @param {number} r */
export function rounded(c, x, y, w, h, r) {
  c.beginPath();
  c.roundRect(x, y, w, h, r);
}

/** @param {Canvas} c @param {[number, number][]} corners */
function polygon(c, corners) {
  c.beginPath();
  corners.forEach(([x, y], index) => (index ? c.lineTo(x, y) : c.moveTo(x, y)));
  c.closePath();
}

/** @type {Record<string, (c: Canvas, x: number, y: number, r: number) => void>} */
const BADGES = {
  monitor(c, x, y, r) {
    c.beginPath();
    c.arc(x, y, r, 0, 7);
  },
  analyze: (c, x, y, r) => rounded(c, x - r * 0.92, y - r * 0.92, r * 1.84, r * 1.84, r * 0.3),
  plan: (c, x, y, r) =>
    polygon(c, [[x - r * 1.1, y], [x - r * 0.58, y - r], [x + r * 0.58, y - r], [x + r * 1.1, y], [x + r * 0.58, y + r], [x - r * 0.58, y + r]]),
  execute: (c, x, y, r) =>
    polygon(c, [[x - r, y - r * 0.92], [x + r * 0.5, y - r * 0.92], [x + r * 1.2, y], [x + r * 0.5, y + r * 0.92], [x - r, y + r * 0.92]]),
  element: (c, x, y, r) => polygon(c, [[x, y - r * 1.12], [x + r * 1.12, y], [x, y + r * 1.12], [x - r * 1.12, y]]),
}; // prettier-ignore

/** The outline of a role's badge. @param {Canvas} c @param {string} role @param {number} x @param {number} y @param {number} r */
export const badge = (c, role, x, y, r) => (BADGES[role] ?? BADGES.element)(c, x, y, r);

/** @type {Record<string, string>} */
export const LETTERS = { monitor: "M", analyze: "A", plan: "P", execute: "E", element: "" };

/** How it starts: at once ▶, when somebody subscribes ▷, by hand a bar before ▷. @param {Canvas} c @param {string} starts @param {number} x @param {number} y */
export function start_sign(c, starts, x, y) {
  const left = starts === "manual" ? x + 1 : x;
  polygon(c, [[left - 4, y - 5], [left + 5, y], [left - 4, y + 5]]);
  if (starts === "once") c.fill();
  else c.stroke();
  if (starts !== "manual") return;
  c.beginPath();
  c.moveTo(x - 6.5, y - 5.5);
  c.lineTo(x - 6.5, y + 5.5);
  c.stroke();
}

/** Waves: it leads to another process. @param {Canvas} c @param {number} x @param {number} y */
export function antenna(c, x, y) {
  c.beginPath();
  c.arc(x, y, 1.6, 0, 7);
  for (const r of [5, 9]) {
    c.moveTo(x + r * Math.cos(0.8), y - r * Math.sin(0.8));
    c.arc(x, y, r, -0.8, 0.8);
    c.moveTo(x + r * Math.cos(Math.PI - 0.8), y + r * Math.sin(Math.PI - 0.8));
    c.arc(x, y, r, Math.PI - 0.8, Math.PI + 0.8);
  }
  c.stroke();
}

/** An arrow into a tray: it leaves the graph. @param {Canvas} c @param {number} x @param {number} y */
export function tray(c, x, y) {
  c.beginPath();
  c.moveTo(x - 7, y - 4);
  c.lineTo(x + 3, y - 4);
  c.moveTo(x - 1, y - 8);
  c.lineTo(x + 3, y - 4);
  c.lineTo(x - 1, y);
  c.moveTo(x - 7, y + 3);
  c.lineTo(x - 7, y + 7);
  c.lineTo(x + 7, y + 7);
  c.lineTo(x + 7, y - 7);
  c.stroke();
}

/** A cylinder: knowledge. @param {Canvas} c @param {number} x @param {number} y @param {number} w @param {number} h */
export function cylinder(c, x, y, w, h) {
  const lid = h * 0.2;
  c.beginPath();
  c.ellipse(x, y - h / 2 + lid, w / 2, lid, 0, 0, 7);
  c.moveTo(x - w / 2, y - h / 2 + lid);
  c.lineTo(x - w / 2, y + h / 2 - lid);
  c.ellipse(x, y + h / 2 - lid, w / 2, lid, 0, Math.PI, 0, true);
  c.lineTo(x + w / 2, y - h / 2 + lid);
}

/** A minus or plus in a box: fold, unfold. @param {Canvas} c @param {number} x @param {number} y @param {boolean} is_folded */
export function fold_sign(c, x, y, is_folded) {
  rounded(c, x - 8, y - 8, 16, 16, 4);
  c.moveTo(x - 4, y);
  c.lineTo(x + 4, y);
  if (is_folded) {
    c.moveTo(x, y - 4);
    c.lineTo(x, y + 4);
  }
  c.stroke();
}

/** @param {Canvas} c @param {Float32Array} points @param {number} [step] */
export function trace(c, points, step = 1) {
  c.moveTo(points[0], points[1]);
  const last = points.length - 2;
  for (let i = 2 * step; i < last; i += 2 * step) c.lineTo(points[i], points[i + 1]);
  c.lineTo(points[last], points[last + 1]);
}
