// The incidents there were, the open ones first of all.

import { byId, h, patch } from "./dom.js";
import { incidentTable, openButton, whenChanged } from "./incidents.js";
import { paint } from "./live.js";
import { polled, polledPanel } from "./polled.js";
import { may, whoMay } from "./roles.js";

/** @typedef {import("./incidents.js").Incident} Incident */
/** @typedef {{ items: Incident[], next_cursor: number | null }} Found */

const EVERY_MS = 10_000;
const NONE = {
  open: "No open incident. When something goes wrong, open one here, from an alert or from a halt: notes, alerts, halts and what people do come together on one line of time, and it can be handed on as a page of text.",
  closed: "No incident was closed yet.",
  all: "No incident yet. Open one when something goes wrong: here, from an alert or from a halt.",
};

/** @type {import("./polled.js").Polled<Found>} */
const open = polled("/api/v1/incidents?open=true&limit=200", EVERY_MS);
/** @type {import("./polled.js").Polled<Found>} */
const all = polled("/api/v1/incidents?limit=200", EVERY_MS);

/** @type {"open" | "closed" | "all"} */
let which = "open";

polledPanel("p-incidents", open, ({ items }) => {
  const rows = which === "open" ? items : (all.value?.items ?? []).filter((row) => which === "all" || row.closed_ms !== null);
  const sorted = which === "open" ? [...rows].sort((a, b) => a.severity - b.severity || b.id - a.id) : rows;
  return [
    incidentTable(sorted, NONE[which]),
    which !== "open" && all.value?.next_cursor != null ? h("p", { class: "empty" }, "The newest 200. The CSV has them all.") : null,
  ];
});
paint(() => {
  const count = open.value?.items.length ?? null;
  patch(byId("incidents-count"), [count === null ? "" : `${count} open`]);
  patch(byId("incidents-new"), [may("incident") ? openButton({ title: "", severity: 2, began: null }) : h("span", { class: "muted" }, `To open one: ${whoMay("incident")}`)]);
});
whenChanged(async () => {
  await Promise.all([open.load(), all.load()]);
});

document.addEventListener("click", (event) => {
  const pressed = /** @type {Element} */ (event.target).closest("[data-which]");
  if (!pressed) return;
  which = /** @type {"open" | "closed" | "all"} */ (pressed.getAttribute("data-which"));
  for (const button of document.querySelectorAll("[data-which]")) button.setAttribute("aria-pressed", String(button === pressed));
});
