// @ts-check
/**
 * What a JSON schema asks for, as a form needs to know it. Pure: no element of a page is touched here.
 *
 * A schema is untrusted and may refer to itself; every step here is bounded.
 */

import { Exact } from "./json.js";

/** @typedef {Record<string, any>} Schema */
/**
 * @typedef {object} Shape
 * @property {"text"|"number"|"integer"|"boolean"|"choice"|"object"|"map"|"list"|"row"|"union"|"null"|"any"} kind
 * @property {string} title
 * @property {string} description
 * @property {Schema} schema
 * @property {any} [initial] The default value; missing if there is none.
 * @property {string} [format]
 * @property {any[]} [choices]
 * @property {{name: string, schema: Schema, needed: boolean}[]} [fields]
 * @property {{label: string, schema: Schema}[]} [options]
 * @property {Schema[]} [places]
 * @property {Schema} [items]
 */

const MOST_REFERENCES = 16;
const MOST_FIELDS = 100;
const NAMES = {
  text: "text",
  number: "number",
  integer: "whole number",
  boolean: "yes or no",
  object: "object",
  map: "object",
  list: "list",
  row: "list",
  null: "nothing (null)",
  any: "any JSON",
  choice: "choice",
  union: "one of several",
};

/** @param {any} value */
function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Exact);
}

/**
 * Follow references and merge what stands beside them.
 * @param {any} schema
 * @param {Schema} root
 * @returns {Schema}
 */
export function resolve(schema, root) {
  let found = isObject(schema) ? schema : {};
  for (let step = 0; step < MOST_REFERENCES; step += 1) {
    const { $ref: reference, allOf, ...beside } = found;
    if (typeof reference === "string") found = { ...target(reference, root), ...beside };
    else if (Array.isArray(allOf)) found = Object.assign({}, ...allOf.filter(isObject), beside);
    else return found;
  }
  return {};
}

/**
 * @param {string} reference
 * @param {Schema} root
 * @returns {Schema}
 */
function target(reference, root) {
  if (!reference.startsWith("#")) return {};
  /** @type {any} */
  let found = root;
  for (const part of reference.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return isObject(found) ? found : {};
}

/**
 * Say what kind of value a schema asks for.
 * @param {any} schema
 * @param {Schema} root
 * @returns {Shape}
 */
export function shapeOf(schema, root) {
  const found = resolve(schema, root);
  /** @type {Shape} */
  const shape = { kind: "any", title: words(found.title), description: words(found.description), schema: found };
  if ("default" in found) shape.initial = found.default;
  return Object.assign(shape, kindOf(found, root));
}

/** @param {any} value */
function words(value) {
  return typeof value === "string" ? value : "";
}

/**
 * @param {Schema} schema
 * @param {Schema} root
 * @returns {Partial<Shape>}
 */
function kindOf(schema, root) {
  if (Array.isArray(schema.enum)) return { kind: "choice", choices: schema.enum };
  if ("const" in schema) return { kind: "choice", choices: [schema.const] };
  const union = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(union)) return unionOf(union, root);
  if (Array.isArray(schema.type))
    return unionOf(
      schema.type.map((type) => ({ ...schema, type })),
      root,
    );
  const type = schema.type ?? (schema.properties ? "object" : undefined);
  if (type === "object") return objectOf(schema);
  if (type === "array") return listOf(schema);
  if (type === "string") return { kind: "text", format: schema.format ?? schema.contentEncoding };
  return ["number", "integer", "boolean", "null"].includes(type) ? { kind: type } : { kind: "any" };
}

/**
 * @param {any[]} union
 * @param {Schema} root
 * @returns {Partial<Shape>}
 */
function unionOf(union, root) {
  const schemas = union.filter(isObject).slice(0, MOST_FIELDS);
  if (!schemas.length) return { kind: "any" };
  return { kind: "union", options: schemas.map((schema) => ({ label: labelOf(schema, root), schema })) };
}

/**
 * @param {Schema} schema
 * @param {Schema} root
 */
