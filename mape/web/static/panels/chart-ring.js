// @ts-check
/**
 * The last two minutes of an item's numbers, small enough to draw sixty times a second. Pure.
 *
 * However many items pass, a bucket of a tenth of a second keeps the mean, the smallest and the largest value of each
 * field: a spike of one item stays visible.
 */

export const SPAN = 120;
const BUCKET = 0.1;
const MOST_FIELDS = 32;

/** @typedef {{low: number, high: number, sum: number, count: number}} Sum */
/** @typedef {{slot: number, sums: Map<string, Sum>}} Bucket */

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
      widen(bucket.sums, field, value);
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
    const bucket = { slot, sums: new Map() };
    this.buckets.push(bucket);
    const oldest = slot - this.span / this.bucket;
    let gone = 0;
    while (this.buckets[gone].slot <= oldest) gone += 1;
    if (gone) this.buckets.splice(0, gone);
    return bucket;
  }

  /**
   * Give columns to draw: times [s], then of each field its mean, lowest and highest; null where it had none.
   * @param {string[]} fields
   * @returns {(number | null)[][]}
   */
  columns(fields) {
    /** @type {(number | null)[][]} */
    const columns = [[], ...fields.flatMap(() => [[], [], []])];
    for (const { slot, sums } of this.buckets) {
      columns[0].push(slot * this.bucket);
      fields.forEach((field, index) => {
        const sum = sums.get(field);
        columns[3 * index + 1].push(sum ? sum.sum / sum.count : null);
        columns[3 * index + 2].push(sum ? sum.low : null);
        columns[3 * index + 3].push(sum ? sum.high : null);
      });
    }
    return columns;
  }
}

/**
 * @param {Map<string, Sum>} sums
 * @param {string} field
 * @param {number} value
 */
function widen(sums, field, value) {
  const sum = sums.get(field);
  if (!sum) {
    sums.set(field, { low: value, high: value, sum: value, count: 1 });
    return;
  }
  sum.low = Math.min(sum.low, value);
  sum.high = Math.max(sum.high, value);
  sum.sum += value;
  sum.count += 1;
}
