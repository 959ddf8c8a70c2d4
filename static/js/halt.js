// HALT: press and hold, then watch it being carried out and proven. RESET asks first.

import { haltTrading, resetTrading } from "./control.js";
import { ask, refusal, say, unsay } from "./dialogs.js";
import { byId, h, patch } from "./dom.js";
import { clock, local, span, utc, words } from "./format.js";
import { board, now, paint, speed } from "./live.js";
import { named } from "./named.js";

/** @typedef {import("./dom.js").Loose} Loose */

const HOLD_MS = 600;
const REASON = "halted from the console";

/** What the last press is waiting for, or how it failed. @type {{ state: "idle" | "sending" | "failed", answer: Loose }} */
const press = { state: "idle", answer: null };

export function startHalt() {
  const button = /** @type {HTMLButtonElement} */ (byId("halt"));
  holdable(button);
  paint(drawButton);
  paint(drawPanel);
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("[data-open-halt]")) openPanel();
    if (target.closest("[data-halt-now]")) void halt();
    if (target.closest("[data-reset]")) askReset();
  });
}

/**
 * A press shorter than `HOLD_MS` does nothing but say so. A click that no pointer or key made comes from
 * assistive technology, which cannot hold: it opens the panel, where a plain button halts.
 * @param {HTMLButtonElement} button
 */
function holdable(button) {
  /** @type {number | null} */
  let began = null;
  let frame = 0;

  const fill = () => {
    if (began === null) return;
    const part = Math.min(1, (performance.now() - began) / HOLD_MS);
    button.style.setProperty("--part", String(part));
    if (part < 1) frame = requestAnimationFrame(fill);
    else {
      release();
      void halt();
    }
  };
  const hold = () => {
    if (began !== null || press.state === "sending") return;
    if (board.control?.halt) return openPanel();
    began = performance.now();
    button.classList.add("holding");
    frame = requestAnimationFrame(fill);
  };
  const release = () => {
    cancelAnimationFrame(frame);
    button.classList.remove("holding");
    button.style.setProperty("--part", "0");
    began = null;
  };
  const letGo = () => {
    if (began === null) return;
    release();
    say("Nothing happened. Hold for 0.6 s to halt all trading.");
  };

  button.addEventListener("pointerdown", (event) => {
    if (event.button === 0) hold();
  });
  for (const over of ["pointerup", "pointerleave", "pointercancel", "blur"]) button.addEventListener(over, letGo);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (!event.repeat) hold();
  });
  button.addEventListener("keyup", (event) => {
    if (event.key === "Enter" || event.key === " ") letGo();
  });
  button.addEventListener("click", (event) => {
    if (event.detail === 0) openPanel();
  });
}

async function halt() {
  unsay(); // "Nothing happened" of a press too short must not stand beside a halt
  Object.assign(press, { state: "sending", answer: null });
  openPanel();
  const answer = await haltTrading(REASON);
  Object.assign(press, answer.ok ? { state: "idle" } : { state: "failed", answer: refusal(answer) });
  drawPanel();
}

function drawButton() {
  const button = /** @type {HTMLButtonElement} */ (byId("halt"));
  const halted = board.control?.halt ?? null;
  button.classList.toggle("is-halted", halted !== null);
  const word = press.state === "sending" ? "HALTING" : halted ? "HALTED" : "HALT";
  patch(/** @type {Element} */ (button.querySelector("[data-word]")), [word]);
  button.disabled = board.control !== null && !board.control.can.halt && halted === null;
  button.title = button.disabled ? "needs the role operator" : "";
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
  const body = halted ? haltedBody(halted) : runningBody();
  patch(byId("halt-body"), [press.state === "failed" ? h("div", { role: "alert" }, press.answer) : null, body]);
}

/** @returns {Loose} */
function runningBody() {
  if (press.state === "sending") return [title("Halting…"), h("p", { class: "muted" }, "Writing the halt.")];
  return [
    title("Trading is running"),
    h("p", null, "A halt stops every runner, cancels all open orders, and asks the venue until none is open. Merging and redeeming stay possible."),
    h("div", { class: "actions" }, h("button", { type: "button", class: "button danger", "data-halt-now": true }, "Halt all trading")),
  ];
}

/** @param {string} text */
const title = (text) => h("h2", { tabindex: -1 }, text);

/**
 * @param {NonNullable<import("./rows").Control["halt"]>} halted
 * @returns {Loose}
 */
function haltedBody(halted) {
  const { report = null, can } = board.control ?? {};
  const since = (now() - halted.began_ms) / speed();
  return [
    h("div", { class: "panel-line" }, title("All trading halted"), h("span", { class: "running-clock" }, clock(since))),
    h("p", null, h("b", null, named(halted.detail || words(halted.reason))), " ",
      h("span", { class: "muted", title: local(halted.began_ms) }, `by ${halted.by} at ${utc(halted.began_ms)} UTC`)),
    report
      ? proofOf(report)
      : h("p", { class: "wait" }, "No runner has answered yet. Each of them reads the halt from the database once a second."),
    board.control?.way_out ? h("p", { key: "way-out", class: "way-out" }, h("b", null, "What to do: "), board.control.way_out) : null,
    h("div", { class: "actions" },
      h("button", { type: "button", class: "button", "data-halt-now": true, title: "cancels and asks the venue once more" }, "Halt again"),
      can?.reset
        ? h("button", { type: "button", class: "button", "data-reset": true }, "Reset trading…")
        : h("span", { class: "muted" }, "Reset needs a superuser or the admin token.")),
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
    h("ul", null, report.unproven.map((what) => h("li", { key: what }, what))));
}

function askReset() {
  const halted = board.control?.halt;
  if (!halted) return;
  const markets = board.control?.market_halts.length ?? 0;
  const openings = markets === 0 ? "all markets" : `all markets but ${markets} halted one by one`;
  ask({
    title: "Reset trading",
    says: "Ends the halt. The health check runs first; if one check fails, nothing changes and it is named here.",
    changes: [
      ["trading", `halted since ${utc(halted.began_ms)}`, "running"],
      ["new orders", "none", openings],
    ],
    verb: "Reset trading",
    keep: "Keep it halted",
    danger: true,
    reason: "required",
    act: async (reason) => {
      const answer = await resetTrading(reason);
      if (answer.ok) {
        press.state = "idle";
        /** @type {HTMLDialogElement} */ (byId("halt-panel")).close();
      }
      return answer;
    },
    done: "Trading was reset. Runners start again by themselves.",
  });
}
