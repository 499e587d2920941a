// @ts-check
/** What stands in the way: the question for a token, a refusal, a server that is gone, an app without elements. */

import { html, useEffect, useRef, useState } from "../dom.js";
import { icon } from "../icons.js";
import { live } from "../server/live.js";
import { store, useStore } from "../state/store.js";
import { token } from "../server/token.js";

/** @param {SubmitEvent} event */
function submit(event) {
  event.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
  const value = String(form.get("token") ?? "").trim();
  if (!value) return;
  token.set(value, form.get("keep") === "on");
  store.update({ status: "connecting", reason: "" });
  live.retry();
}

function TokenGate() {
  const reason = useStore((state) => state.reason);
  const [is_shown, show] = useState(false);
  const input = useRef(/** @type {HTMLInputElement|null} */ (null));
  useEffect(() => input.current?.focus(), []);
  return html`<form class="gate" aria-labelledby="gate-title" onSubmit=${submit}>
    <div class="gate-sign">${icon("key")}</div>
    <h2 id="gate-title">This app asks for a token</h2>
    <p class="muted">It is the <code>rest.token</code> in the app's settings, or one with fewer rights. It stays in this tab.</p>
    <input hidden type="text" name="username" autocomplete="username" value="mape" />
    <label for="token">Token</label>
    <div class="gate-line">
      <input class="field" id="token" name="token" ref=${input} type=${is_shown ? "text" : "password"} required autocomplete="current-password"
        spellcheck=${false} aria-invalid=${reason ? "true" : undefined} aria-describedby=${reason ? "gate-error" : undefined} />
      <button class="button" type="button" aria-pressed=${is_shown} onClick=${() => show(!is_shown)}>${is_shown ? "Hide" : "Show"}</button>
    </div>
    <p id="gate-error" class="gate-error" role="alert">${reason}</p>
    <label class="check"><input type="checkbox" name="keep" /> Remember on this device</label>
    <button class="button button-main" type="submit">Open</button>
  </form>`;
}

/** @param {{title: string, children: any}} props */
const Gate = ({ title, children }) => html`<div class="gate" role="group" aria-label=${title}><h2>${title}</h2>${children}</div>`;

/** Forgets the token and asks for another. */
export function forget_token() {
  token.forget();
  store.update({ status: "token", reason: "", hello: null, graphs: {}, pulse: {}, items: {}, log: [], traces: {}, selected: null, sheet: null });
  live.retry();
}

const Refused = () => {
  const reason = useStore((state) => state.reason);
  return html`<${Gate} title="This token may not look"><p class="muted">${reason || "It lacks the right to read."}</p>
    <button class="button button-main" type="button" onClick=${forget_token}>Use another token</button><//>`;
};

const Gone = () => {
  const reason = useStore((state) => state.reason);
  return html`<${Gate} title="The app is not there"><p class="muted">${reason || "No answer from the server."} The page goes on trying; it comes back by itself.</p>
    <button class="button" type="button" onClick=${live.retry}>Try now</button><//>`;
};

const Empty = () => html`<${Gate} title="No elements yet">
  <p class="muted">The app runs, but it has no loops. Make one, and it appears here:</p>
  <pre class="mono code">${'loop = mape.Loop("traffic")\n\n@loop.monitor\nasync def cars(on_next):\n    on_next(30)'}</pre><//>`;

/** What is laid over the graph, if anything. */
export function Gates() {
  const status = useStore((state) => state.status);
  const has_graph = useStore((state) => Boolean(state.graphs[""]));
  const is_empty = useStore((state) => has_graph && Object.values(state.graphs).every((graph) => !graph.loops.length));
  if (status === "token") return html`<div class="veil"><${TokenGate} /></div>`;
  if (status === "refused") return html`<div class="veil"><${Refused} /></div>`;
  if (status === "gone" && !has_graph) return html`<div class="veil"><${Gone} /></div>`;
  if (status === "live" && is_empty) return html`<div class="veil"><${Empty} /></div>`;
  if (!has_graph) return html`<div class="veil"><p class="muted">${status === "live" ? "Reading the graph…" : "Connecting…"}</p></div>`;
  return null;
}

/** A line over the graph: it is old, or detail was lost. */
export function Notices() {
  const status = useStore((state) => state.status);
  const reason = useStore((state) => state.reason);
  const lost = useStore((state) => state.lost);
  const has_graph = useStore((state) => Boolean(state.graphs[""]));
  const is_old = has_graph && (status === "reconnecting" || status === "gone");
  const words = [lost.items && `${lost.items} items`, lost.log && `${lost.log} log lines`].filter(Boolean).join(" and ");
  return html`<div class="notices" role="status">
    ${is_old && html`<p class="notice notice-warn">${icon("peers")}<span>${status === "gone" ? "The app is gone" : "Reconnecting"}${reason ? `: ${reason}` : ""}. What you see is the last that was known.</span>
      <button class="button button-quiet" type="button" onClick=${live.retry}>Try now</button></p>`}
    ${words && html`<p class="notice"><span>This connection is slow: ${words} were left out. The counters are exact.</span>
      <button class="button button-quiet" type="button" aria-label="Close" onClick=${() => store.update({ lost: { items: 0, log: 0 } })}>${icon("close")}</button></p>`}
  </div>`;
}
