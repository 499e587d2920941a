// @ts-check
/** What an element failed at, with tracebacks. */

import { html, useState } from "../dom.js";
import { clock } from "../format.js";
import { Cause, Copy, Empty, Section } from "./parts.js";
import { line, visible, whole } from "./words.js";
import { useStore } from "../state/store.js";
import { ValueTree } from "./tree.js";

const FEW = 5;

/** @param {{place: any, failures: any[]|null, errors: number}} props `failures` is null where only the log tells. */
export function Failures({ place, failures, errors }) {
  const log = useStore((state) => state.log);
  const [most, set_most] = useState(FEW);
  const told =
    failures ??
    log.filter((each) => each.kind === "failure" && each.path === place.path && (each.peer ?? "") === place.peer);
  const newest = [...told].sort((a, b) => b.t - a.t);
  return html`<${Section} title="Failures" id="failures" note=${errors ? whole(errors) : ""} open=${errors > 0} key=${errors > 0}>
    ${
      newest.length
        ? html`<ol class="items">
          ${newest.slice(0, most).map((each, index) => html`<${Failure} key=${`${each.t} ${each.n ?? index}`}
            failure=${each} />`)}
        </ol>`
        : html`<${Empty}>${errors ? "The texts of these failures are no longer kept." : "None since it started."}<//>`
    }
    ${newest.length > most && html`<button type="button" class="link"
      onClick=${() => set_most(newest.length)}>show all ${newest.length}</button>`}
  <//>`;
}

/** @param {{failure: any}} props */
export function Failure({ failure }) {
  const [is_open, set_open] = useState(false);
  return html`<li class="item is-bad">
    <div class="item-row">
      <button type="button" class="item-fold" aria-expanded=${is_open} onClick=${() => set_open(!is_open)}>
        <time class="item-time">${clock(failure.t)}</time> <span class="item-text">${line(failure.text, 200)}</span>
      </button>
      <${Cause} cause=${failure.cause} />
    </div>
    ${is_open && html`<${Details} entry=${failure} />`}
  </li>`;
}

/** @param {{entry: any}} props A failure, or a line of the log. */
export function Details({ entry }) {
  return html`<div class="details">
    ${entry.text.length > 120 && html`<p class="details-text">${visible(entry.text, 4000)}</p>`}
    ${entry.item !== undefined && entry.item !== null && html`<p class="details-label">the item</p><${ValueTree}
      value=${entry.item} label="the item" />`}
    ${
      entry.traceback &&
      html`<p class="details-label">traceback <${Copy} text=${String(entry.traceback)} /></p>
      <pre class="traceback" tabindex="0" aria-label="traceback">${visible(entry.traceback)}</pre>`
    }
    ${!entry.traceback && (entry.item === undefined || entry.item === null) && html`<p class="muted">Nothing more is known.</p>`}
  </div>`;
}
