// @ts-check
/** Where the token is kept: this tab, or this device if somebody says so. Never a cookie (ports share them), never a URL. */

const NAME = "mape.token";

/** @param {Storage} storage */
function read(storage) {
  try {
    return storage.getItem(NAME);
  } catch {
    return null; // storage is switched off: the token lives as long as the page
  }
}

/** @type {string|null} */
let held = read(sessionStorage) ?? read(localStorage);

export const token = {
  /** @returns {string|null} */
  get: () => held,

  /**
   * @param {string} value
   * @param {boolean} is_kept Whether this device remembers it.
   */
  set(value, is_kept) {
    token.forget();
    held = value;
    try {
      (is_kept ? localStorage : sessionStorage).setItem(NAME, value);
    } catch {
      // storage is switched off
    }
  },

  forget() {
    held = null;
    for (const storage of [sessionStorage, localStorage]) {
      try {
        storage.removeItem(NAME);
      } catch {
        // storage is switched off
      }
    }
  },
};
