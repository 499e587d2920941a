// @ts-check
/** What is in one collection of the store: its first entries, to look at and, where that is sensible, to change. */

import { html, useEffect, useMemo, useRef, useState } from "../dom.js";
import { act, called, refusal } from "./knowledge-acts.js";
import { Add, Change } from "./knowledge-edit.js";
import { useMarks } from "./knowledge-shelf.js";
import { Confirm, Outcome, may, useAnswer } from "./parts.js";
import { line, whole } from "./words.js";
import { ValueTree } from "./tree.js";
import { brief } from "./tree-marks.js";

const FIRST = 50;
const MOST = 500;
/** Types that a value shows by itself. */
const PLAIN = new Set(["str", "int", "float", "bool", "NoneType", "dict", "list"]);
/** @typedef {import("./knowledge-acts.js").Place} Place */

/** @param {{scope: string, row: any, shelf: import("./knowledge-shelf.js").Shelf, api: any}} props */
export function Entries({ scope, row, shelf, api }) {
  const [count, set_count] = useState(FIRST);
  const [said, say_all] = useState({ text: "", bad: false });
  const [busy, set_busy] = useState(/** @type {any} */ (null));
  const turn = useRef(0);
  if (!shelf.trouble) turn.current = shelf.is_told ? row.turn : shelf.beat; // who cannot answer is not asked
  const question = { scope, key: row.id, count };
  const { answer, error, again } = useAnswer(() => api.get("/live/shared/entries", question), [
    count,
    turn.current,
    row.length,
  ]);
  const entries = useMemo(() => with_busy(answer?.entries ?? [], busy), [answer, busy]);
  const mark = useNews(entries, Boolean(answer));
  if (!answer) return html`<p class="muted small" role="status">${error || "asking…"}</p>`;
  const say = (/** @type {string} */ text, bad = false) => say_all({ text, bad });
  /** @type {Place} */
  const place = { scope, row, api, window: answer, say, again: () => (again(), shelf.again()) };
  const is_single = row.kind === "value";
  return html`
    ${error && !shelf.trouble && html`<p class="muted small">${line(error, 200)}</p>`}
    ${
      is_single
        ? entries.map((/** @type {any} */ entry) => html`<${Single} key="one" entry=${entry} place=${place} busy=${busy} onBusy=${set_busy} />`)
        : html`<ul class="knowledge">${entries.map((/** @type {any} */ entry) => html`<${Entry} key=${key_of(entry)} entry=${entry}
            place=${place} flash=${mark(key_of(entry))} busy=${busy} onBusy=${set_busy} />`)}</ul>`
    }
    <${More} shown=${entries.length} left=${answer.more} onMore=${() => set_count(Math.min(MOST, count * 4))} />
    ${answer.fixed && html`<p class="muted small">${line(answer.fixed, 200)}</p>`}
    ${!answer.fixed && !may("control") && html`<p class="muted small">Changing it needs a token with the control scope.</p>`}
    <${Outcome} ...${said} />
    ${!answer.fixed && may("control") && !is_single && html`<${Add} place=${place} />`}
  `;
}

/** @param {any} entry */
const key_of = (entry) => entry.id ?? `${entry.name} ${entry.mark}`;

/** The one that somebody is changing stays, also when it is gone. @param {any[]} entries @param {any} busy */
function with_busy(entries, busy) {
  if (!busy || entries.some((each) => each.id === busy.id)) return entries;
  return [...entries, { ...busy, is_gone: true }];
}

/** Marks the entries that are other than when they were last looked at. @param {any[]} entries @param {boolean} is_known */
function useNews(entries, is_known) {
  const known = useRef(/** @type {Map<string, string>|null} */ (null));
  const before = known.current;
  useEffect(() => {
    if (is_known) known.current = new Map(entries.map((each) => [key_of(each), each.mark]));
  }, [entries]);
  return useMarks(entries, key_of, (each) => Boolean(before) && before?.get(key_of(each)) !== each.mark);
}

