// The pair ledger: two bars over one scale. What overlaps is locked, what sticks out is at risk.

import { h } from "./dom.js";
import { average, clock, shares, signed, tone, money } from "./format.js";
import { now, speed } from "./live.js";

/** @typedef {import("./rows").MarketRow} MarketRow */
/** @typedef {import("./rows").PairRow} PairRow */
/** @typedef {import("./dom.js").Loose} Loose */

/** @param {MarketRow} market @returns {Loose[]} */
export function pairLedger(market) {
  const { pair } = market;
  if (!pair || (Number(pair.yes) === 0 && Number(pair.no) === 0 && Number(pair.spent) === 0)) {
    return [h("p", { class: "empty" }, "No shares here yet. A pair is a YES and a NO share bought at different times for less than 1 USDC together; it pays exactly 1 whoever wins.")];
  }
  const scale = Math.max(Number(pair.yes), Number(pair.no), 1e-9);
  return [
    h("div", { class: "pair-bars", role: "img", "aria-label": spoken(pair) },
      bar("YES", market.yes_name, pair.yes, pair.yes_avg, pair, scale, "yes"),
      bar("NO", market.no_name, pair.no, pair.no_avg, pair, scale, "no"),
      h("div", { class: "pair-scale muted" }, h("span", null, "0"), h("span", null, `${shares(scale)} shares`))),
    nakedClock(pair),
    h("dl", { class: "figures" },
      figure("pair cost", average(pair.pair_cost), "flat", "what one YES and one NO cost us together, fees in; below 1 is profit"),
      figure("locked", `${shares(pair.locked)} sh`, "flat", "pays 1 USDC a share whoever wins"),
      figure("worst case", signed(pair.worst_case), tone(pair.worst_case), "if the outcome we hold less of wins"),
      figure("best case", signed(pair.best_case), tone(pair.best_case), "if the outcome we hold more of wins"),
      figure("spent", money(pair.spent), "flat", "USDC paid for both legs, fees included"),
      figure("received", money(pair.received), "flat", "from sells, merges and redemption"),
      figure("realized", signed(market.pnl.realized), tone(market.pnl.realized), ""),
      figure("unrealized", signed(market.pnl.unrealized), tone(market.pnl.unrealized), "locked at 1, the surplus at the swept bid net of fee")),
  ];
}

/** @param {PairRow} pair */
function spoken(pair) {
  const surplus = Number(pair.exposed) === 0 ? "nothing exposed" : `${shares(pair.exposed)} ${pair.exposed_outcome} exposed`;
  return `${shares(pair.yes)} YES and ${shares(pair.no)} NO held, ${shares(pair.locked)} locked, ${surplus}`;
}

/**
 * @param {string} label
 * @param {string} name
 * @param {string} held
 * @param {string | null} avg
 * @param {PairRow} pair
 * @param {number} scale
 * @param {"yes" | "no"} outcome
 */
function bar(label, name, held, avg, pair, scale, outcome) {
  const surplus = pair.exposed_outcome === outcome ? Number(pair.exposed) : 0;
  return h("div", { key: label, class: "pair-row" },
    h("span", { class: "pair-name" }, h("b", null, label), h("span", { class: "muted" }, ` ${name}`)),
    h("span", { class: "pair-track" },
      h("i", { class: "pair-locked", vars: { "--part": String(Number(pair.locked) / scale) } }),
      h("i", { class: "pair-surplus", vars: { "--part": String(surplus / scale) } })),
    h("span", { class: "pair-held num" }, h("b", { flash: true }, shares(held)), h("span", { class: "muted" }, avg === null ? "" : ` at ${average(avg)}`)));
}

/** @param {PairRow} pair */
function nakedClock(pair) {
  if (pair.naked_since_ms === null || pair.naked_until_ms === null) {
    const exposed = Number(pair.exposed) > 0;
    return h("p", { key: "clock", class: "muted naked-none" }, exposed ? "The surplus is dust: it is charged, without a clock." : Number(pair.yes) === 0 ? "Nothing is held now." : "Both legs are even.");
  }
  const whole = Math.max(1, pair.naked_until_ms - pair.naked_since_ms);
  const left = pair.naked_until_ms - now();
  const level = left / speed() < 60_000 ? "soon" : "calm";
  return h("div", { key: "clock", class: `naked ${level}`, title: "a leg exposed longer is completed, sold or held, whichever costs least" },
    h("span", null, `${shares(pair.exposed)} ${pair.exposed_outcome?.toUpperCase() ?? ""} naked`),
    h("span", { class: "naked-track" }, h("i", { vars: { "--part": String(Math.min(1, Math.max(0, left / whole))) } })),
    h("b", { class: "num" }, clock(left / speed())));
}

/** @param {string} name @param {string} value @param {string} colour @param {string} says */
function figure(name, value, colour, says) {
  return h("div", { key: name, title: says || null }, h("dt", null, name), h("dd", { class: colour, flash: true }, value));
}
