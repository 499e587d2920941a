// @ts-check
/** Pushes an item into an element, and follows one. */

import { html, useEffect, useRef, useState } from "../dom.js";
import { SchemaForm } from "../form/form.js";
import { Cause, Outcome, forbidden, may } from "./parts.js";
import { line, sentence, whole } from "./words.js";
import { store, useStore } from "../state/store.js";

const PATIENCE = 30; // [s] unless the server says otherwise

/** @param {{place: any, detail: any, error: string, api: any}} props `detail` is null until the server said what the element takes. */
export function Push({ place, detail, error, api }) {
  useStore((state) => state.hello?.may);
  if (place.peer)
    return html`<p class="empty-line">Items are pushed on the page of the process that the element runs in.</p>`;
  if (!detail)
    return html`<p class="empty-line"
      role="status">${error ? `What it takes is not known: ${error}.` : "asking what it takes…"}</p>`;
  return html`<${Form} path=${place.path} takes=${detail.takes} api=${api} /><${Follow} path=${place.path} api=${api} />`;
}

/** @param {{path: string, takes: any, api: any}} props */
function Form({ path, takes, api }) {
  const [schema] = useState(takes); // asked for again and again: what is typed must stay
  const [is_busy, set_busy] = useState(false);
  const [result, tell] = useState({ text: "", bad: false, cause: "" });
  const send = async (/** @type {string} */ json) => {
    set_busy(true);
    try {
      tell(result_of(await api.post("/live/push", { path }, json)));
    } catch (error) {
      tell({ text: `not pushed: ${sentence(error)}`, bad: true, cause: "" });
    }
    set_busy(false);
  };
  const reason = may("write") ? "" : forbidden("write");
  return html`<${SchemaForm} schema=${schema} verb="Push" isBusy=${is_busy} onSend=${send} reason=${reason} />
    <div class="result">
      <${Outcome} text=${result.text} bad=${result.bad} />
      ${result.cause && html`<${Cause} cause=${result.cause} label="show its way" />`}
    </div>`;
}

/** What became of a pushed item, in words. @param {any} answer */
export function result_of(answer) {
  const cause = answer?.cause ?? "";
  if (answer?.error) return { text: `pushed, and it failed on its way: ${line(answer.error, 400)}`, bad: true, cause };
  const dropped = answer?.dropped;
  const lost = dropped && typeof dropped === "object" ? Object.entries(dropped).filter(([, count]) => count) : [];
  if (lost.length)
    return {
      text: `dropped: ${lost.map(([why, count]) => `${whole(Number(count))} ${line(why, 40)}`).join(", ")}`,
      bad: true,
      cause,
    };
  if (typeof dropped === "number" && dropped) return { text: "dropped: the element did not take it", bad: true, cause };
  return { text: "pushed", bad: false, cause };
}

/** @param {{path: string, api: any}} props */
function Follow({ path, api }) {
  const [outcome, tell] = useState({ text: "", bad: false });
  const waiting = useRef(() => {});
  useEffect(() => () => waiting.current(), []);
  const follow = async () => {
    waiting.current();
    const known = new Set(Object.keys(store.get().traces));
    try {
      const { waits = PATIENCE } = (await api.post("/live/follow", { path })) ?? {};
      tell({ text: "waiting for the next item…", bad: false });
      waiting.current = when_new(known, waits, (cause) => {
        tell(cause ? { text: "", bad: false } : { text: "no item came: push one, or try again", bad: true });
        if (cause && store.get().sheet === "element") store.show_trace(cause);
      });
    } catch (error) {
      tell({ text: `cannot follow: ${sentence(error)}`, bad: true });
    }
  };
  return html`<div class="follow">
    <button type="button" class="button" onClick=${follow}>Follow the next item</button>
    <${Outcome} ...${outcome} />
  </div>`;
}

/**
 * Waits for the first trace that comes from now on.
 * @param {ReadonlySet<string>} known Causal ids that were there.
 * @param {number} patience [s]
 * @param {(cause: string|null) => void} heard
 * @returns {() => void} Call it to wait no longer.
 */
function when_new(known, patience, heard) {
  const look = () => {
    const fresh = Object.keys(store.get().traces).find((cause) => !known.has(cause));
    if (!fresh) return;
    stop();
    heard(fresh);
  };
  const timer = setTimeout(() => (stop(), heard(null)), patience * 1000 + 1000);
  const leave = store.subscribe(look);
  const stop = () => (clearTimeout(timer), leave());
  look();
  return stop;
}