/** @param {{shown: number, left: number, onMore: () => void}} props */
function More({ shown, left, onMore }) {
  if (left <= 0) return null;
  if (shown >= MOST) return html`<p class="muted small">${whole(left)} more, which are not shown here.</p>`;
  return html`<button type="button" class="link" onClick=${onMore}>show more of ${whole(left)} others</button>`;
}

/** @param {{entry: any, place: Place, flash: number|null, busy: any, onBusy: (entry: any) => void}} props */
function Entry({ entry, place, flash, busy, onBusy }) {
  const [is_open, set_open] = useState(false);
  const { kind } = place.row;
  const is_set = kind === "set";
  return html`<li class="known" data-flash=${flash}>
    <button type="button" class="item-fold known-row" aria-expanded=${is_open} onClick=${() => set_open(!is_open)}>
      ${!is_set && html`<span class="known-key">${line(entry.name, 60)}</span>`}
      <span class=${is_set ? "known-value is-first" : "known-value"}>${brief(entry.value, 80)}</span>
      ${entry.type && entry.type !== place.row.type && !PLAIN.has(entry.type) && html`<span class="known-type">${line(entry.type, 40)}</span>`}
    </button>
    ${
      is_open &&
      html`<div class="details">
        <${ValueTree} value=${entry.value} />
        <${Actions} entry=${entry} place=${place} busy=${busy} onBusy=${onBusy} />
      </div>`
    }
  </li>`;
}

/** @param {{entry: any, place: Place, busy: any, onBusy: (entry: any) => void}} props */
function Single({ entry, place, busy, onBusy }) {
  return html`<${ValueTree} value=${entry.value} />
    <${Actions} entry=${entry} place=${place} busy=${busy} onBusy=${onBusy} />`;
}

/** @param {{entry: any, place: Place, busy: any, onBusy: (entry: any) => void}} props */
function Actions({ entry, place, busy, onBusy }) {
  const { window: shown, row, say } = place;
  if (entry.is_gone) return html`<${Gone} what=${called(entry, row.kind)} onEnd=${() => onBusy(null)} />`;
  if (shown.fixed || !may("control")) return null;
  const remove = async () => {
    try {
      await act(place, { do: "remove", id: entry.id, mark: entry.mark });
      say("");
    } catch (error) {
      say(refusal(error, "removed"), true);
    }
    place.again();
  };
  const end = () => onBusy(null);
  if (busy?.id === entry.id && !entry.fixed)
    return html`<${Change} entry=${entry} begun=${busy} place=${place} onEnd=${end} onAgain=${() => onBusy(entry)} />`;
  return html`
    ${entry.fixed && html`<p class="muted small">It cannot be changed here: ${line(entry.fixed, 200)}.</p>`}
    <div class="form-end">
      ${!entry.fixed && html`<button type="button" class="button button-small"
        onClick=${() => (say(""), onBusy(entry))}>${row.kind === "sortedset" ? "Edit score" : "Edit"}</button>`}
      ${entry.id !== null && entry.mark && html`<${Confirm} label="Remove" yes="remove" question=${question_of(entry, place)}
        onYes=${remove} />`}
    </div>
  `;
}

/** @param {any} entry @param {Place} place */
function question_of(entry, place) {
  const name = line(place.row.name, 60);
  if (place.row.kind === "value") return `Remove ${name}, which is ${brief(entry.value, 60)}?`;
  const held = place.row.kind === "hash" || place.row.kind === "list" ? `, which is ${brief(entry.value, 60)},` : "";
  const last = place.window.length === 1 ? ` It is the last: ${name} is gone then.` : "";
  return `Remove ${called(entry, place.row.kind)}${held} from ${name}?${last}`;
}

/** @param {{what: string, onEnd: () => void}} props */
function Gone({ what, onEnd }) {
  return html`<p class="notice notice-warn" role="alert"><span>Somebody else removed ${what} meanwhile, or it is not among
    the first any more.</span> <button type="button" class="link" onClick=${onEnd}>all right</button></p>`;
}
