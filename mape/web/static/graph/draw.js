// @ts-check
/** Draws the scene: groups, edges, nodes, in this order; only what is in sight. */

import { pill_text, pill_width, fitted, FONTS, measure } from "./text.js";
import { draw_facts, write_facts } from "./facts.js";
import { draw_node, write } from "./card.js";
import { cylinder, fold_sign, rounded, trace } from "./shape.js";

/** @typedef {import("./model.js").Scene} Scene */
/** @typedef {import("./model.js").Edge} Edge */
/** @typedef {import("./model.js").Group} Group */
/** @typedef {import("./model.js").Node} Node */

/**
 * @typedef {object} Picture
 * @property {CanvasRenderingContext2D} c
 * @property {import("./palette.js").Palette} colours
 * @property {Record<string, import("../state/figures.js").Figures>} pulse
 * @property {Record<string, Record<string, number>>} numbers
 * @property {number} zoom
 * @property {number} near Nearer than this: whole cards.
 * @property {number} far Further than this: patches.
 * @property {string} selected A node's id.
 * @property {string} focused
 * @property {(node: Node) => boolean} is_faint Whether it is not what is searched for.
 * @property {{left: number, top: number, right: number, bottom: number}} sight
 */

const KINDS = { loop: "", level: "level", peer: "process" };
const DASHES = { local: [], sink: [], source: [], remote: [9, 6], routed: [2, 6] };

/** @param {Picture} picture @param {number} x @param {number} y @param {number} w @param {number} h */
export const is_seen = ({ sight }, x, y, w, h) => x < sight.right && x + w > sight.left && y < sight.bottom && y + h > sight.top;

/** @param {Picture} picture @param {Group} group */
function draw_group(picture, group) {
  const { c, colours } = picture;
  const is_loop = group.kind === "loop";
  rounded(c, group.x, group.y, group.w, group.h, is_loop ? 20 : 26);
  c.fillStyle = is_loop ? colours.surface : group.kind === "level" ? colours.band : colours.ground;
  c.fill();
  c.strokeStyle = group.kind === "peer" ? colours.strong_line : colours.line;
  c.lineWidth = group.kind === "peer" ? 2 : 1.2;
  if (group.kind !== "level") c.stroke();
  group_title(picture, group);
  if (is_loop && picture.zoom >= picture.far) draw_facts(picture, group);
}

/** As large as wanted, if the whole title has room then; the sign of its knowledge gives way first. @param {Group} group @param {number} wanted @param {string} font @param {boolean} has_fold */
function title_size(group, wanted, font, has_fold) {
  const text = measure(group.kind === "loop" ? group.title : `${KINDS[group.kind]}  ${group.title}`, font) + (has_fold ? 26 : 0) + 40;
  const has_sign = !group.knowledge || group.w / (text + 64) >= 0.8 * wanted;
  const room = group.w / (text + (group.knowledge && has_sign ? 64 : 0));
  return { grow: Math.max(1, Math.min(wanted, room)), has_sign };
}

/** Titles stay readable from further away. @param {Picture} picture @param {Group} group */
function group_title(picture, group) {
  const { c, colours, zoom } = picture;
  const is_loop = group.kind === "loop";
  if (zoom < picture.far) return is_loop ? undefined : level_tag(picture, group);
  const font = is_loop ? "group" : "level";
  const has_fold = is_loop && zoom >= picture.near;
  const { grow, has_sign } = title_size(group, Math.min(is_loop ? 1.9 : 2, Math.max(1, 0.74 / zoom)), font, has_fold);
  c.save();
  c.translate(group.x + 20, group.y + 23);
  c.scale(grow, grow);
  let x = 0;
  if (has_fold) {
    c.strokeStyle = colours.muted;
    c.lineWidth = 1.4;
    fold_sign(c, 6, 0, false);
    x = 26;
  }
  for (const one of group.only ? [group, group.only] : [group]) {
    const sign = has_sign && one.knowledge ? 60 : 0;
    const room = group.w / grow - 36 - x - sign;
    if (room < 40 && one !== group) break;
    const shown = fitted(is_loop ? one.title : `${KINDS[one.kind]}  ${one.title}`, font, Math.max(40, room));
    write(picture, shown, font, one.kind === "level" ? colours.muted : colours.text, x, 1);
    x += measure(shown, font) + 22;
    if (sign) knowledge_sign(picture, one.knowledge, x);
    x += sign;
    if (!is_loop) x += write_facts(picture, one, x, group.w / grow - x - 50);
  }
  c.restore();
  return undefined;
}

/** From afar: always of the same size. @param {Picture} picture @param {Group} group */
function level_tag(picture, group) {
  const { c, colours, zoom } = picture;
  const text = fitted(group.title, "level", 200);
  c.save();
  c.translate(group.x, group.y);
  c.scale(1 / zoom, 1 / zoom);
  rounded(c, -6, -11, measure(text, "level") + 16, 22, 8);
  c.fillStyle = colours.raised;
  c.fill();
  c.strokeStyle = colours.line;
  c.stroke();
  write(picture, text, "level", colours.text, 2, 1);
  c.restore();
}

