// @ts-check
/** What the signs mean. */

import { html, useState } from "../dom.js";
import { icon } from "../icons.js";
import { LETTERS } from "./shape.js";

const ROLES = ["monitor", "analyze", "plan", "execute", "element"];
const STARTS = [["once", "starts at once"], ["subscribe", "when somebody subscribes"], ["manual", "by hand"]]; // prettier-ignore
const EDGES = [["local", "within this process"], ["routed", "routed"], ["remote", "to another process"]]; // prettier-ignore
const SIGNS = { once: "M4 3l8 5-8 5z", subscribe: "M4 3l8 5-8 5z", manual: "M6 3l7 5-7 5zM2.500 3v10" };

/** @param {string} kind */
const sign = (kind) => html`<svg class=${`sign sign-${kind}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
  <path d=${/** @type {any} */ (SIGNS)[kind]} /></svg>`;

/** @param {string} kind */
const line = (kind) => html`<svg class=${`sign line-${kind}`} viewBox="0 0 36 12" width="36" height="12" aria-hidden="true">
  <path d="M2 6h32" /></svg>`;

const Signs = () => html`<div class="legend-body" id="legend">
  <ul>${ROLES.map((role) => html`<li><span class="role" data-role=${role} aria-hidden="true">${LETTERS[role]}</span>${role === "element" ? "other element" : role}</li>`)}
    <li><svg class="sign sign-knowledge" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M3 4.500c0-1.100 2.200-2 5-2s5 .9 5 2-2.200 2-5 2-5-.9-5-2v7c0 1.100 2.200 2 5 2s5-.9 5-2v-7" /></svg>knowledge, keys</li></ul>
  <ul>${STARTS.map(([kind, text]) => html`<li>${sign(kind)}${text}</li>`)}
    <li><span class="legend-stopped" aria-hidden="true"></span>stopped</li></ul>
  <ul>${EDGES.map(([kind, text]) => html`<li>${line(kind)}${text}</li>`)}
    <li><span class="legend-errors" aria-hidden="true">3</span>errors so far</li>
    <li><span class="legend-queue" aria-hidden="true"></span>waiting items</li></ul>
</div>`;

export function Legend() {
  const [is_open, set] = useState(false);
  return html`<div class="legend">
    ${is_open && html`<${Signs} />`}
    <button class="button button-quiet" type="button" aria-expanded=${is_open} aria-controls="legend" onClick=${() => set(!is_open)}>
      ${icon("help")} Legend</button>
  </div>`;
}
