// @ts-check
/** Line icons, 20 by 20, drawn in the colour of the text around them. */

import { html } from "./dom.js";

/** @type {Record<string, string>} */
const PATHS = {
  search: "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM13 13l4 4",
  close: "M5 5l10 10M15 5L5 15",
  graph: "M4 10h4M12 5.5H9.5a1.5 1.5 0 0 0-1.5 1.5v6a1.5 1.5 0 0 0 1.5 1.5H12M2 8h2.5v4H2zM12.5 3.5h5v4h-5zM12.5 12.5h5v4h-5z",
  list: "M7 5h10M7 10h10M7 15h10M3 5h.5M3 10h.5M3 15h.5",
  element: "M3 4.5h14v11H3zM3 8.5h14M6 12h5",
  trace: "M3 5h6v3H3zM8 8.5h6v3H8zM11.5 12h5.5v3h-5.5z",
  log: "M4 3.5h12v13H4zM7 7h6M7 10h6M7 13h3.5",
  knowledge: "M4 5.5c0-1.4 2.7-2.5 6-2.5s6 1.1 6 2.5S13.300 8 10 8 4 6.900 4 5.500v9C4 15.900 6.700 17 10 17s6-1.100 6-2.500v-9M4 10c0 1.400 2.700 2.500 6 2.500s6-1.100 6-2.500",
  settings: "M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4",
  sun: "M10 6.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7ZM10 2v1.500M10 16.500V18M2 10h1.500M16.500 10H18M4.300 4.300l1.100 1.100M14.600 14.600l1.100 1.100M4.300 15.700l1.100-1.100M14.600 5.400l1.100-1.100",
  moon: "M16 11.500A6.500 6.500 0 0 1 8.500 4 6.500 6.500 0 1 0 16 11.500Z",
  auto: "M3 4h14v9.500H3zM7.500 16.500h5M10 4v9.500",
  fit: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  help: "M10 2.500a7.500 7.500 0 1 0 0 15 7.500 7.500 0 0 0 0-15ZM7.800 8a2.200 2.200 0 1 1 3.300 1.900c-.7.400-1.100.8-1.100 1.600M10 14.200v.100",
  chevron: "M7 5l5 5-5 5",
  panel: "M3 4h14v12H3zM8 4v12",
  move: "M4 10h1M8 10h1M12 10h5M14 7l3 3-3 3",
  key: "M12.500 3.500a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM9.500 10.500L3 17M5.500 14.500l2 2",
  peers: "M5 7.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5ZM15 7.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5ZM7.500 10h5",
  up: "M5 12.500l5-5 5 5",
};

/** @param {string} name */
export const icon = (name) => html`<svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false"
  fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"><path d=${PATHS[name]} /></svg>`;
