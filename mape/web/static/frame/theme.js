// @ts-check
/** Light or dark: what the device prefers, unless somebody chose; and whether things may move. */

import { store } from "../state/store.js";

const NAME = "mape.theme";
const DARK = matchMedia("(prefers-color-scheme: dark)");
const STILL = matchMedia("(prefers-reduced-motion: reduce)");
const MOTION = "mape.motion";

/** @param {string} name */
function read(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** @param {string} name @param {string} value */
function write(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // storage is switched off: it holds until the page goes
  }
}

function apply() {
  const { theme } = store.get();
  const is_dark = theme === "dark" || (theme === "auto" && DARK.matches);
  document.documentElement.dataset.theme = is_dark ? "dark" : "light";
  store.update({ is_dark });
}

/** Reads what was chosen before; call it once, before anything is drawn. */
export function begin() {
  const chosen = read(NAME);
  store.update({
    theme: chosen === "light" || chosen === "dark" ? chosen : "auto",
    is_moving: !STILL.matches && read(MOTION) !== "off",
  });
  apply();
  DARK.addEventListener("change", apply);
  STILL.addEventListener("change", () => store.update({ is_moving: !STILL.matches }));
}

/** The next of automatic, light, dark. */
export function next_theme() {
  const order = /** @type {const} */ (["auto", "light", "dark"]);
  const theme = order[(order.indexOf(store.get().theme) + 1) % order.length];
  write(NAME, theme);
  store.update({ theme });
  apply();
}

export function toggle_motion() {
  const is_moving = !store.get().is_moving;
  write(MOTION, is_moving ? "on" : "off");
  store.update({ is_moving });
}
