// @ts-check
/** Small parts that several panels are made of. */

import { classes, html, useEffect, useId, useRef, useState } from "../dom.js";
import { line, sentence } from "./words.js";
import { store } from "../state/store.js";

/**
 * A part of a panel that folds; what is folded is not drawn.
 * @param {{title: string, note?: any, open?: boolean, id?: string, children?: any}} props
 */
export function Section({ title, note, open = true, id, children }) {
  const [is_open, set_open] = useState(open);
  const body = useId();
  return html`<section class="part" data-part=${id}>
    <h3 class="part-title">
      <button type="button" class="part-fold" aria-expanded=${is_open} aria-controls=${body} onClick=${() => set_open(!is_open)}>
        <span>${title}</span>
      </button>
      ${note !== undefined && note !== null && note !== "" && html`<span class="part-note">${note}</span>`}
    </h3>
    <div id=${body} class="part-body" hidden=${!is_open}>${is_open && children}</div>
  </section>`;
}

/** A sentence where a list would be. @param {{children?: any}} props */
export const Empty = ({ children }) => html`<p class="empty-line">${children}</p>`;

/**
 * What came of the last action, read out by screen readers.
 * @param {{text: string, bad?: boolean}} props
 */
export function Outcome({ text, bad = false }) {
  return html`<p class=${classes("outcome", bad && "is-bad")} role=${bad ? "alert" : "status"}>${text}</p>`;
}

/**
 * A button that asks back before it acts; Escape and "no" leave everything as it is.
 * @param {{label: string, question: string, yes: string, onYes: () => void, disabled?: boolean}} props
 */
export function Confirm({ label, question, yes, onYes, disabled = false }) {
  const [is_asking, ask] = useState(false);
  const first = useRef(/** @type {HTMLButtonElement|null} */ (null));
  const was_asking = useRef(false);
  useEffect(() => {
    if (is_asking !== was_asking.current) first.current?.focus();
    was_asking.current = is_asking;
  }, [is_asking]);
  if (!is_asking) {
    return html`<button type="button" class="button" ref=${first} disabled=${disabled}
      onClick=${() => ask(true)}>${label}</button>`;
  }
  const leave = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    ask(false);
  };
  const act = () => (ask(false), onYes());
  return html`<span class="confirm" role="group" aria-label=${question} onKeyDown=${leave}>
    <span>${question}</span>
    <button type="button" class="button button-danger" onClick=${act}>${yes}</button>
    <button type="button" class="button button-quiet" ref=${first} onClick=${() => ask(false)}>no</button>
  </span>`;
}

/** The end of a causal id: its beginning is the same for all of a process. @param {string} cause */
export const short_cause = (cause) => `…${line(cause, 64).slice(-6)}`;

/** A causal id that opens its trace. @param {{cause: string|null|undefined, label?: string}} props */
export function Cause({ cause, label }) {
  if (!cause) return null;
  const text = label ?? short_cause(cause);
  return html`<button type="button" class="link mono cause" title="Show the way of this item"
    onClick=${() => store.show_trace(cause)}>
    <span class="visually-hidden">trace of </span>${text}
  </button>`;
}

/** Copies a text; says so. @param {{text: string, label?: string}} props */
export function Copy({ text, label = "copy" }) {
  const [said, say] = useState("");
  const copy = async () => {
    say((await copied(text)) ? "copied" : "this browser does not let a page copy here: select the text");
    setTimeout(() => say(""), 2000);
  };
  return html`<button type="button" class="link" onClick=${copy}>${label}</button><span class="muted"
    role="status">${said}</span>`;
}

/** @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text); // only there on https and on localhost
    return true;
  } catch {
    return false;
  }
}

/** A path that opens its element. @param {{peer?: string, path?: string, children?: any}} props */
export function Path({ peer = "", path, children }) {
  if (!path) return null;
  const text = line(peer ? `${peer} / ${path}` : path, 120);
  const is_known = store.get().graphs[peer]?.elements?.some((/** @type {any} */ each) => each.path === path);
  if (!is_known) return html`<span class="path">${children ?? text}</span>`;
  return html`<button type="button" class="link path" onClick=${() => store.select({ peer, path })}>${children ?? text}</button>`;
}

/**
 * Asks the server, and again when `turn` changes; keeps the last answer while it asks anew.
 * @template T
 * @param {() => Promise<T>} ask
 * @param {any[]} turn
 * @returns {{answer: T|null, error: string, is_asking: boolean, again: () => void}}
 */
export function useAnswer(ask, turn) {
  const [state, set] = useState({ answer: /** @type {T|null} */ (null), error: "", is_asking: true });
  const [count, again] = useState(0);
  useEffect(() => {
    let is_here = true;
    ask().then(
      (answer) => is_here && set({ answer, error: "", is_asking: false }),
      (error) => is_here && set((old) => ({ ...old, error: sentence(error), is_asking: false })),
    );
    return () => {
      is_here = false;
    };
  }, [...turn, count]);
  return { ...state, again: () => again((old) => old + 1) };
}

/**
 * What stands in a panel until the server has answered.
 * @param {{what: string, error: string, is_asking: boolean, again: () => void}} props
 */
export function Waiting({ what, error, is_asking, again }) {
  if (!error) return html`<p class="empty-line" role="status">${is_asking ? "asking…" : ""}</p>`;
  return html`<p class="notice notice-bad" role="alert">
    No ${what}: ${error}. <button type="button" class="link" onClick=${again}>Try again</button>
  </p>`;
}

/**
 * A value that follows another one, but changes at most once in a while: at once, and then with the last it missed.
 * @template T
 * @param {T} value
 * @param {number} pause [ms]
 * @returns {T}
 */
export function useSettled(value, pause) {
  const [settled, settle] = useState(value);
  const changed = useRef(-Infinity);
  useEffect(() => {
    if (Object.is(value, settled)) return undefined;
    const wait = Math.max(0, changed.current + pause - performance.now());
    const timer = setTimeout(() => {
      changed.current = performance.now();
      settle(() => value);
    }, wait);
    return () => clearTimeout(timer);
  }, [value, settled]);
  return settled;
}

/** Whether the token allows something. @param {"read"|"write"|"control"} scope */
export const may = (scope) => Boolean(store.get().hello?.may?.includes(scope));

/** What to say where it does not. @param {string} scope */
export const forbidden = (scope) => `This needs a token with the ${scope} scope.`;
