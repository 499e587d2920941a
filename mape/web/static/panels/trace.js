// @ts-check
/** One item's way through elements and processes, with times. */

import { classes, html, useEffect, useState } from "../dom.js";
import { clock, seconds } from "../format.js";
import { peer_title } from "../graph/model.js";
import { Copy, Outcome, Path, short_cause } from "./parts.js";
import { line, sentence, whole } from "./words.js";
import { store, useStore } from "../state/store.js";
import { lanes_of } from "./trace-lanes.js";
import { ValueTree } from "./tree.js";

/** @typedef {import("./trace-lanes.js").Visit} Visit */

const RECENT = 8;
const MOST_EXITS = 20;

/** @param {{store: any, api: any}} props */
export function TracePanel({ api }) {
  const cause = useStore((state) => state.trace);
  const traces = useStore((state) => state.traces);
  const trace = cause ? traces[cause] : null;
  const problem = useMissing(cause, trace, api);
  return html`<div class="panel">
    <${Recent} traces=${traces} shown=${cause} />
    ${trace ? html`<${Way} key=${cause} trace=${trace} />` : html`<${Missing} cause=${cause} problem=${problem} />`}
  </div>`;
}

/**
 * Asks for a trace that the stream did not bring.
 * @param {string|null} cause @param {any} trace @param {any} api
 * @returns {string} Why there is none.
 */
function useMissing(cause, trace, api) {
  const [problem, tell] = useState("");
  useEffect(() => {
    tell("");
    if (!cause || trace) return;
    api.get("/live/trace", { cause }).then(
      (/** @type {any} */ found) => keep(cause, found, tell),
      (/** @type {any} */ error) => tell(error?.status === 404 ? "its way was not recorded" : sentence(error)),
    );
  }, [cause, Boolean(trace)]);
  return problem;
}

/** @param {string} cause @param {any} found @param {(problem: string) => void} tell */
function keep(cause, found, tell) {
  if (!found?.hops?.length) return tell("its way was not recorded");
  const { traces } = store.get();
  if (!traces[cause]) store.update({ traces: { ...traces, [cause]: found } });
}

/** @param {{cause: string|null, problem: string}} props */
function Missing({ cause, problem }) {
  if (cause && !problem)
    return html`<p class="empty-line" role="status">Looking for the way of ${line(cause, 40)}…</p>`;
  return html`<div class="empty">
    ${cause && html`<p><span class="mono">${line(cause, 40)}</span>: ${problem}.</p>`}
    <p>Only items that somebody pushes or follows are recorded. Open an element, and push an item or follow the next one: its way appears here, with times.</p>
  </div>`;
}

/** @param {{traces: Record<string, any>, shown: string|null}} props */
function Recent({ traces, shown }) {
  const recent = Object.values(traces).slice(-RECENT).reverse();
  if (!recent.length) return null;
  return html`<nav class="recent" aria-label="recent traces">
    ${recent.map(
      (
        each,
      ) => html`<button type="button" class=${classes("chip", each.cause === shown && "is-on")}
        aria-current=${each.cause === shown ? "true" : undefined} onClick=${() => store.show_trace(each.cause)}>
        <span class="mono">${short_cause(each.cause)}</span> <span class="muted">${line(start_of(each), 40)}</span>
      </button>`,
    )}
  </nav>`;
}

/** @param {any} trace */
function start_of(trace) {
  const [first] = trace.hops ?? [];
  return first ? String(first.path).split(".").slice(-2).join(".") : "waiting";
}

