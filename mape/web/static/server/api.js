// @ts-check
/** Questions to the server: JSON in and out, with the token, a deadline, and errors that say what happened. */

import { token } from "./token.js";

const DEADLINE = 10_000; // [ms]
const ROOT = new URL("../../", import.meta.url);
/** Names this page's stream, so that answers which come later find it. */
let client = "";

/** What went wrong with a question. `status` 0: no answer at all. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} error
   * @param {any} [detail] The whole answer, if it was JSON.
   */
  constructor(status, error, detail) {
    super(error);
    this.status = status;
    this.error = error;
    this.detail = detail;
  }
}

const SENTENCES = {
  401: "the server asks for a token",
  403: "this token does not allow that",
  404: "the server does not know that",
  409: "it has changed since you looked",
  413: "that is too long for the server",
  422: "the value does not fit the type",
  429: "too many questions at once: wait a little",
  503: "the server has no room for more: try again",
};

/**
 * @param {string} path
 * @param {Record<string, any>} [query]
 */
export function url_of(path, query = {}) {
  const url = new URL(path.replace(/^\//, ""), ROOT);
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) if (one !== undefined && one !== null) url.searchParams.append(name, String(one));
  }
  return url;
}

/** @param {Record<string, string>} [more] */
export function headers_of(more = {}) {
  const held = token.get();
  return {
    "x-mape-page": "1",
    ...(held ? { authorization: `Bearer ${held}` } : {}),
    ...(client ? { "x-mape-client": client } : {}),
    ...more,
  };
}

/** @param {Response} response */
export async function error_of(response) {
  const text = (await response.text().catch(() => "")).slice(0, 20_000);
  /** @type {any} */
  let detail = null;
  try {
    detail = JSON.parse(text);
  } catch {
    // not every refusal is JSON; the status says enough
  }
  const said = detail?.detail ?? detail?.error ?? detail?.message;
  const sentence = typeof said === "string" ? said : /** @type {any} */ (SENTENCES)[response.status];
  return new ApiError(response.status, sentence ?? `the server answers ${response.status}`, detail);
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Record<string, any>} [query]
 * @param {any} [body] Anything but a string becomes JSON; a string is JSON already.
 */
async function ask(method, path, query, body) {
  const has_body = body !== undefined;
  const headers = headers_of(has_body ? { "content-type": "application/json" } : {});
  let response;
  try {
    response = await fetch(url_of(path, query), {
      method,
      headers,
      body: has_body ? (typeof body === "string" ? body : JSON.stringify(body)) : undefined,
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(DEADLINE),
    });
  } catch (cause) {
    const is_late = cause instanceof DOMException && cause.name === "TimeoutError";
    throw new ApiError(0, is_late ? "the server did not answer within 10 s" : "the server is not there");
  }
  if (!response.ok) throw await error_of(response);
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

export const api = {
  /** @param {string} path @param {Record<string, any>} [query] @returns {Promise<any>} */
  get: (path, query) => ask("GET", path, query),
  /** @param {string} path @param {Record<string, any>} [query] @param {any} [body] @returns {Promise<any>} */
  post: (path, query, body) => ask("POST", path, query, body),
  /** @param {string} path @param {Record<string, any>} [query] @param {any} [body] @returns {Promise<any>} */
  put: (path, query, body) => ask("PUT", path, query, body),
  /** @param {string} name The stream's client id. */
  set_client(name) {
    client = name;
  },
  client: () => client,
};
