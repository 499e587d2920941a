// @ts-check
/** What people do to entries of collections in the store, and how these are called. */

import { line, sentence } from "./words.js";
import { brief } from "./tree-marks.js";

/** @typedef {{scope: string, row: any, api: any, window: any, say: (text: string, bad?: boolean) => void, again: () => void}} Place */

/** What one entry of a kind is called; those that take no new ones are not here. @type {Record<string, string>} */
export const ONE = { set: "member", sortedset: "member", hash: "field", keyspace: "entry", list: "item" };

/** @param {any} entry @param {string} kind */
export function called(entry, kind) {
  if (kind === "list" || kind.endsWith("queue")) return `item ${entry.name}`;
  const name = kind === "hash" || kind === "keyspace" ? entry.name : brief(entry.value, 40);
  return line(name, 60);
}

/** What a refusal means here. @param {any} error @param {string} done */
export function refusal(error, done) {
  if (error?.status === 403) return "This token may not change knowledge: it needs the control scope.";
  if (error?.status === 422) return `It does not fit: ${sentence(error)}.`;
  return `Not ${done}: ${sentence(error)}.`;
}

/** @param {Place} place @param {Record<string, any>} wanted @param {string} [value] JSON */
export function act(place, wanted, value) {
  const fields = Object.entries(wanted).map(([name, each]) => `${JSON.stringify(name)}: ${JSON.stringify(each)}`);
  if (value !== undefined) fields.push(`"value": ${value}`); // with every digit that was typed
  return place.api.post("/live/shared", { scope: place.scope, key: place.row.id }, `{${fields.join(", ")}}`);
}
