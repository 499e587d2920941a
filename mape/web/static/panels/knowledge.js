// @ts-check
/** What is known, here and in the store: read it, search it, change it where the token allows. */

import { html, useEffect, useMemo, useState } from "../dom.js";
import { Scope } from "./knowledge-local.js";
import { Shared } from "./knowledge-shared.js";
import { useShelf } from "./knowledge-shelf.js";
import { Waiting, useAnswer, useSettled } from "./parts.js";
import { whole } from "./words.js";
import { useStore } from "../state/store.js";

const NOTHING = "Nothing is known yet. What a program writes to loop.k, level.k or app.k appears here.";
const FLASH = 1500; // [ms]
const TYPING = 200; // [ms] the store is searched when somebody pauses

/** @param {{store: any, api: any}} props */
export function KnowledgePanel({ api }) {
  const version = useStore((state) => state.knowledge_version);
  const { answer, error, is_asking, again } = useAnswer(() => api.get("/live/knowledge"), [useSettled(version, 1000)]);
  const [text, set_text] = useState("");
  const shelf = useShelf(api, useSettled(text.trim(), TYPING));
  const scopes = useMemo(() => found_in(answer?.scopes ?? [], text), [answer, text]);
  const flashes = useFlashes();
  if (!answer) {
    return html`<div class="panel">
      <${Waiting} what="knowledge" error=${error} is_asking=${is_asking} again=${again} />
    </div>`;
  }
  const count = scopes.reduce((sum, scope) => sum + scope.keys.length, 0);
  const all = count + shelf.count;
  return html`<div class="panel">
    <div class="filters-row" role="search" aria-label="search the knowledge">
      <input class="field" type="search" aria-label="key or value" placeholder="key or value" value=${text}
        onInput=${(/** @type {any} */ event) => set_text(event.target.value)} />
    </div>
    <p class="muted small" role="status">${whole(all)} ${all === 1 ? "key" : "keys"}${
      shelf.count && count ? `, ${whole(shelf.count)} of them shared` : ""
    }${error ? ` · not fresh: ${error}` : ""}</p>
    ${scopes.map((scope) => html`<${Scope} key=${scope.scope} scope=${scope} flashes=${flashes} api=${api}
      again=${again} />`)}
    <${Shared} shelf=${shelf} api=${api} />
    ${!all && !shelf.trouble && html`<p class="empty">${text ? "No key or value fits." : NOTHING}</p>`}
  </div>`;
}

/** @param {any[]} scopes @param {string} text */
function found_in(scopes, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (/** @type {any} */ each) => {
    const all = `${each.key} ${each.type} ${JSON.stringify(each.value)}`.toLowerCase();
    return words.every((word) => all.includes(word));
  };
  return scopes
    .map((scope) => ({ ...scope, keys: words.length ? scope.keys.filter(fits) : scope.keys }))
    .filter((scope) => scope.keys.length);
}

/** The keys that changed a moment ago. @returns {import("./knowledge-local.js").Flashes} */
function useFlashes() {
  const changed = useStore((state) => state.knowledge_changed);
  const [flashes, flash] = useState(
    /** @type {import("./knowledge-local.js").Flashes} */ ({ keys: new Set(), turn: 0 }),
  );
  useEffect(() => {
    if (!changed?.length) return undefined;
    const keys = new Set(
      changed
        .filter((each) => !each.peer)
        .slice(0, 200)
        .map((each) => `${each.scope}\n${each.key}`),
    );
    flash((old) => ({ keys, turn: 1 - old.turn }));
    const timer = setTimeout(() => flash((old) => ({ keys: new Set(), turn: old.turn })), FLASH);
    return () => clearTimeout(timer);
  }, [changed]);
  return flashes;
}
