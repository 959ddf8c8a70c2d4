// API tokens: who has which, what for, until when. Made here and shown once; revoked here and dead at once.

import { post } from "./control.js";
import { ask, field, question } from "./dialogs.js";
import { h } from "./dom.js";
import { local, span, utc } from "./format.js";
import { now } from "./live.js";
import { may } from "./roles.js";

/** @typedef {import("./dom.js").Loose} Loose */
/**
 * @typedef {{
 *   id: number, user: string, name: string, shown: string, scope: "read" | "operate" | "admin", made_ms: number, made_by: string,
 *   expires_ms: number | null, used_ms: number | null, revoked_ms: number | null, revoked_by: string | null,
 * }} Token
 */

const DAY_MS = 86_400_000;
const SOON_MS = 7 * DAY_MS;
const LASTS = [["30", "30 days"], ["90", "90 days"], ["365", "a year"], ["", "until it is revoked"]];
const SCOPES = [
  { scope: "read", says: "read: look at everything", control: null },
  { scope: "operate", says: "operate: halt, resume, acknowledge", control: "halt" },
  { scope: "admin", says: "admin: reset, limits, arming", control: "reset" },
];

/** @param {Token[]} tokens @returns {Loose} */
export function tokenTable(tokens) {
  const { user = "" } = document.body.dataset;
  const others = may("tokens-of-others");
  if (tokens.length === 0) {
    return h("p", { class: "empty" }, "No token yet. A token lets a program use the API as you, for at most what your role allows; it is shown once, and the audit names it with everything it did.");
  }
  const sorted = [...tokens].sort((a, b) => Number(ended(a)) - Number(ended(b)) || b.made_ms - a.made_ms);
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "API tokens" }, h("table", { class: "rows cards notes tokens" },
    h("thead", null, h("tr", null, ["name", others ? "whose" : null, "begins with", "scope", "last used", "expires", "made", ""].map((head, i) => (head === null ? null : h("th", { key: i, scope: "col" }, head || h("span", { class: "sr" }, "revoke")))))),
    h("tbody", null, sorted.map((token) => h("tr", { key: token.id, "data-row": true, tabindex: -1, class: ended(token) ? "ended" : "" },
      h("th", { scope: "row" }, token.name),
      others ? h("td", { "data-label": "whose" }, token.user) : null,
      h("td", { "data-label": "begins with" }, h("code", null, `${token.shown}…`)),
      h("td", { "data-label": "scope" }, token.scope),
      h("td", { "data-label": "last used" }, token.used_ms === null ? h("span", { class: "muted" }, "never") : ago(token.used_ms)),
      h("td", { "data-label": "expires" }, expiry(token)),
      h("td", { class: "muted", "data-label": "made" }, day(token.made_ms), token.made_by === token.user ? "" : ` by ${token.made_by}`),
      h("td", { class: "control" }, ended(token) || !(token.user === user || others) ? null
        : h("button", { type: "button", class: "button small", "data-revoke": token.id, "aria-label": `Revoke ${token.name} of ${token.user}` }, "Revoke…")))))));
}

/** @param {Token} token */
function ended(token) {
  return token.revoked_ms !== null || (token.expires_ms !== null && token.expires_ms <= now());
}

/** @param {Token} token @returns {Loose} */
function expiry(token) {
  if (token.revoked_ms !== null) return h("span", { class: "muted", title: local(token.revoked_ms) }, `revoked ${day(token.revoked_ms)} by ${token.revoked_by}`);
  if (token.expires_ms === null) return h("span", { class: "muted" }, "never");
  const left = token.expires_ms - now();
  if (left <= 0) return h("span", { class: "muted" }, `expired ${day(token.expires_ms)}`);
  const words = left > DAY_MS ? `in ${Math.round(left / DAY_MS)} days` : `in ${span(left)}`;
  return h("span", { class: left < SOON_MS ? "soon" : "", title: local(token.expires_ms) }, words);
}

/** @param {number} ms */
export function ago(ms) {
  const passed = now() - ms;
  return h("span", { title: local(ms) }, passed < 60_000 ? "just now" : passed < DAY_MS ? `${span(passed)} ago` : `${day(ms)} ${utc(ms)}`);
}

/** @param {number} ms */
export function day(ms) {
  return new Date(ms).toISOString().slice(0, 10);
}

/** @param {string[]} people whose token it may be, by name @param {() => Promise<void>} reload */
export function askToken(people, reload) {
  const { user = "" } = document.body.dataset;
  const scopes = SCOPES.filter(({ control }) => control === null || may(/** @type {import("./rows").ControlName} */ (control)));
  question({
    title: "Make a token",
    says: "A program that sends it acts as its person, for at most this scope and at most that person's role. The audit names the token with everything it did.",
    body: [
      may("tokens-of-others") && people.length > 1
        ? field("user", "For whom", h("select", { name: "user" }, people.map((name) => h("option", { key: name, value: name, selected: name === user }, name === user ? `${name} (you)` : name)))) : null,
      field("name", "What it is for", h("input", { name: "name", required: true, maxlength: 60, autocomplete: "off", placeholder: "grafana, bot on the phone …" })),
      field("scope", "What it may do", h("select", { name: "scope" }, scopes.map(({ scope, says }) => h("option", { key: scope, value: scope }, says)))),
      field("days", "How long", h("select", { name: "days" }, LASTS.map(([days, says]) => h("option", { key: says ?? "", value: days, selected: days === "90" }, says)))),
    ],
    verb: "Make the token",
    keep: "Make none",
    danger: false,
    act: async (form) => {
      const chosen = new FormData(form);
      const days = String(chosen.get("days") ?? "");
      const whose = chosen.get("user");
      const answer = await post("/api/v1/tokens", {
        name: String(chosen.get("name")).trim(), scope: chosen.get("scope"), days: days === "" ? null : Number(days),
        ...(whose === null || whose === user ? {} : { user: whose }),
      });
      if (answer.ok) await reload();
      return answer;
    },
    done: (answer) => [shownOnce(answer.body)],
  });
}

/** @param {Record<string, any>} made @returns {Loose} */
function shownOnce(made) {
  return h("div", { key: "made", class: "made" },
    h("h2", { id: "ask-title" }, `Token ${made.name}`),
    h("p", null, h("b", null, "Copy it now: "), "it is shown here once and kept nowhere."),
    h("p", { class: "secret" }, h("code", { "data-secret": true }, made.token), h("button", { type: "button", class: "button primary", "data-copy": made.token, "data-says": "Copied the token." }, "Copy")),
    h("p", { class: "muted" }, "Use: ", h("code", null, `curl -H "Authorization: Bearer $TOKEN" ${location.origin}/api/v1/control`)),
    h("div", { class: "actions" }, h("button", { type: "button", class: "button", "data-close": true }, "I have it, close")));
}

/** @param {Token} token @param {() => Promise<void>} reload */
export function askRevoke(token, reload) {
  ask({
    title: `Revoke ${token.name}`,
    says: `Whatever uses this token of ${token.user} is refused from the next request on. It cannot be taken back: make a new one instead.`,
    changes: [["token", `${token.shown}…, ${token.scope}`, "revoked"]],
    verb: `Revoke ${token.name}`,
    keep: "Keep it",
    danger: true,
    reason: "none",
    act: async () => {
      const answer = await post(`/api/v1/tokens/${token.id}/revoke`, {});
      if (answer.ok) await reload();
      return answer;
    },
    done: `${token.name} is revoked.`,
  });
}
