// @ts-check
/** The one connection: it opens, reads, waits and opens again, as long as the page lives. */

import { api, error_of, headers_of, url_of } from "./api.js";
import { settle, take } from "../state/events.js";
import { read } from "./sse.js";
import { key_of, store } from "../state/store.js";
import { token } from "./token.js";

const SHORTEST = 200; // [ms] between two attempts
const LONGEST = 2000;
const SILENCE = 15_000; // [ms] three heartbeats
const OPENING = 10_000; // [ms] for the first byte
const GONE_AFTER = 15_000; // [ms] until "reconnecting" becomes "gone"

let wait = SHORTEST;
let live_at = 0;
/** @type {AbortController|null} */
let current = null;
/** @type {() => void} */
let wake = () => {};

/** @param {number} time [ms] */
const pause = (time) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, time);
    wake = () => {
      clearTimeout(timer);
      resolve(undefined);
    };
  });

/** @param {number} status @param {string} sentence */
function refused(status, sentence) {
  if (status === 401) {
    const reason = token.get() ? "The server does not know this token." : "";
    store.update({ status: "token", reason });
  } else if (status === 403) {
    store.update({ status: "refused", reason: sentence });
  } else lost(sentence);
  return status === 401 || status === 403;
}

/** @param {string} sentence */
function lost(sentence) {
  const { hello, reason } = store.get();
  const is_long = performance.now() - live_at > GONE_AFTER;
  const first = hello ? "reconnecting" : "connecting";
  store.update({ status: is_long ? "gone" : first, reason: reason || sentence });
}

/** One life of the connection. @returns {Promise<boolean>} Whether to wait until somebody acts. */
async function session() {
  current = new AbortController();
  const opening = setTimeout(() => current?.abort(), OPENING);
  const { selected } = store.get();
  const watch = selected && !selected.peer ? { watch: selected.path } : {};
  try {
    const response = await fetch(url_of("/live/stream", watch), {
      headers: headers_of({ accept: "text/event-stream" }),
      cache: "no-store",
      credentials: "omit",
      signal: current.signal,
    });
    clearTimeout(opening);
    if (!response.ok) {
      const error = await error_of(response);
      return refused(error.status, error.error);
    }
    await read(response, heard, SILENCE);
    lost("the connection ended");
  } catch {
    lost("the server does not answer");
  } finally {
    clearTimeout(opening);
    api.set_client("");
  }
  return false;
}

/** @param {string} name @param {string} text */
function heard(name, text) {
  take(name, text);
  if (name === "hello") {
    wait = SHORTEST;
    watch_now();
  }
  live_at = performance.now();
}

/** Tells the server what this page looks at. */
function watch_now() {
  const { selected, status } = store.get();
  if (status !== "live" || !api.client()) return;
  const paths = selected ? [selected] : [];
  api.post("/live/watch", {}, { client: api.client(), paths }).catch(() => {
    // the stream says soon enough that the server is gone
  });
}

function watch_selected() {
  let watched = "";
  store.subscribe(({ selected }) => {
    const key = selected ? key_of(selected.peer, selected.path) : "";
    if (key === watched) return;
    watched = key;
    watch_now();
  });
}

export const live = {
  /** Connects, and stays connected until the page goes. */
  async run() {
    live_at = performance.now();
    watch_selected();
    setInterval(settle, 500);
    addEventListener("online", () => wake());
    document.addEventListener("visibilitychange", () => document.hidden || wake());
    for (;;) {
      const is_idle = await session();
      await pause(is_idle ? 2 ** 31 - 1 : wait * (0.75 + Math.random() / 2));
      wait = Math.min(LONGEST, wait * 1.6);
    }
  },

  /** Tries again at once, say with another token. */
  retry() {
    wait = SHORTEST;
    live_at = performance.now();
    current?.abort();
    wake();
  },
};
