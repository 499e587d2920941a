// @ts-check
/**
 * JSON as text: read with line and column of the first mistake, written with every digit of every number.
 *
 * The browser's own parser rounds integers beyond 2^53 and, depending on the browser, does not say where a mistake is.
 */

/** A number that would not be written as it was read: 1.0, or one of more digits than a JavaScript number has. */
export class Exact {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
}

/** What is wrong with a text that should be JSON, and where, from 1. */
export class JsonProblem extends Error {
  /**
   * @param {string} reason
   * @param {string} text
   * @param {number} at
   */
  constructor(reason, text, at) {
    const before = text.slice(0, at).split("\n");
    const line = before.length;
    const column = Array.from(before[line - 1]).length + 1;
    super(`line ${line}, column ${column}: ${reason}`);
    this.line = line;
    this.column = column;
    this.at = at;
  }
}

const DEEPEST = 200;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\r\n]*/y;
const WORDS = /** @type {[string, any][]} */ ([
  ["true", true],
  ["false", false],
  ["null", null],
]);

class Reader {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  /**
   * @param {string} reason
   * @param {number} [at]
   * @returns {never}
   */
  fail(reason, at = this.at) {
    throw new JsonProblem(reason, this.text, at);
  }

  /** @param {RegExp} pattern */
  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at += found[0].length;
    return found ? found[0] : null;
  }

  /** Skip spaces and say what comes. */
  peek() {
    this.match(SPACE);
    return this.text[this.at];
  }

  /**
   * @param {number} depth
   * @returns {any}
   */
  value(depth) {
    const next = this.peek();
    if (next === undefined) this.fail("the text ends where a value is needed");
    if (depth > DEEPEST) this.fail(`nested deeper than ${DEEPEST} levels`);
    if (next === "{") return this.object(depth);
    if (next === "[") return this.list(depth);
    if (next === '"') return this.string("a text");
    for (const [name, value] of WORDS) {
      if (!this.text.startsWith(name, this.at)) continue;
      this.at += name.length;
      return value;
    }
    return this.number();
  }

  number() {
    const start = this.at;
    const text = this.match(NUMBER);
    if (text === null) this.fail(hint(this.text.slice(start)), start);
    const value = Number(text);
    if (!Number.isFinite(value)) this.fail("this number is too large", start);
    return String(value) === text ? value : new Exact(text);
  }

  /** @param {string} what */
  string(what) {
    const start = this.at;
    const text = this.match(STRING);
    if (text === null)
      this.fail(`${what} in double quotes does not end, or has a character that needs a backslash`, start);
    return JSON.parse(text);
  }

  /** @param {number} depth */
  list(depth) {
    /** @type {any[]} */
    const items = [];
    this.row("]", () => items.push(this.value(depth + 1)));
    return items;
  }

  /** @param {number} depth */
  object(depth) {
    /** @type {[string, any][]} */
    const fields = [];
    this.row("}", () => {
      if (this.peek() !== '"') this.fail("a name in double quotes is needed here");
      const name = this.string("a name");
      if (this.peek() !== ":") this.fail("a colon is needed after a name");
      this.at += 1;
      fields.push([name, this.value(depth + 1)]);
    });
    return Object.fromEntries(fields);
  }

  /**
   * Read what stands between brackets, parted by commas.
   * @param {string} end
   * @param {() => void} one
   */
  row(end, one) {
    this.at += 1;
    if (this.peek() === end) {
      this.at += 1;
      return;
    }
    for (;;) {
      one();
      const next = this.peek();
      if (next !== "," && next !== end) this.fail(`a comma or ${end} is needed here`);
      this.at += 1;
      if (next === end) return;
      if (this.peek() === end) this.fail(`no comma before ${end}`);
    }
  }
}

/** @param {string} rest */
function hint(rest) {
  if (rest.startsWith("'")) return "texts stand in double quotes";
  if (/^(None|True|False)\b/.test(rest)) return "JSON says null, true and false";
  if (/^-?(NaN|Infinity|inf)/.test(rest)) return "JSON has no NaN and no infinity";
  if (/^[-+.0-9]/.test(rest)) return "this is no JSON number";
  if (/^[A-Za-z_]/.test(rest)) return "a text needs double quotes";
  return "a value is needed here";
}

/**
 * Read a text.
 * @param {string} text
 * @returns {any}
 * @throws {JsonProblem}
 */
export function readJson(text) {
  const reader = new Reader(text);
  const value = reader.value(0);
  if (reader.peek() !== undefined) reader.fail("there is more after the end of the value");
  return value;
}

/**
 * Write a value; `Exact` as it is.
 * @param {any} value
 * @param {number} [indent]
 * @param {string} [margin]
 * @returns {string}
 */
export function writeJson(value, indent = 0, margin = "") {
  if (value instanceof Exact) return value.text;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const inner = margin + " ".repeat(indent);
  const parts = Array.isArray(value)
    ? value.map((each) => writeJson(each, indent, inner))
    : Object.entries(value).map(
        ([name, each]) => `${JSON.stringify(name)}:${indent ? " " : ""}${writeJson(each, indent, inner)}`,
      );
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (!parts.length) return open + close;
  const gap = indent ? `\n${inner}` : "";
  return open + gap + parts.join(`,${indent ? gap : " "}`) + (indent ? `\n${margin}` : "") + close;
}
