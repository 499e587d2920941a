// @ts-check
/** The lines of edges, as lists of points: drawn as such, and items move along them. */

const SAMPLES = 25; // points on a short edge
const MOST_SAMPLES = 240;
const CORNER = 26; // radius

/** @typedef {{x: number, y: number}} Point */

/**
 * A cubic curve between two points that leave in given directions.
 * @param {Point} a @param {Point} b @param {Point} c @param {Point} d
 */
export function cubic(a, b, c, d) {
  const points = new Float32Array(SAMPLES * 2);
  for (let i = 0; i < SAMPLES; i++) {
    const t = i / (SAMPLES - 1);
    const s = 1 - t;
    const [wa, wb, wc, wd] = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
    points[2 * i] = wa * a.x + wb * b.x + wc * c.x + wd * d.x;
    points[2 * i + 1] = wa * a.y + wb * b.y + wc * c.y + wd * d.y;
  }
  return points;
}

/** @param {number} a @param {number} b @param {number} c @param {number} d @param {number} t */
function between(a, b, c, d, t) {
  return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t);
}

/**
 * A smooth line through points.
 * @param {Point[]} through At least two.
 */
export function spline(through) {
  const points = new Float32Array(SAMPLES * 2);
  const last = through.length - 1;
  const at = (/** @type {number} */ i) => through[Math.max(0, Math.min(last, i))];
  for (let i = 0; i < SAMPLES; i++) {
    const along = (i / (SAMPLES - 1)) * last;
    const k = Math.min(last - 1, Math.floor(along));
    const [a, b, c, d] = [at(k - 1), at(k), at(k + 1), at(k + 2)];
    points[2 * i] = between(a.x, b.x, c.x, d.x, along - k);
    points[2 * i + 1] = between(a.y, b.y, c.y, d.y, along - k);
  }
  return points;
}

/** A way at right angles, with round corners; its points are equally far from each other. @param {Point[]} corners */
export function bent(corners) {
  const dense = [corners[0].x, corners[0].y];
  for (let i = 1; i + 1 < corners.length; i++) {
    const [a, b, c] = [corners[i - 1], corners[i], corners[i + 1]];
    const [before, after] = [Math.hypot(b.x - a.x, b.y - a.y), Math.hypot(c.x - b.x, c.y - b.y)];
    const radius = Math.min(CORNER, before / 2, after / 2);
    const [from, to] = [toward(b, a, radius / (before || 1)), toward(b, c, radius / (after || 1))];
    for (let step = 0; step <= 6; step++) {
      const middle = toward(toward(from, b, step / 6), toward(b, to, step / 6), step / 6);
      dense.push(middle.x, middle.y);
    }
  }
  const end = corners[corners.length - 1];
  dense.push(end.x, end.y);
  return evenly(dense);
}

/** @param {Point} from @param {Point} to @param {number} share @returns {Point} */
const toward = (from, to, share) => ({ x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share });

/** The same line by points that are equally far from each other. @param {number[]} dense */
function evenly(dense) {
  const length = length_of(dense);
  const count = Math.max(SAMPLES, Math.min(MOST_SAMPLES, Math.ceil(length / 7)));
  const points = new Float32Array(2 * count);
  let [at, done, span] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const wanted = (i / (count - 1)) * length;
    for (; at + 3 < dense.length; at += 2) {
      span = Math.hypot(dense[at + 2] - dense[at], dense[at + 3] - dense[at + 1]);
      if (done + span >= wanted) break;
      done += span;
    }
    const k = Math.min(at, dense.length - 4);
    const share = Math.min(1, (wanted - done) / (span || 1)) + (at > k ? 1 : 0);
    points[2 * i] = dense[k] + Math.min(1, share) * (dense[k + 2] - dense[k]);
    points[2 * i + 1] = dense[k + 1] + Math.min(1, share) * (dense[k + 3] - dense[k + 1]);
  }
  return points;
}

/** @param {ArrayLike<number>} points */
export function length_of(points) {
  let length = 0;
  for (let i = 2; i < points.length; i += 2) {
    length += Math.hypot(points[i] - points[i - 2], points[i + 1] - points[i - 1]);
  }
  return length;
}

