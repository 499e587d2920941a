// @ts-check
/** The graph's place on the page: canvases, buttons, legend, and what happens at a click or key. */

import { classes, html, useEffect, useRef, useState } from "../dom.js";
import { Stage } from "./stage.js";
import { ARROWS, sentence, step } from "./walk.js";
import { icon } from "../icons.js";
import { Legend } from "./legend.js";
import { key_of, store, useStore } from "../state/store.js";
import { count } from "../format.js";

/** @typedef {import("./model.js").Node} Node */

/** @param {string} key Of a loop. */
export function toggle_fold(key) {
  const folded = new Set(store.get().folded);
  if (!folded.delete(key)) folded.add(key);
  store.update({ folded });
}

/** Folds all loops, or unfolds them when all are. */
export function toggle_all() {
  const { graphs, folded } = store.get();
  const keys = Object.entries(graphs).flatMap(([peer, graph]) => graph.loops.map((/** @type {any} */ loop) => key_of(peer, loop.path)));
  store.update({ folded: keys.every((key) => folded.has(key)) ? new Set() : new Set(keys) });
}

/** @param {Node} node */
function choose(node) {
  if (node.kind === "loop") toggle_fold(key_of(node.peer, node.path));
  else if (node.kind === "element") store.select({ peer: node.peer, path: node.path });
}

/** @param {Stage} stage @param {number} x @param {number} y */
function click(stage, x, y) {
  const hit = stage.hit(x, y);
  if (hit?.node) choose(hit.node);
  else if (hit?.group) toggle_fold(key_of(hit.group.peer, hit.group.path));
  else store.select(null);
}

/** @param {Stage} stage @param {KeyboardEvent} event @param {(text: string) => void} say */
function on_key(stage, event, say) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { selected, pulse } = store.get();
  const at = stage.focused || (selected ? key_of(selected.peer, selected.path) : "");
  const node = stage.scene.nodes.get(at);
  if (event.key in ARROWS) {
    const next = step(stage.scene, at, event.key);
    if (next) {
      stage.focused = next.id;
      stage.view.reveal(next);
      stage.request();
      say(sentence(stage.scene, next, pulse));
    }
  } else if ((event.key === "Enter" || event.key === " ") && node) choose(node);
  else if (event.key === "+" || event.key === "=") stage.view.zoom_by(1.25);
  else if (event.key === "-") stage.view.zoom_by(0.8);
  else return;
  event.preventDefault();
}

/** @param {(number|null)[]|undefined} wire */
function wire_text(wire) {
  const words = ["passed", "lost", "retries", "waiting"];
  const known = (wire ?? []).map((value, index) => (value || (index === 0 && value === 0) ? `${count(value)} ${words[index]}` : ""));
  return known.filter(Boolean).join(", ");
}

/** @param {any} hit @param {Record<string, any>} wires */
function tip_of(hit, wires) {
  if (hit?.edge) {
    const { title, operators, kind, id } = hit.edge;
    const lines = [title, operators.join(" → "), kind === "local" ? "" : `${kind} edge`, wire_text(wires[id])];
    return lines.filter(Boolean).join("\n");
  }
  if (hit?.node) return hit.node.kind === "channel" ? hit.node.title : hit.node.path;
  return hit?.group ? `fold loop ${hit.group.title}` : "";
}

/** @param {Stage} stage @param {PointerEvent} event @param {(tip: any) => void} set */
function hover(stage, event, set) {
  if (event.buttons || event.pointerType === "touch") return;
  const box = stage.host.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const hit = stage.hit(x, y);
  const hovered = hit?.node?.id ?? "";
  if (hovered !== stage.hovered) {
    stage.hovered = hovered;
    stage.request();
  }
  stage.host.classList.toggle("is-pointing", Boolean(hit && !hit.edge));
  const text = tip_of(hit, store.get().wires).slice(0, 400);
  set((/** @type {any} */ old) => (text ? { text, x, y } : old ? null : old));
}

/** @param {{tip: {text: string, x: number, y: number}|null, host: any}} props */
function Tip({ tip, host }) {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => {
    if (!tip || !box.current) return;
    const { width, height } = host.current.getBoundingClientRect();
    const { offsetWidth, offsetHeight, style } = box.current;
    style.left = `${Math.max(8, Math.min(width - offsetWidth - 8, tip.x + 14))}px`;
    style.top = `${Math.max(8, Math.min(height - offsetHeight - 8, tip.y + 18))}px`;
  }, [tip]);
  return tip ? html`<div class="tip" ref=${box} aria-hidden="true">${tip.text}</div>` : null;
}

/** @param {{label: string, keys: string, name: string, act: () => void}} props */
const Tool = ({ label, keys, name, act }) =>
  html`<button class="tool" type="button" aria-label=${label} title=${`${label} (${keys})`} onClick=${act}>${icon(name)}</button>`;

export function Graph() {
  const host = useRef(/** @type {any} */ (null));
  const base = useRef(null);
  const overlay = useRef(null);
  const stage = useRef(/** @type {Stage|null} */ (null));
  const [tip, set_tip] = useState(null);
  const [said, say] = useState("");
  const folded = useStore((state) => state.folded);
  useEffect(() => set_tip(null), [folded]);
  const is_old = useStore((state) => state.status !== "live" && state.hello !== null);
  useEffect(() => {
    const own = new Stage(host.current, /** @type {any} */ (base.current), /** @type {any} */ (overlay.current));
    stage.current = own;
    host.current.stage = own; // for whoever tests the page
    own.open((x, y) => click(own, x, y));
    return () => own.close();
  }, []);
  const view = () => /** @type {Stage} */ (stage.current).view;
  const fit = () => view().fit(/** @type {Stage} */ (stage.current).scene.bounds);
  return html`<section class=${classes("graph-area", is_old && "is-old")} aria-label="Graph">
    <div class="graph" id="graph" ref=${host} tabindex="0" role="application" aria-label="Graph of loops and elements"
      aria-describedby="graph-keys" onKeyDown=${(/** @type {KeyboardEvent} */ event) => stage.current && on_key(stage.current, event, say)}
      onPointerMove=${(/** @type {PointerEvent} */ event) => stage.current && hover(stage.current, event, set_tip)}
      onPointerLeave=${() => set_tip(null)} onDblClick=${fit}>
      <canvas ref=${base} aria-hidden="true"></canvas>
      <canvas ref=${overlay} aria-hidden="true"></canvas>
      <${Tip} tip=${tip} host=${host} />
    </div>
    <p id="graph-keys" class="visually-hidden">Arrow keys go from element to element, Enter opens one. The same is in the list of loops and elements.</p>
    <p class="visually-hidden" role="status">${said}</p>
    <div class="tools" role="group" aria-label="View">
      <${Tool} label="Zoom in" keys="+" name="plus" act=${() => view().zoom_by(1.25)} />
      <${Tool} label="Zoom out" keys="-" name="minus" act=${() => view().zoom_by(0.8)} />
      <${Tool} label="Show all" keys="f" name="fit" act=${fit} />
    </div>
    <${Legend} />
  </section>`;
}

/** Shows all; for the key that works everywhere. */
export function fit_graph() {
  const stage = /** @type {any} */ (document.getElementById("graph"))?.stage;
  stage?.view.fit(stage.scene.bounds);
}
