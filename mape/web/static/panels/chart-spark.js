// @ts-check
/** A rate's last two minutes as a small line; the number itself stands beside it. */

import { html } from "../dom.js";

const WIDTH = 120;
const HEIGHT = 28;

/**
 * @param {(number|null)[]} values Oldest first.
 * @param {number} [most] Steps that fill the width.
 */
export function spark_path(values, most = 240) {
  const top = Math.max(1e-9, ...values.map((value) => value ?? 0));
  const step = WIDTH / Math.max(1, most - 1);
  const start = WIDTH - step * (values.length - 1);
  const points = values.map(
    (value, index) =>
      `${(start + index * step).toFixed(1)} ${(HEIGHT - 1 - ((value ?? 0) / top) * (HEIGHT - 3)).toFixed(1)}`,
  );
  return points.length > 1 ? `M${points.join("L")}` : "";
}

/** @param {{values: (number|null)[], most?: number}} props */
export function Spark({ values, most }) {
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
    <path d=${spark_path(values, most)} fill="none" stroke="currentColor" stroke-width="1.5" vector-effect="non-scaling-stroke" />
  </svg>`;
}
