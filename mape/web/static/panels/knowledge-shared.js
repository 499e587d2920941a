// @ts-check
/** Knowledge in the store, which other processes and programs change, too: a line for each, scope by scope. */

import { classes, html, useMemo, useState } from "../dom.js";
import { clock } from "../format.js";
import { Entries } from "./knowledge-entries.js";
import { title_of } from "./knowledge-local.js";
import { useMarks } from "./knowledge-shelf.js";
import { Section } from "./parts.js";
import { line, whole } from "./words.js";

/** @typedef {import("./knowledge-shelf.js").Shelf} Shelf */

const FEW = 40;
/** What one of a collection is called. @type {Record<string, [string, string]>} */
const ONES = {
  set: ["member", "members"],
  sortedset: ["member", "members"],
  hash: ["field", "fields"],
  keyspace: ["entry", "entries"],
};

/** @param {{shelf: Shelf, api: any}} props */
export function Shared({ shelf, api }) {
  const lines = /** @type {any[]} */ (useMemo(
    () => shelf.scopes.flatMap((scope) => scope.keys.map((/** @type {any} */ each) => ({ scope: scope.scope, ...each }))),
    [shelf.scopes],
  ));
  const mark = useMarks(lines, id_of, (/** @type {any} */ each) => each.turn > shelf.seen);
  return html`
    ${shelf.trouble && html`<${Trouble} shelf=${shelf} />`}
    ${shelf.scopes.map((scope) => html`<${Scope} key=${scope.scope} scope=${scope} shelf=${shelf} api=${api} mark=${mark} />`)}
    ${shelf.is_there && shelf.count > 0 && !shelf.trouble && html`<p class="muted small">${how_fresh(shelf)}</p>`}
  `;
}

/** @param {{scope: string, id: string}} each */
const id_of = (each) => `${each.scope}\n${each.id}`;

/** @param {Shelf} shelf */
function how_fresh(shelf) {
  const told = shelf.is_told
    ? "The store tells of changes: they are shown at once."
    : `The store does not tell of changes: it is looked at every ${shelf.pause.toFixed(1)} s while this is open.`;
  return shelf.is_whole ? told : `${told} It holds so many keys that not all of them were looked through.`;
}

/** @param {{shelf: Shelf}} props */
function Trouble({ shelf }) {
  const known = shelf.at && shelf.count;
  return html`<p class="notice notice-warn shared-trouble" role="status">
    <span>Shared knowledge: ${line(shelf.trouble, 300)}. ${
      known ? `What is shown is what was known at ${clock(/** @type {number} */ (shelf.at)).slice(0, 8)}. ` : ""
    }This page goes on trying.</span>
  </p>`;
}

/** @param {{scope: any, shelf: Shelf, api: any, mark: (key: string) => number|null}} props */
function Scope({ scope, shelf, api, mark }) {
  const [most, set_most] = useState(FEW);
  const hidden = scope.keys.length - most;
  const all = scope.keys.length + scope.more;
  const note = `${whole(all)}${shelf.trouble ? " · old" : ""}`;
  return html`<${Section} title=${`${line(title_of(scope.scope), 80)}, shared`} note=${note}>
    <ul class=${classes("knowledge", shelf.trouble && "is-old")}>
      ${scope.keys.slice(0, most).map((/** @type {any} */ row) => html`<${Row} key=${row.id} scope=${scope.scope}
        row=${row} shelf=${shelf} flash=${mark(id_of({ scope: scope.scope, id: row.id }))} api=${api} />`)}
    </ul>
    ${hidden > 0 && html`<button type="button" class="link"
      onClick=${() => set_most(most + 3 * FEW)}>show ${whole(Math.min(hidden, 3 * FEW))} more of ${whole(hidden)}</button>`}
    ${hidden <= 0 && scope.more > 0 && html`<p class="muted small">${whole(scope.more)} more: search for them.</p>`}
  <//>`;
}

/** @param {any} row */
function said_of(row) {
  if (row.length === null) return line(row.text, 120);
  const [one, many] = ONES[row.kind] ?? ["item", "items"];
  return `${whole(row.length)} ${row.length === 1 ? one : many}`;
}

/** @param {any} row */
const type_of = (row) =>
  row.kind === "value" ? row.type : row.type && row.kind !== "lock" ? `${row.spoken} of ${row.type}` : row.spoken;

/** @param {{scope: string, row: any, shelf: Shelf, flash: number|null, api: any}} props */
function Row({ scope, row, shelf, flash, api }) {
  const [is_open, set_open] = useState(false);
  return html`<li class="known" data-flash=${flash}>
    <button type="button" class="item-fold known-row" aria-expanded=${is_open} onClick=${() => set_open(!is_open)}>
      <span class="known-key">${line(row.name, 80)}</span>
      <span class="known-value">${said_of(row)}</span>
      <span class="known-type">${line(type_of(row), 40)}</span>
    </button>
    ${is_open && html`<div class="details"><${Entries} scope=${scope} row=${row} shelf=${shelf} api=${api} /></div>`}
  </li>`;
}
