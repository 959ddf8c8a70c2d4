// What was earned, by market, strategy and time. Every figure leads to the lines of the ledger behind it.

import { h } from "./dom.js";
import { UNKNOWN, clock, local, money, shares, signed, tone, words } from "./format.js";
import { now, speed } from "./live.js";
import { marketName } from "./markethalt.js";
import { moment } from "./incidents.js";

/** @typedef {import("./dom.js").Loose} Loose */
/** @typedef {{ realized: string, unrealized: string, total: string, provisional: string, fees: string }} Profit */
/** @typedef {Profit & { name: string | null, priced: boolean }} Named */
/** @typedef {Profit & { market_id: string, strategy: string | null, yes: string, no: string, cost: string, priced: boolean }} Cell */
/** @typedef {{ first: string, last: string, realized: string, unrealized: string, total: string, closed: boolean, closed_ms: number | null }} Stretch */
/** @typedef {{ day: string, realized: string, unrealized: string, total: string, closed: boolean, closed_ms: number | null }} Day */
/**
 * @typedef {{
 *   account_id: number, at_ms: number, total: Profit, cells: Cell[], markets: Named[], strategies: Named[],
 *   identity: { cash: string, inventory: string, deposited: string, realized: string, gap: string },
 *   days: Day[], weeks: Stretch[], months: Stretch[],
 * }} Report
 */

const DAY_MS = 86_400_000;
const MICRO = 1_000_000n;

/** Lines of the ledger, by what they are about. @param {Record<string, string | null>} about */
export function linesOf(about) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(about)) if (value !== null) query.set(name, value);
  return `/pnl/ledger/?${query}`;
}

/** Money that leads to its lines. @param {string} text @param {string} href @param {string} what */
function figure(text, href, what) {
  return h("a", { class: `figure-link ${tone(text)}`, href, title: `${what}: its lines of the ledger`, "aria-label": `${signed(text)}, ${what}` }, signed(text));
}

/** @param {Report} report @param {Record<string, string>} titles @returns {Loose} */
export function byMarket(report, titles) {
  if (report.markets.length === 0) return h("p", { class: "empty" }, "Nothing was traded yet. Each market appears here with its first fill.");
  const rows = [...report.markets].sort((a, b) => Math.abs(Number(b.total)) - Math.abs(Number(a.total)));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "profit by market" }, h("table", { class: "rows cards profits" },
    head(["market", "YES sh", "NO sh", "cost", "realized", "unrealized", "provisional", "fees", "total"]),
    h("tbody", null, rows.map((row) => {
      const held = report.cells.filter(({ market_id }) => market_id === row.name);
      const name = titles[row.name ?? ""] ?? marketName(row.name ?? "");
      const href = linesOf({ market: row.name });
      return h("tr", { key: row.name ?? "", "data-row": true, tabindex: -1 },
        h("th", { scope: "row", class: "c-name" }, h("a", { href, "data-open": true }, name)),
        number("YES", summed(held.map(({ yes }) => yes), shares)), number("NO", summed(held.map(({ no }) => no), shares)), number("cost", summed(held.map(({ cost }) => cost), money)),
        profitCells(row, href, name));
    })),
    foot(report.total, 4)));
}

/** @param {Report} report @returns {Loose} */
export function byStrategy(report) {
  if (report.strategies.length === 0) return h("p", { class: "empty" }, "Nothing was traded yet.");
  return h("table", { class: "rows cards profits narrow" },
    head(["strategy", "realized", "unrealized", "fees", "total"]),
    h("tbody", null, report.strategies.map((row) => {
      const href = linesOf({ strategy: row.name });
      const name = words(row.name ?? "none");
      return h("tr", { key: row.name ?? "", "data-row": true, tabindex: -1 },
        h("th", { scope: "row", class: "c-name" }, h("a", { href, "data-open": true }, name)),
        money_("realized", row.realized, href, `realized by ${name}`), money_("unrealized", row.unrealized, href, `unrealized by ${name}`),
        h("td", { class: "num muted", "data-label": "fees" }, money(row.fees)), money_("total", row.total, href, `total of ${name}`));
    })));
}

/** @param {Report} report @param {"days" | "weeks" | "months"} stretch @returns {Loose} */
export function byTime(report, stretch) {
  /** @type {Stretch[]} */
  const rows = stretch === "days" ? report.days.map((each) => ({ ...each, first: each.day, last: each.day })) : report[stretch].map((each) => ({ ...each, closed_ms: null }));
  const most = Math.max(...rows.map((row) => Math.abs(Number(row.total))), 0.01);
  const left = DAY_MS - (now() % DAY_MS);
  return [
    h("p", { class: "muted rollover", title: local(now() + left) }, "The day rolls over at 00:00 UTC, ", h("b", null, `in ${hours(left / speed())}`), "; a day that is closed stays as it was."),
    h("table", { class: "rows cards profits narrow" },
      head([stretch.slice(0, -1), "realized", "unrealized", "total"]),
      h("tbody", null, [...rows].reverse().map((row) => {
        const href = linesOf({ since: row.first, until: row.last });
        const name = nameOf(row, stretch);
        return h("tr", { key: row.first, "data-row": true, tabindex: -1 },
          h("th", { scope: "row", class: "c-name" }, h("a", { href, "data-open": true }, name), h("span", { class: "sub muted", title: local(row.closed_ms) }, closing(row))),
          money_("realized", row.realized, href, `realized, ${name}`), money_("unrealized", row.unrealized, href, `change of what is unrealized, ${name}`),
          h("td", { class: "num", "data-label": "total" }, figure(row.total, href, `total, ${name}`),
            h("i", { class: `bar-part ${tone(row.total)}`, vars: { "--part": String(Math.abs(Number(row.total)) / most) }, "aria-hidden": "true" })));
      }))),
  ];
}

