// @ts-check
/** The page's colours for a canvas, read from the style sheet: one place says what is light and what is dark. */

const NAMES = [
  "ground", "band", "surface", "raised", "line", "strong-line", "text", "muted", "faint", "accent", "good", "warn", "bad", "on-bad", "on-role",
]; // prettier-ignore
export const ROLES = ["monitor", "analyze", "plan", "execute", "element", "knowledge"];

/**
 * @typedef {object} Palette
 * @property {Record<string, string>} roles
 * @property {string} ground
 * @property {string} band
 * @property {string} surface
 * @property {string} raised
 * @property {string} line
 * @property {string} strong_line
 * @property {string} text
 * @property {string} muted
 * @property {string} faint
 * @property {string} accent
 * @property {string} good
 * @property {string} warn
 * @property {string} bad
 * @property {string} on_bad
 * @property {string} on_role
 */

/** @returns {Palette} */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const read = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim() || "#888";
  const roles = Object.fromEntries(ROLES.map((role) => [role, read(`role-${role}`)]));
  const colours = Object.fromEntries(NAMES.map((name) => [name.replace("-", "_"), read(name)]));
  return /** @type {Palette} */ (/** @type {unknown} */ ({ roles, ...colours }));
}
