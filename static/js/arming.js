// Arming: whether orders reach the venue, what stands between, and the two dialogs.

import { get, post } from "./control.js";
import { beforeAfter, field, question, reasonField, reasonOf, say } from "./dialogs.js";
import { h } from "./dom.js";
import { clock, local, shortId, span, utc } from "./format.js";
import { now, speed } from "./live.js";
import { may, whoMay } from "./roles.js";

/** @typedef {import("./dom.js").Loose} Loose */
/** @typedef {import("./rows").Arming} Arming */
/** @typedef {{ area: string, name: string, verdict: "pass" | "warn" | "fail", detail: string, next_step: string }} Check */
/** @typedef {{ id: number, at_ms: number, by: string, passed: boolean, checks: Check[] }} Preflight */
/** @typedef {import("./polled.js").Polled<Arming>} Source */

const SOON_MS = 180_000;
/** Since when (page time) a preflight that this page asked for runs. @type {number | null} */
let running = null;

/** @param {Arming} arming @param {Preflight | null} newest @returns {Loose[]} */
export function armingPanel(arming, newest) {
  return [arming.armed ? armedNow(arming.armed) : notArmed(arming), ...checks(arming, newest), buttons(arming)];
}

/** @param {NonNullable<Arming["armed"]>} armed */
function armedNow(armed) {
  const left = (armed.expires_ms - now()) / speed();
  return h("div", { key: "armed", class: "arming armed" },
    h("p", { class: "stop-head" }, h("span", { class: "pill working" }, "● ARMED"), h("b", null, `by ${armed.by}`), h("span", { class: "running num", title: local(armed.began_ms) }, clock((now() - armed.began_ms) / speed()))),
    h("p", null, armed.reason),
    h("p", { class: left < SOON_MS ? "soon" : "muted" }, armed.used_ms === null ? "No order has left yet. " : `Last order ${utc(armed.used_ms)} UTC. `,
      "Expires in ", h("b", { class: "num" }, span(Math.max(0, left))), " unless an order leaves."));
}

/** @param {Arming} arming */
function notArmed(arming) {
  const { last } = arming;
  return h("div", { key: "unarmed", class: "arming" },
    h("p", { class: "stop-head" }, h("span", { class: "pill" }, "○ NOT ARMED"), h("span", { class: "muted" }, "the paper account trades, no order reaches the venue")),
    last ? h("p", { class: "muted" }, `Ended ${utc(last.ended_ms)} UTC by ${last.by}: ${last.reason}`) : null);
}

/** @param {Arming} arming @param {Preflight | null} newest @returns {Loose[]} */
function checks(arming, newest) {
  const run = arming.preflight;
  if (run === null) return [h("p", { key: "none", class: "muted" }, "No preflight was run for this wallet. It asks everything anew that real money needs and takes up to half a minute.")];
  const left = (run.good_until_ms - now()) / speed();
  const verdict = run.passed
    ? left > 0 ? h("span", { class: "pill working" }, "✓ passed") : h("span", { class: "pill" }, "✓ passed, too long ago")
    : h("span", { class: "pill halted" }, `✕ ${run.failing.length} failed`);
  const shown = newest !== null && newest.id === run.id ? newest.checks : [];
  return [
    h("p", { key: "run", class: "stop-head" }, h("b", null, "Preflight"), verdict, h("span", { class: "muted", title: local(run.at_ms) }, `${utc(run.at_ms)} UTC by ${run.by}${run.passed && left > 0 ? `, counts for ${span(left)} more` : ""}`)),
    h("ul", { key: "bad", class: "check-lines" }, shown.filter(({ verdict }) => verdict !== "pass").map(checkLine)),
    shown.length === 0 ? null : h("details", { key: "all" }, h("summary", null, `All ${shown.length} checks`), h("ul", { class: "check-lines" }, shown.map(checkLine))),
  ];
}

/** @param {Check} check */
function checkLine(check) {
  const mark = { pass: "✓", warn: "!", fail: "✕" }[check.verdict];
  return h("li", { key: check.name, class: `check-line ${check.verdict}` },
    h("span", { class: "check-mark", "aria-hidden": "true" }, mark), h("b", null, check.name, h("span", { class: "sr" }, `: ${check.verdict}`)),
    h("span", null, check.detail, check.next_step ? h("span", { class: "muted" }, ` → ${check.next_step}`) : null));
}

