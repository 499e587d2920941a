// @ts-check
/** Keys that work everywhere, and the window that lists them. */

import { html, useEffect, useRef } from "../dom.js";
import { fit_graph, toggle_all } from "../graph/graph.js";
import { forget_token } from "./gate.js";
import { close_sheet } from "./sheet.js";
import { store, useStore } from "../state/store.js";
import { next_theme, toggle_motion } from "./theme.js";
import { token } from "../server/token.js";

/** @type {[string[], string][]} */
const LIST = [
  [["/"], "search"],
  [["f"], "show the whole graph"],
  [["+", "-"], "zoom"],
  [["←", "→", "↑", "↓"], "go along the edges (in the graph)"],
  [["Enter"], "open, or unfold a loop"],
  [["Escape"], "close the panel"],
  [["g", "o"], "to the graph, to the list"],
  [["a"], "fold or unfold all loops"],
  [["t"], "light, dark, or as the device"],
  [["m"], "moving items on or off"],
  [["1", "…", "5"], "element, trace, log, knowledge, settings"],
  [["?"], "this list"],
];
const TABS = ["element", "trace", "log", "knowledge", "settings"];

/** @param {string} selector */
const focus = (selector) => /** @type {HTMLElement|null} */ (document.querySelector(selector))?.focus();

/** @param {() => void} help @returns {Record<string, () => void>} */
const actions = (help) => ({
  "/": () => focus("#search"),
  f: fit_graph,
  g: () => focus("#graph"),
  o: () => focus('.outline-tree [tabindex="0"]'),
  a: toggle_all,
  t: next_theme,
  m: toggle_motion,
  "?": help,
  Escape: close_sheet,
});

/** @param {KeyboardEvent} event */
const is_typing = ({ target }) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** @param {() => void} help */
export function listen(help) {
  const known = actions(help);
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (is_typing(event) && event.key !== "Escape") return;
    if (Object.hasOwn(known, event.key)) known[event.key]();
    else if (/^[1-5]$/.test(event.key)) store.update({ sheet: TABS[Number(event.key) - 1] });
    else return;
    event.preventDefault();
  });
}

/** @param {{is_open: boolean, close: () => void}} props */
export function Help({ is_open, close }) {
  const dialog = useRef(/** @type {HTMLDialogElement|null} */ (null));
  const is_moving = useStore((state) => state.is_moving);
  const app = useStore((state) => state.hello?.app);
  useEffect(() => {
    if (is_open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [is_open]);
  return html`<dialog class="help" ref=${dialog} aria-labelledby="help-title" onClose=${close}
    onClick=${(/** @type {Event} */ event) => event.target === dialog.current && close()}>
    <div class="help-body">
      <h2 id="help-title">Keys</h2>
      <dl class="keys">${LIST.map(([keys, text]) => html`<div><dt>${keys.map((key) => html`<kbd>${key}</kbd>`)}</dt><dd>${text}</dd></div>`)}</dl>
      <label class="check"><input type="checkbox" checked=${is_moving} onChange=${toggle_motion} /> Show items as they move</label>
      ${app && html`<p class="muted small">${app.title}, process ${app.pid}${app.host ? ` on ${app.host}` : ""}, mape ${app.mape}, Python ${app.python}</p>`}
      <div class="help-end">
        ${token.get() && html`<button class="button button-quiet" type="button" onClick=${() => (close(), forget_token())}>Forget the token</button>`}
        <button class="button" type="button" autofocus onClick=${close}>Close</button>
      </div>
    </div>
  </dialog>`;
}
