// Agreeing to other limits: one dialog for one or several, before and after, which way each goes, and why.

import { post } from "./control.js";
import { beforeAfter, field, question, reasonField, reasonOf } from "./dialogs.js";
import { byId, h, patch } from "./dom.js";
import { LAYERS, known, said, turn, unitOf, written } from "./limitnames.js";

/** @typedef {import("./limitnames.js").Limit} Limit */
/** @typedef {import("./limits.js").Agreed} Agreed */

/**
 * @param {import("./polled.js").Polled<Agreed>} source
 * @param {string | null} focused the limit that was pressed
 */
export function askLimits(source, focused) {
  if (source.value === null) return;
  /** What the person looks at; another one after somebody was faster. */
  let looked = source.value;
  question({
    title: "Change limits",
    says: `Version ${looked.number} binds now. What you agree to binds every order from the next second on; resting orders beyond a tighter limit are cancelled.`,
    wide: true,
    body: [
      h("div", { class: "limit-fields" }, LAYERS.map((layer) => looked.limits.filter(({ name }) => known(name).layer === layer)).flat().map(limitField)),
      h("div", { "data-changes": true, "aria-live": "polite" }),
      reasonField("required"),
    ],
    verb: "Agree to these limits",
    keep: "Change nothing",
    danger: false,
    opened: (form) => {
      form.addEventListener("input", () => preview(form, looked));
      preview(form, looked);
      const wanted = focused === null ? null : form.elements.namedItem(focused);
      if (wanted instanceof HTMLElement) setTimeout(() => wanted.focus());
      if (wanted instanceof HTMLInputElement) setTimeout(() => wanted.select());
    },
    act: async (form) => {
      const answer = await post("/api/v1/limits", { changes: changed(form, looked), reason: reasonOf(form), expected_number: looked.number });
      await source.load();
      return answer;
    },
    refused: (answer, form) => {
      if (answer.status !== 409 || source.value === null) return;
      const before = looked;
      looked = source.value;
      showNewer(form, before, looked);
      preview(form, looked);
    },
    done: (answer) => `Version ${answer.body.number} of the limits binds.`,
  });
}

/** @param {Limit} limit */
function limitField(limit) {
  const { says, means } = known(limit.name);
  const unit = unitOf(limit.unit);
  const label = [says, unit ? h("span", { class: "muted" }, ` ${unit}`) : null, h("span", { class: "now", "data-now": limit.name }, ` now ${written(limit.unit, limit.value)}`)];
  const input = limit.unit === "switch"
    ? h("select", { name: limit.name, title: means }, ["true", "false"].map((value) => h("option", { key: value, value, selected: value === limit.value }, value === "true" ? "on" : "off")))
    : h("input", { name: limit.name, value: limit.value, inputmode: "decimal", autocomplete: "off", maxlength: 40, title: means, required: true });
  return field(limit.name, label, input);
}

/** @param {HTMLFormElement} form @param {string} name */
function entered(form, name) {
  return /** @type {HTMLInputElement | HTMLSelectElement} */ (form.elements.namedItem(name)).value.trim();
}

/** Those that differ, as the API takes them: whole numbers where units count, else text. @param {HTMLFormElement} form @param {Agreed} looked */
function changed(form, looked) {
  /** @type {Record<string, string | number | boolean>} */
  const changes = {};
  for (const limit of looked.limits) {
    const text = entered(form, limit.name);
    if (same(text, limit.value)) continue;
    if (limit.unit === "switch") changes[limit.name] = text === "true";
    else changes[limit.name] = ["count", "bps", "ms"].includes(limit.unit) && /^\d{1,12}$/.test(text) ? Number(text) : text;
  }
  return changes;
}

/** @param {string} text @param {string} value */
function same(text, value) {
  return text === value || (text !== "" && Number.isFinite(Number(text)) && Number(text) === Number(value));
}

/** Before and after of what was entered so far, and which way each goes. @param {HTMLFormElement} form @param {Agreed} looked */
function preview(form, looked) {
  const differing = looked.limits.filter((limit) => !same(entered(form, limit.name), limit.value));
  const loosens = differing.some((limit) => turn(limit, entered(form, limit.name)) === "loosens");
  const submit = /** @type {HTMLButtonElement} */ (form.querySelector('[type="submit"]'));
  submit.disabled = differing.length === 0;
  submit.className = loosens ? "button danger" : "button primary";
  for (const limit of looked.limits) {
    /** @type {HTMLElement} */ (form.elements.namedItem(limit.name)).closest(".field")?.classList.toggle("differs", differing.includes(limit));
  }
  patch(/** @type {Element} */ (form.querySelector("[data-changes]")), [differing.length === 0
    ? h("p", { class: "muted" }, "Nothing changes yet.")
    : beforeAfter(differing.map((limit) => {
      const after = entered(form, limit.name);
      const way = turn(limit, after);
      return [known(limit.name).says, said(limit.unit, limit.value), said(limit.unit, after), h("span", { class: way === "loosens" ? "pill soon" : "pill" }, way ?? "is no number")];
    }))]);
}

/** Somebody was faster: say what binds now, keep what was typed, take over what was not. @param {HTMLFormElement} form @param {Agreed} before @param {Agreed} after */
function showNewer(form, before, after) {
  for (const limit of after.limits) {
    const was = before.limits.find(({ name }) => name === limit.name);
    if (was === undefined || was.value === limit.value) continue;
    const input = /** @type {HTMLInputElement | HTMLSelectElement} */ (form.elements.namedItem(limit.name));
    if (same(input.value.trim(), was.value)) input.value = limit.value;
    const place = form.querySelector(`[data-now="${CSS.escape(limit.name)}"]`);
    if (place) patch(place, [h("b", { class: "soon" }, ` now ${written(limit.unit, limit.value)}, was ${written(limit.unit, was.value)}`)]);
  }
  patch(byId("ask-refused"), [h("div", { class: "refused" }, h("b", null, `${after.by} agreed to version ${after.number} meanwhile: `), after.reason,
    ". What changed is marked above; what you typed is kept. Look again, then agree.")]);
}
