// @ts-check
/** The sheet beside the graph (below it on a phone) with its tabs; each panel is loaded when first opened. */

import { api } from "../server/api.js";
import { classes, html, useEffect, useErrorBoundary, useRef, useState } from "../dom.js";
import { icon } from "../icons.js";
import { store, useStore } from "../state/store.js";

/** @type {[string, string, () => Promise<any>, string][]} */
const TABS = [
  ["element", "Element", () => import("../panels/element.js"), "ElementPanel"],
  ["trace", "Trace", () => import("../panels/trace.js"), "TracePanel"],
  ["log", "Log", () => import("../panels/log.js"), "LogPanel"],
  ["knowledge", "Knowledge", () => import("../panels/knowledge.js"), "KnowledgePanel"],
  ["settings", "Settings", () => import("../panels/settings.js"), "SettingsPanel"],
];
const LEAST = 340; // [px]
const MOST = 760;

/** @param {{load: () => Promise<any>, name: string}} props */
function Panel({ load, name }) {
  const [part, set] = useState(/** @type {any} */ ({}));
  const [error, reset] = useErrorBoundary();
  const fetch_part = () => {
    set({});
    load().then((module) => set({ view: module[name] }), (cause) => set({ cause }));
  };
  useEffect(fetch_part, [name]);
  const wrong = error ?? part.cause;
  if (wrong) {
    console.error(wrong);
    const again = () => (reset(), fetch_part());
    return html`<div class="empty"><p>This panel could not be shown.</p><p class="muted">${String(wrong?.message ?? wrong).slice(0, 300)}</p>
      <button class="button" type="button" onClick=${again}>Try again</button></div>`;
  }
  if (!part.view) return html`<p class="empty muted">Loading…</p>`;
  return html`<${part.view} store=${store} api=${api} />`;
}

/** @param {number} width [px] */
function set_width(width) {
  const fit = Math.max(LEAST, Math.min(MOST, innerWidth - 320, width));
  document.documentElement.style.setProperty("--sheet-width", `${Math.round(fit)}px`);
  return Math.round(fit);
}

/** The edge that makes the sheet wider. */
function Edge() {
  const [width, set] = useState(420);
  const drag = (/** @type {PointerEvent} */ event) => {
    const target = /** @type {HTMLElement} */ (event.currentTarget);
    if (target.hasPointerCapture(event.pointerId)) set(set_width(innerWidth - event.clientX - rail_width()));
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    const step = event.key === "ArrowLeft" ? 24 : event.key === "ArrowRight" ? -24 : 0;
    if (!step) return;
    event.preventDefault();
    set(set_width(width + step));
  };
  return html`<div class="sheet-edge" role="separator" aria-orientation="vertical" aria-label="Width of the panel" tabindex="0"
    aria-valuenow=${width} aria-valuemin=${LEAST} aria-valuemax=${MOST} onKeyDown=${key} onPointerMove=${drag}
    onPointerDown=${(/** @type {any} */ event) => event.currentTarget.setPointerCapture(event.pointerId)}></div>`;
}

const rail_width = () => document.querySelector(".rail")?.getBoundingClientRect().width ?? 0;

/** Closes the sheet; the key and the cross do the same. */
export function close_sheet() {
  const was_inside = document.activeElement?.closest(".sheet");
  const { sheet } = store.get();
  if (sheet === "element") store.select(null);
  else store.update({ sheet: null });
  if (was_inside) requestAnimationFrame(() => /** @type {HTMLElement|null} */ (document.querySelector(`.rail [data-tab="${sheet}"]`))?.focus());
}

export function Sheet() {
  const sheet = useStore((state) => state.sheet);
  const selected = useStore((state) => state.selected);
  const [is_tall, tall] = useState(false);
  const body = useRef(/** @type {HTMLElement|null} */ (null));
  const tab = TABS.find(([id]) => id === sheet);
  useEffect(() => {
    if (body.current) body.current.scrollTop = 0;
  }, [sheet, selected]);
  if (!tab) return null;
  const [id, label, load, name] = tab;
  return html`<aside class=${classes("sheet", is_tall && "is-tall")} aria-label=${label} id="sheet">
    <${Edge} />
    <div class="sheet-head">
      <h2>${label}</h2>
      <button class="button button-quiet sheet-grow" type="button" aria-pressed=${is_tall} aria-label="Whole height" onClick=${() => tall(!is_tall)}>${icon("up")}</button>
      <button class="button button-quiet" type="button" aria-label="Close panel" title="Close (Escape)" onClick=${close_sheet}>${icon("close")}</button>
    </div>
    <div class="sheet-body" ref=${body} tabindex="-1"><${Panel} key=${id} load=${load} name=${name} /></div>
  </aside>`;
}

/** @param {string} id */
function open(id) {
  const { sheet } = store.get();
  if (sheet === id) close_sheet();
  else store.update({ sheet: id });
}

/** @param {string} view @param {string} label @param {string} name @param {string} current @param {string|null} sheet */
const view_button = (view, label, name, current, sheet) => html`<button type="button" class="rail-button rail-view" data-tab=${view}
  aria-pressed=${current === view && !sheet} onClick=${() => store.update({ view: /** @type {any} */ (view), sheet: null })}>${icon(name)}<span>${label}</span></button>`;

/** The strip of buttons that opens a tab: at the right, on a phone at the bottom. */
export function Rail() {
  const sheet = useStore((state) => state.sheet);
  const view = useStore((state) => state.view);
  const failures = useStore((state) => state.log.reduce((sum, entry) => sum + (entry.kind === "failure" ? 1 : 0), 0));
  return html`<nav class="rail" aria-label="Panels">
    ${view_button("graph", "Graph", "graph", view, sheet)}
    ${view_button("list", "List", "list", view, sheet)}
    ${TABS.map(([id, label]) => html`<button type="button" class="rail-button" key=${id} data-tab=${id} aria-pressed=${sheet === id} onClick=${() => open(id)}>
      ${icon(id)}<span>${label}</span>${id === "log" && failures > 0 && sheet !== "log" && html`<i class="rail-dot" aria-hidden="true"></i>`}
    </button>`)}
  </nav>`;
}
