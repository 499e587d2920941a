// @ts-check
/** Draws nodes: cards of elements, folded loops, channels; with less detail from further away. */

import { count, rate, seconds } from "../format.js";
import { FONTS, fitted, fitting, measure } from "./text.js";
import { LETTERS, antenna, badge, fold_sign, rounded, start_sign, tray } from "./shape.js";

/** @typedef {import("./model.js").Node} Node */
/** @typedef {import("./draw.js").Picture} Picture */

const RADIUS = 14;
const FULL_QUEUE = 3; // decades: a thousand waiting items fill the bar

/**
 * @typedef {object} Sums What a node's elements come to.
 * @property {number} rate
 * @property {number|null} mean
 * @property {number} queued
 * @property {number} errors
 * @property {boolean} is_stopped
 */

/** @param {Node} node @param {Picture} picture @returns {Sums} */
export function sums_of(node, { pulse }) {
  const sums = { rate: 0, mean: /** @type {number|null} */ (null), queued: 0, errors: 0, is_stopped: node.is_stopped };
  let running = 0;
  for (const key of node.keys) {
    const figures = pulse[key];
    if (!figures) continue;
    sums.rate = node.kind === "loop" ? Math.max(sums.rate, figures.rate) : figures.rate;
    sums.mean = figures.mean;
    sums.queued += figures.queued;
    sums.errors += figures.errors;
    running += figures.running ? 1 : 0;
  }
  if (node.kind === "element" && pulse[node.keys[0]]) sums.is_stopped = !running;
  return sums;
}

/** @param {Picture} picture @param {string} text @param {string} font @param {string} colour @param {number} x @param {number} y @param {CanvasTextAlign} [align] */
export function write(picture, text, font, colour, x, y, align = "left") {
  const { c } = picture;
  c.font = FONTS[font];
  c.fillStyle = colour;
  c.textAlign = align;
  c.fillText(text, x, y);
}

/** @param {Node} node @param {Picture} picture @param {Sums} sums */
function body(node, picture, sums) {
  const { c, colours } = picture;
  const [x, y] = [node.x - node.w / 2, node.y - node.h / 2];
  if (!sums.is_stopped) {
    rounded(c, x, y + 2, node.w, node.h, RADIUS);
    c.fillStyle = colours.line;
    c.fill();
  }
  rounded(c, x, y, node.w, node.h, RADIUS);
  c.fillStyle = sums.is_stopped ? colours.surface : colours.raised;
  c.fill();
  c.strokeStyle = sums.is_stopped ? colours.faint : colours.strong_line;
  c.lineWidth = 1.3;
  c.setLineDash(sums.is_stopped ? [6, 5] : []);
  c.stroke();
  c.setLineDash([]);
}

/** @param {Node} node @param {Picture} picture @param {Sums} sums @param {number} x @param {number} y @param {number} r */
function role_badge(node, picture, sums, x, y, r) {
  const { c, colours } = picture;
  badge(c, node.role, x, y, r);
  c.fillStyle = c.strokeStyle = colours.roles[node.role];
  c.lineWidth = 2;
  if (sums.is_stopped) c.stroke();
  else c.fill();
}

/** @param {Node} node @param {Picture} picture @param {Sums} sums */
function queue_bar(node, picture, sums) {
  const { c, colours } = picture;
  const [left, top, width] = [node.x - node.w / 2 + 14, node.y + node.h / 2 - 14, node.w - 28];
  rounded(c, left, top, width, 5, 2.5);
  c.fillStyle = colours.band;
  c.fill();
  if (!sums.queued) return;
  const share = Math.min(1, Math.log10(1 + sums.queued) / FULL_QUEUE);
  rounded(c, left, top, Math.max(5, share * width), 5, 2.5);
  c.fillStyle = share > 0.66 ? colours.warn : colours.roles[node.role];
  c.fill();
}

