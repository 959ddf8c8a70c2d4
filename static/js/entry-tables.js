// Orders, fills, halts: drawn by the server, as of a moment. Here: local times on hover, and how much is newer.

import { byId, patch } from "./dom.js";
import { local } from "./format.js";
import { board, paint } from "./live.js";

for (const time of document.querySelectorAll("time[data-ms]")) {
  /** @type {HTMLElement} */ (time).title = local(Number(time.getAttribute("data-ms")));
}
for (const select of document.querySelectorAll("form[data-now] select")) {
  select.addEventListener("change", () => /** @type {HTMLSelectElement} */ (select).form?.requestSubmit());
}

/** On a phone the other filters open below the first. */
document.querySelector("[data-filter-more]")?.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.currentTarget);
  const open = document.querySelector(".filter-rest")?.classList.toggle("open") ?? false;
  button.setAttribute("aria-expanded", String(open));
});

/** What the trader had counted when this page was drawn. @type {number | null} */
let drawn = null;

if (document.getElementById("newer")) paint(countNewer);

function countNewer() {
  const link = byId("newer");
  const counted = board.one("totals")?.[/** @type {"orders" | "fills"} */ (link.dataset.counts)] ?? null;
  drawn ??= counted;
  // A trader that started anew counts from zero: what it had counted before is no news.
  if (counted === null || drawn === null || counted < drawn) drawn = counted;
  const newer = (counted ?? 0) - (drawn ?? 0);
  link.hidden = newer === 0;
  patch(link, [`${newer} newer: show`]);
}
