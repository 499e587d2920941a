// @ts-check
/** A value as a tree that folds: bounded in depth and width, and text only. */

import { html, useState } from "../dom.js";
import { line, quoted, visible, whole } from "./words.js";
import { brief, sight_of } from "./tree-marks.js";

/** @typedef {import("./tree-marks.js").Sight} Sight */

const STEP = 20;
const LONG = 160;
const OPEN_ROWS = 12;

/**
 * A value, its first levels open.
 * @param {{value: any, label?: string, open?: number}} props
 */
export function ValueTree({ value, label = "value", open = 2 }) {
  return html`<div class="tree" role="group" aria-label=${label}><${Node} value=${value} depth=${0} open=${open} /></div>`;
}

/** @param {{name?: string, value: any, depth: number, open: number}} props @returns {any} */
function Node({ name, value, depth, open }) {
  const sight = sight_of(value);
  if (sight.form === "branch")
    return html`<${Branch} name=${name} value=${value} sight=${sight} depth=${depth} open=${open} />`;
  return html`<div class="tree-row"><${Name} name=${name} /><${Leaf} sight=${sight} value=${value} /></div>`;
}

/** @param {{name?: string}} props */
function Name({ name }) {
  return name === undefined ? null : html`<span class="tree-name">${line(name, 80)}</span>`;
}

/** @param {{sight: Sight, value: any}} props */
function Leaf({ sight, value }) {
  const [is_whole, set_whole] = useState(false);
  if (sight.form === "cut") return html`<span class="tree-cut">${brief(value, LONG)}</span>`;
  const text = sight.text ?? "";
  const say = sight.kind === "string" ? quoted : line;
  const type = sight.type && html`<span class="tree-type">${line(sight.type, 60)}</span> `;
  const left =
    sight.missing > 0 && html` <span class="tree-cut">… ${whole(sight.missing)} more characters not sent</span>`;
  if (text.length <= LONG)
    return html`${type}<span class="tree-leaf" data-kind=${sight.kind}>${say(text, 2 * LONG)}</span>${left}`;
  return html`${type}<span class="tree-leaf"
    data-kind=${sight.kind}>${is_whole ? visible(text) : `${say(text.slice(0, LONG), 2 * LONG)}…`}</span>
    <button type="button" class="link" aria-expanded=${is_whole} onClick=${() => set_whole(!is_whole)}>
      ${is_whole ? "shorten" : `show all ${whole(text.length)} characters`}</button
    >${left}`;
}

/** @param {{name?: string, value: any, sight: Sight, depth: number, open: number}} props */
function Branch({ name, value, sight, depth, open }) {
  const rows = sight.rows ?? [];
  const [is_open, set_open] = useState(depth < open && rows.length <= OPEN_ROWS);
  const text = html`<${Name} name=${name} /><span class="tree-brief">${brief(value)}</span>`;
  if (!rows.length && !sight.missing) return html`<div class="tree-row">${text}</div>`;
  return html`<div class="tree-row">
      <button type="button" class="tree-fold" aria-expanded=${is_open} onClick=${() => set_open(!is_open)}>${text}</button>
    </div>
    ${is_open && html`<${Children} rows=${rows} missing=${sight.missing} depth=${depth} open=${open} />`}`;
}

/** @param {{rows: [string, any][], missing: number, depth: number, open: number}} props */
function Children({ rows, missing, depth, open }) {
  const [most, set_most] = useState(STEP);
  const hidden = rows.length - most;
  return html`<ul class="tree-list">
    ${rows
      .slice(0, most)
      .map(
        ([name, each]) =>
          html`<li key=${name}><${Node} name=${name} value=${each} depth=${depth + 1} open=${open} /></li>`,
      )}
    ${hidden > 0 && html`<li><${More} hidden=${hidden} size=${rows.length} onMore=${() => set_most(most + 5 * STEP)} /></li>`}
    ${missing > 0 && html`<li><span class="tree-cut">… ${whole(missing)} more not sent</span></li>`}
  </ul>`;
}

/** @param {{hidden: number, size: number, onMore: () => void}} props */
function More({ hidden, size, onMore }) {
  const step = 5 * STEP;
  return html`<button type="button" class="link"
    onClick=${onMore}>${hidden > step ? `show ${step} more of ${whole(hidden)}` : `show all ${whole(size)}`}</button>`;
}
