// Orders, fills, halts: drawn by the server. Here only local times on hover and rows for the keyboard.

import { local } from "./format.js";

for (const time of document.querySelectorAll("time[data-ms]")) {
  /** @type {HTMLElement} */ (time).title = local(Number(time.getAttribute("data-ms")));
}
for (const select of document.querySelectorAll("form[data-now] select")) {
  select.addEventListener("change", () => /** @type {HTMLSelectElement} */ (select).form?.requestSubmit());
}
