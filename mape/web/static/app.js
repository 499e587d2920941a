// @ts-check
/** Puts the page together, and starts it. */

import { Bar, keep_title } from "./frame/bar.js";
import { classes, html, render, useEffect, useState } from "./dom.js";
import { Gates, Notices } from "./frame/gate.js";
import { Graph } from "./graph/graph.js";
import { Headline } from "./frame/headline.js";
import { Help, listen } from "./frame/keys.js";
import { live } from "./server/live.js";
import { Outline } from "./frame/outline.js";
import { Rail, Sheet } from "./frame/sheet.js";
import { store, useStore } from "./state/store.js";
import { begin } from "./frame/theme.js";

const ROOMY = 1360; // [px] from here on the list stands beside the graph from the start
const NARROW = matchMedia("(max-width: 719px)");

function useNarrow() {
  const [is_narrow, set] = useState(NARROW.matches);
  useEffect(() => {
    const look = () => set(NARROW.matches);
    NARROW.addEventListener("change", look);
    return () => NARROW.removeEventListener("change", look);
  }, []);
  return is_narrow;
}

function App() {
  const [has_outline, set_outline] = useState(innerWidth >= ROOMY);
  const [has_help, set_help] = useState(false);
  const is_narrow = useNarrow();
  const view = useStore((state) => state.view);
  const sheet = useStore((state) => state.sheet);
  useEffect(() => listen(() => set_help(true)), []);
  const shows_outline = is_narrow ? view === "list" : has_outline;
  return html`<div class=${classes("page", shows_outline && "has-outline", sheet && "has-sheet")}>
    <${Bar} toggle_outline=${() => set_outline(!has_outline)} is_wide=${has_outline} help=${() => set_help(true)} />
    <main class="main">
      ${shows_outline && html`<${Outline} />`}
      <div class="stage"><${Headline} /><${Graph} /><${Notices} /><${Gates} /></div>
      <${Sheet} />
    </main>
    <${Rail} />
    <${Help} is_open=${has_help} close=${() => set_help(false)} />
  </div>`;
}

begin();
keep_title();
const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.replaceChildren(); // the word that stood there while the scripts came
render(html`<${App} />`, root);
live.run();
store.update({});
