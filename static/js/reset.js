// RESET: asks why; names the checks that fail and, on purpose, goes on in spite of them; waits for a second person.

import { resetTrading } from "./control.js";
import { ask, refusal } from "./dialogs.js";
import { byId, h, patch } from "./dom.js";
import { utc } from "./format.js";
import { board } from "./live.js";

/** @typedef {import("./control.js").Refused} Refused */
/** @typedef {{ name: string, detail?: string, next_step?: string }} Failing */

const TITLE = "Reset trading";

/** @param {() => void} over what is drawn differently once trading runs again */
export function askReset(over) {
  const halted = board.control?.halt;
  if (!halted) return;
  ask({
    title: TITLE,
    says: "Ends the halt. The health check runs first; if one check fails, nothing changes and it is named here.",
    changes: changes(halted),
    verb: TITLE,
    keep: "Keep it halted",
    danger: true,
    reason: "required",
    act: (reason) => reset(reason, { override: false }, over),
    refused: (answer, form) => {
      if (answer.body.consent) return waits(answer);
      const failing = failingOf(answer);
      if (failing.length > 0) offerOverride(answer, failing, reasonIn(form), over);
    },
    done: "Trading was reset. Runners start again by themselves.",
  });
}

/**
 * The second question: each failing check once more, and that somebody has looked at it.
 * @param {Failing[]} failing @param {string} reason @param {() => void} over
 */
function askOverride(failing, reason, over) {
  const halted = board.control?.halt;
  if (!halted) return;
  const count = failing.length === 1 ? "1 failing check" : `${failing.length} failing checks`;
  ask({
    title: `Reset in spite of ${count}`,
    says: "Trading runs again although these are not well. Each is named in the record, with your reason.",
    changes: changes(halted),
    also: [
      h("ul", { class: "checks-over" }, failing.map((check) =>
        h("li", { key: check.name }, h("b", null, check.name), ` ${check.detail ?? ""} `, h("span", { class: "muted" }, check.next_step ?? "")))),
      h("label", { class: "looked" }, h("input", { type: "checkbox", name: "looked", required: true }), h("span", null, failing.length === 1 ? "I have looked at it, and trading may go on all the same." : "I have looked at each of them, and trading may go on all the same.")),
    ],
    verb: `Reset in spite of ${count}`,
    keep: "Keep it halted",
    danger: true,
    reason: "required",
    said: reason,
    act: (given) => reset(given, { override: true }, over),
    refused: (answer) => {
      if (answer.body.consent) waits(answer);
    },
    done: `Trading was reset in spite of ${count}. Runners start again by themselves.`,
  });
}

/** @param {string} reason @param {{ override: boolean }} how @param {() => void} over */
async function reset(reason, how, over) {
  const answer = await resetTrading(reason, how);
  if (answer.ok) over();
  return answer;
}

/** @param {NonNullable<import("./rows").Control["halt"]>} halted @returns {import("./dialogs.js").Change[]} */
function changes(halted) {
  const markets = board.control?.market_halts.length ?? 0;
  const openings = markets === 0 ? "all markets" : `all markets but ${markets} halted one by one`;
  return [
    ["trading", `halted since ${utc(halted.began_ms)}`, "running"],
    ["new orders", "none", openings],
  ];
}

/** @param {Refused} answer @returns {Failing[]} */
function failingOf(answer) {
  return Array.isArray(answer.body.checks) ? answer.body.checks : [];
}

/** @param {HTMLFormElement} form */
function reasonIn(form) {
  return /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("reason")).value.trim();
}

/** The refusal, and the way past it beside it. @param {Refused} answer @param {Failing[]} failing @param {string} reason @param {() => void} over */
function offerOverride(answer, failing, reason, over) {
  const go = h("button", { key: "override", type: "button", class: "button small", "data-override": true }, "Reset in spite of it…");
  patch(byId("ask-refused"), [refusal(answer), go]);
  /** @type {HTMLButtonElement} */ (byId("ask-refused").querySelector("[data-override]")).onclick = () => {
    const dialog = /** @type {HTMLDialogElement} */ (byId("ask"));
    // Closing empties it, and is told later: only then the second question has the place.
    dialog.addEventListener("close", () => askOverride(failing, reason, over), { once: true });
    dialog.close();
  };
}

/** Nothing was refused: it waits. The panel of the page Risk follows it. @param {Refused} answer */
function waits(answer) {
  patch(byId("ask"), [h("div", { key: "waits", class: "made" },
    h("h2", { id: "ask-title" }, "Waits for a second person"),
    h("p", null, h("b", null, "Asked. "), answer.detail, "."),
    h("p", { class: "muted" }, "An alert tells them. The page Risk shows when they agreed; a HALT pressed meanwhile needs a new word."),
    h("div", { class: "actions" }, h("button", { type: "button", class: "button", "data-close": true }, "Keep it halted meanwhile"), h("a", { class: "button primary", href: "/risk/" }, "Follow it on Risk")))]);
}
