// What the calendar and the venue allow at this moment.

import { h } from "./dom.js";
import { clock, local } from "./format.js";
import { board, now, speed } from "./live.js";

/** @typedef {import("./dom.js").Loose} Loose */

const MODES = {
  open: "takes every order",
  restarting: "restarting: takes nothing",
  post_only: "post-only: takes quotes, nothing that crosses",
  cancel_only: "cancel-only: takes no order",
  off: "off: takes nothing, no cancel either",
};

/** @returns {Loose[]} */
export function times() {
  return [h("dl", { class: "facts-list" }, venue())];
}

function venue() {
  const window = board.one("window");
  if (window === null) return fact("venue", h("span", { class: "muted" }, "not known"));
  const left = window.until_ms === null ? "" : `, ${clock(Math.max(0, window.until_ms - now()) / speed())} left`;
  const said = `${MODES[window.mode]}${left}`;
  return fact("venue", window.mode === "open" ? said : h("span", { class: "soon", title: `${window.detail ?? ""} ${local(window.since_ms)}` }, said), window.mode === "open" ? null : window.detail);
}

/** @param {string} name @param {Loose} value @param {Loose} [note] */
export function fact(name, value, note) {
  return h("div", { key: name }, h("dt", null, name), h("dd", null, value, note ? h("span", { class: "muted sub" }, note) : null));
}
