// Dangerous things ask first: what changes from what to what, who will be recorded, and why.

import { byId, h, patch } from "./dom.js";

/** @typedef {import("./control.js").Answer} Answer */
/**
 * @typedef {{
 *   title: string, says: string, changes: [what: string, before: string, after: string][],
 *   verb: string, keep: string, danger: boolean, reason: "required" | "optional",
 *   act: (reason: string) => Promise<Answer>, done: string,
 * }} Question
 */

const REASON_MIN = 3;

document.addEventListener("click", (event) => {
  const pressed = /** @type {Element} */ (event.target).closest("[data-close]");
  pressed?.closest("dialog")?.close();
});

/** Ask, act on a yes, and stay open with the server's sentence when it refuses. @param {Question} question */
export function ask(question) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("ask"));
  patch(dialog, [form(question)]);
  const made = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
  const input = /** @type {HTMLTextAreaElement} */ (made.elements.namedItem("reason"));
  input.value = "";
  patch(byId("ask-refused"), []);
  made.onsubmit = (event) => {
    event.preventDefault();
    void submit(question, made, dialog);
  };
  dialog.showModal();
  input.focus();
}

/** @param {Question} question */
function form(question) {
  const { user = "", role = "" } = document.body.dataset;
  const required = question.reason === "required";
  return h("form", { key: question.title, method: "dialog" },
    h("h2", { id: "ask-title" }, question.title),
    h("p", { class: "muted" }, question.says),
    h("table", { class: "before-after" },
      h("thead", null, h("tr", null, h("th", { scope: "col" }, ""), h("th", { scope: "col" }, "now"), h("th", { "aria-hidden": "true" }, ""), h("th", { scope: "col" }, "then"))),
      h("tbody", null, question.changes.map(([what, before, after]) => h("tr", { key: what },
        h("th", { scope: "row" }, what), h("td", null, before), h("td", { class: "muted", "aria-hidden": "true" }, "→"), h("td", null, h("b", null, after)))))),
    h("label", { class: "field" },
      h("span", null, required ? "Why (required, kept for good)" : "Why (kept for good)"),
      h("textarea", { name: "reason", rows: 2, maxlength: 200, required, minlength: required ? REASON_MIN : null })),
    h("p", { class: "muted recorded" }, "Recorded as ", h("b", null, user), ` (${role}), from this browser.`),
    h("div", { id: "ask-refused", role: "alert" }),
    h("div", { class: "actions" },
      h("button", { type: "button", class: "button", "data-close": true }, question.keep),
      h("button", { type: "submit", class: question.danger ? "button danger" : "button primary" }, question.verb)));
}

/**
 * @param {Question} question
 * @param {HTMLFormElement} made
 * @param {HTMLDialogElement} dialog
 */
async function submit(question, made, dialog) {
  const input = /** @type {HTMLTextAreaElement} */ (made.elements.namedItem("reason"));
  const button = /** @type {HTMLButtonElement} */ (made.querySelector('[type="submit"]'));
  button.disabled = true;
  const answer = await question.act(input.value.trim());
  button.disabled = false;
  if (answer.ok) {
    dialog.close();
    say(question.done);
  } else {
    patch(byId("ask-refused"), [refusal(answer)]);
  }
}

/**
 * The server's reason, and the checks that failed where it names them.
 * @param {Extract<Answer, {ok: false}>} answer
 */
export function refusal(answer) {
  const checks = Array.isArray(answer.body.checks) ? answer.body.checks : [];
  return h("div", { class: "refused" },
    h("b", null, "Refused. "), answer.detail,
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