/** @param {Stretch} row @param {"days" | "weeks" | "months"} stretch */
function nameOf(row, stretch) {
  if (stretch === "months") return row.first.slice(0, 7);
  return stretch === "days" ? row.first : `${row.first} to ${row.last.slice(5)}`;
}

/** @param {Stretch} row */
function closing(row) {
  if (!row.closed) return h("span", { class: "pill working" }, "open");
  return row.closed_ms === null ? "closed" : `closed ${moment(row.closed_ms)}`;
}

/** "15 h 40", "12:31" in the last hour. @param {number} ms */
function hours(ms) {
  if (ms < 3_600_000) return clock(ms);
  const minutes = Math.floor(ms / 60_000);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
}

/** The same total whatever way it is summed, and the ledger's own identity. @param {Report} report @returns {Loose} */
export function addsUp(report) {
  const { identity, total } = report;
  const ways = [
    ["by market", report.markets], ["by strategy", report.strategies], ["by day", report.days], ["by week", report.weeks], ["by month", report.months],
  ];
  return [
    h("table", { class: "rows sums-table" },
      h("tbody", null, ways.map(([name, rows]) => {
        const sum = exactly(/** @type {{ total: string }[]} */ (rows).map((row) => row.total));
        return check(String(name), h("span", null, `${rows?.length} ${rows?.length === 1 ? "sum" : "sums"}`), decimal(sum), sum === micro(total.total));
      }))),
    h("dl", { class: "facts-list identity" },
      term("cash", money(identity.cash)), term("+ held, at cost", money(identity.inventory)), term("− brought in", money(identity.deposited)), term("− realized", signed(identity.realized)),
      h("div", { key: "gap", class: micro(identity.gap) === 0n ? "" : "soon" }, h("dt", null, "= left over"), h("dd", null, h("b", null, micro(identity.gap) === 0n ? "✓ 0.000000" : `✗ ${identity.gap}: a line was lost or counted twice`)))),
  ];
}

/** @param {string} name @param {Loose} of @param {string} sum @param {boolean} same */
function check(name, of, sum, same) {
  return h("tr", { key: name }, h("th", { scope: "row" }, name), h("td", { class: "muted" }, of), h("td", { class: "num" }, `${Number(sum) > 0 ? "+" : ""}${sum.replace("-", "−")}`),
    h("td", { class: same ? "" : "soon" }, same ? h("span", { title: "the same as the total, to the last micro-USDC" }, "✓ same") : "✗ differs"));
}

/** @param {string} name @param {Loose} value */
function term(name, value) {
  return h("div", { key: name }, h("dt", null, name), h("dd", { class: "num" }, value));
}

/** @param {string[]} heads */
function head(heads) {
  return h("thead", null, h("tr", null, heads.map((each, i) => h("th", { key: each, scope: "col", class: i === 0 ? "" : "num" }, each))));
}

/** @param {Profit} total @param {number} before columns before the sums */
function foot(total, before) {
  return h("tfoot", null, h("tr", null, h("th", { scope: "row", colspan: before }, "sum"),
    h("td", { class: "num", "data-label": "realized" }, signed(total.realized)), h("td", { class: "num", "data-label": "unrealized" }, signed(total.unrealized)),
    h("td", { class: "num", "data-label": "provisional" }, signed(total.provisional)), h("td", { class: "num", "data-label": "fees" }, money(total.fees)), h("td", { class: "num", "data-label": "total" }, h("b", { class: tone(total.total) }, signed(total.total)))));
}

/** @param {Named} row @param {string} href @param {string} name */
function profitCells(row, href, name) {
  const unpriced = row.priced ? null : h("span", { class: "soon-word", title: "nobody knows what its shares would bring: they count as what they cost" }, " at cost");
  return [
    money_("realized", row.realized, href, `realized in ${name}`),
    h("td", { class: "num", "data-label": "unrealized" }, figure(row.unrealized, href, `unrealized in ${name}`), unpriced),
    money_("provisional", row.provisional, href, `of it resting on fills that may still fail, ${name}`),
    h("td", { class: "num muted", "data-label": "fees" }, money(row.fees)),
    h("td", { class: "num c-total", "data-label": "total" }, figure(row.total, href, `total of ${name}`)),
  ];
}

/** @param {string} label @param {string} text @param {string} href @param {string} what */
function money_(label, text, href, what) {
  return h("td", { class: "num", "data-label": label }, figure(text, href, what));
}

/** @param {string} label @param {string} text */
function number(label, text) {
  return h("td", { class: "num muted", "data-label": label }, text);
}

/** @param {string[]} texts @param {(text: string) => string} write */
function summed(texts, write) {
  const sum = exactly(texts);
  return sum === 0n ? UNKNOWN : write(decimal(sum));
}

/** Decimal texts summed without a float. @param {string[]} texts */
function exactly(texts) {
  return texts.reduce((sum, text) => sum + micro(text), 0n);
}

/** "-1.5" in millionths. @param {string} text */
function micro(text) {
  const [whole = "0", part = ""] = text.replace("-", "").split(".");
  const size = BigInt(whole) * MICRO + BigInt(part.padEnd(6, "0"));
  return text.startsWith("-") ? -size : size;
}

/** @param {bigint} sum */
function decimal(sum) {
  const size = sum < 0n ? -sum : sum;
  return `${sum < 0n ? "-" : ""}${size / MICRO}.${String(size % MICRO).padStart(6, "0")}`;
}
