// All markets: sort, filter, walk with j and k, open with Enter.

import { byId, patch } from "./dom.js";
import { board, boardAge, panel } from "./live.js";
import { COLUMNS, arrange, marketTable } from "./markettable.js";
import { h } from "./dom.js";

/** @typedef {import("./markettable.js").Shown} Shown */

const asked = new URLSearchParams(location.search);
/** @type {Shown} */
const shown = {
  column: asked.get("sort") ?? "",
  descending: asked.get("down") === "1",
  text: asked.get("text") ?? "",
  state: asked.get("state") ?? "open",
};

const text = /** @type {HTMLInputElement} */ (byId("market-text"));
const state = /** @type {HTMLSelectElement} */ (byId("market-state"));
text.value = shown.text;
state.value = shown.state;
text.addEventListener("input", () => change({ text: text.value }));
state.addEventListener("change", () => change({ state: state.value }));
byId("p-markets").addEventListener("click", (event) => {
  const column = /** @type {Element} */ (event.target).closest("[data-sort]")?.getAttribute("data-sort");
  if (column) change({ column, descending: shown.column === column && !shown.descending });
});

const draw = () => {
  const all = board.all("market");
  const found = arrange(all, shown);
  patch(byId("market-count"), [`${found.length} of ${all.length}`]);
  if (all.length === 0) return [h("p", { class: "empty" }, "No market yet. Discovery lists esports markets of the venue every five minutes; the first list takes a few seconds after the start.")];
  if (found.length === 0) return [h("p", { class: "empty" }, "No market fits this filter. ", h("a", { href: "/markets/?state=all" }, "Show all"))];
  return [marketTable(found, COLUMNS, shown)];
};
panel("p-markets", { limitMs: 3_000, ageMs: boardAge }, draw);

/** Keep the choice in the address, so that it survives a reload and can be sent. @param {Partial<Shown>} changed */
function change(changed) {
  Object.assign(shown, changed);
  const query = new URLSearchParams({ sort: shown.column, down: shown.descending ? "1" : "", text: shown.text, state: shown.state });
  for (const [name, value] of [...query]) if (value === "") query.delete(name);
  history.replaceState(null, "", `?${query}`);
  const body = byId("p-markets").querySelector("[data-body]");
  if (body) patch(body, draw());
}

byId("market-csv").addEventListener("click", () => {
  const rows = arrange(board.all("market"), shown);
  const head = ["market_id", "title", "state", "halted", "trust", "bid", "ask", "yes", "no", "pair_cost", "locked", "exposed", "pnl"];
  const lines = rows.map((m) => [m.market_id, m.title, m.state, m.halted, m.trust, m.bid, m.ask, m.pair?.yes, m.pair?.no, m.pair?.pair_cost, m.pair?.locked, m.pair?.exposed, m.pnl.total]);
  save([head, ...lines].map((line) => line.map(quoted).join(",")).join("\r\n"));
});

/** A leading =, +, - or @ would run as a formula in a spreadsheet; numbers keep theirs. @param {unknown} value */
function quoted(value) {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** @param {string} csv */
function save(csv) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
  link.download = "markets.csv";
  link.click();
  URL.revokeObjectURL(link.href);
}
