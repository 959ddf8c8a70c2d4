// What the calendar and the venue allow at this moment.

import { h } from "./dom.js";
import { clock, local, span, utc } from "./format.js";
import { board, now, speed } from "./live.js";

/** @typedef {import("./dom.js").Loose} Loose */

const MODES = {
  open: "takes every order",
  restarting: "restarting: takes nothing",
  post_only: "post-only: takes quotes, nothing that crosses",
  cancel_only: "cancel-only: takes no order",
  off: "off: takes nothing, no cancel either",
};

const SIZES = new Map([["0.75", "three quarters"], ["0.5", "half"], ["0.25", "a quarter"]]);

/** @returns {Loose[]} */
export function times() {
  return [h("dl", { class: "facts-list" }, venue(), calendar())];
}

/** @returns {Loose} */
function calendar() {
  const row = board.one("times");
  if (row === null) return null;
  const turns = `${utc(row.turns_ms).slice(0, 5)} UTC, in ${span((row.turns_ms - now()) / speed())}`;
  const cut = Object.entries(row.sizes).filter(([size, count]) => size !== "1" && count > 0);
  return [
    fact("hours", row.peak ? h("span", { class: "soon" }, "peak: what opens is halved") : "not peak: full size", row.peak ? `until ${turns}` : `peak from ${turns}`),
    fact("day", row.opens ? row.day : h("span", { class: "soon" }, `${row.day}: nothing is opened`), row.weekend && row.opens ? "weekend trading is on" : row.weekend ? "weekend trading is off" : null),
    fact("calm", cut.length === 0 ? "every market is calm: full size" : cut.map(([size, count]) => `${count} × ${SIZES.get(size) ?? size}`).join(", "), cut.length === 0 ? null : "markets whose mid moved lately open with that part of the size"),
  ];
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
