// P&L: what was earned by market, strategy and time, of one reading, and whether it adds up.

import { curve, load, uncertain } from "./curve.js";
import { byId, h, patch } from "./dom.js";
import { money, signed, tone } from "./format.js";
import { board, now, paint, panel, speed } from "./live.js";
import { polled, polledPanel } from "./polled.js";
import { addsUp, byMarket, byStrategy, byTime, linesOf } from "./profit.js";

/** @typedef {import("./curve.js").Range_} Range_ */
/** @typedef {import("./profit.js").Report} Report */

const EVERY_MS = 10_000; // the server reads the whole ledger for it
const CHART_MS = 1_000;
const NOTHING = "Nothing was valued yet: figures come with the first valuation, a few seconds after the trader's start.";

const { account = "" } = byId("pnl").dataset;
/** @type {Record<string, string>} */
const titles = JSON.parse(byId("titles").textContent ?? "{}");
/** @type {import("./polled.js").Polled<Report | {}>} */
const report = polled(`/api/v1/pnl/report${account ? `?account_id=${account}` : ""}`, EVERY_MS);
/** @type {"days" | "weeks" | "months"} */
let stretch = "days";
/** @type {Range_} */
let range = "month";
let charted = 0;
const charts = await import("./charts.js").catch(() => null); // not installed: the figures do without
const chart = charts?.equityChart("equity-chart");

void load("week");
void load("month");
panel("p-earned", { limitMs: 25_000, ageMs: report.ageMs, known: () => report.value !== null }, () => told(figures));
polledPanel("p-bymarket", report, () => told((found) => [byMarket(found, titles)]));
polledPanel("p-bystrategy", report, () => told((found) => [byStrategy(found)]));
polledPanel("p-days", report, () => told((found) => [byTime(found, stretch)]));
polledPanel("p-sum", report, () => told((found) => [addsUp(found)]));
paint(drawChart);

/** @param {(found: Report) => import("./dom.js").Loose[]} view */
function told(view) {
  const found = report.value;
  return found !== null && "total" in found ? view(found) : [h("p", { class: "empty" }, NOTHING)];
}

/** @param {Report} found */
function figures(found) {
  const { total } = found;
  const totals = board.one("totals");
  return [h("dl", { class: "key-figures" },
    figure("total", signed(total.total), tone(total.total), "realized and unrealized, fees in"),
    figure("realized", signed(total.realized), tone(total.realized), "by average cost"),
    figure("unrealized", signed(total.unrealized), tone(total.unrealized), "what is held would bring now, net of fee, less what it cost"),
    figure("provisional", signed(total.provisional), "flat", "the part of both that rests on fills which may still fail"),
    figure("fees", money(total.fees), "flat", "paid, and in the others already"),
    figure("today", `${uncertain() ? "≈ " : ""}${signed(totals?.pnl_today)}`, tone(totals?.pnl_today), `since 00:00 UTC, live${totals?.valued_ms ? `, valued ${Math.round((now() - totals.valued_ms) / speed() / 1000)} s ago` : ""}`),
  )];
}

/** @param {string} name @param {string} value @param {string} colour @param {string} says */
function figure(name, value, colour, says) {
  return h("div", { key: name, class: "figure", title: says }, h("dt", null, name), h("dd", { flash: true }, h("a", { class: `figure-link ${colour}`, href: linesOf({}) }, value)));
}

function drawChart() {
  if (performance.now() - charted < CHART_MS && charted > 0) return;
  const { points, base, loaded } = curve(range);
  byId("equity-empty").hidden = points.length > 1;
  patch(byId("equity-empty"), [loaded ? "The curve begins with the second valuation." : "The curve is being loaded."]);
  if (points.length < 2) return;
  charted = performance.now();
  chart?.show(points, base);
}

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const ranged = target.closest("[data-range]")?.getAttribute("data-range");
  if (ranged) {
    range = /** @type {Range_} */ (ranged);
    charted = 0;
    press("data-range", ranged);
    drawChart();
  }
  const stretched = target.closest("[data-stretch]")?.getAttribute("data-stretch");
  if (stretched) {
    stretch = /** @type {"days" | "weeks" | "months"} */ (stretched);
    press("data-stretch", stretched);
  }
});

/** @param {string} name @param {string} value */
function press(name, value) {
  for (const button of document.querySelectorAll(`[${name}]`)) button.setAttribute("aria-pressed", String(button.getAttribute(name) === value));
}
