// @ts-check
/** The bar at the top: what this is, whether it lives, how much goes on. */

import { classes, html, useEffect, useRef, useState } from "../dom.js";
import { count, rate } from "../format.js";
import { icon } from "../icons.js";
import { Search } from "./search.js";
import { store, useStore } from "../state/store.js";
import { next_theme } from "./theme.js";

export const WORDS = {
  connecting: "connecting",
  live: "live",
  reconnecting: "reconnecting",
  token: "token needed",
  refused: "no access",
  gone: "not there",
};
const THEMES = { auto: "Theme: as the device", light: "Theme: light", dark: "Theme: dark" };
const SIGNS = { auto: "auto", light: "sun", dark: "moon" };

function Status() {
  const status = useStore((state) => state.status);
  const reason = useStore((state) => state.reason);
  return html`<span class="status" data-status=${status} role="status" title=${reason}>
    <span class="status-dot" aria-hidden="true"></span>${WORDS[status]}</span>`;
}

/** Sums over all processes. @param {import("../state/store.js").State} state */
function totals({ pulse, graphs }) {
  let [items, errors, elements, loops] = [0, 0, 0, 0];
  for (const figures of Object.values(pulse)) {
    items += figures.rate;
    errors += figures.errors;
  }
  for (const graph of Object.values(graphs)) {
    elements += graph.elements.length;
    loops += graph.loops.length;
  }
  return [rate(items), count(errors), count(loops), count(elements), errors > 0];
}

/** @param {{label: string, value: any, tone?: string}} props */
const Figure = ({ label, value, tone }) =>
  html`<div class=${classes("total", tone)}><dt>${label}</dt><dd>${value}</dd></div>`;

function Totals() {
  const [items, errors, loops, elements, is_bad] = useStore(totals);
  if (!useStore((state) => state.hello !== null)) return null;
  return html`<dl class="totals">
    <${Figure} label="items" value=${items} />
    <${Figure} label="errors" value=${errors} tone=${is_bad ? "is-bad" : ""} />
    <${Figure} label="loops" value=${loops} />
    <${Figure} label="elements" value=${elements} />
  </dl>`;
}

/** @param {{peer: any}} props */
const Peer = ({ peer }) => html`<li class="peer" data-state=${peer.state}>
  <span class="status-dot" aria-hidden="true"></span><span class="peer-name">${peer.title || peer.name}</span>
  <span class="muted">${peer.text || peer.state}</span></li>`;

function Peers() {
  const known = useStore((state) => state.peers);
  const named = useStore((state) => state.hello?.peers ?? []);
  const [is_open, open] = useState(false);
  const own = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => {
    const away = (/** @type {Event} */ event) => own.current?.contains(/** @type {any} */ (event.target)) || open(false);
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, []);
  const names = [...new Set([...named.map((/** @type {any} */ peer) => peer.name), ...Object.keys(known)])];
  if (!names.length) return null;
  const peers = names.map((name) => (Object.hasOwn(known, name) ? known[name] : { name, state: "lost", text: "not yet seen" }));
  const alive = peers.filter((peer) => peer.state === "connected").length;
  return html`<div class="peers" ref=${own} onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && open(false)}>
    <button class="button button-quiet" type="button" aria-expanded=${is_open} onClick=${() => open(!is_open)}>
      ${icon("peers")}<span class="peers-count">${alive}/${peers.length}</span><span class="visually-hidden"> peers connected</span></button>
    ${is_open && html`<ul class="popover" aria-label="Peers">${peers.map((peer) => html`<${Peer} key=${peer.name} peer=${peer} />`)}</ul>`}
  </div>`;
}

/** @param {{toggle_outline: () => void, is_wide: boolean, help: () => void}} props */
export function Bar({ toggle_outline, is_wide, help }) {
  const title = useStore((state) => state.hello?.app?.title ?? "mape");
  const theme = useStore((state) => state.theme);
  return html`<header class="bar">
    <button class="button button-quiet outline-switch" type="button" aria-label="List of loops and elements" aria-pressed=${is_wide}
      onClick=${toggle_outline}>${icon("panel")}</button>
    <h1 class="bar-title" title=${title}>${title}</h1>
    <${Status} />
    <${Totals} />
    <div class="bar-end">
      <${Search} />
      <${Peers} />
      <button class="button button-quiet" type="button" aria-label=${THEMES[theme]} title=${THEMES[theme]} onClick=${next_theme}>${icon(SIGNS[theme])}</button>
      <button class="button button-quiet help-button" type="button" aria-label="Keys and help" title="Keys and help (?)" onClick=${help}>${icon("help")}</button>
    </div>
  </header>`;
}

/** The title of the tab says the state, too. @returns {() => void} */
export function keep_title() {
  let last = "";
  return store.subscribe(({ status, hello }) => {
    const name = String(hello?.app?.title ?? "mape").slice(0, 80);
    const title = status === "live" ? name : `(${WORDS[status]}) ${name}`;
    if (title !== last) document.title = title;
    last = title;
  });
}
