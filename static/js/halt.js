// HALT: press and hold, then watch it being carried out and proven. RESET asks first.
//
// The button needs no websocket: it posts, tries again until somebody answers, and the panel asks each second how
// far the halt is while the live connection is down.

import { haltTrading, key, readControl } from "./control.js";
import { refusal, say, unsay } from "./dialogs.js";
import { byId, h, patch } from "./dom.js";
import { age, clock, local, span, utc, words } from "./format.js";
import { holdable } from "./hold.js";
import { haltTitle, openButton } from "./incidents.js";
import { board, link, now, paint, speed } from "./live.js";
import { named } from "./named.js";
import { askReset } from "./reset.js";
import { may, whoMay } from "./roles.js";

/** @typedef {import("./dom.js").Loose} Loose */

const REASON = "halted from the console";
const RETRY_MS = 2_000;
const TRIES_MAX = 30;
const POLL_MS = 1_000;

/** What the last press is waiting for, or how it failed. @type {{ state: "idle" | "sending" | "failed", tries: number, said: string, answer: Loose }} */
const press = { state: "idle", tries: 0, said: "", answer: null };

/** What HTTP last said of the halt while the websocket is down. @type {{ at: number | null, refused: string, asking: boolean }} */
const polled = { at: null, refused: "", asking: false };

export function startHalt() {
  holdable(/** @type {HTMLButtonElement} */ (byId("halt")), {
    wanted: () => press.state !== "sending" && may("halt") && !board.control?.halt,
    held: () => void halt(),
    instead: openPanel,
    tooShort: () => say("Nothing happened. Hold for 0.6 s to halt all trading."),
  });
  paint(drawButton);
  paint(drawPanel);
  setInterval(() => void poll(), POLL_MS);
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("[data-open-halt]")) openPanel();
    if (target.closest("[data-halt-now]")) void halt();
    if (target.closest("[data-reset]")) askReset(running);
  });
}

/** Press until somebody answers: a halt that is repeated is a halt. What is refused for a reason is not repeated. */
async function halt() {
  if (press.state === "sending") return;
  unsay(); // "Nothing happened" of a press too short must not stand beside a halt
  Object.assign(press, { state: "sending", tries: 0, said: "", answer: null });
  openPanel();
  const once = key(); // one press, one key: what failed is not remembered under it
  for (;;) {
    const answer = await haltTrading(REASON, once);
    press.tries += 1;
    if (answer.ok) {
      Object.assign(press, { state: "idle" });
      break;
    }
    if ((answer.status !== 0 && answer.status < 500) || press.tries >= TRIES_MAX) {
      Object.assign(press, { state: "failed", answer: refusal(answer) });
      break;
    }
    press.said = answer.detail;
    drawPanel();
    await new Promise((resume) => setTimeout(resume, RETRY_MS));
  }
  drawButton();
  drawPanel();
}

/** Without the websocket, while the panel is open: ask over HTTP how far it is. */
async function poll() {
  const open = /** @type {HTMLDialogElement} */ (byId("halt-panel")).open;
  if (link.state !== "lost" || !open || polled.asking || document.hidden) return;
  polled.asking = true;
  const answer = await readControl();
  polled.asking = false;
  polled.refused = answer.ok ? "" : answer.detail;
  if (answer.ok) polled.at = performance.now();
  drawButton();
  drawPanel();
}

function drawButton() {
  const button = /** @type {HTMLButtonElement} */ (byId("halt"));
  const halted = board.control?.halt ?? null;
  button.classList.toggle("is-halted", halted !== null);
  const word = press.state === "sending" ? "HALTING" : halted ? "HALTED" : "HALT";
  patch(/** @type {Element} */ (button.querySelector("[data-word]")), [word]);
  button.disabled = board.control !== null && !may("halt") && halted === null;
  button.title = button.disabled ? whoMay("halt") : "";
  button.setAttribute("aria-label", halted ? "Trading is halted: show the proof" : "Halt all trading: press and hold");
}

export function openPanel() {
  const dialog = /** @type {HTMLDialogElement} */ (byId("halt-panel"));
  drawPanel();
  if (!dialog.open) dialog.show();
  /** @type {HTMLElement | null} */ (dialog.querySelector("h2"))?.focus();
}

function drawPanel() {
  const halted = board.control?.halt ?? null;
  patch(byId("halt-body"), [
    press.state === "failed" ? h("div", { key: "failed", role: "alert" }, press.answer) : null,
    h("div", { key: "body" }, halted ? haltedBody(halted) : runningBody()),
    overHttp(),
  ]);
}

