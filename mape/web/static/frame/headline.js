// @ts-check
/** The app's own numbers (knowledge of the whole app), above the graph: only there if it has any. */

import { html, useMemo } from "../dom.js";
import { curve, figure, shown } from "../state/numbers.js";
import { store, useStore } from "../state/store.js";

const W = 72;
const H = 24;

/** @param {{name: string, value: number, place: string, beat: number}} props */
function Number_({ name, value, place, beat }) {
  const { points, goal } = /** @type {ReturnType<typeof curve>} */ (useMemo(() => curve(place, name, W, H), [beat, place, name]));
  return html`<li class="headline-number"><span class="headline-name">${name}</span><strong>${figure(value)}</strong>
    <svg viewBox=${`-1 -2 ${W + 2} ${H + 4}`} width=${W} height=${H} aria-hidden="true">
      ${goal !== null && html`<path class="goal" d=${`M0 ${goal}H${W}`} />`}
      <path d=${points.length > 1 ? `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}` : ""} /></svg></li>`;
}

export function Headline() {
  const values = useStore((state) => state.numbers.app);
  const beat = useStore((state) => state.beat);
  const names = shown(values);
  if (!names.length || store.get().status === "token") return null;
  return html`<ul class="headline" aria-label="Numbers of the app">
    ${names.map((name) => html`<${Number_} key=${name} name=${name} value=${values[name]} place="app" beat=${beat} />`)}
  </ul>`;
}