function labelOf(schema, root) {
  const found = resolve(schema, root);
  if (found.anyOf || found.oneOf || Array.isArray(found.type)) return words(found.title) || NAMES.union;
  return words(found.title) || NAMES[kindOf(found, root).kind ?? "any"];
}

/**
 * @param {Schema} schema
 * @returns {Partial<Shape>}
 */
function objectOf(schema) {
  const extra = schema.additionalProperties;
  if (!isObject(schema.properties)) return { kind: "map", items: isObject(extra) ? extra : {} };
  const needed = Array.isArray(schema.required) ? schema.required : [];
  const fields = Object.entries(schema.properties).slice(0, MOST_FIELDS);
  return {
    kind: "object",
    fields: fields.map(([name, each]) => ({ name, schema: each, needed: needed.includes(name) })),
  };
}

/**
 * @param {Schema} schema
 * @returns {Partial<Shape>}
 */
function listOf(schema) {
  const places = schema.prefixItems;
  if (Array.isArray(places)) return { kind: "row", places: places.slice(0, MOST_FIELDS) };
  return { kind: "list", items: isObject(schema.items) ? schema.items : {} };
}

/**
 * Say in a few words what a schema asks for: `Car`, `list of number`, `text or nothing (null)`.
 * @param {any} schema
 * @param {Schema} root
 * @param {number} [depth]
 * @returns {string}
 */
export function describe(schema, root, depth = 0) {
  const shape = shapeOf(schema, root);
  if (shape.kind === "object" && shape.title) return shape.title;
  if (depth > 3) return NAMES[shape.kind];
  const inner = (/** @type {any} */ each) => describe(each, root, depth + 1);
  if (shape.kind === "union")
    return (shape.options ?? [])
      .slice(0, 6)
      .map((each) => inner(each.schema))
      .join(" or ");
  if (shape.kind === "list") return `list of ${inner(shape.items)}`;
  if (shape.kind === "map" && Object.keys(shape.items ?? {}).length) return `object of ${inner(shape.items)}`;
  if (shape.kind === "row") return `[${(shape.places ?? []).slice(0, 6).map(inner).join(", ")}]`;
  if (shape.kind === "choice")
    return (
      shape.title ||
      (shape.choices ?? [])
        .slice(0, 6)
        .map((each) => JSON.stringify(each))
        .join(" or ")
    );
  return shape.format ? `${NAMES[shape.kind]} (${shape.format})` : NAMES[shape.kind];
}

/**
 * Whether a value could be meant by a schema; only as deep as it takes to choose between the options of a union.
 * @param {any} value
 * @param {any} schema
 * @param {Schema} root
 * @param {number} [depth]
 * @returns {boolean}
 */
export function fits(value, schema, root, depth = 0) {
  const shape = shapeOf(schema, root);
  if (shape.kind === "any" || depth > 6) return true;
  if (shape.kind === "choice") return (shape.choices ?? []).some((each) => Object.is(each, value));
  if (shape.kind === "union") return (shape.options ?? []).some((each) => fits(value, each.schema, root, depth + 1));
  if (shape.kind === "null") return value === null;
  if (shape.kind === "text") return typeof value === "string";
  if (shape.kind === "boolean") return typeof value === "boolean";
  if (shape.kind === "list" || shape.kind === "row") return Array.isArray(value);
  if (shape.kind === "map") return isObject(value);
  if (shape.kind === "object") return fitsObject(value, shape, root, depth);
  return isNumber(value) && (shape.kind === "number" || isWhole(value));
}

/**
 * @param {any} value
 * @param {Shape} shape
 * @param {Schema} root
 * @param {number} depth
 */
function fitsObject(value, shape, root, depth) {
  if (!isObject(value)) return false;
  return (shape.fields ?? []).every(({ name, schema, needed }) =>
    Object.hasOwn(value, name) ? fits(value[name], schema, root, depth + 1) : !needed,
  );
}

/** @param {any} value */
function isNumber(value) {
  return typeof value === "number" || value instanceof Exact;
}

/** @param {any} value */
function isWhole(value) {
  return typeof value === "number" ? Number.isInteger(value) : /^-?\d+$/.test(value.text);
}