/** @typedef {{x: number, y: number, w: number, h: number}} Box Around its middle. */

/** @param {Box} box @param {number} dx @param {number} dy @returns {Point} The middle of a side. */
const side = (box, dx, dy) => ({ x: box.x + (dx * box.w) / 2, y: box.y + (dy * box.h) / 2 });

/**
 * The line between two boxes that may be anywhere: leaves and enters where the way is short.
 * @param {Box} a @param {Box} b
 */
export function link(a, b) {
  const gap_x = Math.abs(b.x - a.x) - (a.w + b.w) / 2;
  const gap_y = Math.abs(b.y - a.y) - (a.h + b.h) / 2;
  const is_behind = b.x < a.x;
  if (gap_y > 0 && (gap_y > gap_x || is_behind)) return vertical(a, b, gap_y);
  if (is_behind) return around(a, b);
  const [start, end] = [side(a, 1, 0), side(b, -1, 0)];
  const reach = Math.max(40, Math.abs(end.x - start.x) * 0.45);
  return cubic(start, { x: start.x + reach, y: start.y }, { x: end.x - reach, y: end.y }, end);
}

/** @param {Box} a @param {Box} b @param {number} gap */
function vertical(a, b, gap) {
  const down = b.y > a.y ? 1 : -1;
  const [start, end] = [side(a, 0, down), side(b, 0, -down)];
  const reach = down * Math.max(30, gap * 0.5);
  return cubic(start, { x: start.x, y: start.y + reach }, { x: end.x, y: end.y - reach }, end);
}

/** Back to something on the left, over the top. @param {Box} a @param {Box} b */
function around(a, b) {
  const [start, end] = [side(a, 0, -1), side(b, 0, -1)];
  const lift = 50 + Math.min(90, Math.abs(a.x - b.x) * 0.12);
  return cubic(start, { x: start.x, y: start.y - lift }, { x: end.x, y: end.y - lift }, end);
}

/** Back to where it came from, over the top. @param {Box} box */
export function self_way(box) {
  const start = { x: box.x + box.w / 4, y: box.y - box.h / 2 };
  const end = { x: box.x - box.w / 4, y: box.y - box.h / 2 };
  return cubic(start, { x: start.x + 20, y: start.y - 46 }, { x: end.x - 20, y: end.y - 46 }, end);
}

/**
 * From one box to another past a line at the side, out and in on that side.
 * @param {Box} a @param {Box} b @param {number} past The x to pass at. @param {1|-1} way To the right or left.
 */
export function side_way(a, b, past, way) {
  const [start, end] = [side(a, way, 0), side(b, way, 0)];
  const reach = (past - (start.x + end.x) / 8) / 0.75; // the middle of the curve lies at `past`
  return cubic(start, { x: reach, y: start.y }, { x: reach, y: end.y }, end);
}

/**
 * Where something is that has gone `share` of the way.
 * @param {Float32Array} points @param {number} share 0 to 1 @param {Point} out
 */
export function along(points, share, out) {
  const last = points.length / 2 - 1;
  const at = Math.max(0, Math.min(1, share)) * last;
  const i = Math.min(last - 1, Math.floor(at));
  const t = at - i;
  out.x = points[2 * i] + t * (points[2 * i + 2] - points[2 * i]);
  out.y = points[2 * i + 1] + t * (points[2 * i + 3] - points[2 * i + 1]);
  return out;
}

/** How far a point is from a line. @param {Float32Array} points @param {number} x @param {number} y */
export function distance(points, x, y) {
  let nearest = Infinity;
  for (let i = 0; i + 3 < points.length; i += 2) {
    const [dx, dy] = [points[i + 2] - points[i], points[i + 3] - points[i + 1]];
    const t = Math.max(0, Math.min(1, ((x - points[i]) * dx + (y - points[i + 1]) * dy) / (dx * dx + dy * dy || 1)));
    nearest = Math.min(nearest, Math.hypot(points[i] + t * dx - x, points[i + 1] + t * dy - y));
  }
  return nearest;
}
