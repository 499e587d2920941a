// @ts-check
/**
 * What a person has typed into a form so far, as a tree that may be unfinished. Pure.
 *
 * A draft keeps texts as typed, so that half a number is no error until it is read.
 */
import { Exact, JsonProblem, readJson, writeJson } from "./json.js";
import { fits, shapeOf } from "./schema.js";

/** @typedef {import("./schema.js").Schema} Schema */
/** @typedef {import("./schema.js").Shape} Shape */
/**
 * @typedef {object} Draft
 * @property {Shape} shape
 * @property {string} [text] Of a leaf.
 * @property {number} [pick] Of a choice or a union: which option; -1 for none yet.
 * @property {Draft} [inner] Of a union: the draft of the option.
 * @property {(Draft | null)[]} [items] Of a list, a row, a map or an object (in the order of its fields); null: left out.
 * @property {string[]} [names] Of a map.
 */
/** @typedef {{at: string, text: string}} Problem */

const DEEPEST = 6;
const MOST_ITEMS = 200;

/**
 * Make a draft: of a value if there is one, else of the schema's default, else blank.
 * @param {any} schema
 * @param {Schema} root
 * @param {any} [value]
 * @param {number} [depth]
 * @returns {Draft}
 */
export function draftOf(schema, root, value, depth = 0) {
  const found = shapeOf(schema, root);
  const shape = /** @type {Shape} */ (depth > DEEPEST && isNested(found) ? { ...found, kind: "any" } : found);
  const given = value === undefined ? shape.initial : value;
  const fitting = given !== undefined && fits(given, schema, root) ? given : undefined;
  return { shape, ...MAKERS[shape.kind](shape, root, fitting, depth) };
}

/** @param {Shape} shape */
function isNested(shape) {
  return ["object", "map", "list", "row", "union"].includes(shape.kind);
}

/** @type {Record<string, (shape: Shape, root: Schema, value: any, depth: number) => Partial<Draft>>} */
const MAKERS = {
  text: (_, __, value) => ({ text: value ?? "" }),
  number: (_, __, value) => ({ text: value === undefined ? "" : writeJson(value) }),
  integer: (_, __, value) => ({ text: value === undefined ? "" : writeJson(value) }),
  any: (_, __, value) => ({ text: value === undefined ? "" : writeJson(value, 2) }),
  boolean: (_, __, value) => ({ text: String(value ?? false) }),
  null: () => ({}),
  choice: (shape, _, value) => ({ pick: choiceOf(shape, value) }),
  union: unionDraft,
  object: (shape, root, value, depth) => ({
    items: (shape.fields ?? []).map((field) => fieldDraft(field, root, value, depth)),
  }),
  map: (shape, root, value, depth) => ({
    names: Object.keys(value ?? {}).slice(0, MOST_ITEMS),
    items: Object.values(value ?? {})
      .slice(0, MOST_ITEMS)
      .map((each) => draftOf(shape.items, root, each, depth + 1)),
  }),
  list: (shape, root, value, depth) => ({
    items: (value ?? [])
      .slice(0, MOST_ITEMS)
      .map((/** @type {any} */ each) => draftOf(shape.items, root, each, depth + 1)),
  }),
  row: (shape, root, value, depth) => ({
    items: (shape.places ?? []).map((each, index) => draftOf(each, root, value?.[index], depth + 1)),
  }),
};

/**
 * @param {Shape} shape
 * @param {any} value
 */
function choiceOf(shape, value) {
  const choices = shape.choices ?? [];
  if (value !== undefined) return choices.findIndex((each) => Object.is(each, value));
  return choices.length === 1 ? 0 : -1;
}

/**
 * @param {Shape} shape
 * @param {Schema} root
 * @param {any} value
 * @param {number} depth
 * @returns {Partial<Draft>}
 */
function unionDraft(shape, root, value, depth) {
  const options = shape.options ?? [];
  const fitting = value === undefined ? -1 : options.findIndex((each) => fits(value, each.schema, root));
  const nothing = options.findIndex((each) => shapeOf(each.schema, root).kind === "null");
  const pick = Math.max(0, fitting >= 0 ? fitting : nothing);
  return { pick, inner: draftOf(options[pick].schema, root, value, depth + 1) };
}

/**
 * @param {{name: string, schema: Schema, needed: boolean}} field
 * @param {Schema} root
 * @param {any} value
 * @param {number} depth
 */
function fieldDraft(field, root, value, depth) {
  const own = value !== undefined && Object.hasOwn(value, field.name) ? value[field.name] : undefined;
  const has = own !== undefined || (value === undefined && shapeOf(field.schema, root).initial !== undefined);
  return field.needed || has ? draftOf(field.schema, root, own, depth + 1) : null;
}

/**
 * Take another option of a union.
 * @param {Draft} draft
 * @param {Schema} root
 * @param {number} pick
 * @param {number} depth
 * @returns {Draft}
 */