/** @param {Picture} picture @param {number} keys @param {number} x */
function knowledge_sign(picture, keys, x) {
  const { c, colours } = picture;
  cylinder(c, x, 0, 14, 17);
  c.strokeStyle = colours.roles.knowledge;
  c.lineWidth = 1.8;
  c.stroke();
  write(picture, `K ${keys}`, "small", colours.roles.knowledge, x + 13, 1);
}

/** @param {Picture} picture @param {Edge} edge @param {boolean} is_hot */
function draw_edge(picture, edge, is_hot) {
  const { c, colours, zoom } = picture;
  const is_far = zoom < picture.far;
  c.strokeStyle = c.fillStyle = is_hot ? colours.accent : colours.faint;
  c.lineWidth = Math.max(is_hot ? 2.6 : 1.7, (is_hot ? 1.6 : 0.8) / zoom);
  c.setLineDash(is_far ? [] : DASHES[edge.kind] ?? []);
  c.lineCap = edge.kind === "routed" ? "round" : "butt";
  c.beginPath();
  trace(c, edge.points, is_far ? 4 : 1);
  c.stroke();
  c.setLineDash([]);
  if (!is_far) arrow(c, edge.points);
}

/** @param {CanvasRenderingContext2D} c @param {Float32Array} points */
function arrow(c, points) {
  const last = points.length - 2;
  const [x, y] = [points[last], points[last + 1]];
  const angle = Math.atan2(y - points[last - 3], x - points[last - 4]);
  c.beginPath();
  c.moveTo(x, y);
  for (const turn of [2.72, -2.72]) c.lineTo(x + 11 * Math.cos(angle + turn), y + 11 * Math.sin(angle + turn));
  c.closePath();
  c.fill();
}

/** @param {Picture} picture @param {Edge} edge */
function draw_pill(picture, edge) {
  const { c, colours } = picture;
  const label = edge.operators.length ? pill_text(edge.operators) : "";
  if (!label) return;
  const middle = 2 * Math.floor(edge.points.length / 4);
  const width = pill_width(edge.operators);
  const [x, y] = [edge.points[middle], edge.points[middle + 1]];
  rounded(c, x - width / 2, y - 12, width, 24, 12);
  c.fillStyle = colours.surface;
  c.fill();
  c.strokeStyle = colours.line;
  c.lineWidth = 1.2;
  c.stroke();
  write(picture, fitted(label, "pill", width - 16), "pill", colours.muted, x, y + 0.5, "center");
}

/** @param {Picture} picture @param {Edge} edge @param {Scene} scene */
function edge_is_faint(picture, edge, scene) {
  const ends = [scene.nodes.get(edge.source), scene.nodes.get(edge.target)];
  return ends.some((node) => node && picture.is_faint(node));
}

/** @param {Picture} picture @param {Scene} scene */
function draw_groups(picture, scene) {
  const peers = [...scene.groups.values()].filter((group) => group.kind === "peer");
  const folded = new Set([...scene.nodes.values()].filter((node) => node.kind === "loop").map((node) => node.group));
  for (const kind of ["peer", "level", "loop"]) {
    for (const group of scene.groups.values()) {
      if (group.kind !== kind || !group.w || !is_seen(picture, group.x, group.y, group.w, group.h)) continue;
      const is_plain = (kind === "peer" && peers.length < 2) || (kind === "level" && !group.path) || folded.has(group.id);
      if (!is_plain) draw_group(picture, group);
    }
  }
}

/** @param {Picture} picture @param {Scene} scene @param {string} hot The node whose edges stand out. */
function draw_edges(picture, scene, hot) {
  const { c } = picture;
  for (const pass of [false, true]) {
    for (const edge of scene.edges) {
      const is_hot = hot !== "" && (edge.source === hot || edge.target === hot);
      if (is_hot !== pass || !edge_is_seen(picture, edge)) continue;
      c.globalAlpha = edge_is_faint(picture, edge, scene) ? 0.15 : 1;
      draw_edge(picture, edge, is_hot);
    }
  }
  if (picture.zoom < picture.near) return;
  for (const edge of scene.edges) {
    if (!edge_is_seen(picture, edge)) continue;
    c.globalAlpha = edge_is_faint(picture, edge, scene) ? 0.15 : 1;
    draw_pill(picture, edge);
  }
  c.globalAlpha = 1;
}

/** @param {Picture} picture @param {Edge} edge */
const edge_is_seen = (picture, { extent: { x, y, w, h } }) => is_seen(picture, x - 60, y - 20, w + 120, h + 40);

/**
 * @param {Picture} picture
 * @param {Scene} scene
 * @param {{x: number, y: number, zoom: number}} view
 * @param {number} ratio Of the screen's points to the page's.
 * @param {string} hot
 */
export function draw_scene(picture, scene, view, ratio, hot) {
  const { c } = picture;
  c.setTransform(1, 0, 0, 1, 0, 0);
  c.clearRect(0, 0, c.canvas.width, c.canvas.height);
  c.setTransform(ratio * view.zoom, 0, 0, ratio * view.zoom, ratio * view.x, ratio * view.y);
  c.textBaseline = "middle";
  c.font = FONTS.title;
  draw_groups(picture, scene);
  draw_edges(picture, scene, hot);
  for (const node of scene.nodes.values()) {
    const is_in = is_seen(picture, node.x - node.w / 2 - 12, node.y - node.h / 2 - 12, node.w + 24, node.h + 24);
    if (is_in) draw_node(node, picture);
  }
}
