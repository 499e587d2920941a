// @ts-check
/** How wide a text is, and how it is cut to fit; remembered, since a canvas is slow to tell. */

const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
const MONO = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';
const KEPT = 5000;

/** @type {Record<string, string>} */
export const FONTS = {
  title: `600 18px ${FAMILY}`,
  figure: `650 22px ${FAMILY}`,
  fact: `650 19px ${FAMILY}`,
  small: `500 14.5px ${FAMILY}`,
  badge: `700 12px ${FAMILY}`,
  letter: `750 18px ${FAMILY}`,
  group: `650 18px ${FAMILY}`,
  level: `700 15px ${FAMILY}`,
  chip: `500 14px ${FAMILY}`,
  pill: `500 12.5px ${MONO}`,
  far: `650 27px ${FAMILY}`,
  far_small: `650 22px ${FAMILY}`,
  far_chip: `500 21px ${FAMILY}`,
  far_note: `500 18px ${FAMILY}`,
  patch: `750 72px ${FAMILY}`,
  far_letter: `750 26px ${FAMILY}`,
};

const ruler = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
/** @type {Map<string, number>} */
const widths = new Map();
/** @type {Map<string, string>} */
const cuts = new Map();

/** @template T @param {Map<string, T>} map @param {string} key @param {T} value */
function keep(map, key, value) {
  if (map.size >= KEPT) map.clear();
  map.set(key, value);
  return value;
}

/** Control and direction characters become visible, and long texts are cut before they are measured. @param {string} text */
export function plain(text) {
  // eslint-disable-next-line no-control-regex
  return String(text).slice(0, 300).replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, "\u00b7");
}

/** @param {string} text @param {string} font A name in FONTS. */
export function measure(text, font) {
  const key = `${font} ${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  ruler.font = FONTS[font];
  return keep(widths, key, ruler.measureText(plain(text)).width);
}

/** The first `many` characters, or the first and the last. @param {string} text @param {number} many @param {boolean} is_middle */
function shortened(text, many, is_middle) {
  if (!is_middle) return `${text.slice(0, many)}…`;
  const tail = Math.floor(many / 2);
  return `${text.slice(0, many - tail)}…${tail ? text.slice(-tail) : ""}`;
}

/** @param {string} text @param {string} font @param {number} width @param {boolean} [is_middle] Whether the end says as much as the beginning. */
export function fitted(text, font, width, is_middle = false) {
  const key = `${font} ${Math.round(width)} ${is_middle} ${text}`;
  const known = cuts.get(key);
  if (known !== undefined) return known;
  const clean = plain(text);
  if (measure(clean, font) <= width) return keep(cuts, key, clean);
  let [low, high] = [0, clean.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(shortened(clean, middle, is_middle), font) <= width) low = middle;
    else high = middle - 1;
  }
  return keep(cuts, key, shortened(clean, low, is_middle));
}

/** The first, so the largest, of some fonts in which a text has room; else the last. @param {string} text @param {number} width @param {string[]} fonts */
export const fitting = (text, width, fonts) => fonts.find((font) => measure(text, font) <= width) ?? fonts[fonts.length - 1];

/** What stands on the pill of an edge. @param {string[]} operators */
export function pill_text(operators) {
  const [first, ...others] = operators;
  return others.length ? `${first} +${others.length}` : first;
}

/** @param {string[]} operators */
export const pill_width = (operators) => Math.min(112, measure(pill_text(operators), "pill") + 20);
