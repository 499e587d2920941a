// @ts-check
/** How an element was made: its text, its types, its options. */

import { html } from "../dom.js";
import { describe } from "../form/schema.js";
import { Empty } from "./parts.js";
import { line, visible, whole } from "./words.js";

/** @param {{element: any, detail: any, error: string, is_own: boolean}} props */
export function About({ element, detail, error, is_own }) {
  const rows = rows_of(element, detail);
  const attributes = Object.entries(detail?.attributes ?? {});
  return html`${detail?.doc && html`<p class="about-doc">${visible(detail.doc, 4000)}</p>`}
    <dl class="about">
      ${rows.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${line(value, 300)}</dd></div>`)}
    </dl>
    ${attributes.length > 0 && html`<${Attributes} attributes=${attributes} />`}
    ${error && html`<p class="notice notice-bad">${error}</p>`}
    ${!is_own && html`<${Empty}>More stands on the page of its own process.<//>`}`;
}

/** @param {any} element @param {any} detail @returns {[string, string][]} */
function rows_of(element, detail) {
  /** @type {[string, any][]} */
  const rows = [
    ["takes", type_of(detail?.takes, element.takes)],
    ["gives", type_of(detail?.gives, element.gives)],
    ["class", element.type],
    ["starts", element.starts],
    ["operators in", names(element.ops_in)],
    ["operators out", names(element.ops_out)],
    ["concurrency", detail?.concurrency],
    ["mailbox", mailbox(detail)],
    ["on error", policy(detail?.on_error)],
  ];
  return rows
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([name, value]) => [name, String(value)]);
}

/** A type by its name, or else by its schema. @param {any} schema @param {any} name */
function type_of(schema, name) {
  if (typeof name === "string" && name) return name;
  return schema ? describe(schema, schema) : "anything";
}

/** @param {any} list */
const names = (list) => (Array.isArray(list) && list.length ? list.join(" → ") : "none");

/** @param {any} detail */
function mailbox(detail) {
  if (detail?.mailbox === undefined || detail.mailbox === null) return null;
  const size = typeof detail.mailbox === "number" ? `${whole(detail.mailbox)} items` : detail.mailbox;
  return detail.overflow ? `${size}; when full: ${detail.overflow}` : size;
}

/** @param {any} value */
const policy = (value) => (value && typeof value === "object" ? JSON.stringify(value) : value);

/** @param {{attributes: [string, any][]}} props */
function Attributes({ attributes }) {
  return html`<h4>Attributes</h4>
    <dl class="about">
      ${attributes.slice(0, 50).map(([name, value]) => html`<div key=${name}><dt class="mono">${line(name, 60)}</dt>
        <dd class="mono">${line(value, 300)}</dd></div>`)}
    </dl>`;
}