/** @param {Node} node @param {Picture} picture @param {Sums} sums */
function error_badge(node, picture, sums) {
  if (!sums.errors) return;
  const { c, colours } = picture;
  const text = count(sums.errors);
  const width = Math.max(22, measure(text, "badge") + 14);
  const [x, y] = [node.x + node.w / 2 - width + 8, node.y - node.h / 2 - 9];
  rounded(c, x - 1.5, y - 1.5, width + 3, 25, 12.5);
  c.fillStyle = colours.surface;
  c.fill();
  rounded(c, x, y, width, 22, 11);
  c.fillStyle = colours.bad;
  c.fill();
  write(picture, text, "badge", colours.on_bad, x + width / 2, y + 11.5, "center");
}

/** @param {Node} node @param {Picture} picture @param {Sums} sums */
function element_card(node, picture, sums) {
  const { c, colours } = picture;
  const [left, top, right] = [node.x - node.w / 2, node.y - node.h / 2, node.x + node.w / 2];
  body(node, picture, sums);
  role_badge(node, picture, sums, left + 28, top + 29, 15.5);
  const letter = sums.is_stopped ? colours.roles[node.role] : colours.on_role;
  const dx = node.role === "execute" ? 0.5 : 0;
  write(picture, LETTERS[node.role] ?? "", "letter", letter, left + 28 + dx, top + 30, "center");
  const name_colour = sums.is_stopped ? colours.muted : colours.text;
  write(picture, fitted(node.title, "title", node.w - 76), "title", name_colour, left + 52, top + 30);
  c.fillStyle = c.strokeStyle = colours.faint;
  c.lineWidth = 1.4;
  start_sign(c, node.starts, right - 15, top + 29);
  card_figures(node, picture, sums, left, right, top + 61);
  queue_bar(node, picture, sums);
  error_badge(node, picture, sums);
}

/** @param {Node} node @param {Picture} picture @param {Sums} sums @param {number} left @param {number} right @param {number} y */
function card_figures(node, picture, sums, left, right, y) {
  const { colours } = picture;
  if (sums.is_stopped) {
    write(picture, "stopped", "small", colours.muted, left + 15, y);
    return;
  }
  const colour = sums.rate ? colours.text : colours.muted;
  write(picture, rate(sums.rate), "figure", colour, left + 15, y);
  const room = right - left - 40 - measure(rate(sums.rate), "figure");
  const waiting = `${count(sums.queued)} waiting`;
  const queued = measure(waiting, "small") < room ? waiting : `+${count(sums.queued)}`;
  const beside = sums.queued ? queued : sums.mean === null ? "" : seconds(sums.mean);
  write(picture, beside, "small", colours.muted, right - 15, y, "right");
}

/** @param {Node} node @param {Picture} picture @param {Sums} sums */
function loop_card(node, picture, sums) {
  const { c, colours } = picture;
  const [left, top, right] = [node.x - node.w / 2, node.y - node.h / 2, node.x + node.w / 2];
  for (const offset of [10, 5]) {
    rounded(c, left + offset, top + offset - 2, node.w - 2 * offset, node.h, RADIUS);
    c.fillStyle = colours.band;
    c.fill();
    c.strokeStyle = colours.strong_line;
    c.lineWidth = 1;
    c.stroke();
  }
  body(node, picture, sums);
  c.strokeStyle = colours.muted;
  c.lineWidth = 1.5;
  fold_sign(c, left + 26, top + 28, true);
  write(picture, fitted(node.title, "title", node.w - 62), "title", colours.text, left + 46, top + 29);
  write(picture, rate(sums.rate), "figure", sums.rate ? colours.text : colours.muted, left + 18, top + 62);
  const many = `${node.keys.length} ${node.keys.length === 1 ? "element" : "elements"}`;
  write(picture, many, "small", colours.muted, right - 16, top + 62, "right");
  error_badge(node, picture, sums);
}

