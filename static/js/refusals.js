// What the judge refused since the trader started: how often by rule, and the last of each with value against limit.

import { h } from "./dom.js";
import { age, intent, local, words } from "./format.js";
import { board, now, speed } from "./live.js";

/** @typedef {import("./dom.js").Loose} Loose */
/** @typedef {import("./rows").RefusalRow} RefusalRow */

const LAYERS = ["time", "global", "group", "market", "order"];

/** @returns {Loose[]} */
export function refusals() {
  const rows = board.all("refusal").sort((a, b) => b.count - a.count || a.rule.localeCompare(b.rule));
  if (rows.length === 0) {
    return [h("p", { class: "empty" }, `Nothing. Every order passes rules in five layers (${LAYERS.join(", ")}); what one of them refuses is counted here, with value and limit.`)];
  }
  return [h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "refusals by rule" }, h("table", { class: "rows cards notes refusals" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "rule"), h("th", { scope: "col" }, "layer"), h("th", { scope: "col", class: "num" }, "refused"), h("th", { scope: "col" }, "the last one"), h("th", { scope: "col", class: "num" }, "ago"))),
    h("tbody", null, rows.map((row) => h("tr", { key: row.rule, "data-row": true, tabindex: -1 },
      h("th", { scope: "row" }, words(row.rule)),
      h("td", { class: "muted", "data-label": "layer" }, row.layer),
      h("td", { class: "num", "data-label": "refused", flash: true }, row.count),
      h("td", { class: "wrap", "data-label": "the last one" }, last(row)),
      h("td", { class: "num muted", "data-label": "ago", title: local(row.at_ms) }, row.at_ms === null ? "–" : age((now() - row.at_ms) / speed())))))))];
}

/** @param {RefusalRow} row @returns {Loose} */
function last(row) {
  if (row.detail === undefined) return h("span", { class: "muted" }, "not kept: the trader counts on from before");
  return [row.detail, h("span", { class: "muted sub" }, row.market_id ? h("a", { href: `/markets/${row.market_id}/`, "data-open": true }, row.short ?? row.market_id) : null, row.asked ? ` ${intent(row.asked)}` : null)];
}