/** @param {{trace: any}} props */
function Way({ trace }) {
  const { names, visits, total, cut } = lanes_of(trace.hops ?? []);
  const has_lanes = names.length > 1;
  return html`<header class="trace-head">
      <h2>Way of an item</h2>
      <p class="trace-id"><span class="mono">${line(trace.cause, 40)}</span> <${Copy} text=${String(trace.cause)}
        label="copy id" /></p>
      <p class="muted">${summary(trace, visits, total, names.length)}</p>
      <${Outcome} text=${trace.is_done ? "It came to its end." : "Still on its way…"} />
    </header>
    ${has_lanes && html`<p
      class="muted small">Each process has its own clock: times between processes are as good as those agree.</p>`}
    <ol class="hops" aria-label="elements on the way">
      ${visits.map((visit, index) => {
        const is_new_lane = has_lanes && (index === 0 || visits[index - 1].peer !== visit.peer);
        return html`<${Stop} key=${index} visit=${visit} lane=${names.indexOf(visit.peer) % 4} is_new_lane=${is_new_lane} />`;
      })}
    </ol>
    ${cut > 0 && html`<p class="muted">… ${whole(cut)} more</p>`}`;
}

/** @param {any} trace @param {Visit[]} visits @param {number} total @param {number} processes */
function summary(trace, visits, total, processes) {
  if (!visits.length) return "no hop yet";
  const places = new Set(visits.map(({ peer, path }) => `${peer}/${path}`)).size;
  const parts = [clock(trace.hops[0].t), `${places} ${places === 1 ? "element" : "elements"}`, seconds(total)];
  return [...parts, ...(processes > 1 ? [`${processes} processes`] : [])].join(" · ");
}

/** @param {{visit: Visit, lane: number, is_new_lane: boolean}} props */
function Stop({ visit, lane, is_new_lane }) {
  const [is_open, set_open] = useState(false);
  const { peer, path, at, took, left, width, failure } = visit;
  return html`<li class=${classes("hop", failure && "is-bad")} data-role=${role_of(visit)} data-lane=${lane}>
    ${is_new_lane && html`<p class="hop-lane">${line(peer_title(store.get(), peer), 60)}</p>`}
    <button type="button" class="hop-row" aria-expanded=${is_open} onClick=${() => set_open(!is_open)}>
      <span class="hop-at">+${seconds(at)}</span>
      <span class="hop-path">${line(path, 80)}</span>
      <span class="hop-took">${took === null ? "" : seconds(took)}</span>
      <span class="hop-track" aria-hidden="true"><span class="hop-bar"
        style=${{ left: `${left}%`, width: `${width}%` }}></span></span>
      ${texts_of(visit).map(([sign, text]) => html`<span class="hop-text"><span
        class="hop-port">${sign}</span> ${line(text, 120)}</span>`)}
    </button>
    ${
      is_open &&
      html`<div class="details">
      <${Path} peer=${peer} path=${path}>open this element<//>
      ${[visit.entry, ...visit.exits.slice(0, MOST_EXITS)].filter(Boolean).map((hop) => html`<${Carried} hop=${hop}
        start=${visit.entry?.t} />`)}
      ${failure && html`<p class="outcome is-bad">${line(failure.text, 400)}</p>`}
    </div>`
    }
  </li>`;
}

/** What a visit came to, in a line or three. @param {Visit} visit @returns {[string, string][]} */
function texts_of({ entry, exits, failure }) {
  /** @type {[string, string][]} */
  const texts = [];
  if (entry) texts.push(["in", entry.text ?? ""]);
  if (exits.length)
    texts.push(["out", `${exits[0].text ?? ""}${exits.length > 1 ? ` and ${exits.length - 1} more` : ""}`]);
  if (failure) texts.push(["failed", failure.text ?? ""]);
  return texts;
}

/** @param {{hop: any, start: number|undefined}} props */
function Carried({ hop, start }) {
  const value = hop.value === undefined || hop.value === null ? (hop.text ?? null) : hop.value;
  const after = start !== undefined && hop.port === "out" ? `, after ${seconds(hop.t - start)}` : "";
  return html`<p class="details-label">${line(hop.port, 8)} at ${clock(hop.t)}${after}</p>
    <${ValueTree} value=${value} label="what it carried" />`;
}

/** @param {Visit} visit */
function role_of({ peer, path }) {
  const elements = store.get().graphs[peer]?.elements ?? [];
  return elements.find((/** @type {any} */ each) => each.path === path)?.role ?? "element";
}
