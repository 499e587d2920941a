// @ts-check
/** What there is to see and do about one element. Read next: head.js, then the parts in the order they stand here. */

import { NumberChart } from "./chart.js";
import { html } from "../dom.js";
import { About } from "./about.js";
import { Failures } from "./failures.js";
import { Figures } from "./figures.js";
import { Head } from "./head.js";
import { Items } from "./items.js";
import { Section, useAnswer, useSettled } from "./parts.js";
import { Push } from "./push.js";
import { line } from "./words.js";
import { key_of, useStore } from "../state/store.js";

/** @typedef {{peer: string, path: string}} Place */

/** @param {{store: any, api: any}} props */
export function ElementPanel({ api }) {
  const place = useStore((state) => state.selected);
  const graph = useStore((state) => state.graphs[place?.peer ?? ""]);
  if (!place) return html`<p class="empty">Choose an element in the graph or in the list to see what it does.</p>`;
  const element = graph?.elements?.find((/** @type {any} */ each) => each.path === place.path);
  if (!element) {
    return html`<p class="empty">There is no element <span
      class="path">${line(place.path, 120)}</span> any more. It was removed, or its process has ended.</p>`;
  }
  return html`<${Body} key=${key_of(place.peer, place.path)} place=${place} element=${element} api=${api} />`;
}

/** @param {{place: Place, element: any, api: any}} props */
function Body({ place, element, api }) {
  const key = key_of(place.peer, place.path);
  const figures = useStore((state) => state.pulse[key]);
  const is_own = !place.peer;
  // What the pulse does not carry (reasons, failures) is asked for when its counts change, at most once a second.
  const turn = is_own ? `${figures?.errors ?? 0} ${figures?.dropped ?? 0} ${figures?.running} ${element.state}` : "";
  const { answer, error } = useDetail(api, place, turn);
  return html`<article class="panel" aria-label="element ${line(place.path, 120)}">
    <${Head} place=${place} element=${element} figures=${figures} api=${api} doc=${answer?.doc} />
    <${Figures} place=${place} figures=${figures} stats=${answer?.stats} />
    <${Section} title="Latest items" id="items"><${Items} place=${place} element=${element} latest=${answer?.latest} /><//>
    <${Section} title="Chart" id="chart" note="last 2 minutes"><${NumberChart} ...${place} /><//>
    <${Failures} place=${place} failures=${answer?.failures ?? null} errors=${figures?.errors ?? 0} />
    <${Section} title="Push an item" id="push"><${Push} place=${place} detail=${answer} error=${error} api=${api} /><//>
    <${Section} title="About" id="about" open=${false}><${About} element=${element} detail=${answer} error=${error}
      is_own=${is_own} /><//>
  </article>`;
}

/** @param {any} api @param {Place} place @param {string} turn */
function useDetail(api, place, turn) {
  const settled = useSettled(turn, 1000);
  return useAnswer(
    () => (place.peer ? Promise.resolve(null) : api.get("/live/element", { path: place.path })),
    [place.peer, place.path, settled],
  );
}
