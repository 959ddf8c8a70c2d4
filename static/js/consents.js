// What waits for a second person: who asked for what, until when, and the buttons of who may answer.

import { post } from "./control.js";
import { ask, field, question } from "./dialogs.js";
import { h } from "./dom.js";
import { clock, local, utc, words } from "./format.js";
import { now, speed } from "./live.js";
import { may, whoMay } from "./roles.js";

/** @typedef {import("./dom.js").Loose} Loose */
/**
 * @typedef {{
 *   id: number, what: string, about: Record<string, unknown>, reason: string, asked_ms: number, asked_by: string,
 *   expires_ms: number, waits_for: string[], given_ms: number | null, given_by: string | null,
 * }} Consent
 */

/** @param {Consent[]} waiting @returns {Loose} */
export function consentList(waiting) {
  return h("ul", { class: "stopped" }, waiting.map((asked) => h("li", { key: asked.id, class: "stop" },
    h("div", { class: "stop-head" }, h("span", { class: "pill soon" }, asked.given_by === null ? "waits" : "agreed"), h("b", null, titleOf(asked)), h("span", { class: "running num", title: `until ${utc(asked.expires_ms)} UTC` }, `${left(asked)} left`)),
    h("p", { class: "stop-told" }, `${asked.reason} `, h("span", { class: "muted", title: local(asked.asked_ms) }, `asked by ${asked.asked_by} at ${utc(asked.asked_ms)}`)),
    over(asked),
    h("p", { class: "stop-told" }, asked.given_by === null ? waitsFor(asked) : [h("b", null, `${asked.given_by} agreed`), `: ${asked.asked_by} may carry it out now, once.`]),
    h("div", { class: "actions" }, buttons(asked)))));
}

/** @param {Consent} asked */
function titleOf(asked) {
  return asked.what === "reset" ? "Reset of all trading" : words(asked.what);
}

/** @param {Consent} asked */
function left(asked) {
  return clock(Math.max(0, (asked.expires_ms - now()) / speed()));
}

/** The checks it would pass over. @param {Consent} asked @returns {Loose} */
function over(asked) {
  const checks = Array.isArray(asked.about.over) ? asked.about.over : [];
  if (checks.length === 0) return null;
  return h("p", { class: "soon" }, `In spite of ${checks.length === 1 ? "the failing check" : "the failing checks"} ${checks.join(", ")}.`);
}

/** @param {Consent} asked @returns {Loose} */
function waitsFor(asked) {
  if (asked.waits_for.length === 0) return h("span", { class: "soon" }, "Nobody else has the role risk-admin: let a second one in first.");
  return ["Waits for ", h("b", null, asked.waits_for.join(" or ")), "."];
}

/** @param {Consent} asked @returns {Loose} */
function buttons(asked) {
  if (!may("consent")) return h("span", { class: "muted" }, `To agree: ${whoMay("consent")}`);
  /** @param {string} does @param {string} says @param {boolean} first */
  const button = (does, says, first) => h("button", { key: does, type: "button", class: first ? "button small primary" : "button small", "data-consent": asked.id, "data-does": does }, says);
  if (!mine(asked)) return [asked.given_by === null ? button("agree", "Agree…", true) : null, button("decline", "Decline…", false)];
  return [asked.given_by === null ? null : carryOut(asked), button("decline", "Take it back…", false)];
}

/** The same button as everywhere: it asks once more and is let through. @param {Consent} asked @returns {Loose} */
function carryOut(asked) {
  const [does, says] = asked.what === "reset" ? ["data-reset", "Reset trading…"] : ["data-arm", "Arm…"];
  return h("button", { key: "carry-out", type: "button", class: "button small primary", [does]: true }, says);
}

/** @param {Consent} asked */
function mine(asked) {
  return asked.asked_by === document.body.dataset.user;
}

/** @param {Consent} asked @param {string | null} does @param {() => Promise<void>} reload */
export function answerConsent(asked, does, reload) {
  if (does === "agree") askAgree(asked, reload);
  if (does === "decline") askDecline(asked, reload);
}

/** @param {Consent} asked @param {() => Promise<void>} reload */
function askAgree(asked, reload) {
  question({
    title: `Agree: ${titleOf(asked).toLowerCase()}`,
    says: `${asked.asked_by} asked and carries it out. You are the second person: look for yourself first.`,
    body: [
      h("p", null, h("b", null, "Why: "), asked.reason),
      over(asked),
      field("password", "Your password, so that it is you", h("input", { name: "password", type: "password", required: true, autocomplete: "current-password", maxlength: 4096 })),
    ],
    verb: "Agree",
    keep: "Do not agree",
    danger: true,
    act: async (form) => {
      const answer = await post(`/api/v1/consents/${asked.id}/agree`, { password: String(new FormData(form).get("password")) });
      await reload();
      return answer;
    },
    done: () => `You agreed. ${asked.asked_by} can carry it out now.`,
  });
}

/** @param {Consent} asked @param {() => Promise<void>} reload */
function askDecline(asked, reload) {
  const own = mine(asked);
  ask({
    title: own ? "Take the question back" : `Decline: ${titleOf(asked).toLowerCase()}`,
    says: own ? "Nobody can agree to it any more." : `${asked.asked_by} is told why, and may ask again.`,
    changes: [[titleOf(asked).toLowerCase(), asked.given_by === null ? "waits" : `${asked.given_by} agreed`, own ? "taken back" : "declined"]],
    verb: own ? "Take it back" : "Decline",
    keep: "Leave it",
    danger: false,
    reason: "required",
    act: async (reason) => {
      const answer = await post(`/api/v1/consents/${asked.id}/decline`, { reason });
      await reload();
      return answer;
    },
    done: own ? "Taken back." : "Declined.",
  });
}
