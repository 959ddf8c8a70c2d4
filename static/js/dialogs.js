// Dangerous things ask first: what changes from what to what, who will be recorded, and why.

import { byId, h, patch } from "./dom.js";

/** @typedef {import("./control.js").Answer} Answer */
/** @typedef {import("./control.js").Done} Done */
/** @typedef {import("./control.js").Refused} Refused */
/** @typedef {import("./dom.js").Loose} Loose */
/** @typedef {[what: string, before: string, after: string, says?: Loose]} Change */
/**
 * `act` is asked on a yes; `done` says what to tell afterwards, or draws what stays open instead of the question.
 * @typedef {{
 *   title: string, says: Loose, body: Loose, verb: string, keep: string, danger: boolean, wide?: boolean,
 *   act: (form: HTMLFormElement) => Promise<Answer>, done: (answer: Done) => string | Loose[],
 *   opened?: (form: HTMLFormElement) => void, refused?: (answer: Refused, form: HTMLFormElement) => void,
 * }} Question
 */
/**
 * @typedef {{
 *   title: string, says: string, changes: Change[], verb: string, keep: string, danger: boolean,
 *   reason: "required" | "optional" | "none", said?: string, also?: Loose, refused?: Question["refused"], act: (reason: string) => Promise<Answer>, done: string | Question["done"],
 * }} Control
 */

const REASON_MIN = 3;
const REASON_MAX = 300;

document.addEventListener("click", (event) => {
  const pressed = /** @type {Element} */ (event.target).closest("[data-close]");
  pressed?.closest("dialog")?.close();
});

/** Ask before a control is used. @param {Control} control */
export function ask(control) {
  question({
    ...control,
    body: [beforeAfter(control.changes), control.also ?? null, control.reason === "none" ? null : reasonField(control.reason, control.said)],
    act: (form) => control.act(control.reason === "none" ? "" : reasonOf(form)),
    done: typeof control.done === "string" ? () => /** @type {string} */ (control.done) : control.done,
  });
}

/** Ask, act on a yes, and stay open with the server's sentence when it refuses. @param {Question} asked */
export function question(asked) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("ask"));
  dialog.classList.toggle("wide-dialog", asked.wide === true);
  // Every question starts with empty fields, and what was shown once is gone from the page.
  dialog.onclose = () => patch(dialog, []);
  patch(dialog, []);
  patch(dialog, [form(asked)]);
  const made = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
  made.onsubmit = (event) => {
    event.preventDefault();
    void submit(asked, made, dialog);
  };
  dialog.showModal();
  asked.opened?.(made);
  /** @type {HTMLElement | null} */ (made.querySelector("textarea, input:not([type=hidden]), select"))?.focus();
}

/** @param {Question} asked */
function form(asked) {
  const { user = "", role = "" } = document.body.dataset;
  return h("form", { key: asked.title, method: "dialog" },
    h("h2", { id: "ask-title" }, asked.title),
    h("p", { class: "muted" }, asked.says),
    h("div", { "data-question": true }, asked.body),
    h("p", { class: "muted recorded" }, "Recorded as ", h("b", null, user), ` (${role}), from this browser.`),
    h("div", { id: "ask-refused", role: "alert" }),
    h("div", { class: "actions" },
      h("button", { type: "button", class: "button", "data-close": true }, asked.keep),
      h("button", { type: "submit", class: asked.danger ? "button danger" : "button primary" }, asked.verb)));
}

/** @param {Change[]} changes */
export function beforeAfter(changes) {
  return h("table", { class: "before-after" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, h("span", { class: "sr" }, "what")), h("th", { scope: "col" }, "now"), h("th", { "aria-hidden": "true" }, ""), h("th", { scope: "col" }, "then"), changes.some(([, , , says]) => says) ? h("th", { scope: "col" }, h("span", { class: "sr" }, "direction")) : null)),
    h("tbody", null, changes.map(([what, before, after, says]) => h("tr", { key: what },
      h("th", { scope: "row" }, what), h("td", null, before), h("td", { class: "muted", "aria-hidden": "true" }, "→"), h("td", null, h("b", null, after)), says ? h("td", null, says) : null))));
}

