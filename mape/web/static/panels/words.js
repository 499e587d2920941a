// @ts-check
/** Untrusted texts and values in words that cannot deceive: what does not print is shown as its code. */

// Controls, blanks of no width, turns of direction; a joiner between the parts of an emoji is what it seems.
// eslint-disable-next-line no-control-regex
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb]|(?<![\p{Extended_Pictographic}\ufe0f])\u200d|\p{Cs}/gu;

/** @param {string} sign */
const code_of = (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;

/**
 * Shows what would not be seen or would turn the direction of a text; tabs and line ends stay.
 * @param {any} text
 * @param {number} [most] Characters at most.
 */
export function visible(text, most = 20_000) {
  const whole = String(text);
  const short = whole.length > most ? `${whole.slice(0, most)}… (${whole.length - most} more)` : whole;
  return short.replace(UNSEEN, code_of);
}

/** As `visible`, on one line. @param {any} text @param {number} [most] */
export function line(text, most = 300) {
  return visible(text, most).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** A text as it would stand in JSON. @param {string} text @param {number} [most] */
export const quoted = (text, most) => line(JSON.stringify(text), most);

/** An error's sentence, whatever was thrown. @param {any} error */
export const sentence = (error) => line(error?.error ?? error?.message ?? error, 600);

/** A number with its thousands apart. @param {number|null|undefined} number */
export function whole(number) {
  return number === null || number === undefined ? "–" : String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}
