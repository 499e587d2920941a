// @ts-check
/** A form made from a JSON schema, and beside it the JSON itself; whichever is open is what is sent. */

import { html, useId, useMemo, useRef, useState } from "../dom.js";
import { draftOf, readDraft } from "./draft.js";
import { Field } from "./fields.js";
import { JsonProblem, readJson, writeJson } from "./json.js";
import { shapeOf } from "./schema.js";

/** @typedef {import("./draft.js").Draft} Draft */

/**
 * @param {{schema: any, verb: string, isBusy: boolean, onSend: (json: string) => void, reason?: string}} props
 *   `onSend` gets a text that is JSON. `reason` says why nothing can be sent, if so.
 */
export function SchemaForm({ schema, verb, isBusy, onSend, reason = "" }) {
  const root = schema ?? {};
  const has_form = useMemo(() => shapeOf(root, root).kind !== "any", [schema]);
  const [tab, set_tab] = useState(has_form ? "form" : "json");
  const [draft, set_draft] = useState(() => draftOf(root, root));
  const [text, set_text] = useState(has_form ? "" : "");
  const [problems, set_problems] = useState(/** @type {Map<string, string>} */ (new Map()));
  const [mistake, set_mistake] = useState("");
  const [fresh, focus] = useState(/** @type {string|null} */ (null));
  const id = useId();
  const json = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  const own = useRef(/** @type {HTMLFormElement|null} */ (null));

  const change = (/** @type {Draft} */ next) => {
    set_draft(next);
    if (problems.size) set_problems(problem_map(readDraft(next, root).problems));
  };
  const to_json = () => {
    const { value } = readDraft(draft, root);
    if (value !== undefined) set_text(writeJson(value, 2));
    set_mistake("");
    set_tab("json");
  };
  const to_form = () => {
    const value = value_of(text);
    if (value !== undefined) set_draft(draftOf(root, root, value));
    set_problems(new Map());
    set_tab("form");
  };
  const send_form = () => {
    const { value, problems: found } = readDraft(draft, root);
    set_problems(problem_map(found));
    if (!found.length) return onSend(writeJson(value));
    requestAnimationFrame(() => /** @type {any} */ (own.current?.querySelector("[aria-invalid=true]"))?.focus());
  };
  const send_json = () => {
    const found = mistake_in(text);
    set_mistake(found ? found.message : "");
    if (!found) return onSend(text);
    json.current?.focus();
    json.current?.setSelectionRange(found.at, found.at + 1);
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (reason || isBusy) return;
    tab === "form" ? send_form() : send_json();
  };
  const count = problems.size;
  const said =
    tab === "json" ? mistake : count ? `${count} ${count === 1 ? "field is" : "fields are"} not right yet` : "";
  return html`<form class="form" ref=${own} onSubmit=${submit} novalidate>
    ${has_form && html`<${Tabs} id=${id} tab=${tab} onForm=${to_form} onJson=${to_json} />`}
    ${
      tab === "form"
        ? html`<${Field} name="" draft=${draft} at="" form=${{ root, id, problems, fresh, focus }} onChange=${change} />`
        : html`<${JsonField} id=${id} text=${text} mistake=${mistake} input=${json}
          onText=${(/** @type {string} */ each) => (set_text(each), set_mistake(""))} />`
    }
    <div class="form-end">
      <button type="submit" class="button button-main" disabled=${Boolean(reason)}
        aria-disabled=${isBusy}>${isBusy ? "…" : verb}</button>
      <span class="form-said" role="status">${reason || said}</span>
    </div>
  </form>`;
}

/** @param {{at: string, text: string}[]} found */
function problem_map(found) {
  return new Map(found.map(({ at, text }) => [at, text]));
}

/** @param {string} text */
function value_of(text) {
  try {
    return readJson(text);
  } catch (error) {
    if (error instanceof JsonProblem) return undefined;
    throw error;
  }
}

/** @param {string} text @returns {JsonProblem|null} */
export function mistake_in(text) {
  try {
    readJson(text);
    return null;
  } catch (error) {
    if (error instanceof JsonProblem) return error;
    throw error;
  }
}

/** @param {{id: string, tab: string, onForm: () => void, onJson: () => void}} props */
function Tabs({ id, tab, onForm, onJson }) {
  const one = (/** @type {string} */ name, /** @type {string} */ label, /** @type {() => void} */ open) =>
    html`<label class="switch-one"><input type="radio" name="${id}-tab" checked=${tab === name} onChange=${open} />
      <span>${label}</span></label>`;
  return html`<div class="switch" role="radiogroup"
    aria-label="how to write the item">${one("form", "Form", onForm)}${one("json", "JSON", onJson)}</div>`;
}

/** @param {{id: string, text: string, mistake: string, input: any, onText: (text: string) => void}} props */
function JsonField({ id, text, mistake, input, onText }) {
  return html`<div class="form-row">
    <label for="${id}-json"><span class="form-name">item as JSON</span></label>
    <textarea
      class="field mono"
      id="${id}-json"
      ref=${input}
      rows=${Math.min(14, Math.max(4, text.split("\n").length))}
      spellcheck=${false}
      autocapitalize="off"
      value=${text}
      aria-invalid=${Boolean(mistake)}
      aria-describedby="${id}-json-hint"
      onInput=${(/** @type {any} */ event) => onText(event.target.value)}
    ></textarea>
    <span class=${mistake ? "form-problem" : "form-hint"}
      id="${id}-json-hint">${mistake || 'for example 21.5, "text" or {"name": "value"}'}</span>
  </div>`;
}