/** `said`: what stands in it already. @param {"required" | "optional"} wanted @param {string} [said] @returns {Loose} */
export function reasonField(wanted, said = "") {
  const required = wanted === "required";
  return field("reason", required ? "Why (required, kept for good)" : "Why (kept for good)",
    h("textarea", { name: "reason", rows: 2, maxlength: REASON_MAX, required, minlength: required ? REASON_MIN : null }, said));
}

/** @param {HTMLFormElement} made */
export function reasonOf(made) {
  return /** @type {HTMLTextAreaElement} */ (made.elements.namedItem("reason")).value.trim();
}

/** A labelled field with a place for what the server says of it. @param {string} name @param {Loose} label @param {Loose} input */
export function field(name, label, input) {
  return h("label", { key: `field-${name}`, class: "field" }, h("span", null, label), input, h("span", { class: "field-error", "data-error": name, role: "alert" }));
}

/**
 * @param {Question} asked
 * @param {HTMLFormElement} made
 * @param {HTMLDialogElement} dialog
 */
async function submit(asked, made, dialog) {
  const button = /** @type {HTMLButtonElement} */ (made.querySelector('[type="submit"]'));
  button.disabled = true;
  clearRefusals(made);
  const answer = await asked.act(made);
  button.disabled = false;
  if (!answer.ok) {
    showRefusal(answer, made);
    asked.refused?.(answer, made);
    return;
  }
  const after = asked.done(answer);
  if (typeof after === "string") {
    dialog.close();
    say(after);
  } else patch(dialog, after);
}

/** @param {HTMLFormElement} made */
function clearRefusals(made) {
  patch(byId("ask-refused"), []);
  for (const place of made.querySelectorAll("[data-error]")) patch(place, []);
  for (const input of made.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

/** Beside the field it is about, when there is one; else above the buttons. @param {Refused} answer @param {HTMLFormElement} made */
function showRefusal(answer, made) {
  const complaints = Object.entries(answer.body.complaints ?? {});
  if (complaints.length > 0) return showComplaints(complaints, made);
  const place = answer.field === null ? null : made.querySelector(`[data-error="${CSS.escape(answer.field)}"]`);
  const input = answer.field === null ? null : made.elements.namedItem(answer.field);
  if (place) patch(place, [answer.detail]);
  else patch(byId("ask-refused"), [refusal(answer)]);
  if (input instanceof HTMLElement) {
    input.setAttribute("aria-invalid", "true");
    input.focus();
  }
}

/** Several at once, each beside its field. @param {[string, unknown][]} complaints @param {HTMLFormElement} made */
function showComplaints(complaints, made) {
  for (const [name, says] of complaints) {
    const place = made.querySelector(`[data-error="${CSS.escape(name)}"]`);
    if (place) patch(place, [String(says)]);
    const input = made.elements.namedItem(name);
    if (input instanceof HTMLElement) input.setAttribute("aria-invalid", "true");
  }
  patch(byId("ask-refused"), [h("div", { class: "refused" }, h("b", null, "Refused. "), complaints.length === 1 ? "One limit is wrong, see beside it." : `${complaints.length} limits are wrong, see beside them.`)]);
  /** @type {HTMLElement | null} */ (made.querySelector('[aria-invalid="true"]'))?.focus();
}

/**
 * The server's reason, and the checks that failed where it names them.
 * @param {Refused} answer
 */
export function refusal(answer) {
  const checks = Array.isArray(answer.body.checks) ? answer.body.checks : [];
  return h("div", { class: "refused" },
    h("b", null, "Refused. "), checks.length === 0 ? answer.detail : `${answer.detail.split(":")[0]}:`,
    checks.length === 0 ? null : h("ul", null, checks.map((check) =>
      h("li", { key: check.name }, h("b", null, check.name), ` ${check.detail ?? ""} `, h("span", { class: "muted" }, check.next_step ?? "")))));
}

let hush = 0;

/** Say a sentence at the foot of the page for six seconds, and to a screen reader. @param {string} text */
export function say(text) {
  const place = byId("said");
  patch(place, [text]);
  place.classList.add("shown");
  clearTimeout(hush);
  hush = setTimeout(unsay, 6_000);
}

/** Take back what was said: it is over, or no longer true. */
export function unsay() {
  clearTimeout(hush);
  byId("said").classList.remove("shown");
}
