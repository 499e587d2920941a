// @ts-check
/** One item's way as a time line: a row for each visit to an element, a lane a process, bars on a common scale. Pure. */

/** @typedef {{t: number, peer?: string, path: string, port: string|null, kind?: string, text?: string, value?: any, took?: number|null}} Hop */
/**
 * @typedef {object} Visit
 * @property {string} peer
 * @property {string} path
 * @property {Hop|null} entry
 * @property {Hop[]} exits
 * @property {Hop|null} failure
 * @property {number} at Since the first hop [s].
 * @property {number|null} took In the element, until the last it gave [s].
 * @property {number} left In percent of the whole.
 * @property {number} width
 */
/** @typedef {{names: string[], visits: Visit[], total: number, cut: number}} Lanes */

const MOST_VISITS = 60;

/**
 * Lays hops out.
 *
 * Clocks of processes differ: a hop in another process may carry an earlier time than the one that caused it; it stands
 * where its own clock says.
 * @param {Hop[]} hops
 * @param {number} [most] Visits at most.
 * @returns {Lanes}
 */
export function lanes_of(hops, most = MOST_VISITS) {
  const sorted = hops.filter((hop) => Number.isFinite(hop.t)).sort((a, b) => a.t - b.t);
  const start = sorted.length ? begin_of(sorted[0]) : 0;
  const visits = visits_of(sorted, start);
  const shown = visits.slice(0, most);
  const total = Math.max(0, ...shown.map((visit) => visit.at + (visit.took ?? 0)));
  for (const visit of shown) place(visit, total);
  return {
    names: [...new Set(shown.map((visit) => visit.peer))],
    visits: shown,
    total,
    cut: visits.length - shown.length,
  };
}

/** When a hop's visit began. @param {Hop} hop */
const begin_of = (hop) => (hop.port === "out" ? hop.t - (hop.took ?? 0) : hop.t);

/** @param {Hop[]} hops In the order of time. @param {number} start @returns {Visit[]} */
function visits_of(hops, start) {
  /** @type {Visit[]} */
  const visits = [];
  /** @type {Map<string, Visit>} */
  const latest = new Map();
  for (const hop of hops) {
    const key = `${hop.peer ?? ""}\n${hop.path}`;
    let visit = latest.get(key);
    if (!visit || hop.port === "in") {
      visit = {
        peer: hop.peer ?? "",
        path: hop.path,
        entry: null,
        exits: [],
        failure: null,
        at: begin_of(hop) - start,
        took: null,
        left: 0,
        width: 0,
      };
      latest.set(key, visit);
      visits.push(visit);
    }
    join(visit, hop, start);
  }
  return visits;
}

/** @param {Visit} visit @param {Hop} hop @param {number} start */
function join(visit, hop, start) {
  if (hop.port === "in") visit.entry = hop;
  else if (hop.port === "out") visit.exits.push(hop);
  else visit.failure = hop;
  const took = hop.took ?? (hop === visit.entry ? null : hop.t - start - visit.at);
  if (took !== null) visit.took = Math.max(visit.took ?? 0, took);
}

/** @param {Visit} visit @param {number} total */
function place(visit, total) {
  const scale = total > 0 ? 100 / total : 0;
  visit.left = Math.max(0, Math.min(visit.at * scale, 99));
  visit.width = Math.max(1, Math.min((visit.took ?? 0) * scale, 100 - visit.left));
}
