// @ts-check
/** What the loops know in this process, scope by scope: read it, change it where the token allows. */

import { html, useEffect, useRef, useState } from "../dom.js";
import { mistake_in } from "../form/form.js";
import { writeJson } from "../form/json.js";
import { Outcome, Section, may } from "./parts.js";
import { line, sentence, whole } from "./words.js";
import { ValueTree } from "./tree.js";
import { brief, plain_of } from "./tree-marks.js";

const FEW = 40;

/** @typedef {{keys: ReadonlySet<string>, turn: number}} Flashes `turn` changes each time, so that a change after a change is seen. */

/** @param {string} scope "app", "level:X" or "loop:X". */
export function title_of(scope) {
  const [kind, ...name] = scope.split(":");
  return name.length ? `${kind} ${name.join(":")}` : `the ${kind}`;
}

/** @param {{scope: any, flashes: Flashes, api: any, again: () => void}} props */
export function Scope({ scope, flashes, api, again }) {
  const [most, set_most] = useState(FEW);
  const hidden = scope.keys.length - most;
  return html`<${Section} title=${line(title_of(scope.scope), 80)} note=${whole(scope.keys.length)}>
    <ul class="knowledge">
      ${scope.keys.slice(0, most).map((/** @type {any} */ each) => html`<${Entry} key=${each.key} scope=${scope}
        entry=${each} flash=${flashes.keys.has(`${scope.scope}\n${each.key}`) ? flashes.turn : null} api=${api}
        again=${again} />`)}
    </ul>
    ${hidden > 0 && html`<button type="button" class="link"
      onClick=${() => set_most(most + 3 * FEW)}>show ${whole(Math.min(hidden, 3 * FEW))} more of ${whole(hidden)}</button>`}
  <//>`;
}

/** @param {{scope: any, entry: any, flash: number|null, api: any, again: () => void}} props */
function Entry({ scope, entry, flash, api, again }) {
  const [is_open, set_open] = useState(false);
  const [is_editing, edit] = useState(false);
  return html`<li class="known" data-flash=${flash}>
    <button type="button" class="item-fold known-row" aria-expanded=${is_open} onClick=${() => set_open(!is_open)}>
      <span class="known-key">${line(entry.key, 80)}</span>
      <span class="known-value">${brief(entry.value, 80)}</span>
      <span class="known-type">${line(entry.type ?? "", 40)}</span>
    </button>
    ${
      is_open &&
      html`<div class="details">
      <${ValueTree} value=${entry.value} />
      ${!is_editing && html`<${Editable} entry=${entry} onEdit=${() => edit(true)} />`}
      ${is_editing && html`<${Edit} ...${{ scope, entry, api, again }} onEnd=${() => (edit(false), again())} />`}
    </div>`
    }
  </li>`;
}

/** @param {{entry: any, onEdit: () => void}} props */
function Editable({ entry, onEdit }) {
  if (!may("control")) return html`<p class="muted small">Changing it needs a token with the control scope.</p>`;
  if (entry.is_cut)
    return html`<p class="muted small">This value is shown in part, so it cannot be changed here: the rest would be lost.</p>`;
  return html`<button type="button" class="button button-small" onClick=${onEdit}>Edit</button>`;
}

/** What a refusal means here. @param {any} error */
export function refusal(error) {
  if (error?.status === 409)
    return "It changed since you began: look at the value above, then save again to overwrite it.";
  if (error?.status === 403) return "This token may not change knowledge: it needs the control scope.";
  if (error?.status === 422) return `The value does not fit: ${sentence(error)}`;
  return `not saved: ${sentence(error)}`;
}

/** @param {{scope: any, entry: any, api: any, again: () => void, onEnd: () => void}} props */
function Edit({ scope, entry, api, again, onEnd }) {
  const [text, set_text] = useState(() => writeJson(plain_of(entry.value), 2));
  const [begun, begin_from] = useState(() => ({ value: entry.value, is_latest: false }));
  const [said, say] = useState({ text: "", bad: false });
  const input = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  useEffect(() => input.current?.focus(), []);
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const mistake = mistake_in(text);
    if (mistake) return say({ text: mistake.message, bad: true });
    const expected = begun.is_latest ? entry.value : begun.value;
    try {
      await api.put(
        "/live/knowledge",
        { scope: scope.scope, key: entry.key },
        `{"value": ${text}, "if_value": ${writeJson(expected)}}`,
      );
      onEnd();
    } catch (error) {
      if (/** @type {any} */ (error)?.status === 409) {
        begin_from({ value: null, is_latest: true }); // the person sees the new value now, and may overwrite it
        again();
      }
      say({ text: refusal(error), bad: true });
    }
  };
  return html`<form class="form" onSubmit=${save}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && (event.stopPropagation(), onEnd())}>
    <textarea class="field mono" ref=${input} rows=${Math.min(12, Math.max(2, text.split("\n").length))}
      aria-label="value of ${line(entry.key, 60)} as JSON" spellcheck=${false} aria-invalid=${said.bad} value=${text}
      onInput=${(/** @type {any} */ event) => set_text(event.target.value)}></textarea>
    <div class="form-end">
      <button type="submit" class="button button-main">Save</button>
      <button type="button" class="button button-quiet" onClick=${onEnd}>Cancel</button>
    </div>
    <${Outcome} ...${said} />
  </form>`;
}
