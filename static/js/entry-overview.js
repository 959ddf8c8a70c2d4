// The overview: how the night goes, what needs a person, what is decided and why.

import { curve, gained, load, uncertain } from "./curve.js";
import { decisionFeed } from "./decisions.js";
import { byId, h, patch } from "./dom.js";
import { money, signed, tone, words } from "./format.js";
import { board, boardAge, now, paint, panel, speed } from "./live.js";
import { COLUMNS, arrange, marketTable } from "./markettable.js";
import { needs } from "./needs.js";
import { fillTable, matchCards } from "./tables.js";

/** @typedef {import("./curve.js").Range_} Range_ */

const BOARD = { limitMs: 3_000, ageMs: boardAge };
const OVERVIEW_COLUMNS = COLUMNS.filter(({ name }) => !["bid", "ask", "spread", "age", "orders"].includes(name));
const CHART_MS = 1_000;
const MARKETS_MOST = 16;
const LOADING = "The curve is being loaded.";
const BEGINS = "The curve begins with the second valuation; the account is valued every few seconds.";

/** @type {Range_} */
let range = "day";
let charted = 0;
const charts = await import("./charts.js").catch(() => null); // not installed: the figures do without
const chart = charts?.equityChart("equity-chart");

void load("week");
void load("month");

panel("p-equity", { limitMs: 10_000, ageMs: valuationAge }, figures);
panel("p-needs", BOARD, needList);
panel("p-matches", BOARD, () => [matchCards(board.all("match"))]);
panel("p-markets", BOARD, markets);
panel("p-decisions", BOARD, () => [decisionFeed(board.all("decision").slice(-40), { market: true })]);
panel("p-fills", BOARD, () => [fillTable(board.all("fill"), { market: true, most: 12 })]);
paint(drawChart);

for (const button of document.querySelectorAll("[data-range]")) {
  button.addEventListener("click", () => {
    range = /** @type {Range_} */ (button.getAttribute("data-range"));
    for (const other of document.querySelectorAll("[data-range]")) other.setAttribute("aria-pressed", String(other === button));
    charted = 0;
    drawChart();
  });
}

function valuationAge() {
  const valued = board.one("totals")?.valued_ms ?? null;
  return valued === null ? null : (now() - valued) / speed();
}

function figures() {
  const totals = board.one("totals");
  const today = totals?.pnl_today ?? null;
  const about = uncertain() ? "≈ " : "";
  const rests = uncertain() ? `; valued at the last known bid where the book is not trusted (${totals?.marked?.length})` : "";
  return [
    figure("today", about + signed(today), tone(today), `P&L since 00:00 UTC${rests}`),
    figure("week", signed(gained("week")), tone(gained("week")), "since Monday 00:00 UTC, or since the first valuation"),
    figure("month", signed(gained("month")), tone(gained("month")), "since the first of the month, or since the first valuation"),
    figure("equity", about + money(totals?.equity), "flat", `cash, locked pairs at 1, the surplus at the swept bid net of fee${rests}`),
    figure("cash", money(totals?.cash), "flat", "free and locked in open orders"),
    figure("locked pairs", money(totals?.locked), "flat", "pays 1 USDC each whoever wins"),
    figure("fees", money(totals?.fees), "flat", "paid as taker so far"),
  ];
}

/** @param {string} name @param {string} value @param {string} colour @param {string} says */
function figure(name, value, colour, says) {
  return h("div", { key: name, class: "figure", title: says }, h("dt", null, name), h("dd", { class: colour, flash: true }, value));
}

function drawChart() {
  if (performance.now() - charted < CHART_MS && charted > 0) return;
  const { points, base, loaded } = curve(range);
  byId("equity-empty").hidden = points.length > 1;
  patch(byId("equity-empty"), [loaded ? BEGINS : LOADING]);
  if (points.length < 2) return;
  charted = performance.now();
  chart?.show(points, base);
}

function needList() {
  const found = needs();
  if (found.length === 0) return [h("p", { class: "empty" }, "Nothing. Books are trusted, feeds speak, workers are alive, no order is unknown.")];
  return [h("ul", { class: "needs" }, found.slice(0, 12).map((need) => h("li", { key: need.key, class: `need p${need.severity}` },
    h("b", { class: "severity" }, `P${need.severity}`),
    h("span", null, need.href ? h("a", { href: need.href }, need.text) : need.text, h("span", { class: "muted" }, need.detail === "" ? "" : ` ${need.detail}`))))),
    found.length > 12 ? h("p", { class: "muted" }, `and ${found.length - 12} more`) : null];
}

function markets() {
  const all = board.all("market");
  if (all.length === 0) return [h("p", { class: "empty" }, "No market yet. Discovery lists esports markets of the venue every five minutes; the first list takes a few seconds after the start.")];
  const sorted = arrange(all, { column: "", descending: false, text: "", state: "open" });
  const more = all.length - Math.min(sorted.length, MARKETS_MOST);
  const refused = Object.entries(board.one("totals")?.refusals ?? {}).sort(([, a], [, b]) => b - a).slice(0, 4);
  return [
    marketTable(sorted.slice(0, MARKETS_MOST), OVERVIEW_COLUMNS, null),
    h("p", { class: "panel-foot muted" },
      more > 0 ? h("a", { href: "/markets/" }, `${more} more, resolved ones included`) : "",
      refused.length === 0 ? "" : h("span", null, `refused by the judge: ${refused.map(([rule, n]) => `${words(rule)} ${n}`).join(" · ")}`)),
  ];
}

