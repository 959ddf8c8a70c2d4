// Each shard's part of the limits. Shown where there is more than one: a single shard has all of it.

import { h } from "./dom.js";
import { whole } from "./format.js";

/** @typedef {import("./dom.js").Loose} Loose */
/**
 * @typedef {{
 *   number: number, limits_number: number, total_exposure: string, group_exposure: string, daily_loss: string,
 *   orders_per_second: number, cash: string | null, dealt_ms: number, acked_ms: number | null,
 * }} Part
 * @typedef {{ shard: string, left_ms: number | null, binds: Part | null, wanted: Part | null }} Shard
 */

/** @type {[string, (part: Part) => string][]} */
const COLUMNS = [
  ["exposure USDC", (part) => whole(part.total_exposure)],
  ["a group USDC", (part) => whole(part.group_exposure)],
  ["daily loss USDC", (part) => whole(part.daily_loss)],
  ["orders a second", (part) => String(part.orders_per_second)],
  ["cash USDC", (part) => (part.cash === null ? "all" : whole(part.cash))],
];

/** Shards that work or hold a part. @param {Shard[]} shards */
export function atWork(shards) {
  return shards.filter((shard) => shard.left_ms === null);
}

/** @param {Shard[]} shards @returns {Loose} */
export function budgetTable(shards) {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "budgets by shard" }, h("table", { class: "rows cards notes" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "shard"), COLUMNS.map(([head]) => h("th", { key: head, scope: "col", class: "num" }, head)), h("th", { scope: "col" }, "state"))),
    h("tbody", null, atWork(shards).map((shard) => h("tr", { key: shard.shard, "data-row": true, tabindex: -1 },
      h("th", { scope: "row" }, shard.shard),
      COLUMNS.map(([head, of]) => h("td", { key: head, class: "num", "data-label": head }, shard.binds === null ? "–" : of(shard.binds),
        shard.wanted !== null && (shard.binds === null || of(shard.wanted) !== of(shard.binds)) ? h("span", { class: "soon" }, ` → ${of(shard.wanted)}`) : null)),
      h("td", { "data-label": "state" }, shard.wanted === null ? h("span", { class: "muted" }, shard.binds === null ? "none dealt yet: it sends nothing" : "acknowledged") : h("span", { class: "pill soon", title: "until it answers, the larger of both counts as taken" }, "waits for its answer")))))));
}