/** How the panel knows what it shows, when it is not the live connection. @returns {Loose} */
function overHttp() {
  if (link.state !== "lost") return null;
  const last = polled.at === null ? "no answer yet" : `last answer ${age(performance.now() - polled.at)} ago`;
  return h("p", { key: "http", class: "unproven", role: "status" }, h("b", null, "No live connection. "),
    `Asked over HTTP each second: ${last}. ${polled.refused}`);
}

/** @returns {Loose} */
function runningBody() {
  if (press.state === "sending") {
    return [title("Halting…"),
      press.tries === 0
        ? h("p", { class: "muted" }, "Writing the halt.")
        : h("div", { class: "unproven", role: "status" }, h("b", null, `Not halted yet: ${press.tries} ${press.tries === 1 ? "try" : "tries"} without success. `), press.said,
            " It is tried again every 2 s while this page is open. On the machine itself: ", h("code", null, "manage.py halt REASON"))];
  }
  return [
    title("Trading is running"),
    h("p", null, "A halt stops every runner, cancels all open orders, and asks the venue until none is open. Merging and redeeming stay possible."),
    h("div", { class: "actions" }, may("halt")
      ? h("button", { type: "button", class: "button danger", "data-halt-now": true }, "Halt all trading")
      : h("span", { class: "muted" }, whoMay("halt"))),
  ];
}

/** @param {string} text */
const title = (text) => h("h2", { tabindex: -1 }, text);

/**
 * @param {NonNullable<import("./rows").Control["halt"]>} halted
 * @returns {Loose}
 */
function haltedBody(halted) {
  const { report = null, recorded = true } = board.control ?? {};
  const since = (now() - halted.began_ms) / speed();
  return [
    h("div", { class: "panel-line" }, title(recorded ? "All trading halted" : "All trading halted, not recorded yet"), h("span", { class: "running-clock" }, clock(since))),
    h("p", null, h("b", null, named(halted.detail || words(halted.reason))), " ",
      h("span", { class: "muted", title: local(halted.began_ms) }, `by ${halted.by} at ${utc(halted.began_ms)} UTC`)),
    report
      ? proofOf(report)
      : h("p", { class: "wait" }, "No runner has answered yet. Each of them reads the halt from the database once a second."),
    board.control?.way_out ? h("p", { key: "way-out", class: "way-out" }, h("b", null, "What to do: "), board.control.way_out) : null,
    h("div", { key: "actions", class: "actions" },
      may("halt") ? h("button", { type: "button", class: "button", "data-halt-now": true, title: "cancels and asks the venue once more" }, "Halt again") : null,
      may("reset")
        ? h("button", { type: "button", class: "button", "data-reset": true }, "Reset trading…")
        : h("span", { class: "muted" }, `Reset: ${whoMay("reset")}`),
      openButton({ title: haltTitle(halted), severity: 1, began: halted.began_ms })),
  ];
}

/** The steps of a halt with their times, then what is proven. @param {import("./rows").HaltReport} report @returns {Loose} */
export function proofOf(report) {
  return [h("ol", { class: "steps" }, report.steps.filter((found) => found.name !== "proven").map(step)), proof(report)];
}

/**
 * @param {import("./rows").HaltStep} found
 * @returns {Loose}
 */
function step(found) {
  const level = found.ok === null ? "wait" : found.ok ? "good" : "soon";
  const mark = { wait: "…", good: "✓", soon: "!" }[level];
  const count = found.total === null ? (found.done ?? "") : `${found.done ?? 0}/${found.total}`;
  return h("li", { key: found.name, class: `step ${level}` },
    h("span", { class: "mark", "aria-hidden": "true" }, mark),
    h("span", null, found.label, count === "" ? null : h("b", null, ` ${count}`)),
    h("span", { class: "took", title: found.at_ms === null ? null : `at ${utc(found.at_ms)} UTC` }, found.took_ms === null ? "" : span(found.took_ms)));
}

/** What stands between now and certainty, by name, in amber; or how long certainty took. @param {import("./rows").HaltReport} report @returns {Loose} */
function proof(report) {
  if (report.proven_ms !== null) {
    const took = span(report.proven_ms - report.asked_ms);
    return h("p", { key: "proof", class: "proven", role: "status" }, h("b", null, `Proven after ${took}: `), "nothing is open, asked twice.");
  }
  if (report.unproven.length === 0) return h("p", { key: "proof", class: "wait", role: "status" }, "Not proven yet: the venue is asked until nothing is open.");
  return h("div", { key: "proof", class: "unproven", role: "status" }, h("b", null, "Not proven. "), "What is named here counts as open.",
    h("ul", null, report.unproven.map((what) => h("li", { key: what }, named(what)))));
}

/** After a reset: the last press is over, and so is its panel. */
function running() {
  press.state = "idle";
  /** @type {HTMLDialogElement} */ (byId("halt-panel")).close();
}
