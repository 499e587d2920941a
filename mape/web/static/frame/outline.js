// @ts-check
/** Loops and elements as a tree: what a screen reader reads, and the main view on a phone. */

import { classes, html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../dom.js";
import { toggle_all, toggle_fold } from "../graph/graph.js";
import { LETTERS } from "../graph/shape.js";
import { peer_title, processes, role_of } from "../graph/model.js";
import { count, rate } from "../format.js";
import { icon } from "../icons.js";
import { key_of, store, useStore } from "../state/store.js";

const MANY = 60; // elements: from here on loops begin closed, to keep the page light

/** @typedef {{id: string, kind: string, depth: number, title: string, peer: string, path: string, role: string, is_open: boolean|null, parent: string}} Row */

/** @param {Record<string, any>} graphs @param {Set<string>} turned Those that are not as they begin. @returns {Row[]} */
function rows_of(graphs, turned) {
  const peers = processes(store.get());
  const many = peers.reduce((sum, peer) => sum + graphs[peer].elements.length, 0) > MANY;
  /** @type {Row[]} */
  const rows = [];
  for (const peer of peers) {
    const shift = peers.length > 1 ? 1 : 0;
    if (shift) rows.push({ id: `peer ${peer}`, kind: "peer", depth: 0, title: peer_title(store.get(), peer), peer, path: "", role: "", is_open: true, parent: "" });
    add_loops(rows, graphs[peer], peer, shift, turned, many);
  }
  return rows;
}

/** @param {Row[]} rows @param {any} graph @param {string} peer @param {number} shift @param {Set<string>} turned @param {boolean} many */
function add_loops(rows, graph, peer, shift, turned, many) {
  const by_path = new Map(graph.elements.map((/** @type {any} */ element) => [element.path, element]));
  const order = graph.levels.map((/** @type {any} */ level) => level.uid);
  const loops = [...graph.loops].sort((a, b) => order.indexOf(a.level ?? "") - order.indexOf(b.level ?? ""));
  let level = "";
  for (const loop of loops) {
    if ((loop.level ?? "") !== level) {
      level = loop.level ?? "";
      rows.push({ id: `level ${peer}/${level}`, kind: "level", depth: shift, title: level, peer, path: level, role: "", is_open: true, parent: "" });
    }
    const depth = shift + (level ? 1 : 0);
    const id = `loop ${key_of(peer, loop.path)}`;
    const is_open = turned.has(id) === many;
    const parent = level ? `level ${peer}/${level}` : "";
    rows.push({ id, kind: "loop", depth, title: loop.uid, peer, path: loop.path, role: "", is_open, parent });
    if (!is_open) continue;
    for (const path of loop.elements) {
      const element = /** @type {any} */ (by_path.get(path));
      if (element) rows.push({ id: key_of(peer, path), kind: "element", depth: depth + 1, title: element.uid, peer, path, role: role_of(element.role), is_open: null, parent: id });
    }
  }
}

/** @param {{row: Row}} props Redraws by itself once a figure has changed. */
function Figures({ row }) {
  const text = useStore(({ pulse }) => {
    const figures = pulse[row.id];
    if (!figures) return "";
    return figures.running ? rate(figures.rate) : "stopped";
  });
  const errors = useStore(({ pulse }) => pulse[row.id]?.errors ?? 0);
  return html`${errors > 0 && html`<span class="badge badge-bad" title=${`${errors} errors`}>${count(errors)}<span class="visually-hidden"> errors</span></span>`}
    <span class="row-rate">${text}</span>`;
}

/** @param {Row} row @param {(id: string) => void} turn */
function act(row, turn) {
  if (row.kind === "element") {
    store.update({ view: "graph" });
    store.select({ peer: row.peer, path: row.path });
  } else if (row.kind === "loop") turn(row.id);
}

/** @param {{row: Row, is_active: boolean, is_selected: boolean, is_folded: boolean, turn: (id: string) => void, set: (id: string) => void}} props */
function Line({ row, is_active, is_selected, is_folded, turn, set }) {
  const own = useRef(/** @type {HTMLElement|null} */ (null));
  useLayoutEffect(() => {
    // at once, before the next key: focus that comes late would fight with it
    if (is_active && document.activeElement?.closest(".outline-tree")) own.current?.focus();
  }, [is_active]);
  useEffect(() => {
    if (is_selected) own.current?.scrollIntoView({ block: "nearest" });
  }, [is_selected]);
  return html`<li ref=${own} role="treeitem" aria-level=${row.depth + 1} aria-expanded=${row.is_open ?? undefined}
    aria-selected=${row.kind === "element" ? is_selected : undefined} tabindex=${is_active ? 0 : -1} data-depth=${row.depth} data-id=${row.id}
    class=${classes("row", `row-${row.kind}`, is_selected && "is-selected")} onFocus=${() => set(row.id)} onClick=${() => act(row, turn)}>
    ${row.kind === "loop" && html`<span class=${classes("turn", row.is_open && "is-open")} aria-hidden="true">${icon("chevron")}</span>`}
    ${row.role && html`<span class="role" data-role=${row.role} aria-hidden="true">${LETTERS[row.role]}</span>`}
    <span class="row-title">${row.kind === "level" ? "level " : ""}${row.title}${row.role && html`<span class="visually-hidden">, ${row.role}</span>`}</span>
    ${is_folded && html`<span class="muted small">folded</span>`}
    ${row.kind === "element" && html`<${Figures} row=${row} />`}
  </li>`;
}

/** @param {KeyboardEvent} event @param {Row[]} rows @param {string} active @param {(id: string) => void} set @param {(id: string) => void} turn */
function on_key(event, rows, active, set, turn) {
  const at = rows.findIndex((row) => row.id === active);
  const row = rows[at];
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const to = (/** @type {number} */ index) => set(rows[Math.max(0, Math.min(rows.length - 1, index))].id);
  if (event.key === "ArrowDown") to(at + 1);
  else if (event.key === "ArrowUp") to(at - 1);
  else if (event.key === "Home") to(0);
  else if (event.key === "End") to(rows.length - 1);
  else if (event.key === "ArrowRight" && row.kind === "loop" && !row.is_open) turn(row.id);
  else if (event.key === "ArrowRight" && row.is_open) to(at + 1);
  else if (event.key === "ArrowLeft" && row.kind === "loop" && row.is_open) turn(row.id);
  else if (event.key === "ArrowLeft" && row.parent) set(row.parent);
  else if (event.key === "Enter" || event.key === " ") act(row, turn);
  else if (event.key === "F2" && row.kind === "loop") toggle_fold(key_of(row.peer, row.path));
  else if (event.key === "*") toggle_all();
  else return;
  event.preventDefault();
}

/** On a phone the list goes when an element opens; the focus goes to what comes. */
function leave() {
  if (!document.activeElement?.closest(".outline")) return;
  requestAnimationFrame(() => /** @type {HTMLElement|null} */ (document.querySelector(".sheet-body") ?? document.querySelector("#graph"))?.focus());
}

export function Outline() {
  const graphs = useStore((state) => state.graphs);
  const title = useStore((state) => state.hello?.app?.title ?? "this app");
  const known = useStore((state) => state.peers);
  const folded = useStore((state) => state.folded);
  const selected = useStore((state) => (state.selected ? key_of(state.selected.peer, state.selected.path) : ""));
  const [turned, set_turned] = useState(() => new Set());
  const [active, set] = useState("");
  const rows = /** @type {Row[]} */ (useMemo(() => rows_of(graphs, turned), [graphs, turned, title, known]));
  useLayoutEffect(() => leave, []);
  const turn = (/** @type {string} */ id) => {
    const next = new Set(turned);
    if (!next.delete(id)) next.add(id);
    set_turned(next);
  };
  const own = rows.some((row) => row.id === active) ? active : (rows[0]?.id ?? "");
  return html`<nav class="outline" aria-label="Loops and elements">
    <ul class="outline-tree" role="tree" aria-label="Loops and elements" onKeyDown=${(/** @type {KeyboardEvent} */ event) => on_key(event, rows, own, set, turn)}>
      ${rows.map((row) => html`<${Line} key=${row.id} row=${row} is_active=${row.id === own} is_selected=${row.id === selected}
        is_folded=${row.kind === "loop" && folded.has(key_of(row.peer, row.path))} turn=${turn} set=${set} />`)}
    </ul>
  </nav>`;
}
