// One incident: its line of time, what is known of it, and the few things that can be done to it.

import { post } from "./control.js";
import { say } from "./dialogs.js";
import { byId, h, patch } from "./dom.js";
import { local } from "./format.js";
import { askClose, askGrade, grade, lasted, moment, whenChanged } from "./incidents.js";
import { bind } from "./keys.js";
import { paint } from "./live.js";
import { polled, polledPanel } from "./polled.js";
import { may, whoMay } from "./roles.js";
import { LANES, line, picture } from "./timeline.js";

/** @typedef {import("./dom.js").Loose} Loose */
/** @typedef {import("./incidents.js").Incident & { timeline: import("./timeline.js").Moment[] }} Whole */

const EVERY_MS = 5_000;
const number = byId("incident").dataset.incident ?? "";
const path = `/api/v1/incidents/${number}`;

/** @type {import("./polled.js").Polled<Whole>} */
const whole = polled(path, EVERY_MS);
const chosen = { lane: "all", order: /** @type {"newest" | "oldest" | null} */ (null) };
/** What was drawn last: a line of a thousand moments is described anew only when something differs. */
const drawn = { value: /** @type {Whole | null} */ (null), with: "", list: /** @type {Loose} */ (null) };

polledPanel("p-line", whole, (found) => {
  const numbered = found.timeline.map((each, i) => ({ ...each, number: i }));
  return [picture(numbered, found), lanes(found), list(found, numbered)];
});
whenChanged(whole.load);
paint(drawAround);
bind("n", "write a note", () => byId("note-text").focus());

/** @param {Whole} found @param {import("./timeline.js").Numbered[]} numbered @returns {Loose} */
function list(found, numbered) {
  const order = orderOf(found);
  const how = `${chosen.lane} ${order}`;
  if (drawn.value === found && drawn.with === how) return drawn.list;
  const kinds = LANES.find(([name]) => name === chosen.lane)?.[2] ?? null;
  const shown = numbered.filter(({ kind }) => kinds === null || kinds.includes(kind));
  const made = line(order === "newest" ? shown.reverse() : shown, found);
  Object.assign(drawn, { value: found, with: how, list: made });
  return made;
}

/** An open incident is followed, a closed one is read. @param {Whole} found */
function orderOf(found) {
  return chosen.order ?? (found.closed_ms === null ? "newest" : "oldest");
}

/** @param {Whole} found */
function lanes(found) {
  /** @param {string} name @param {string} words @param {number} count */
  const choice = (name, words, count) => h("button", { key: name, type: "button", "data-lane": name, "aria-pressed": String(chosen.lane === name) }, `${words} ${count}`);
  return h("div", { class: "segmented lane-choice", role: "group", "aria-label": "What the time line shows" },
    choice("all", "all", found.timeline.length),
    LANES.map(([name, words, kinds]) => choice(name, words, found.timeline.filter(({ kind }) => kinds.includes(kind)).length)));
}

function drawAround() {
  const found = whole.value;
  if (found === null) return;
  const open = found.closed_ms === null;
  byId("p-note").hidden = !open || !may("incident");
  for (const button of document.querySelectorAll("[data-order]")) button.setAttribute("aria-pressed", String(button.getAttribute("data-order") === orderOf(found)));
  patch(byId("incident-state"), [grade(found.severity), open ? h("span", { class: "pill soon" }, `open ${lasted(found)}`) : h("span", { class: "pill working" }, "closed")]);
  patch(byId("facts"), [facts(found), actions(found)]);
}

/** @param {Whole} found */
function facts(found) {
  /** @param {string} name @param {Loose} value */
  const fact = (name, value) => h("div", { key: name }, h("dt", null, name), h("dd", null, value));
  return h("dl", { class: "audit-facts" },
    fact("began", h("time", { title: local(found.began_ms) }, moment(found.began_ms))),
    fact("opened", [h("time", { title: local(found.opened_ms) }, moment(found.opened_ms)), ` by ${found.opened_by}`]),
    found.alert_id === null ? null : fact("from", h("a", { class: "press", href: "/alerts/" }, `alert ${found.alert_id}`)),
    found.closed_ms === null ? fact("lasts", lasted(found)) : [
      fact("closed", [h("time", { title: local(found.closed_ms) }, moment(found.closed_ms)), ` by ${found.closed_by}, after ${lasted(found)}`]),
      fact("cause", found.cause ?? ""),
    ]);
}

/** @param {Whole} found @returns {Loose} */
function actions(found) {
  const open = found.closed_ms === null;
  /** @param {string} does @param {string} words @param {string} [title] */
  const button = (does, words, title) => h("button", { key: does, type: "button", class: "button", "data-does": does, title }, words);
  return [
    h("div", { key: "act", class: "actions" }, !open ? null : !may("incident") ? h("span", { class: "muted" }, `To act: ${whoMay("incident")}`) : [
      button("snapshot", "Keep the state", "orders, positions, halts and checks as they are now: before anybody repairs anything"),
      button("grade", "Severity…"),
      button("close", "Close…"),
    ]),
    h("div", { key: "take", class: "actions" },
      h("a", { class: "button", href: `${path}/export`, download: `incident-${number}.md` }, "Download as markdown"),
      button("copy", "Copy")),
  ];
}

byId("note").addEventListener("submit", (event) => {
  event.preventDefault();
  void write();
});
byId("note-text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) /** @type {HTMLFormElement} */ (byId("note")).requestSubmit();
});

async function write() {
  const field = /** @type {HTMLTextAreaElement} */ (byId("note-text"));
  const button = /** @type {HTMLButtonElement} */ (byId("note").querySelector("[type=submit]"));
  button.disabled = true;
  const answer = await post(`${path}/notes`, { text: field.value });
  button.disabled = false;
  patch(byId("note-error"), [answer.ok ? "" : answer.detail]);
  if (!answer.ok) return;
  field.value = "";
  say("Written down.");
  await whole.load();
}

document.addEventListener("click", async (event) => {
  const target = /** @type {Element} */ (event.target);
  const lane = target.closest("[data-lane]")?.getAttribute("data-lane");
  if (lane) chosen.lane = lane;
  const order = target.closest("[data-order]")?.getAttribute("data-order");
  if (order) chosen.order = order === "oldest" ? "oldest" : "newest";
  const does = target.closest("[data-does]")?.getAttribute("data-does");
  if (does && whole.value) await act(does, whole.value);
});

/** @param {string} does @param {Whole} found */
async function act(does, found) {
  if (does === "grade") askGrade(found, whole.load);
  if (does === "close") askClose(found, whole.load);
  if (does === "snapshot") {
    const answer = await post(`${path}/snapshot`, {});
    say(answer.ok ? "The state is kept in the time line." : answer.detail);
    await whole.load();
  }
  if (does === "copy") await copy();
}

async function copy() {
  try {
    const response = await fetch(`${path}/export`, { credentials: "same-origin", cache: "no-store" });
    if (!response.ok) throw new Error(String(response.status));
    await navigator.clipboard.writeText(await response.text());
    say("Copied the incident as markdown.");
  } catch {
    say("It could not be copied: download it instead.");
  }
}
