// @ts-check
/** Draws JSON schemas: a line for what a message is, its fields below. Text only; nothing becomes markup. */

const DEEPEST = 8;

/**
 * Makes an element.
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string | null | undefined)} children
 */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...children.filter((each) => each !== null && each !== undefined));
  return made;
}

/** Follows a reference inside a document. @param {any} root @param {string} reference */
export function follow(root, reference) {
  let found = root;
  for (const name of reference.replace(/^#\//, "").split("/")) {
    const key = name.replaceAll("~1", "/").replaceAll("~0", "~");
    found = Object.hasOwn(Object(found), key) ? found[key] : undefined;
  }
  return found;
}

/** Says in a word what a schema takes. @param {any} root @param {any} schema @returns {string} */
export function word(root, schema) {
  if (schema === true || !schema || Object.keys(schema).length === 0) {
    return "anything";
  }
  if (schema.$ref) {
    const target = follow(root, schema.$ref);
    return target?.enum ? word(root, target) : (String(schema.$ref).split("/").pop() ?? "");
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) {
    return [...new Set(choices.map((/** @type {any} */ each) => word(root, each)))].join(" or ");
  }
  if (schema.enum) {
    return schema.enum.map((/** @type {unknown} */ each) => JSON.stringify(each)).join(" or ");
  }
  if ("const" in schema) {
    return JSON.stringify(schema.const);
  }
  if (schema.type === "array") {
    const each = (schema.prefixItems ?? []).map((/** @type {any} */ item) => word(root, item));
    return each.length ? `[${each.join(", ")}]` : `list of ${word(root, schema.items)}`;
  }
  const kind = Array.isArray(schema.type) ? schema.type.join(" or ") : String(schema.type ?? "object");
  return [kind, schema.format].filter(Boolean).join(", ");
}

/** Says what else holds. @param {any} schema */
function limits(schema) {
  const said = [];
  for (const [name, text] of Object.entries(LIMITS)) {
    if (Object.hasOwn(Object(schema), name)) {
      said.push(`${text} ${schema[name]}`);
    }
  }
  return said.join(", ");
}

const LIMITS = {
  minimum: "at least",
  exclusiveMinimum: "above",
  maximum: "at most",
  exclusiveMaximum: "below",
  minLength: "length at least",
  maxLength: "length at most",
  pattern: "matches",
};

/** The schema that holds the fields: through references, lists and alternatives. @param {any} root @param {any} schema @param {number} depth @returns {any[]} */
function objects(root, schema, depth = 0) {
  if (!schema || depth > DEEPEST) {
    return [];
  }
  if (schema.$ref) {
    return objects(root, follow(root, schema.$ref), depth + 1);
  }
  const inner = [...(schema.anyOf ?? schema.oneOf ?? schema.prefixItems ?? []), schema.items].filter(
    (each) => each && typeof each === "object",
  );
  const own = schema.properties ? [schema] : [];
  return [...own, ...inner.flatMap((each) => objects(root, each, depth + 1))];
}

/**
 * The fields of what a schema describes; null where there are none.
 * @param {any} root @param {any} schema @param {number} depth @returns {HTMLElement | null}
 */
export function fields(root, schema, depth = 0) {
  const found = depth > DEEPEST ? [] : objects(root, schema);
  if (found.length === 0) {
    return null;
  }
  const list = make("ul", { class: "fields" });
  for (const each of found) {
    for (const [name, inner] of Object.entries(each.properties)) {
      list.append(line(root, name, inner, (each.required ?? []).includes(name), depth));
    }
  }
  return list;
}

/** One field. @param {any} root @param {string} name @param {any} schema @param {boolean} isRequired @param {number} depth */
function line(root, name, schema, isRequired, depth) {
  const rest = [limits(schema), isRequired ? "" : "may be missing", schema?.description].filter(Boolean).join("; ");
  return make(
    "li",
    {},
    make("code", {}, name),
    " ",
    make("span", { class: "type mono" }, word(root, schema)),
    rest ? make("span", { class: "muted" }, ` · ${rest}`) : null,
    fields(root, schema, depth + 1),
  );
}