/** @param {Node} node @param {Picture} picture */
function chip(node, picture) {
  const { c, colours, zoom } = picture;
  const [left, top] = [node.x - node.w / 2, node.y - node.h / 2];
  rounded(c, left, top, node.w, node.h, node.h / 2);
  c.fillStyle = colours.surface;
  c.fill();
  c.strokeStyle = colours.faint;
  c.lineWidth = 1.3;
  c.setLineDash(node.is_remote ? [6, 4] : []);
  c.stroke();
  c.setLineDash([]);
  if (zoom < picture.far) return;
  if (zoom < picture.near) {
    const font = fitting(node.title, node.w - 20, ["far_chip", "far_note"]);
    write(picture, fitted(node.title, font, node.w - 20, true), font, colours.muted, node.x, node.y + 1, "center");
    return;
  }
  c.strokeStyle = colours.muted;
  c.lineWidth = 1.5;
  (node.is_remote ? antenna : tray)(c, left + 20, node.y);
  write(picture, fitted(node.title, "chip", node.w - 50, true), "chip", colours.muted, left + 36, node.y + 1);
}

/** From further away: letter, rate and name, as large as the card allows. @param {Node} node @param {Picture} picture @param {Sums} sums */
function far_card(node, picture, sums) {
  const { c, colours } = picture;
  const [left, top, right] = [node.x - node.w / 2, node.y - node.h / 2, node.x + node.w / 2];
  body(node, picture, sums);
  if (node.kind === "element") {
    role_badge(node, picture, sums, left + 32, top + 29, 20);
    const letter = sums.is_stopped ? colours.roles[node.role] : colours.on_role;
    write(picture, LETTERS[node.role] ?? "", "far_letter", letter, left + 32, top + 31, "center");
  }
  const what = sums.is_stopped ? "stopped" : rate(sums.rate);
  write(picture, fitted(what, "far", node.w - 76), "far", colours.muted, right - 14, top + 30, "right");
  const font = fitting(node.title, node.w - 20, ["far", "far_small", "title"]);
  write(picture, fitted(node.title, font, node.w - 20), font, colours.text, left + 12, top + 70);
  if (sums.errors) dot(c, node.x + node.w / 2 - 6, node.y - node.h / 2 + 6, 13, colours.bad);
}

/** From afar: a patch of colour. @param {Node} node @param {Picture} picture @param {Sums} sums */
function patch(node, picture, sums) {
  const { c, colours } = picture;
  c.fillStyle = node.kind === "element" ? colours.roles[node.role] : colours.faint;
  c.globalAlpha *= sums.is_stopped ? 0.3 : sums.rate ? 1 : 0.65;
  c.fillRect(node.x - node.w / 2, node.y - node.h / 2, node.w, node.h);
  if (picture.zoom > 0.09) write(picture, LETTERS[node.role] ?? "", "patch", colours.on_role, node.x, node.y + 4, "center");
  if (sums.errors) dot(c, node.x + node.w / 2 - 10, node.y - node.h / 2 + 10, 26, colours.bad);
}

/** @param {CanvasRenderingContext2D} c @param {number} x @param {number} y @param {number} r @param {string} colour */
function dot(c, x, y, r, colour) {
  c.beginPath();
  c.arc(x, y, r, 0, 7);
  c.fillStyle = colour;
  c.fill();
}

/** @param {Node} node @param {Picture} picture */
function ring(node, picture) {
  const { c, colours } = picture;
  rounded(c, node.x - node.w / 2 - 5, node.y - node.h / 2 - 5, node.w + 10, node.h + 10, RADIUS + 5);
  c.strokeStyle = colours.accent;
  c.lineWidth = Math.max(3, 2 / picture.zoom);
  c.stroke();
}

/** @param {Node} node @param {Picture} picture */
export function draw_node(node, picture) {
  const { c } = picture;
  c.globalAlpha = picture.is_faint(node) ? 0.22 : 1;
  const alpha = c.globalAlpha;
  const sums = sums_of(node, picture);
  if (node.kind === "channel") chip(node, picture);
  else if (picture.zoom < picture.far) patch(node, picture, sums);
  else if (picture.zoom < picture.near) far_card(node, picture, sums);
  else if (node.kind === "loop") loop_card(node, picture, sums);
  else element_card(node, picture, sums);
  c.globalAlpha = alpha;
  if (node.id === picture.selected || node.id === picture.focused) ring(node, picture);
  c.globalAlpha = 1;
}
