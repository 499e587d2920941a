// @ts-check
/** A form's fields, one kind after the other; each is handed a draft and hands back a changed one. */

import { classes, html, useEffect, useRef } from "../dom.js";
import { draftOf, pickOption } from "./draft.js";
import { describe } from "./schema.js";
import { line } from "../panels/words.js";

/** @typedef {import("./draft.js").Draft} Draft */
/**
 * @typedef {object} FieldProps
 * @property {string} name What the field is called; "" for the item itself.
 * @property {Draft} draft
 * @property {string} at Its place in the form, as problems name it.
 * @property {Form} form
 * @property {(draft: Draft) => void} onChange
 * @property {boolean} [needed]
 * @property {any} [extra] Buttons beside the label.
 */
/**
 * @typedef {object} Form
 * @property {any} root The whole schema.
 * @property {string} id
 * @property {Map<string, string>} problems By place; empty until somebody tried to send.
 * @property {string|null} fresh The place that was just added and wants the focus; "" is the item itself.
 * @property {(place: string) => void} focus
 */

const MOST_ITEMS = 200;
const DEEPEST_LABELS = 4;

/** @param {string} at */
const depth_of = (at) => at.split("/").length - 1;

/** @param {FieldProps} props @returns {any} */
export function Field(props) {
  const { shape } = props.draft;
  if (shape.kind === "object" || shape.kind === "row") return html`<${Fields} ...${props} />`;
  if (shape.kind === "list" || shape.kind === "map") return html`<${Rows} ...${props} />`;
  if (shape.kind === "union") return html`<${Union} ...${props} />`;
  return html`<${Leaf} ...${props} />`;
}

/** @param {FieldProps} props */
function title_of({ name, draft, needed }) {
  const text = line(name || draft.shape.title || "item", 80);
  return html`<span class="form-name">${text}</span>${needed === false && html` <span class="form-optional">optional</span>`}`;
}

/** @param {FieldProps} props */
function hint_of({ draft, form }) {
  const { description, schema } = draft.shape;
  const type = describe(schema, form.root);
  const bounds = [
    schema.minimum !== undefined && `from ${schema.minimum}`,
    schema.maximum !== undefined && `to ${schema.maximum}`,
  ].filter(Boolean);
  return line([description.split("\n\n")[0], [type, ...bounds].join(" ")].filter(Boolean).join(" · "), 240);
}

/** What describes an input, for `aria-describedby`. @param {string} id @param {string|undefined} problem */
const described = (id, problem) => classes(`${id}-hint`, problem && `${id}-problem`);

/** @param {FieldProps & {id: string, problem?: string}} props */
function Notes({ id, problem, ...props }) {
  return html`<span class="form-hint" id="${id}-hint">${hint_of(/** @type {any} */ (props))}</span>
    ${problem && html`<span class="form-problem" id="${id}-problem">${problem}</span>`}`;
}

/** @param {FieldProps} props */
function Leaf(props) {
  const { draft, at, form, onChange, extra } = props;
  const id = `${form.id}${at}`;
  const problem = form.problems.get(at);
  const wanted = form.fresh === at;
  const input = useRef(/** @type {any} */ (null));
  useEffect(() => {
    if (wanted) input.current?.focus();
  }, [wanted]);
  const shared = {
    id,
    ref: input,
    class: "field",
    "aria-invalid": Boolean(problem),
    "aria-describedby": described(id, problem),
  };
  const control = CONTROLS[draft.shape.kind] ?? text_input;
  return html`<div class=${classes("form-row", problem && "is-wrong")}>
    <div class="form-head"><label for=${id}>${title_of(props)}</label>${extra}</div>
    ${control(draft, shared, onChange)}
    <${Notes} ...${props} id=${id} problem=${problem} />
  </div>`;
}

/** @typedef {(draft: Draft, shared: any, onChange: (draft: Draft) => void) => any} Control */

