// What the server knows and does not push: asked for every few seconds while somebody looks, and after each change.

import { get } from "./control.js";
import { h } from "./dom.js";
import { panel } from "./live.js";

const STALE_MS = 25_000;

/**
 * @template T
 * @typedef {{ value: T | null, refused: string, ageMs: () => number | null, load: () => Promise<void> }} Polled
 */

/**
 * The last answer of `path`. It stays, with its age, while the server does not answer.
 * @template T
 * @param {string} path
 * @param {number} everyMs
 * @returns {Polled<T>}
 */
export function polled(path, everyMs) {
  let asked = 0;
  let taken = 0;
  let at = -1;
  /** @type {Polled<T>} */
  const last = {
    value: null,
    refused: "",
    ageMs: () => (at < 0 ? null : performance.now() - at),
    load: async () => {
      const number = ++asked;
      const answer = await get(path);
      if (number < taken) return; // a later question was answered first
      taken = number;
      last.refused = answer.ok ? "" : answer.detail;
      if (!answer.ok) return;
      last.value = /** @type {T} */ (answer.body);
      at = performance.now();
    },
  };
  void last.load();
  setInterval(() => {
    if (!document.hidden) void last.load();
  }, everyMs);
  return last;
}

/**
 * A panel that draws what was asked for last, or why nothing was answered yet.
 * @template T
 * @param {string} id
 * @param {Polled<T>} source
 * @param {(value: T) => import("./dom.js").Loose[]} view
 */
export function polledPanel(id, source, view) {
  const known = () => source.value !== null || source.refused !== "";
  panel(id, { limitMs: STALE_MS, ageMs: source.ageMs, known }, () =>
    source.value === null ? [h("p", { class: "empty" }, "Not known: ", source.refused)] : view(source.value));
}
