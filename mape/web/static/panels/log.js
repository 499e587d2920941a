// @ts-check
/** What happened: failures, connects, gaps; newest first, repeats folded, still while somebody reads. */

import { classes, html, useEffect, useMemo, useRef, useState } from "../dom.js";
import { clock } from "../format.js";
import { GROUPS, fold } from "./log-fold.js";
import { Details } from "./failures.js";
import { Cause, Path } from "./parts.js";
import { line, whole } from "./words.js";
import { useStore } from "../state/store.js";

const FEW = 40;
const NAMES = { all: "All", failures: "Failures", connections: "Connections", losses: "Losses", steering: "Steering" };
const BAD = ["failure", "dead_letter", "disconnected", "unreachable", "overflow", "lost", "lock_lost", "refused"];

/** It needs nothing but the store. */
export function LogPanel() {
  const log = useStore((state) => state.log);
  const lost = useStore((state) => state.lost.log);
  const [filter, set_filter] = useState({ kind: "all", text: "", path: "" });
  const [most, set_most] = useState(FEW);
  const [place, held, go_on] = useReading(log);
  const { lines, cut } = useMemo(() => fold(held ?? log, filter, most), [held, held ? null : log, filter, most]);
  const newer = held ? newer_than(log, held) : 0;
  return html`<div class="panel" ref=${place}>
    <${Filters} filter=${filter} onFilter=${set_filter} />
    ${newer > 0 && html`<button type="button" class="button newer" onClick=${go_on}>${whole(newer)} newer: show them</button>`}
    ${lost > 0 && html`<p class="notice">${whole(lost)} entries did not fit through the connection and are missing here.</p>`}
    <p class="muted small" role="status">${count_text(lines.length, cut, log.length)}</p>
    ${!lines.length && html`<${Nothing} has_any=${log.length > 0} />`}
    <ol class="log" aria-label="what happened, newest first">
      ${lines.map((each) => html`<${Line} key=${each.key} line_of=${each} />`)}
    </ol>
    ${cut > 0 && html`<button type="button" class="link" onClick=${() => set_most(most + 2 * FEW)}>show more</button>`}
  </div>`;
}

/** @param {any[]} log @param {any[]} held */
function newer_than(log, held) {
  const last = held.at(-1);
  return last ? log.length - 1 - log.lastIndexOf(last) : log.length;
}

/** @param {number} shown @param {number} cut @param {number} all */
function count_text(shown, cut, all) {
  if (!all) return "";
  return `${whole(shown + cut)} ${shown + cut === 1 ? "line" : "lines"} of ${whole(all)} ${all === 1 ? "entry" : "entries"}${cut ? `, ${whole(shown)} shown` : ""}`;
}

/**
 * Holds the log still while somebody has scrolled down in it.
 * @param {any[]} log
 * @returns {[any, any[]|null, () => void]} Where the panel is, what is held, and what lets go.
 */
function useReading(log) {
  const place = useRef(/** @type {HTMLElement|null} */ (null));
  const latest = useRef(log);
  latest.current = log;
  const [held, hold] = useState(/** @type {any[]|null} */ (null));
  useEffect(() => {
    const scroller = place.current?.closest(".sheet-body");
    if (!scroller) return undefined;
    const look = () => {
      const is_down = scroller.scrollTop > 80;
      hold((old) => (is_down ? (old ?? latest.current) : null));
    };
    scroller.addEventListener("scroll", look, { passive: true });
    return () => scroller.removeEventListener("scroll", look);
  }, []);
  const go_on = () => {
    hold(null);
    place.current?.closest(".sheet-body")?.scrollTo({ top: 0 });
  };
  return [place, held, go_on];
}

/** @param {{filter: import("./log-fold.js").Filter, onFilter: (filter: any) => void}} props */
function Filters({ filter, onFilter }) {
  const graphs = useStore((state) => state.graphs);
  const paths = useMemo(
    () => Object.values(graphs).flatMap((graph) => (graph.elements ?? []).map((/** @type {any} */ each) => each.path)),
    [graphs],
  );
  return html`<div class="filters" role="search" aria-label="filter the log">
    <div class="chips" role="radiogroup" aria-label="kind">
      ${Object.keys(GROUPS).map((kind) => html`<label class="switch-one"><input type="radio" name="log-kind"
        checked=${filter.kind === kind} onChange=${() => onFilter({ ...filter, kind })} />
        <span>${/** @type {any} */ (NAMES)[kind]}</span></label>`)}
    </div>
    <div class="filters-row">
      <input class="field" type="search" aria-label="text in the log" placeholder="text" value=${filter.text}
        onInput=${(/** @type {any} */ event) => onFilter({ ...filter, text: event.target.value })} />
      <select class="field" aria-label="element" value=${filter.path}
        onChange=${(/** @type {any} */ event) => onFilter({ ...filter, path: event.target.value })}>
        <option value="">every element</option>
        ${paths.slice(0, 200).map((path) => html`<option value=${path}>${line(path, 80)}</option>`)}
      </select>
    </div>
  </div>`;
}

/** @param {{has_any: boolean}} props */
function Nothing({ has_any }) {
  const nothing = "Nothing happened yet. Failures, connections and gaps appear here.";
  return html`<p class="empty">${has_any ? "Nothing in the log fits this filter." : nothing}</p>`;
}

/** @param {{line_of: import("./log-fold.js").Line}} props */
function Line({ line_of }) {
  const { entry, count, first } = line_of;
  const [is_open, set_open] = useState(false);
  const has_more =
    Boolean(entry.traceback) || (entry.item !== undefined && entry.item !== null) || entry.text.length > 160;
  const text = html`<span class="log-text">${line(entry.text, 240)}</span>`;
  return html`<li class=${classes("log-line", BAD.includes(entry.kind) && "is-bad")}>
    <p class="log-head">
      <time class="item-time" title=${count > 1 ? `first ${clock(first)}` : ""}>${clock(entry.t)}</time>
      <span class="log-kind">${line(entry.kind.replaceAll("_", " "), 24)}</span>
      ${count > 1 && html`<span class="badge" title="since ${clock(first)}">${whole(count)} times</span>`}
      <${Path} peer=${entry.peer ?? ""} path=${entry.path} />
      <${Cause} cause=${entry.cause} />
    </p>
    ${!has_more && html`<p class="log-plain">${text}</p>`}
    ${has_more && html`<button type="button" class="item-fold" aria-expanded=${is_open}
      onClick=${() => set_open(!is_open)}>${text}</button>`}
    ${is_open && html`<${Details} entry=${entry} />`}
  </li>`;
}
