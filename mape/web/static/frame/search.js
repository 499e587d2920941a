// @ts-check
/** Search: what matches, and the box that shows it. */

import { classes, html, useEffect, useId, useRef, useState } from "../dom.js";
import { icon } from "../icons.js";
import { LETTERS } from "../graph/shape.js";
import { role_of } from "../graph/model.js";
import { key_of, store, useStore } from "../state/store.js";

const SHOWN = 12;
/** @type {{query: string, graphs: any, found: Set<string>, list: any[]}} */
let last = { query: "", graphs: null, found: new Set(), list: [] };

/** How well a text fits: at the start is best, then at the start of a part, then anywhere. @param {string} text @param {string} word */
function worth(text, word) {
  const at = text.toLowerCase().indexOf(word);
  if (at < 0) return 0;
  if (at === 0) return 3;
  return /[._\-\s/]/.test(text[at - 1]) ? 2 : 1;
}

/** @param {any} element @param {string[]} words */
function score(element, words) {
  const texts = [element.uid, element.path, element.role, element.type ?? ""].map(String);
  let sum = 0;
  for (const word of words) {
    const best = Math.max(worth(texts[0], word) * 3, worth(texts[1], word) * 2, worth(texts[2], word), worth(texts[3], word));
    if (!best) return 0;
    sum += best;
  }
  return sum;
}

/** @param {string} query */
function look(query) {
  const { graphs } = store.get();
  if (last.query === query && last.graphs === graphs) return last;
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const list = [];
  for (const [peer, graph] of Object.entries(graphs)) {
    for (const element of graph.elements ?? []) {
      const value = words.length ? score(element, words) : 0;
      if (value) list.push({ peer, element, value, key: key_of(peer, element.path) });
    }
  }
  list.sort((a, b) => b.value - a.value || a.key.localeCompare(b.key));
  last = { query, graphs, list, found: new Set(list.map(({ key }) => key)) };
  return last;
}

/** The keys of all elements that match. @param {string} query */
export const matches = (query) => look(query).found;

/** Opens an element, and unfolds its loop. @param {any} hit */
export function go_to(hit) {
  const { folded, graphs } = store.get();
  const own = graphs[hit.peer]?.loops.find((/** @type {any} */ loop) => loop.elements.includes(hit.element.path));
  const loop = key_of(hit.peer, own?.path ?? "");
  if (folded.has(loop)) store.update({ folded: new Set([...folded].filter((key) => key !== loop)) });
  store.update({ query: "", view: "graph" });
  store.select({ peer: hit.peer, path: hit.element.path });
}

/** @param {{hit: any, id: string, is_active: boolean}} props */
const Hit = ({ hit, id, is_active }) => html`
  <li id=${id} role="option" aria-selected=${is_active} class=${classes("hit", is_active && "is-active")}
    onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()} onClick=${() => go_to(hit)}>
    <span class="role" data-role=${role_of(hit.element.role)} aria-hidden="true">${LETTERS[role_of(hit.element.role)]}</span>
    <span class="hit-name">${hit.element.uid}</span>
    <span class="hit-path">${hit.peer ? `${hit.peer} · ` : ""}${hit.element.loop}</span>
  </li>`;

/** @param {KeyboardEvent} event @param {any[]} list @param {number} active @param {(index: number) => void} set */
function on_key(event, list, active, set) {
  const input = /** @type {HTMLInputElement} */ (event.target);
  const many = Math.min(list.length, SHOWN);
  if (event.key === "ArrowDown" && many) set((active + 1) % many);
  else if (event.key === "ArrowUp" && many) set((active + many - 1) % many);
  else if (event.key === "Enter" && list[active]) {
    go_to(list[active]);
    input.blur();
  } else if (event.key === "Escape") {
    store.update({ query: "" });
    input.blur();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

export function Search() {
  const query = useStore((state) => state.query);
  useStore((state) => state.graphs);
  const [active, set] = useState(0);
  const [is_open, open] = useState(false);
  const id = useId();
  const input = useRef(null);
  const { list } = look(query);
  useEffect(() => set(0), [query]);
  const shown = is_open && query.trim() !== "";
  return html`<div class="search" role="search">
    ${icon("search")}
    <input ref=${input} id="search" type="text" role="combobox" autocomplete="off" spellcheck=${false} placeholder="Search"
      aria-label="Search elements" aria-expanded=${shown} aria-controls=${id} aria-autocomplete="list"
      aria-activedescendant=${shown && list[active] ? `${id}-${active}` : undefined} value=${query}
      onInput=${(/** @type {any} */ event) => store.update({ query: event.target.value })}
      onFocus=${() => open(true)} onBlur=${() => open(false)}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => on_key(event, list, active, set)} />
    <kbd aria-hidden="true">/</kbd>
    <div class=${classes("hits", !shown && "is-hidden")}>
      <ul id=${id} role="listbox" aria-label="Elements found">
        ${shown && list.slice(0, SHOWN).map((hit, index) => html`<${Hit} key=${hit.key} hit=${hit} id=${`${id}-${index}`} is_active=${index === active} />`)}
      </ul>
      <p class="hits-end" role="status">${shown ? summary(list.length) : ""}</p>
    </div>
  </div>`;
}

/** @param {number} many */
function summary(many) {
  if (!many) return "Nothing has that in its name.";
  return many > SHOWN ? `${many - SHOWN} more` : `${many} found`;
}
