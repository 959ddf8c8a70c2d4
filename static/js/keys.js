// The keyboard: `?` lists what is here. Nothing happens while somebody types.

import { byId, h, patch } from "./dom.js";
import { openPanel } from "./halt.js";
import { say } from "./dialogs.js";

/** @typedef {{ keys: string, does: string }} Listed */

/** @type {Map<string, { does: string, act: () => void }>} */
const bound = new Map();

/** @type {Listed[]} */
const fixed = [
  { keys: "H, then hold Enter", does: "halt all trading" },
  { keys: "g then o m r f e h", does: "go to Overview, Markets, Orders, Fills, P&L (Earned), Risk and halts" },
  { keys: "g then l i a p", does: "go to aLerts, Incidents, Audit, People" },
  { keys: "j k", does: "next and previous row" },
  { keys: "Enter", does: "open the row" },
  { keys: "Esc", does: "close what is open" },
];

const PLACES = new Map([["o", "/"], ["m", "/markets/"], ["r", "/orders/"], ["f", "/fills/"], ["e", "/pnl/"], ["h", "/risk/"], ["l", "/alerts/"], ["i", "/incidents/"], ["a", "/audit/"], ["p", "/people/"]]);
const GO_MS = 1_200;
let goUntil = 0;

/** Bind a key of this page. @param {string} key @param {string} does @param {() => void} act */
export function bind(key, does, act) {
  bound.set(key, { does, act });
}

export function startKeys() {
  bind("H", "show the halt button", reachHalt);
  bind("P", "show the halt panel", openPanel);
  bind("?", "list the keys", listKeys);
  bind("/", "filter", () => /** @type {HTMLElement | null} */ (document.querySelector("[data-filter]"))?.focus());
  bind("t", "dark or light", () => /** @type {HTMLElement | null} */ (document.querySelector("[data-theme-toggle]"))?.click());
  document.addEventListener("keydown", pressed);
  document.addEventListener("click", (event) => {
    if (/** @type {Element} */ (event.target).closest("[data-list-keys]")) listKeys();
  });
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && event.key !== "j" && event.key !== "k") return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.key === "Escape") return escape(target);
  if (typing(target) || document.querySelector("dialog:modal")) return;
  if (performance.now() < goUntil && PLACES.has(event.key)) return location.assign(/** @type {string} */ (PLACES.get(event.key)));
  goUntil = 0;
  if (event.key === "g") goUntil = performance.now() + GO_MS;
  else if (event.key === "j" || event.key === "k") moveRow(event.key === "j" ? 1 : -1);
  else if (event.key === "Enter") openRow(target);
  else if (event.key === "h") reachHalt();
  else bound.get(event.key)?.act();
}

/** @param {HTMLElement} target */
function typing(target) {
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** @param {HTMLElement} target */
function escape(target) {
  if (typing(target)) target.blur();
  for (const dialog of document.querySelectorAll("dialog[open]")) /** @type {HTMLDialogElement} */ (dialog).close();
}

function reachHalt() {
  byId("halt").focus();
  say("Hold Enter for 0.6 s to halt all trading.");
}

/** @param {1 | -1} by */
function moveRow(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
  const next = rows[at === -1 ? (by === 1 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
  /** @type {HTMLElement} */ (next).focus();
  next?.scrollIntoView({ block: "nearest" });
}

/** @param {HTMLElement} target */
function openRow(target) {
  if (!target.matches("[data-row]")) return;
  const link = /** @type {HTMLAnchorElement | null} */ (target.querySelector("a[data-open]"));
  const summary = /** @type {HTMLElement | null} */ (target.querySelector("summary"));
  if (link ?? summary) (link ?? summary)?.click();
  else /** @type {HTMLElement | null} */ (target.querySelector("button"))?.focus();
}

function listKeys() {
  const dialog = /** @type {HTMLDialogElement} */ (byId("keys"));
  const own = [...bound].map(([keys, { does }]) => ({ keys, does }));
  patch(byId("keys-body"), [
    h("dl", null, [...fixed, ...own].map(({ keys, does }) => h("div", { key: keys }, h("dt", null, h("kbd", null, keys)), h("dd", null, does)))),
  ]);
  if (!dialog.open) dialog.showModal();
}
