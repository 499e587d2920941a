// @ts-check
/** The settings in force, and where each came from. */

import { classes, html, useMemo, useState } from "../dom.js";
import { Waiting, useAnswer } from "./parts.js";
import { line, whole } from "./words.js";

/** @param {{store: any, api: any}} props */
export function SettingsPanel({ api }) {
  const { answer, error, is_asking, again } = useAnswer(() => api.get("/live/settings"), []);
  const [text, set_text] = useState("");
  const [is_own, set_own] = useState(false);
  const found = useMemo(() => filtered(answer ?? [], text, is_own), [answer, text, is_own]);
  if (!answer) {
    const waiting = html`<${Waiting} what="settings" error=${error} is_asking=${is_asking} again=${again} />`;
    return html`<div class="panel">${waiting}</div>`;
  }
  return html`<div class="panel">
    <div class="filters-row" role="search" aria-label="search the settings">
      <input class="field" type="search" aria-label="name, value or source" placeholder="name, value or source"
        value=${text} onInput=${(/** @type {any} */ event) => set_text(event.target.value)} />
      <label class="tick">
        <input type="checkbox" checked=${is_own}
          onChange=${(/** @type {any} */ event) => set_own(event.target.checked)} />
        <span>only what is set</span>
      </label>
    </div>
    <p class="muted small" role="status">${whole(found.length)} of ${whole(answer.length)} settings</p>
    ${!found.length && html`<p class="empty">No setting fits. ${is_own ? "Everything may be at its default." : ""}</p>`}
    ${groups_of(found).map(([name, settings]) => html`<${Group} key=${name} name=${name} settings=${settings} />`)}
    <p class="muted small">
      Set them in <code>mape.yml</code>, as <code>MAPE_…</code> variables or in <code>mape.init(…)</code>; a change needs a
      restart. <code>mape config explain</code> prints this list.
    </p>
  </div>`;
}

/** @param {any[]} settings @param {string} text @param {boolean} is_own */
function filtered(settings, text, is_own) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return settings.filter((each) => {
    const all = `${each.name} ${text_of(each.value)} ${each.source}`.toLowerCase();
    return (!is_own || !each.is_default) && words.every((word) => all.includes(word));
  });
}

/** @param {any} value */
const text_of = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** By the first word of their names; those of one word are about the app as a whole. @param {any[]} settings @returns {[string, any[]][]} */
function groups_of(settings) {
  /** @type {Map<string, any[]>} */
  const groups = new Map();
  for (const each of settings) {
    const name = String(each.name).includes(".") ? String(each.name).split(".")[0] : "app";
    groups.set(name, [...(groups.get(name) ?? []), each]);
  }
  return [...groups];
}

/** @param {{name: string, settings: any[]}} props */
function Group({ name, settings }) {
  const own = settings.filter((each) => !each.is_default).length;
  return html`<section class="settings-group">
    <h3>${line(name, 60)} <span class="part-note">${own ? `${whole(own)} set` : "all at default"}</span></h3>
    <dl class="settings">${settings.map((each) => html`<${Setting} key=${each.name} setting=${each} />`)}</dl>
  </section>`;
}

/** What stands for nothing, in words. @param {any} value */
const nothing = (value) => (value === "" ? "empty" : value === null ? "not set" : Array.isArray(value) && !value.length ? "none" : "");

/** @param {{setting: any}} props */
function Setting({ setting }) {
  const { name, value, source, is_default } = setting;
  return html`<div class=${classes("setting", is_default && "is-default")}>
    <dt class="mono">${line(name, 120)}</dt>
    <dd class="mono setting-value">${nothing(value) || line(text_of(value), 400)}</dd>
    ${!is_default && html`<dd class="setting-source">${line(source, 200)}</dd>`}
  </div>`;
}
