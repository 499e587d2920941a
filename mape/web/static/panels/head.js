// @ts-check
/** An element's name, role and state, and what switches it on and off. */

import { html, useState } from "../dom.js";
import { Confirm, Outcome, forbidden, may } from "./parts.js";
import { line, sentence } from "./words.js";
import { useStore } from "../state/store.js";

const LETTERS = { monitor: "M", analyze: "A", plan: "P", execute: "E" };

/** @param {{place: any, element: any, figures: any, api: any, doc?: string}} props */
export function Head({ place, element, figures, api, doc }) {
  const state = state_of(element, figures);
  const first = (doc ?? "").trim().split("\n\n")[0];
  return html`<header class="panel-head">
    <div class="panel-title">
      <span class="role" data-role=${element.role} aria-hidden="true">${/** @type {any} */ (LETTERS)[element.role] ?? "•"}</span>
      <div class="panel-name">
        <h2>${line(element.uid ?? element.path, 80)}</h2>
        <p class="muted"><span class="path">${line(place.peer ? `${place.peer} / ${place.path}` : place.path, 160)}</span></p>
      </div>
      <span class="state" data-state=${state}>${state}</span>
    </div>
    ${first && html`<p class="panel-doc">${line(first.replace(/\s+/g, " "), 400)}</p>`}
    ${place.peer ? html`<${Away} peer=${place.peer} />` : html`<${Switch} path=${place.path} state=${state} api=${api} />`}
  </header>`;
}

/** @param {any} element @param {any} figures */
function state_of(element, figures) {
  if (["draining", "removed"].includes(element.state)) return element.state;
  if (figures?.running === undefined) return line(element.state ?? "unknown", 20);
  return figures.running ? "running" : "stopped";
}

/** An element of another process is steered on that one's own page. @param {{peer: string}} props */
function Away({ peer }) {
  const found = useStore((state) => state.peers[peer]);
  const url = page_of(found?.url);
  return html`<div class="notice">
    <p>
      This element runs in another process, ${line(found?.title || peer, 60)}. Start, stop and push work on its own
      page${url ? html`: <a href=${url} target="_blank" rel="noopener noreferrer">open it</a>.` : "."}
    </p>
  </div>`;
}

/** A peer's address, if it is one that a link may lead to. @param {any} text */
export function page_of(text) {
  try {
    const url = new URL(text);
    return ["http:", "https:"].includes(url.protocol) && !url.username && !url.password ? new URL("/", url).href : null;
  } catch {
    return null;
  }
}

/** @param {{path: string, state: string, api: any}} props */
function Switch({ path, state, api }) {
  const [outcome, tell] = useState({ text: "", bad: false });
  const scopes = useStore((each) => each.hello?.may);
  if (!may("control")) return scopes ? html`<p class="muted small">${forbidden("control")}</p>` : null;
  const act = (/** @type {"start"|"stop"} */ verb) => async () => {
    tell({ text: verb === "stop" ? "stopping…" : "starting…", bad: false });
    try {
      const answer = await api.post(`/live/${verb}`, { path });
      tell({ text: answer?.state ? `now ${line(answer.state, 40)}` : "done", bad: false });
    } catch (error) {
      tell({ text: `could not ${verb}: ${sentence(error)}`, bad: true });
    }
  };
  const is_running = state !== "stopped";
  return html`<div class="panel-switch">
    ${
      is_running
        ? html`<${Confirm} label="Stop" question="Stop it? Items that reach it are lost." yes="stop" onYes=${act("stop")} />`
        : html`<button type="button" class="button button-main" onClick=${act("start")}>Start</button>`
    }
    <${Outcome} ...${outcome} />
  </div>`;
}
