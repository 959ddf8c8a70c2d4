// What stands still now: everything, single markets, or those whose breaker opened; why, since when, how far the proof is, and the way out.

import { breakerItem, tripped } from "./breakers.js";
import { h } from "./dom.js";
import { clock, local, utc, words } from "./format.js";
import { haltTitle, openButton } from "./incidents.js";
import { proofOf } from "./halt.js";
import { board, now, speed } from "./live.js";
import { marketName } from "./markethalt.js";
import { named } from "./named.js";
import { may, whoMay } from "./roles.js";

/** @typedef {import("./dom.js").Loose} Loose */

/** @returns {Loose[]} */
export function stopped() {
  const { control } = board;
  if (control === null) return [];
  const whole = control.halt ? [all(control.halt)] : [];
  const single = control.market_halts.map(one);
  const breakers = tripped().map(breakerItem);
  if (whole.length + single.length + breakers.length === 0) {
    return [h("p", { class: "empty" }, "Nothing. ", may("halt") ? "HALT stops everything; each market has a button of its own." : whoMay("halt"))];
  }
  return [h("ul", { class: "stopped" }, whole, single, breakers)];
}

/** @param {NonNullable<import("./rows").Control["halt"]>} halt */
function all(halt) {
  const report = board.control?.report ?? null;
  return h("li", { key: "all", class: "stop" },
    h("div", { class: "stop-head" }, h("span", { class: "pill halted" }, "■ ALL TRADING"), h("b", null, words(halt.reason)), running(halt.began_ms)),
    told(halt),
    board.control?.way_out ? h("p", { class: "way-out" }, h("b", null, "What to do: "), board.control.way_out) : null,
    proofLine(report),
    h("div", { class: "actions" },
      h("button", { type: "button", class: "button small", "data-open-halt": true }, "Show proof"),
      may("reset") ? h("button", { type: "button", class: "button small", "data-reset": true }, "Reset trading…") : h("span", { class: "muted" }, `Reset: ${whoMay("reset")}`),
      openButton({ title: haltTitle(halt), severity: 1, began: halt.began_ms })));
}

/** @param {import("./rows").MarketHalt} halt */
function one(halt) {
  const name = marketName(halt.market_id);
  return h("li", { key: halt.market_id, class: "stop" },
    h("div", { class: "stop-head" }, h("a", { href: `/markets/${halt.market_id}/` }, name), h("b", null, words(halt.reason)), running(halt.began_ms)),
    told(halt),
    halt.report ? h("details", null, h("summary", null, proofLine(halt.report)), proofOf(halt.report)) : proofLine(null),
    h("div", { class: "actions" }, may("resume-market")
      ? h("button", { type: "button", class: "button small primary", "data-market-control": halt.market_id, "aria-label": `Resume ${name}` }, `Resume ${name}…`)
      : h("span", { class: "muted" }, `Resume: ${whoMay("resume-market")}`),
      openButton({ title: `${name} halted: ${named(halt.detail || words(halt.reason))}`, severity: 2, began: halt.began_ms })));
}

/** @param {number} since */
function running(since) {
  return h("span", { class: "running num", title: local(since) }, clock((now() - since) / speed()));
}

/** @param {{ detail: string, by: string, began_ms: number }} halt */
function told(halt) {
  return h("p", { class: "stop-told" }, halt.detail ? `${named(halt.detail)} ` : "", h("span", { class: "muted", title: local(halt.began_ms) }, `by ${halt.by} at ${utc(halt.began_ms)}`));
}

/** The proof in a line. @param {import("./rows").HaltReport | null} report */
function proofLine(report) {
  if (report === null) return h("span", { class: "muted" }, "no runner has answered yet");
  if (report.proven_ms !== null) return h("span", { class: "muted" }, "proven: nothing is open, asked twice");
  return report.unproven.length === 0
    ? h("span", { class: "muted" }, "not proven yet")
    : h("span", { class: "soon" }, `not proven: ${named(report.unproven.join("; "))}`);
}
