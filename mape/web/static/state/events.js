// @ts-check
/** What each event of the stream does to the store. */

import { api } from "../server/api.js";
import { figures_of, forget, look } from "./figures.js";
import { forget_numbers, merged, note } from "./numbers.js";
import { key_of, store } from "./store.js";

const LOG_KEPT = 500;
const ITEMS_KEPT = 50;
const TRACES_KEPT = 20;
const HOPS_KEPT = 2048;

/** @param {any[]} fresh Oldest first. @param {any[]} kept Newest first. */
const newest_first = (fresh, kept) => [...fresh].reverse().concat(kept).slice(0, ITEMS_KEPT);

/** @param {any} hello */
function on_hello(hello) {
  api.set_client(String(hello.client ?? ""));
  forget();
  forget_numbers();
  const own = store.get().graphs[""];
  store.update({
    hello,
    status: "live",
    reason: "",
    graphs: own ? { "": own } : {},
    peers: {},
    pulse: {},
    wires: {},
    numbers: {},
    log: [],
    items: {},
    lost: { items: 0, log: 0 },
  });
}

/** @param {any} graph */
function on_graph(graph) {
  const peer = graph.peer ?? "";
  const { graphs, pulse } = store.get();
  const paths = new Set((graph.elements ?? []).map((/** @type {any} */ element) => key_of(peer, element.path)));
  const is_ours = (/** @type {string} */ key) => (peer ? key.startsWith(`${peer}/`) : !key.includes("/"));
  const kept = Object.entries(pulse).filter(([key]) => !is_ours(key) || paths.has(key));
  store.update({ graphs: { ...graphs, [peer]: graph }, pulse: Object.fromEntries(kept) });
}

/** Rates and curves, when it is time. @param {Record<string, import("./figures.js").Figures>} pulse */
function looked(pulse) {
  const next = look(pulse, performance.now());
  if (!next) return null;
  const { numbers, beat } = store.get();
  note(numbers);
  return { pulse: next, beat: beat + 1 };
}

/** @param {any} event */
function on_pulse(event) {
  const peer = event.peer ?? "";
  const { pulse, wires } = store.get();
  const next = { ...pulse };
  for (const [path, row] of Object.entries(event.e ?? {})) {
    const key = key_of(peer, path);
    next[key] = figures_of(/** @type {any[]} */ (row), pulse[key]);
  }
  /** @type {Partial<import("./store.js").State>} */
  const patch = { pulse: next, ...looked(next) };
  if (event.k) patch.numbers = merged(peer, event.k);
  if (event.o) {
    const named = Object.entries(event.o).map(([id, passed]) => [key_of(peer, id), passed]);
    patch.wires = { ...wires, ...Object.fromEntries(named) };
  }
  store.update(patch);
}

/** @param {any} event */
function on_items(event) {
  const key = key_of(event.peer ?? "", event.path);
  const { items } = store.get();
  const port = event.port === "out" ? "out" : "in";
  const old = items[key] ?? { in: [], out: [], seen: { in: 0, out: 0 } };
  const fresh = { ...old, [port]: newest_first(event.items ?? [], old[port]), seen: { ...old.seen, [port]: event.seen } };
  store.update({ items: { ...items, [key]: fresh } });
}

/** @param {any} event */
function on_log(event) {
  const entries = (event.entries ?? []).map((/** @type {any} */ entry) => ({ peer: "", ...entry }));
  store.update({ log: store.get().log.concat(entries).slice(-LOG_KEPT) });
}

/** @param {any} event */
function on_knowledge(event) {
  const changed = (event.changed ?? []).map((/** @type {any} */ one) => ({ peer: event.peer ?? "", ...one }));
  store.update({ knowledge_version: store.get().knowledge_version + 1, knowledge_changed: changed });
}

/** Hops come as they happen; those that came twice (`first` says where they begin) stand once. @param {any} event */
function on_trace(event) {
  const { traces, follow_ended } = store.get();
  if (event.cause === null) return store.update({ follow_ended: follow_ended + 1 });
  const old = Object.hasOwn(traces, event.cause) ? traces[event.cause] : { cause: event.cause, hops: [] };
  const fresh = (event.hops ?? []).map((/** @type {any} */ hop) => ({ peer: "", ...hop }));
  const hops = [...old.hops.slice(0, event.first ?? 0), ...fresh].slice(-HOPS_KEPT); // of all processes, in one list
  const trace = { ...old, hops, is_done: Boolean(event.is_done) };
  const rest = Object.entries(traces).filter(([cause]) => cause !== event.cause);
  return store.update({ traces: Object.fromEntries([...rest, [event.cause, trace]].slice(-TRACES_KEPT)) });
}

/** @param {any} event */
function on_peer(event) {
  const { peers, graphs } = store.get();
  const { [event.name]: gone, ...others } = graphs;
  const is_gone = event.state !== "connected" && gone;
  store.update({ peers: { ...peers, [event.name]: event }, ...(is_gone ? { graphs: others } : {}) });
}

/** @param {any} event */
function on_slow(event) {
  const { lost } = store.get();
  const dropped = event.dropped ?? {};
  store.update({ lost: { items: lost.items + (dropped.items ?? 0), log: lost.log + (dropped.log ?? 0) } });
}

/** @type {Record<string, (event: any) => void>} */
const ACTIONS = {
  hello: on_hello,
  graph: on_graph,
  pulse: on_pulse,
  items: on_items,
  log: on_log,
  knowledge: on_knowledge,
  shared: () => store.update({ shared_version: store.get().shared_version + 1 }),
  trace: on_trace,
  peer: on_peer,
  slow: on_slow,
  bye: () => store.update({ reason: "the app has stopped" }),
};

/**
 * Takes one event. What cannot be read is left out: a newer server may say more than this page knows.
 * @param {string} name
 * @param {string} text
 */
export function take(name, text) {
  if (!Object.hasOwn(ACTIONS, name)) return;
  let event;
  try {
    event = JSON.parse(text);
  } catch {
    console.warn(`mape: an event ${name} was no JSON`);
    return;
  }
  ACTIONS[name](event);
}

/** Rates sink while nothing comes; call it now and then. */
export function settle() {
  if (store.get().status !== "live") return; // what is shown is the last that was known
  const patch = looked(store.get().pulse);
  if (patch) store.update(patch);
}