/** @param {Arming} arming */
function buttons(arming) {
  const runs = running !== null;
  return h("div", { key: "buttons", class: "actions" },
    may("preflight")
      ? h("button", { type: "button", class: "button small", "data-preflight": true, disabled: runs }, runs ? `Checking, ${span(performance.now() - (running ?? 0))}` : "Run the preflight")
      : h("span", { class: "muted" }, `Preflight: ${whoMay("preflight")}`),
    arming.armed
      ? may("disarm") ? h("button", { type: "button", class: "button small", "data-disarm": true }, "Disarm…") : h("span", { class: "muted" }, `Disarm: ${whoMay("disarm")}`)
      : may("arm") ? h("button", { type: "button", class: "button small danger", "data-arm": true, disabled: arming.phrase === null || arming.preflight?.fresh !== true, title: arming.preflight?.fresh === true ? null : "a preflight that passed within ten minutes comes first" }, "Arm…") : h("span", { class: "muted" }, `Arm: ${whoMay("arm")}`));
}

/** @param {Source} source @param {() => Promise<void>} reload */
export async function runPreflight(source, reload) {
  if (running !== null) return;
  running = performance.now();
  const before = source.value?.preflight?.id ?? 0;
  const answer = await post("/api/v1/preflights", {});
  // It takes longer than a control may: the run goes on at the server, and its row appears.
  if (!answer.ok && answer.status === 0) await appeared(source, before);
  running = null;
  await Promise.all([source.load(), reload()]);
  if (answer.ok) say(answer.body.passed ? "The preflight passed: it counts for ten minutes." : "The preflight failed: see to what it names.");
  else if ((source.value?.preflight?.id ?? 0) === before) say(`The preflight was not run: ${answer.detail}`);
}

/** @param {Source} source @param {number} before */
async function appeared(source, before) {
  for (let tries = 0; tries < 30 && (source.value?.preflight?.id ?? 0) <= before; tries++) {
    await new Promise((again) => setTimeout(again, 2_000));
    const answer = await get("/api/v1/arming");
    if (answer.ok) await source.load();
  }
}

/** @param {Source} source */
export function askArm(source) {
  const arming = source.value;
  if (arming === null || arming.phrase === null) return;
  const live = arming.mode === "live";
  question({
    title: live ? "Arm: trade real money" : "Arm: trade the simulated wallet",
    says: `Orders reach the venue from the next second on, within the agreed limits, until somebody disarms, until none left for 15 minutes, or until the trader ends.`,
    body: [
      beforeAfter([
        ["money", "paper account", `${live ? "real money" : "simulated money"} of ${shortId(arming.wallet ?? "")}`],
        ["orders", "filled on paper", "signed and sent"],
      ]),
      field("phrase", ["Type ", h("b", { class: "phrase" }, arming.phrase)], h("input", { name: "phrase", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: 100, required: true })),
      reasonField("required"),
    ],
    verb: live ? "Arm real money" : "Arm the rehearsal",
    keep: "Stay on paper",
    danger: true,
    opened: (form) => {
      const submit = /** @type {HTMLButtonElement} */ (form.querySelector('[type="submit"]'));
      const typed = /** @type {HTMLInputElement} */ (form.elements.namedItem("phrase"));
      const judge = () => {
        submit.disabled = typed.value.trim() !== arming.phrase;
      };
      typed.addEventListener("input", judge);
      judge();
    },
    act: async (form) => {
      const phrase = /** @type {HTMLInputElement} */ (form.elements.namedItem("phrase")).value.trim();
      const answer = await post("/api/v1/arm", { phrase, reason: reasonOf(form) });
      await source.load();
      return answer;
    },
    done: () => "Armed. The trader takes the wallet up, compares it with the venue, then trades.",
  });
}

/** @param {Source} source */
export function askDisarm(source) {
  question({
    title: "Disarm",
    says: "No order leaves from here on, what rests is withdrawn, and the paper account goes on. Shares of the wallet stay, and nobody minds them until somebody arms again.",
    body: [reasonField("optional")],
    verb: "Disarm now",
    keep: "Stay armed",
    danger: false,
    act: async (form) => {
      const answer = await post("/api/v1/disarm", { reason: reasonOf(form) });
      await source.load();
      return answer;
    },
    done: () => "Not armed any more.",
  });
}
