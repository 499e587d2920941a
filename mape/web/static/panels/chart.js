// @ts-check
/** The numbers in an element's items over the last two minutes. */

import { SPAN, NumberRing } from "./chart-ring.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../dom.js";
import { Empty } from "./parts.js";
import { line } from "./words.js";
import { key_of, store, useStore } from "../state/store.js";
import uPlot from "../vendor/uplot.js";

const COLOURS = {
  light: ["#0b62c4", "#b34700", "#00724f", "#9a2f86", "#6b5b00", "#30343a"],
  dark: ["#6db3ff", "#ff9e5e", "#3fd0a0", "#e88fd8", "#e0c34a", "#d5dae2"],
};
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3], [12, 4], [3, 6]];
const MOST_LINES = 6;
const HEIGHT = 180; // [px]

/** Items of a port that came since `seen`, oldest first. @param {any[]} items Newest first. @param {any} seen */
export function news(items, seen) {
  const end = seen ? items.indexOf(seen) : -1;
  return (end < 0 ? items : items.slice(0, end)).slice().reverse();
}

/** Feeds a ring with what passes both ports of an element, as long as it is looked at. */
export class Feed {
  /** @param {string} key */
  constructor(key) {
    this.key = key;
    this.ring = new NumberRing();
    /** @type {Record<string, any>} */
    this.seen = { in: null, out: null };
  }

  /** @param {Record<string, any>} items The store's. */
  take(items) {
    for (const port of ["in", "out"]) {
      const list = items[this.key]?.[port] ?? [];
      for (const item of news(list, this.seen[port])) this.ring.add(item.t, named(port, item.numbers ?? {}));
      this.seen[port] = list[0] ?? this.seen[port];
    }
  }
}

/** @param {string} port @param {Record<string, number>} numbers */
function named(port, numbers) {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [`${port} ${name || "value"}`, value]));
}

/** @param {{peer: string, path: string}} props */
export function NumberChart({ peer, path }) {
  const key = key_of(peer, path);
  const feed = useState(() => new Feed(key))[0];
  const [version, redraw] = useState(0);
  const [chosen, choose] = useState(/** @type {string[]|null} */ (null));
  useEffect(() => {
    const look = () => {
      feed.take(store.get().items);
      redraw(feed.ring.version);
    };
    look();
    return store.subscribe(look);
  }, [feed]);
  const fields = feed.ring.fields;
  const shown = (chosen ?? preferred(fields)).filter((field) => fields.includes(field)).slice(0, MOST_LINES);
  if (!fields.length) return html`<${Empty}>No item with a number passed since you opened this.<//>`;
  const flip = (/** @type {string} */ field) =>
    choose(shown.includes(field) ? shown.filter((each) => each !== field) : [...shown, field]);
  return html`<${Plot} ring=${feed.ring} shown=${shown} version=${version} />
    <${Legend} ring=${feed.ring} fields=${fields} shown=${shown} flip=${flip} />`;
}

/** What an element gives says more than what it takes. @param {string[]} fields */
function preferred(fields) {
  const given = fields.filter((field) => field.startsWith("out "));
  return (given.length ? given : fields).slice(0, 3);
}

/** @param {{ring: NumberRing, fields: string[], shown: string[], flip: (field: string) => void}} props */
function Legend({ ring, fields, shown, flip }) {
  const is_dark = useStore((state) => state.is_dark);
  const colours = COLOURS[is_dark ? "dark" : "light"];
  return html`<ul class="series" aria-label="numbers in the chart">
    ${fields.map((field) => {
      const place = shown.indexOf(field);
      const is_full = place < 0 && shown.length >= MOST_LINES;
      return html`<li key=${field}>
        <label class="series-one">
          <input type="checkbox" checked=${place >= 0} disabled=${is_full} onChange=${() => flip(field)} />
          <${Stroke} colour=${place >= 0 ? colours[place] : "transparent"} dash=${DASHES[Math.max(0, place)]} />
          <span class="series-name">${line(field, 60)}</span>
          <span class="series-value">${number(ring.last.get(field))}</span>
        </label>
      </li>`;
    })}
  </ul>`;
}

/** @param {{colour: string, dash: number[]}} props */
function Stroke({ colour, dash }) {
  return html`<svg class="stroke" viewBox="0 0 24 4" aria-hidden="true"><path d="M0 2H24" stroke=${colour}
    stroke-width="2.5" stroke-dasharray=${dash.join(" ")} /></svg>`;
}

/** @param {number|undefined} value */
function number(value) {
  if (value === undefined) return "–";
  return Number.isInteger(value) && Math.abs(value) < 1e9
    ? String(value)
    : value.toPrecision(5).replace(/\.?0+($|e)/, "$1");
}

/** @param {{ring: NumberRing, shown: string[], version: number}} props */
function Plot({ ring, shown, version }) {
  const place = useRef(/** @type {HTMLElement|null} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const is_dark = useStore((state) => state.is_dark);
  useLayoutEffect(() => {
    const host = /** @type {HTMLElement} */ (place.current);
    plot.current = new uPlot(options(host, shown, is_dark), ring.columns(shown), host);
    const watcher = new ResizeObserver(() => plot.current.setSize({ width: host.clientWidth, height: HEIGHT }));
    watcher.observe(host);
    return () => {
      watcher.disconnect();
      plot.current.destroy();
    };
  }, [shown.join("\n"), is_dark]);
  useEffect(() => plot.current.setData(ring.columns(shown)), [version]);
  const says = shown.map((field) => `${line(field, 40)} ${number(ring.last.get(field))}`).join(", ");
  const label = `Chart of the last two minutes: ${says || "nothing chosen"}`;
  return html`<div class="plot" ref=${place} role="img" aria-label=${label}></div>`;
}

/** @param {HTMLElement} host @param {string[]} shown @param {boolean} is_dark */
function options(host, shown, is_dark) {
  const style = getComputedStyle(host);
  const [text, grid] = ["--muted", "--line"].map((name) => style.getPropertyValue(name).trim() || "#888");
  const colours = COLOURS[is_dark ? "dark" : "light"];
  const font = `11px ${style.fontFamily}`;
  const axis = { stroke: text, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  return {
    width: Math.max(120, host.clientWidth),
    height: HEIGHT,
    padding: [8, 30, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: {
        time: true,
        range: (/** @type {any} */ _, /** @type {number} */ __, /** @type {number} */ end) => [end - SPAN, end],
      },
    },
    axes: [
      {
        ...axis,
        space: 70,
        size: 26,
        values: (/** @type {any} */ _, /** @type {number[]} */ times) => times.map(clock_text),
      },
      { ...axis, size: 52, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map(number) },
    ],
    series: [{}, ...shown.flatMap((field, index) => series_of(field, colours[index], DASHES[index]))],
    bands: shown.map((_, index) => ({ series: [3 * index + 3, 3 * index + 2], fill: `${colours[index]}38` })),
  };
}

/** The mean as a line, and the edges of the band around it. @param {string} label @param {string} stroke @param {number[]} dash */
function series_of(label, stroke, dash) {
  const all = { points: { show: false }, spanGaps: true };
  const edge = { ...all, width: 0 };
  return [{ ...all, label, stroke, dash, width: 1.75 }, edge, edge];
}

/** @param {number} t [s] */
const clock_text = (t) => new Date(t * 1000).toTimeString().slice(0, 8);
