// @ts-check
/** The event log's entries as it shows them: filtered, newest first, repeated lines folded with a count. Pure. */

/** @typedef {{n: number, t: number, peer?: string, kind: string, path?: string, text: string, cause?: string|null, traceback?: string|null, item?: any, more?: number}} Entry */
/** @typedef {{entry: Entry, count: number, first: number, key: string}} Line */
/** @typedef {{kind: string, text: string, path: string}} Filter */

export const GROUPS = /** @type {Record<string, string[] | null>} */ ({
  all: null,
  failures: ["failure", "dead_letter", "lock_lost", "refused"],
  connections: [
    "connected",
    "disconnected",
    "unreachable",
    "restarted",
    "listening",
    "subscribed",
    "resent",
    "gap",
    "refused",
  ],
  losses: ["gap", "overflow", "dead_letter", "dropped", "lost"],
  steering: ["started", "stopped", "pushed", "changed", "added", "removed"],
});

/**
 * @param {Entry} entry
 * @param {Filter} filter
 */
export function isWanted(entry, { kind, text, path }) {
  const kinds = GROUPS[kind];
  if (kinds && !kinds.includes(entry.kind)) return false;
  if (path && entry.path !== path) return false;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const all = `${entry.kind} ${entry.peer ?? ""} ${entry.path ?? ""} ${entry.text} ${entry.cause ?? ""}`.toLowerCase();
  return words.every((word) => all.includes(word));
}

/**
 * Fold neighbours that say the same; the newest of them is shown.
 * @param {Entry[]} entries Oldest first.
 * @param {Filter} filter
 * @param {number} most Lines at most.
 * @returns {{lines: Line[], cut: number}}
 */
export function fold(entries, filter, most) {
  /** @type {Line[]} */
  const lines = [];
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    const entry = entries[index];
    if (!isWanted(entry, filter)) continue;
    const last = lines.at(-1);
    if (last && isRepeat(last.entry, entry)) {
      last.count += 1 + (entry.more ?? 0);
      last.first = entry.t;
      last.key = keyOf(entry);
    } else lines.push({ entry, count: 1 + (entry.more ?? 0), first: entry.t, key: keyOf(entry) });
  }
  return { lines: lines.slice(0, most), cut: Math.max(0, lines.length - most) };
}

/**
 * A name that stays with a line while it grows: of its oldest entry.
 * @param {Entry} entry
 */
function keyOf(entry) {
  return `${entry.peer ?? ""}#${entry.n}`;
}

/**
 * @param {Entry} one
 * @param {Entry} other
 */
function isRepeat(one, other) {
  return one.kind === other.kind && one.text === other.text && one.path === other.path && one.peer === other.peer;
}
