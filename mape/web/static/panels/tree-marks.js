// @ts-check
/** What the server's marks in a value mean: types, what it left out, what could not be read. Pure. */

import { Exact } from "../form/json.js";
import { line, quoted, whole } from "./words.js";

const CUT = "…"; // how much was left out
const TYPE = "$type";
const ERROR = "$error";

/**
 * @typedef {object} Sight A value as it is shown.
 * @property {"branch"|"text"|"leaf"|"cut"} form
 * @property {string} [kind] Of a leaf, for its colour.
 * @property {string} [text]
 * @property {string} [type] The class that the value had.
 * @property {[string, any][]} [rows] Of a branch.
 * @property {boolean} [is_list]
 * @property {number} missing How much the server left out.
 */

/** @param {any} value @returns {Sight} */
export function sight_of(value) {
  if (typeof value === "string") return { form: "text", kind: "string", text: value, missing: 0 };
  if (value instanceof Exact) return { form: "leaf", kind: "number", text: value.text, missing: 0 };
  if (value === null || typeof value !== "object")
    return { form: "leaf", kind: value === null ? "null" : typeof value, text: String(value), missing: 0 };
  return Array.isArray(value) ? list_sight(value) : object_sight(value);
}

/** @param {any[]} list @returns {Sight} */
function list_sight(list) {
  const last = list.at(-1);
  const is_cut =
    last !== null && typeof last === "object" && Object.keys(last).length === 1 && typeof last[CUT] === "number";
  const shown = is_cut ? list.slice(0, -1) : list;
  return {
    form: "branch",
    is_list: true,
    rows: shown.map((each, index) => [String(index), each]),
    missing: is_cut ? last[CUT] : 0,
  };
}

/** @param {Record<string, any>} value @returns {Sight} */
function object_sight(value) {
  const type = typeof value[TYPE] === "string" ? value[TYPE] : undefined;
  const missing = typeof value[CUT] === "number" ? value[CUT] : 0;
  const rows = Object.entries(value).filter(
    ([name, each]) => !(name === TYPE && type !== undefined) && !(name === CUT && typeof each === "number"),
  );
  const [first] = rows;
  const is_marked = type !== undefined || missing > 0;
  if (rows.length === 1 && first[0] === ERROR)
    return { form: "leaf", kind: "error", text: `not readable: ${line(first[1], 80)}`, missing: 0 };
  if (is_marked && rows.length === 1 && first[0] === "text" && typeof first[1] === "string") {
    return { form: "text", kind: type ? "object" : "string", text: first[1], type, missing };
  }
  if (!rows.length && missing) return { form: "cut", type, missing };
  return { form: "branch", type, rows, missing };
}

/** A value in a few characters. @param {any} value @param {number} [most] @returns {string} */
export function brief(value, most = 60) {
  const sight = sight_of(value);
  const name = sight.type ? `${line(sight.type, 40)} ` : "";
  if (sight.form === "text")
    return `${name}${sight.kind === "object" ? line(sight.text, most) : quoted(/** @type {string} */ (sight.text), most)}${sight.missing ? "…" : ""}`;
  if (sight.form === "leaf") return line(sight.text, most);
  if (sight.form === "cut") return `${name}… ${whole(sight.missing)} not sent`;
  return name + brief_branch(sight, most);
}

/** @param {Sight} sight @param {number} most */
function brief_branch({ rows = [], missing, is_list }, most) {
  const size = rows.length + missing;
  if (is_list) return size ? `[${whole(size)} ${size === 1 ? "item" : "items"}]` : "[]";
  if (!size) return "{}";
  const names = rows.slice(0, 4).map(([name]) => line(name, 24));
  return line(`{${names.join(", ")}${rows.length > names.length || missing ? ", …" : ""}}`, most);
}

/**
 * A value as a person would write it: without the names of classes, and an enum's member or another opaque object as its text.
 * @param {any} value A tree that nothing was left out of.
 * @returns {any}
 */
export function plain_of(value) {
  if (Array.isArray(value)) return value.map(plain_of);
  if (value === null || typeof value !== "object" || value instanceof Exact) return value;
  const sight = object_sight(value);
  if (sight.form === "text") return sight.text;
  return Object.fromEntries((sight.rows ?? []).map(([name, each]) => [name, plain_of(each)]));
}
