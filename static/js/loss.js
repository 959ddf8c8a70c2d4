// Today's loss against its limit, with the marks at which somebody is told: 50 and 80 per cent; at all of it trading stops.

import { h } from "./dom.js";
import { money, signed, tone, whole } from "./format.js";
import { board } from "./live.js";
import { uncertain } from "./curve.js";

/** @typedef {import("./dom.js").Loose} Loose */

const MARKS = [0.5, 0.8, 1];

/** @returns {Loose[]} */
export function lossToday() {
  const totals = board.one("totals");
  const limit = totals?.loss_limit ?? null;
  const today = totals?.pnl_today ?? null;
  if (limit === null || today === null) {
    return [h("p", { class: "empty" }, "Not known yet: the day begins with the first valuation after 00:00 UTC.")];
  }
  const part = Math.max(0, -Number(today) / Number(limit));
  const left = Number(limit) + Math.min(0, Number(today));
  const about = uncertain() ? "≈ " : "";
  return [
    h("div", { class: "loss-head" },
      h("b", { class: `big ${tone(today)}`, flash: true }, about + signed(today)),
      h("span", { class: "muted" }, part > 0 ? `${part < 0.01 ? "under 1" : Math.round(part * 100)} % of ${money(limit)} USDC` : `nothing of ${money(limit)} USDC used`)),
    h("div", {
      class: `meter ${level(part)}`, role: "meter", "aria-label": "loss today against its limit", "aria-valuemin": 0, "aria-valuemax": 100,
      "aria-valuenow": Math.min(100, Math.round(part * 100)), "aria-valuetext": `${Math.round(part * 100)} % of the limit`, vars: { "--part": String(Math.min(1, part)) },
    }, MARKS.slice(0, -1).map((mark) => h("i", { key: mark, class: part >= mark ? "mark passed" : "mark", vars: { "--at": `${mark * 100}%` } }))),
    h("ol", { class: "marks" }, MARKS.map((mark) => h("li", { key: mark, class: part >= mark ? "passed" : "", vars: { "--at": `${mark * 100}%` } },
      h("b", null, `−${whole(mark * Number(limit))}`), mark === 1 ? "stops" : "warning"))),
    h("p", { class: "muted" }, `${money(left)} USDC may still be lost today. It stops on three valuations in a row, 2 s apart; the day ends at 00:00 UTC.`),
  ];
}

/** @param {number} part */
function level(part) {
  return part >= 0.8 ? "bad" : part >= 0.5 ? "soon" : "calm";
}
