// @ts-check
/** Forms that change one entry of a collection in the store, or add one. */

import { html, useEffect, useId, useRef, useState } from "../dom.js";
import { ONE, act, called, refusal } from "./knowledge-acts.js";
import { mistake_in } from "../form/form.js";
import { writeJson } from "../form/json.js";
import { Outcome } from "./parts.js";
import { line } from "./words.js";
import { brief, plain_of } from "./tree-marks.js";

/** @typedef {import("./knowledge-acts.js").Place} Place */

/** What somebody typed, as JSON; a mistake is thrown. @param {string} text @param {boolean} is_text */
function written(text, is_text) {
  if (is_text) return JSON.stringify(text);
  const mistake = mistake_in(text);
  if (mistake) throw { status: 0, error: mistake.message };
  return text;
}

/** @param {string} text */
const number_of = (text) => {
  const number = Number(text.trim().replace(",", "."));
  if (!text.trim() || !Number.isFinite(number)) throw { status: 0, error: "the score must be a number" };
  return number;
};

/** @param {{label: string, text: string, bad: boolean, input?: any, onText: (text: string) => void}} props */
function Field({ label, text, bad, input, onText }) {
  const rows = Math.min(12, Math.max(1, text.split("\n").length));
  return html`<label class="form-row">
    <span class="form-hint">${label}</span>
    <textarea class="field mono" ref=${input} rows=${rows} spellcheck=${false} aria-invalid=${bad} value=${text}
      onInput=${(/** @type {any} */ event) => onText(event.target.value)}></textarea>
  </label>`;
}

/**
 * @param {{entry: any, begun: any, place: Place, onEnd: () => void, onAgain: () => void}} props
 *   `begun`: the entry as it was when the person began; only that is overwritten.
 */
export function Change({ entry, begun, place, onEnd, onAgain }) {
  const is_score = place.row.kind === "sortedset";
  const is_text = !is_score && typeof begun.value === "string";
  const first = () =>
    is_score ? String(begun.name) : is_text ? String(begun.value) : writeJson(plain_of(begun.value), 2);
  const [text, set_text] = useState(first);
  const [said, say] = useState({ text: "", bad: false });
  const input = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  useEffect(() => input.current?.focus(), []);
  const is_other = entry.mark !== begun.mark;
  const now = is_score ? entry.name : brief(entry.value, 80);
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const wanted = { do: "set", id: begun.id, mark: begun.mark };
    try {
      if (is_score) await act(place, { ...wanted, name: number_of(text) });
      else await act(place, wanted, written(text, is_text));
      place.say("");
      place.again();
      onEnd();
    } catch (error) {
      say({ text: refusal(error, "saved"), bad: true });
      if (/** @type {any} */ (error)?.status === 409) place.again();
    }
  };
  return html`<form class="form" onSubmit=${save} onKeyDown=${escape_to(onEnd)}>
    <${Field} label=${`${is_score ? "score" : is_text ? "text" : "value as JSON"} of ${called(begun, place.row.kind)}`}
      text=${text} bad=${said.bad} input=${input} onText=${set_text} />
    <p class="muted small">It was ${line(is_score ? begun.name : brief(begun.value, 80), 100)}.</p>
    ${
      is_other &&
      html`<p class="notice notice-warn" role="alert"><span>Somebody else changed it meanwhile: it is ${line(now, 100)} now.</span>
        <button type="button" class="link" onClick=${() => (say({ text: "", bad: false }), onAgain())}>Overwrite that</button></p>`
    }
    <div class="form-end">
      <button type="submit" class="button button-main" disabled=${is_other}>Save</button>
      <button type="button" class="button button-quiet" onClick=${onEnd}>Cancel</button>
    </div>
    <${Outcome} ...${said} />
  </form>`;
}

/** @param {() => void} end */
const escape_to = (end) => (/** @type {KeyboardEvent} */ event) => {
  if (event.key !== "Escape") return;
  event.stopPropagation();
  end();
};

/** @param {{place: Place}} props */
export function Add({ place }) {
  const [is_open, set_open] = useState(false);
  const one = ONE[place.row.kind];
  if (!one) return null;
  const label = place.row.kind === "list" ? "Append an item" : `Add ${one === "entry" ? "an" : "a"} ${one}`;
  if (is_open) return html`<${Adding} place=${place} label=${label} onEnd=${() => set_open(false)} />`;
  return html`<div><button type="button" class="button button-small" onClick=${() => set_open(true)}>${label}</button></div>`;
}

/** Of what type a new one is typed: as the type says, or as those that are there. @param {Place} place */
function takes_text({ row, window: shown }) {
  return row.type ? row.type === "str" : typeof shown.entries[0]?.value === "string";
}

/** @param {{place: Place, label: string, onEnd: () => void}} props */
function Adding({ place, label, onEnd }) {
  const { kind } = place.row;
  const is_named = kind === "hash" || kind === "keyspace";
  const is_text = takes_text(place);
  const [name, set_name] = useState("");
  const [text, set_text] = useState("");
  const [said, say] = useState({ text: "", bad: false });
  const input = useRef(/** @type {any} */ (null));
  const id = useId();
  useEffect(() => input.current?.focus(), []);
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      const value = written(text, is_text);
      await act(place, { do: "add", name: kind === "sortedset" ? number_of(name) : name }, value);
      place.say("");
      place.again();
      onEnd();
    } catch (error) {
      say({ text: refusal(error, "added"), bad: true });
      if (/** @type {any} */ (error)?.status === 409) place.again();
    }
  };
  return html`<form class="form" aria-label=${label} onSubmit=${save} onKeyDown=${escape_to(onEnd)}>
    ${
      (is_named || kind === "sortedset") &&
      html`<div class="form-row">
        <label class="form-hint" for=${id}>${is_named ? "name" : "score"}</label>
        <input class="field mono" id=${id} ref=${input} value=${name} autocomplete="off"
          inputmode=${is_named ? "text" : "decimal"} onInput=${(/** @type {any} */ event) => set_name(event.target.value)} />
      </div>`
    }
    <${Field} label=${is_text ? "text" : "value as JSON"} text=${text} bad=${said.bad}
      input=${is_named || kind === "sortedset" ? undefined : input} onText=${set_text} />
    <div class="form-end">
      <button type="submit" class="button button-main">${label.split(" ")[0]}</button>
      <button type="button" class="button button-quiet" onClick=${onEnd}>Cancel</button>
    </div>
    <${Outcome} ...${said} />
  </form>`;
}
