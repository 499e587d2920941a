// @ts-check
/** The latest items at an element's ports; the list stands still while somebody reads in it. */

import { html, useEffect, useId, useState } from "../dom.js";
import { clock } from "../format.js";
import { Cause, Empty } from "./parts.js";
import { line, whole } from "./words.js";
import { key_of, useStore } from "../state/store.js";
import { ValueTree } from "./tree.js";
import { brief } from "./tree-marks.js";

const FEW = 8;

/** @type {WeakMap<object, number>} */
const numbers = new WeakMap();
let next = 0;

/** A key that stays with an item while the list moves. @param {object} item */
function key_for(item) {
  const known = numbers.get(item);
  if (known !== undefined) return known;
  next += 1;
  numbers.set(item, next);
  return next;
}

/** @param {{place: any, element: any, latest: any}} props `latest` is what the server had kept before this page watched. */
export function Items({ place, element, latest }) {
  const watched = useStore((state) => state.items[key_of(place.peer, place.path)]);
  const found = watched ?? (latest && { in: [...latest.in].reverse(), out: [...latest.out].reverse() });
  const [chosen, choose] = useState(/** @type {"in"|"out"|null} */ (null));
  const first = found?.out?.length ? "out" : found?.in?.length ? "in" : null;
  const port = chosen ?? first ?? (element.role === "execute" ? "in" : "out");
  useEffect(() => {
    if (!chosen && first) choose(first); // what came first stays, whatever comes at the other port
  }, [chosen, first]);
  return html`<${Ports} port=${port} seen=${found?.seen} onPick=${choose} /><${List} key=${port} port=${port} found=${found} />`;
}

/** @param {{port: string, seen: any, onPick: (port: "in"|"out") => void}} props */
function Ports({ port, seen, onPick }) {
  const id = useId();
  const one = (/** @type {"in"|"out"} */ name) =>
    html`<label class="switch-one"><input type="radio" name=${id} checked=${port === name}
      onChange=${() => onPick(name)} />
      <span>${name}${seen?.[name] ? html` <small>${whole(seen[name])}</small>` : ""}</span></label>`;
  return html`<div class="switch" role="radiogroup" aria-label="port">${one("in")}${one("out")}</div>`;
}

/** @param {{port: "in"|"out", found: any}} props */
function List({ port, found }) {
  const [held, hold] = useState(/** @type {{items: any[], seen: number}|null} */ (null));
  const [most, set_most] = useState(FEW);
  const latest = found?.[port] ?? [];
  const items = held ? held.items : latest;
  const seen = found?.seen?.[port] ?? latest.length;
  const pause = () => held ?? hold({ items: latest, seen });
  if (!items.length) return html`<${Empty}>No item passed yet: push one below, or wait for one.<//>`;
  const missed = held ? seen - held.seen : 0;
  return html`<div class="items-bar">
      <button type="button" class="button button-small" aria-pressed=${Boolean(held)}
        onClick=${() => (held ? hold(null) : pause())}>
        ${held ? "Go on" : "Pause"}
      </button>
      <span
        class="muted small">${held ? `${missed > 0 ? `${whole(missed)} newer` : "paused"}` : "newest first, a sample when there are many"}</span>
    </div>
    <ol class="items">
      ${items.slice(0, most).map((item) => html`<${Item} key=${key_for(item)} item=${item} onOpen=${pause} />`)}
    </ol>
    ${items.length > most && html`<button type="button" class="link"
      onClick=${() => (pause(), set_most(items.length))}>show all ${items.length}</button>`}`;
}

/** @param {{item: any, onOpen: () => void}} props */
function Item({ item, onOpen }) {
  const [is_open, set_open] = useState(false);
  const flip = () => {
    if (!is_open) onOpen();
    set_open(!is_open);
  };
  return html`<li class="item">
    <div class="item-row">
      <button type="button" class="item-fold" aria-expanded=${is_open} onClick=${flip}>
        <time class="item-time">${clock(item.t)}</time> <span
          class="item-text">${line(item.text ?? brief(item.value), 120)}</span>
      </button>
      <${Cause} cause=${item.cause} />
    </div>
    ${is_open && html`<${ValueTree} value=${item.value} />`}
  </li>`;
}