/** @type {Control} */
function text_input(draft, shared, onChange) {
  const { kind, format } = draft.shape;
  const type = (/** @type {any} */ event) => onChange({ ...draft, text: event.target.value });
  const mode = { number: "decimal", integer: "numeric" }[/** @type {string} */ (kind)] ?? "text";
  const kept = { ...shared, value: draft.text, onInput: type, autocomplete: "off", spellcheck: false };
  if (format !== "date-time")
    return html`<input ...${kept} type=${format === "date" ? "date" : "text"} inputmode=${mode} />`;
  const now = () => onChange({ ...draft, text: new Date().toISOString() });
  return html`<span class="form-with"
    ><input ...${kept} type="text" placeholder="2030-01-31T12:00:00Z" />
    <button type="button" class="button button-small" onClick=${now}>now</button></span
  >`;
}

/** @type {Control} */
function choice_input(draft, shared, onChange) {
  const choices = draft.shape.choices ?? [];
  const pick = (/** @type {any} */ event) => onChange({ ...draft, pick: Number(event.target.value) });
  return html`<select ...${shared} value=${String(draft.pick)} onChange=${pick}>
    ${draft.pick === -1 && html`<option value="-1">choose…</option>`}
    ${choices.map((each, index) => html`<option
      value=${String(index)}>${line(typeof each === "string" ? each || '""' : JSON.stringify(each), 80)}</option>`)}
  </select>`;
}

/** @type {Control} */
function boolean_input(draft, shared, onChange) {
  const flip = (/** @type {any} */ event) => onChange({ ...draft, text: String(event.target.checked) });
  return html`<span class="form-check"><input ...${shared} class="" type="checkbox" checked=${draft.text === "true"}
    onChange=${flip} /><span aria-hidden="true">${draft.text}</span></span>`;
}

/** @type {Control} */
function any_input(draft, shared, onChange) {
  const type = (/** @type {any} */ event) => onChange({ ...draft, text: event.target.value });
  return html`<textarea ...${shared} class="field mono" rows="3" spellcheck="false" value=${draft.text}
    onInput=${type} placeholder='{"any": "JSON"}'></textarea>`;
}

/** @type {Record<string, Control>} */
const CONTROLS = {
  choice: choice_input,
  boolean: boolean_input,
  any: any_input,
  null: (_, shared) => html`<output id=${shared.id} class="muted">null</output>`,
};

/** @param {FieldProps} props */
function Fields(props) {
  const { draft, at, form, onChange, extra } = props;
  const { fields = [], kind } = draft.shape;
  const set = (/** @type {number} */ index, /** @type {Draft|null} */ inner) =>
    onChange({ ...draft, items: (draft.items ?? []).map((each, place) => (place === index ? inner : each)) });
  return html`<fieldset class=${classes("form-group", depth_of(at) === 0 && "is-root")}
    data-deep=${depth_of(at) > DEEPEST_LABELS}>
    <legend>${title_of(props)} ${extra}</legend>
    ${draft.shape.description && html`<p class="form-hint">${hint_of(props)}</p>`}
    ${(draft.items ?? []).map((inner, index) => {
      const field = kind === "object" ? fields[index] : { name: `place ${index + 1}`, needed: true };
      return html`<${Member} key=${field.name} field=${field} draft=${inner} at=${`${at}/${index}`} form=${form}
        set=${(/** @type {any} */ each) => set(index, each)} />`;
    })}
    ${!fields.length && kind === "object" && html`<p class="form-hint">This type has no fields.</p>`}
  </fieldset>`;
}

/** A field of an object, which may be left out. @param {any} props */
function Member({ field, draft, at, form, set }) {
  const add = () => {
    form.focus(at);
    set(draftOf(field.schema, form.root, undefined, depth_of(at)));
  };
  const drop = html`<button type="button" class="link" onClick=${() => set(null)}
    aria-label="leave out ${line(field.name, 60)}">leave out</button>`;
  if (draft)
    return html`<${Field} name=${field.name} draft=${draft} at=${at} form=${form} onChange=${set}
      needed=${field.needed} extra=${field.needed ? null : drop} />`;
  return html`<div class="form-row is-out">
    <span class="form-head"><span class="form-name">${line(field.name, 80)}</span> <span
      class="form-optional">optional</span></span>
    <button type="button" class="button button-small" onClick=${add} aria-label="fill in ${line(field.name, 60)}">fill in</button>
  </div>`;
}

