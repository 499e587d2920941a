// @ts-check
/** What a view needs: preact's `html` tag and hooks, from one place. Text only: nothing here ever parses HTML. */

import htm from "./vendor/htm.js";
import { Component, Fragment, createContext, h, render } from "./vendor/preact.js";

export const html = htm.bind(h);
export { Component, Fragment, createContext, h, render };
export {
  useCallback,
  useEffect,
  useErrorBoundary,
  useId,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from "./vendor/preact-hooks.js";

/**
 * Joins class names, leaving out what is not true.
 * @param {...(string|false|null|undefined)} names
 */
export const classes = (...names) => names.filter(Boolean).join(" ");