export function pickOption(draft, root, pick, depth) {
  const option = (draft.shape.options ?? [])[pick];
  return { ...draft, pick, inner: draftOf(option.schema, root, undefined, depth + 1) };
}

/**
 * Read the value of a draft.
 * @param {Draft} draft
 * @param {Schema} root
 * @returns {{value: any, problems: Problem[]}}
 */
export function readDraft(draft, root) {
  /** @type {Problem[]} */
  const problems = [];
  return { value: read(draft, "", problems), problems };
}

/**
 * @param {Draft} draft
 * @param {string} at
 * @param {Problem[]} problems
 * @returns {any}
 */
function read(draft, at, problems) {
  const { shape } = draft;
  if (shape.kind === "object") return readObject(draft, at, problems);
  if (shape.kind === "map") return readMap(draft, at, problems);
  if (draft.items)
    return draft.items.map((each, index) => read(/** @type {Draft} */ (each), `${at}/${index}`, problems));
  if (draft.inner) return read(draft.inner, at, problems);
  if (shape.kind === "null") return null;
  const { value, problem } = readLeaf(draft);
  if (problem) problems.push({ at, text: problem });
  return value;
}

/**
 * @param {Draft} draft
 * @param {string} at
 * @param {Problem[]} problems
 */
function readObject(draft, at, problems) {
  /** @type {[string, any][]} */
  const found = [];
  for (const [index, field] of (draft.shape.fields ?? []).entries()) {
    const inner = draft.items?.[index];
    if (inner) found.push([field.name, read(inner, `${at}/${index}`, problems)]);
  }
  return Object.fromEntries(found);
}

/**
 * @param {Draft} draft
 * @param {string} at
 * @param {Problem[]} problems
 */
function readMap(draft, at, problems) {
  const names = draft.names ?? [];
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) !== index) problems.push({ at: `${at}/${index}`, text: "this name is there twice" });
  }
  return Object.fromEntries(
    (draft.items ?? []).map((each, index) => [
      names[index],
      read(/** @type {Draft} */ (each), `${at}/${index}`, problems),
    ]),
  );
}

/**
 * @param {Draft} draft
 * @returns {{value?: any, problem?: string}}
 */
function readLeaf({ shape, text = "", pick = -1 }) {
  if (shape.kind === "choice") return pick < 0 ? { problem: "choose one" } : { value: (shape.choices ?? [])[pick] };
  if (shape.kind === "boolean") return { value: text === "true" };
  if (shape.kind === "any") return readAny(text);
  if (shape.kind === "text") return { value: text, problem: textProblem(text, shape) };
  return readNumber(text.trim(), shape);
}

/** @param {string} text */
function readAny(text) {
  if (!text.trim()) return { problem: 'a JSON value is needed, for example 3, "text" or {"a": 1}' };
  try {
    return { value: readJson(text) };
  } catch (error) {
    if (error instanceof JsonProblem) return { problem: error.message };
    throw error;
  }
}

/**
 * @param {string} text
 * @param {Shape} shape
 */
function readNumber(text, shape) {
  const isWhole = shape.kind === "integer";
  const what = isWhole ? "a whole number" : "a number";
  if (!text) return { problem: `${what} is needed` };
  if (!(isWhole ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i).test(text)) {
    return { problem: text.includes(",") ? `write ${what} with a point, without commas` : `this is not ${what}` };
  }
  const value = Number(text);
  if (!Number.isFinite(value)) return { problem: "this number is too large" };
  const isExact = isWhole && !Number.isSafeInteger(value);
  return { value: isExact ? new Exact(BigInt(text).toString()) : value, problem: boundProblem(value, shape.schema) };
}

/**
 * @param {number} value
 * @param {Schema} schema
 */
function boundProblem(value, schema) {
  if (value < schema.minimum) return `at least ${schema.minimum}`;
  if (value > schema.maximum) return `at most ${schema.maximum}`;
  if (value <= schema.exclusiveMinimum) return `more than ${schema.exclusiveMinimum}`;
  if (value >= schema.exclusiveMaximum) return `less than ${schema.exclusiveMaximum}`;
  return undefined;
}

const FORMATS = /** @type {Record<string, [RegExp, string]>} */ ({
  "date-time": [
    /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?$/,
    "a time looks like 2030-01-31T12:00:00Z",
  ],
  date: [/^\d{4}-\d\d-\d\d$/, "a date looks like 2030-01-31"],
  uuid: [/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i, "a UUID has 32 hexadecimal digits"],
  base64: [/^[A-Za-z0-9+/]*={0,2}$/, "bytes are written in base64"],
  decimal: [/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, "this is not a number"],
});

/**
 * @param {string} text
 * @param {Shape} shape
 */
function textProblem(text, { format = "", schema }) {
  const length = Array.from(text).length;
  if (length < schema.minLength) return `at least ${schema.minLength} characters`;
  if (length > schema.maxLength) return `at most ${schema.maxLength} characters`;
  const [pattern, sentence] = FORMATS[format] ?? [];
  return pattern && !pattern.test(text) ? sentence : undefined;
}
