// @ts-check
/** The page's one state: replaced piece by piece, never changed in place; whoever looks is told once per turn. */

import { useEffect, useState } from "../dom.js";

/**
 * @typedef {object} Place An element: `peer` is "" for this server's own app.
 * @property {string} peer
 * @property {string} path
 */

/**
 * @typedef {object} State
 * @property {"connecting"|"live"|"reconnecting"|"token"|"refused"|"gone"} status
 * @property {string} reason Why it is not live, as a sentence.
 * @property {any} hello What the server says of itself; null before the first answer.
 * @property {Record<string, any>} graphs By peer; "" is this server's own app.
 * @property {Record<string, any>} peers By name: {name, title, url, state, text}.
 * @property {Record<string, import("./figures.js").Figures>} pulse Figures by key.
 * @property {Record<string, number[]>} wires Of edges out of the process and routed ones, by key: [passed, lost, retries, queued].
 * @property {Record<string, Record<string, number>>} numbers Knowledge that is a number, by key of the scope ("loop:x") and name.
 * @property {number} beat Grows with each look at rates and numbers, twice a second.
 * @property {Record<string, {in: any[], out: any[], seen: {in: number, out: number}}>} items Latest items by key, newest first.
 * @property {any[]} log Newest last.
 * @property {Record<string, any>} traces By causal id, the latest few.
 * @property {number} follow_ended Grows when the wait for an item ended without one.
 * @property {string|null} trace The causal id that is shown.
 * @property {number} knowledge_version Grows with each change of knowledge.
 * @property {any[]} knowledge_changed What the last change was: [{peer, scope, key}].
 * @property {number} shared_version Grows when something in the store has changed, or may have.
 * @property {{items: number, log: number}} lost Detail that the server had to leave out for this page.
 * @property {Place|null} selected The element in the panel.
 * @property {"graph"|"list"} view What a narrow screen shows.
 * @property {string|null} sheet The open tab: "element"|"trace"|"log"|"knowledge"|"settings"; null is closed.
 * @property {ReadonlySet<string>} folded Keys of loops that are folded.
 * @property {string} query What is searched for.
 * @property {"auto"|"light"|"dark"} theme
 * @property {boolean} is_dark What the theme comes to.
 * @property {boolean} is_moving Whether items are drawn as they move.
 */

/** @type {State} */
let state = {
  status: "connecting",
  reason: "",
  hello: null,
  graphs: {},
  peers: {},
  pulse: {},
  wires: {},
  numbers: {},
  beat: 0,
  items: {},
  log: [],
  traces: {},
  follow_ended: 0,
  trace: null,
  knowledge_version: 0,
  knowledge_changed: [],
  shared_version: 0,
  lost: { items: 0, log: 0 },
  selected: null,
  view: "graph",
  sheet: null,
  folded: new Set(),
  query: "",
  theme: "auto",
  is_dark: false,
  is_moving: true,
};

/** @type {Set<(state: State) => void>} */
const listeners = new Set();
let is_due = false;

function tell() {
  is_due = false;
  for (const listener of [...listeners]) listener(state);
}

export const store = {
  /** @returns {State} */
  get: () => state,

  /**
   * Replaces what `patch` names; listeners hear once, after this turn.
   * @param {Partial<State>} patch
   */
  update(patch) {
    state = { ...state, ...patch };
    if (is_due) return;
    is_due = true;
    queueMicrotask(tell);
  },

  /**
   * @param {(state: State) => void} listener
   * @returns {() => void} Call it to hear no more.
   */
  subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },

  /**
   * Opens an element in its panel (or closes the panel with null).
   * @param {Place|null} place
   */
  select(place) {
    const sheet = place ? "element" : state.sheet === "element" ? null : state.sheet;
    store.update({ selected: place, sheet });
  },

  /**
   * Opens the trace of a causal id.
   * @param {string} cause
   */
  show_trace(cause) {
    store.update({ trace: cause, sheet: "trace" });
  },
};

/**
 * The key of an element in `pulse` and `items`.
 * @param {string} peer
 * @param {string} path
 */
export const key_of = (peer, path) => (peer ? `${peer}/${path}` : path);

/** @param {any} a @param {any} b */
function is_same(a, b) {
  if (Object.is(a, b)) return true;
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  return a.every((value, index) => Object.is(value, b[index]));
}

/**
 * A hook: what `pick` takes from the state; draws again only when that changed (arrays are compared item by item).
 * @template T
 * @param {(state: State) => T} pick
 * @returns {T}
 */
export function useStore(pick) {
  const [, redraw] = useState(0);
  const picked = pick(state);
  const last = /** @type {{value: T, pick: (state: State) => T}} */ (useState(() => ({ value: picked, pick }))[0]);
  last.value = picked;
  last.pick = pick;
  useEffect(() => {
    const look = () => {
      if (!is_same(last.pick(state), last.value)) redraw((/** @type {number} */ count) => count + 1);
    };
    look();
    return store.subscribe(look);
  }, []);
  return picked;
}