/** @param {FieldProps} props */
function Rows(props) {
  const { draft, at, form, onChange, extra } = props;
  const items = draft.items ?? [];
  const names = draft.shape.kind === "map" ? (draft.names ?? []) : null;
  const adder = useRef(/** @type {HTMLButtonElement|null} */ (null));
  const add = () => {
    form.focus(names ? `${at}/${items.length}#name` : `${at}/${items.length}`);
    const fresh = draftOf(draft.shape.items, form.root, undefined, depth_of(at) + 1);
    onChange({ ...draft, items: [...items, fresh], ...(names && { names: [...names, ""] }) });
  };
  const without = (/** @type {number} */ index) => {
    const keep = (/** @type {any} */ _, /** @type {number} */ place) => place !== index;
    onChange({ ...draft, items: items.filter(keep), ...(names && { names: names.filter(keep) }) });
    adder.current?.focus();
  };
  return html`<fieldset class="form-group">
    <legend>${title_of(props)} ${extra}</legend>
    <p class="form-hint">${hint_of(props)}</p>
    ${items.map((inner, index) => html`<${Row} key=${index}
      ...${{ draft, inner, index, at, form, onChange, names, without }} />`)}
    <button type="button" class="button button-small" ref=${adder} disabled=${items.length >= MOST_ITEMS} onClick=${add}>
      ${names ? "add an entry" : "add an item"}<span class="visually-hidden"> to ${line(props.name || "the list", 60)}</span>
    </button>
  </fieldset>`;
}

/** @param {any} props */
function Row({ draft, inner, index, at, form, onChange, names, without }) {
  const place = `${at}/${index}`;
  const set = (/** @type {Draft} */ each) =>
    onChange({
      ...draft,
      items: draft.items.map((/** @type {any} */ old, /** @type {number} */ i) => (i === index ? each : old)),
    });
  const rename = (/** @type {any} */ event) =>
    onChange({
      ...draft,
      names: names.map((/** @type {string} */ old, /** @type {number} */ i) =>
        i === index ? event.target.value : old,
      ),
    });
  const drop = html`<button type="button" class="link" aria-label="remove ${names ? "entry" : "item"} ${index + 1}"
    onClick=${() => without(index)}>remove</button>`;
  const label = names ? `value ${index + 1}` : `${index + 1}`;
  const own = form.problems.get(place);
  return html`<div class="form-item">
    ${names && html`<${EntryName} id=${`${form.id}${place}-name`} name=${names[index]} index=${index} problem=${own}
      wanted=${form.fresh === `${place}#name`} onInput=${rename} />`}
    <${Field} name=${label} draft=${inner} at=${place} form=${form} onChange=${set} needed=${true} extra=${drop} />
  </div>`;
}

/** @param {any} props */
function EntryName({ id, name, index, problem, wanted, onInput }) {
  const input = useRef(/** @type {HTMLInputElement|null} */ (null));
  useEffect(() => {
    if (wanted) input.current?.focus();
  }, [wanted]);
  return html`<div class="form-row">
    <label for=${id}><span class="form-name">name ${index + 1}</span></label>
    <input class="field" id=${id} ref=${input} value=${name} onInput=${onInput} autocomplete="off" spellcheck=${false}
      aria-invalid=${Boolean(problem)} />
  </div>`;
}

/** @param {FieldProps} props */
function Union(props) {
  const { draft, at, form, onChange, extra } = props;
  const options = draft.shape.options ?? [];
  const id = `${form.id}${at}-which`;
  const pick = (/** @type {any} */ event) =>
    onChange(pickOption(draft, form.root, Number(event.target.value), depth_of(at)));
  const inner = /** @type {Draft} */ (draft.inner);
  const set = (/** @type {Draft} */ each) => onChange({ ...draft, inner: each });
  return html`<div class="form-union">
    <div class="form-row">
      <div class="form-head"><label for=${id}>${title_of(props)}</label>${extra}</div>
      <select class="field" id=${id} value=${String(draft.pick)} onChange=${pick} aria-describedby="${id}-hint">
        ${options.map((each, index) => html`<option value=${String(index)}>${line(each.label, 60)}</option>`)}
      </select>
      <span class="form-hint" id="${id}-hint">${hint_of(props)}</span>
    </div>
    ${inner.shape.kind !== "null" && html`<${Field} name=${inner.shape.kind === "object" ? "" : "value"}
      draft=${inner} at=${at} form=${form} onChange=${set} />`}
  </div>`;
}
