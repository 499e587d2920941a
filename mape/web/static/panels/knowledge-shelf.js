// @ts-check
/** What the server knows of the store: asked again when it says that something changed, and now and then, while somebody looks. */

import { useEffect, useMemo, useRef, useState } from "../dom.js";
import { sentence } from "./words.js";
import { useStore } from "../state/store.js";

const AGAIN = 2; // [s] if the server gives no answer, or no time
const FLASH = 1500; // [ms]

/**
 * @typedef {object} Shelf
 * @property {any[]} scopes With their lines: {scope, path, keys, more}.
 * @property {number} count Lines in all, also those that are not there.
 * @property {string} trouble Why what is shown is old; "" if it is not.
 * @property {number|null} at When it was last known [s].
 * @property {boolean} is_told Whether the store tells of changes.
 * @property {boolean} is_whole Whether all of the store was looked through.
 * @property {boolean} is_there Whether there is a store at all.
 * @property {number} pause [s] until it is asked again.
 * @property {number} beat Grows with each answer.
 * @property {number} seen The version before: what has a later turn has just changed.
 * @property {() => void} again
 */

const BLANK = { answer: /** @type {any} */ (null), error: "", beat: 0, seen: Infinity };

/**
 * @param {any} api
 * @param {string} find
 * @returns {Shelf}
 */
export function useShelf(api, find) {
  const told = useStore((state) => state.shared_version);
  const [{ answer, error, beat, seen }, set] = useState(BLANK);
  const ask = useRef(() => {});
  useEffect(() => {
    const asker = asking(api, find, set);
    ask.current = asker.ask;
    asker.ask();
    document.addEventListener("visibilitychange", asker.ask);
    return () => {
      asker.end();
      document.removeEventListener("visibilitychange", asker.ask);
    };
  }, [find]);
  useEffect(() => {
    if (told) ask.current();
  }, [told]);
  const scopes = answer?.scopes ?? [];
  const count = useMemo(
    () => scopes.reduce((/** @type {number} */ sum, /** @type {any} */ scope) => sum + scope.keys.length + scope.more, 0),
    [scopes],
  );
  return {
    scopes,
    count,
    trouble: error || (answer?.text ?? ""),
    at: answer?.at ?? null,
    is_told: Boolean(answer?.is_told),
    is_whole: answer?.is_whole ?? true,
    is_there: Boolean(answer) && answer.state !== "none",
    pause: answer?.again ?? AGAIN,
    beat,
    seen,
    again: () => ask.current(),
  };
}

/** @param {any} api @param {string} find @param {(change: (old: any) => any) => void} set */
function asking(api, find, set) {
  let version = "";
  let timer = 0;
  let is_here = true;
  let is_asking = false;
  let is_due = false;

  async function once() {
    try {
      const answer = await api.get("/live/shared", { find, after: version });
      if (!is_here) return AGAIN;
      version = String(answer.version ?? "");
      set((old) => merged(old, answer));
      return answer.state === "none" ? 10 * AGAIN : answer.again;
    } catch (error) {
      if (is_here) set((old) => ({ ...old, error: sentence(error) }));
      return AGAIN;
    }
  }

  async function ask() {
    clearTimeout(timer);
    is_due = true;
    if (is_asking || document.hidden) return; // who does not look costs nothing
    is_asking = true;
    let wait = AGAIN;
    while (is_due && is_here) {
      is_due = false;
      wait = await once();
    }
    is_asking = false;
    if (is_here) timer = setTimeout(ask, wait * 1000);
  }

  return {
    ask,
    end() {
      is_here = false;
      clearTimeout(timer);
    },
  };
}

/** @param {typeof BLANK} old @param {any} answer */
function merged(old, answer) {
  const beat = old.beat + 1;
  if (!answer.same) return { answer, error: "", beat, seen: old.answer?.version ?? Infinity };
  const is_quiet = answer.is_told && old.answer?.is_told && !old.error && answer.text === old.answer.text;
  return is_quiet ? old : { answer: { ...old.answer, ...answer }, error: "", beat, seen: answer.version };
}

/**
 * Which of some things have just changed, for a moment.
 * @template T
 * @param {T[]} things
 * @param {(thing: T) => string} key
 * @param {(thing: T) => boolean} is_new
 * @returns {(key: string) => number|null} What marks a line: changes each time, so that a change after a change is seen.
 */
export function useMarks(things, key, is_new) {
  const [marks, mark] = useState({ keys: /** @type {ReadonlySet<string>} */ (new Set()), turn: 0 });
  useEffect(() => {
    const keys = new Set(things.filter(is_new).map(key));
    if (!keys.size) return;
    mark((old) => ({ keys, turn: 1 - old.turn }));
  }, [things]);
  useEffect(() => {
    if (!marks.keys.size) return undefined;
    const timer = setTimeout(() => mark((old) => ({ keys: new Set(), turn: old.turn })), FLASH);
    return () => clearTimeout(timer);
  }, [marks]);
  return (name) => (marks.keys.has(name) ? marks.turn : null);
}
