// @ts-check
/** Draws numbers of knowledge: name, value, the curve of the last minute, and its goal as a line. */

import { FACT, facts_across } from "./loop.js";
import { fitted, measure } from "./text.js";
import { write } from "./card.js";
import { curve, figure } from "../state/numbers.js";

/** @typedef {import("./model.js").Group} Group */
/** @typedef {import("./draw.js").Picture} Picture */

const CURVE = { from: 82, most: 240, h: 30, gap: 26 };

/** @param {Picture} picture @param {Group} group @param {string} name @param {number} x @param {number} y @param {number} w */
function draw_curve(picture, group, name, x, y, w) {
  const { c, colours } = picture;
  const { points, goal } = curve(group.scope, name, w, CURVE.h);
  if (goal !== null) {
    c.beginPath();
    c.moveTo(x, y + goal);
    c.lineTo(x + w, y + goal);
    c.strokeStyle = colours.bad;
    c.lineWidth = 1.2;
    c.setLineDash([4, 3]);
    c.stroke();
    c.setLineDash([]);
  }
  if (points.length < 2) return;
  c.beginPath();
  points.forEach(([px, py], index) => (index ? c.lineTo(x + px, y + py) : c.moveTo(x + px, y + py)));
  c.strokeStyle = colours.roles.knowledge;
  c.lineWidth = 2;
  c.lineJoin = "round";
  c.stroke();
}

/** At the foot of a loop. @param {Picture} picture @param {Group} group */
export function draw_facts(picture, group) {
  const { c, colours, numbers } = picture;
  const values = numbers[group.scope];
  if (!values || !group.facts.length) return;
  const across = facts_across(group.w);
  const share = (group.w - 40) / Math.min(across, group.facts.length); // few numbers have room for longer curves
  const width = Math.min(CURVE.most, share - CURVE.from - CURVE.gap);
  const [small, large] = picture.zoom < picture.near ? ["far_note", "far_small"] : ["small", "fact"];
  const top = group.y + group.h - FACT.h * Math.ceil(group.facts.length / across) - 6;
  c.fillStyle = colours.line;
  c.fillRect(group.x + 18, top, group.w - 36, 1);
  group.facts.forEach((name, index) => {
    const x = group.x + 20 + (index % across) * share;
    const y = top + 8 + Math.floor(index / across) * FACT.h;
    write(picture, fitted(name, small, 76), small, colours.muted, x, y + 9);
    write(picture, fitted(figure(values[name]), large, 76), large, colours.text, x, y + 30);
    draw_curve(picture, group, name, x + CURVE.from, y + 4, width);
  });
}

/** In the title of a level or a process, from `x` on: names and values only; how much room they take. @param {Picture} picture @param {Group} group @param {number} x @param {number} room */
export function write_facts(picture, group, x, room) {
  const values = picture.numbers[group.scope];
  if (!values || !group.facts.length || room < 60) return 0;
  const text = group.facts.map((name) => `${name} ${figure(values[name])}`).join("   ");
  const shown = fitted(text, "small", room);
  write(picture, shown, "small", picture.colours.text, x, 1);
  return measure(shown, "small") + 22;
}
