// @ts-check
/**
 * The last two minutes of an item's numbers, small enough to draw sixty times a second. Pure.
 *
 * However many items pass, a bucket of a tenth of a second keeps the smallest and the largest value of each field, in the
 * order they came: a spike of one item stays visible.
 */

export const SPAN = 120;
const BUCKET = 0.1;
const MOST_FIELDS = 32;

/** @typedef {{first: number, second: number | null}} Pair */
/** @typedef {{slot: number, pairs: Map<string, Pair>}} Bucket */

export class NumberRing {
  /**
   * @param {number} [span] What is kept [s].
   * @param {number} [bucket] What is one bucket [s].
   */
  constructor(span = SPAN, bucket = BUCKET) {
    this.span = span;
    this.bucket = bucket;
    /** @type {Bucket[]} */
    this.buckets = []; // bound: span / bucket, in add
    /** @type {string[]} */
    this.fields = [];
    /** @type {Map<string, number>} */
    this.last = new Map();
    this.ignored = 0;
    this.version = 0;
  }

  /**
   * Take the numbers of an item.
   * @param {number} t Wall time [s].
   * @param {Record<string, number>} numbers
   */
  add(t, numbers) {
    const bucket = this.bucketAt(t);
    for (const [field, value] of Object.entries(numbers)) {
      if (!Number.isFinite(value) || !this.knows(field)) continue;
      widen(bucket.pairs, field, value);
      this.last.set(field, value);
    }
    this.version += 1;
  }

  /** @param {string} field */
  knows(field) {
    if (this.fields.includes(field)) return true;
    if (this.fields.length >= MOST_FIELDS) {
      this.ignored += 1;
      return false;
    }
    this.fields.push(field);
    return true;
  }

  /** @param {number} t */
  bucketAt(t) {
    const last = this.buckets.at(-1);
    const slot = Math.max(Math.floor(t / this.bucket), last ? last.slot : -Infinity);
    if (last && last.slot === slot) return last;
    const bucket = { slot, pairs: new Map() };
    this.buckets.push(bucket);
    const oldest = slot - this.span / this.bucket;
    let gone = 0;
    while (this.buckets[gone].slot <= oldest) gone += 1;
    if (gone) this.buckets.splice(0, gone);
    return bucket;
  }

  /**
   * Give columns to draw: times [s], then the values of each field; null where it had none.
   * @param {string[]} fields
   * @returns {(number | null)[][]}
   */
  columns(fields) {
    /** @type {(number | null)[][]} */
    const columns = [[], ...fields.map(() => [])];
    for (const { slot, pairs } of this.buckets) {
      const found = fields.map((field) => pairs.get(field));
      columns[0].push(slot * this.bucket, (slot + 0.5) * this.bucket);
      found.forEach((pair, index) => columns[index + 1].push(pair ? pair.first : null, pair ? pair.second : null));
    }
    return columns;
  }
}

/**
 * @param {Map<string, Pair>} pairs
 * @param {string} field
 * @param {number} value
 */
function widen(pairs, field, value) {
  const pair = pairs.get(field);
  if (!pair) pairs.set(field, { first: value, second: null });
  else if (pair.second === null) pair.second = value;
  else replaceInner(pair, value);
}

/**
 * Keep the two outermost of three values, in the order they came.
 * @param {Pair} pair
 * @param {number} value
 */
function replaceInner(pair, value) {
  const { first, second } = /** @type {{first: number, second: number}} */ (pair);
  const [low, high] = first < second ? [first, second] : [second, first];
  if (value > high) Object.assign(pair, { first: low, second: value });
  else if (value < low) Object.assign(pair, { first: high, second: value });
}
