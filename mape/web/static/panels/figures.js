// @ts-check
/** An element's figures: how many, how fast, what waits, what was lost. */

import { Spark } from "./chart-spark.js";
import { html } from "../dom.js";
import { history } from "../state/figures.js";
import { rate, seconds } from "../format.js";
import { line, whole } from "./words.js";

const REASONS = {
  stopped: "it does not run",
  overflow: "its mailbox was full",
  closed: "the app closed",
  removed: "it was removed",
};

/** @param {{place: any, figures: any, stats: any}} props */
export function Figures({ place, figures, stats }) {
  const past = history(place.peer, place.path);
  if (!figures) return html`<p class="empty-line">No figures yet: they come with the first item.</p>`;
  const lost = Object.entries(stats?.dropped ?? {}).filter(([, count]) => count);
  return html`<dl class="figures">
    <${Rate} name="in" now=${figures.rate_in} past=${past.rate_in} total=${figures.received} />
    <${Rate} name="out" now=${figures.rate_out} past=${past.rate_out} total=${figures.emitted} />
    <${Figure} name="takes, on average" value=${seconds(figures.mean)} note="last ${seconds(figures.last)}" />
    <${Figure} name="waiting" value=${whole(figures.queued)}
      note=${figures.queued ? "in its mailbox or at work" : "nothing queued"} />
    <${Figure} name="errors" value=${whole(figures.errors)} note=${figures.errors ? rate(figures.error_rate) : "none"}
      tone=${figures.errors ? "bad" : ""} />
    <${Figure} name="dropped" value=${whole(figures.dropped)}
      note=${lost.length ? lost.map(reason).join(", ") : figures.dropped ? rate(figures.drop_rate) : "none"}
      tone=${figures.dropped ? "warn" : ""} />
  </dl>`;
}

/** @param {[string, any]} entry */
function reason([name, count]) {
  return `${whole(count)} ${/** @type {any} */ (REASONS)[name] ?? line(name, 30)}`;
}

/** @param {{name: string, now: number, past: any[], total: number}} props */
function Rate({ name, now, past, total }) {
  return html`<div class="figure figure-rate">
    <dt>${name}</dt>
    <dd>
      <span class="figure-value">${rate(now)}</span>
      <${Spark} values=${past} />
      <span class="figure-note">${whole(total)} in all</span>
    </dd>
  </div>`;
}

/** @param {{name: string, value: string, note?: string, tone?: string}} props */
function Figure({ name, value, note = "", tone = "" }) {
  return html`<div class="figure" data-tone=${tone}>
    <dt>${name}</dt>
    <dd><span class="figure-value">${value}</span><span class="figure-note">${note}</span></dd>
  </div>`;
}
