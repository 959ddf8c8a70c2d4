// The limits people agreed on: value, how much is used and where, what is left, who agreed to it and when.

import { h } from "./dom.js";
import { utc } from "./format.js";
import { LAYERS, known, rounded, said, unitOf, written } from "./limitnames.js";
import { board } from "./live.js";
import { may } from "./roles.js";
import { ago, day } from "./tokens.js";

/** @typedef {import("./dom.js").Loose} Loose */
/** @typedef {import("./limitnames.js").Limit} Limit */
/** @typedef {{ number: number, at_ms: number, by: string, reason: string, limits: Limit[] }} Agreed */
/** @typedef {{ id: number, number: number, at_ms: number, by: string, reason: string, values: Record<string, string | number | boolean>, before: Record<string, string | number | boolean> }} Version */

/** Without a head-room of their own: thresholds, and bounds of each single order. */
const THRESHOLDS = new Set(["calm_mid_range", "order_min", "order_max", "slippage_bps"]);

/** @param {Agreed} agreed @param {Version[]} versions newest first @returns {Loose} */
export function limitTable(agreed, versions) {
  const row = board.one("limits");
  const behind = row !== null && row.number !== null && row.number !== agreed.number;
  return [
    behind ? h("p", { class: "unproven", role: "status" }, h("b", null, `The trader still trades by version ${row.number}. `), `Version ${agreed.number} binds it with its next look, within a second.`) : null,
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "limits" }, h("table", { class: "rows limits" },
      h("thead", null, h("tr", null,
        h("th", { scope: "col" }, "limit"), h("th", { scope: "col", class: "num" }, "used"), h("th", { scope: "col" }, h("span", { class: "sr" }, "part used")),
        h("th", { scope: "col", class: "num" }, "left"), h("th", { scope: "col", class: "num value" }, "limit"), h("th", { scope: "col" }, "agreed"), h("th", { scope: "col" }, h("span", { class: "sr" }, "change")))),
      LAYERS.map((layer) => layerRows(layer, agreed.limits.filter(({ name }) => known(name).layer === layer), versions)))),
  ];
}

/** @param {string} layer @param {Limit[]} limits @param {Version[]} versions */
function layerRows(layer, limits, versions) {
  if (limits.length === 0) return null;
  return h("tbody", { key: layer }, h("tr", { key: "layer", class: "layer" }, h("th", { scope: "rowgroup", colspan: 7 }, layer)), limits.map((limit) => limitRow(limit, versions)));
}

/** @param {Limit} limit @param {Version[]} versions */
function limitRow(limit, versions) {
  const { says, means, warns = false } = known(limit.name);
  const use = board.one("limits")?.uses[limit.name] ?? null;
  const within = use?.limit ?? limit.value;
  const part = use === null || use.used === null || THRESHOLDS.has(limit.name) ? null : Number(use.used) / Number(within);
  const left = part === null ? null : Math.max(0, Number(within) - Number(use?.used));
  const cut = use !== null && use.limit !== null && Number(use.limit) < Number(limit.value);
  return h("tr", { key: limit.name, "data-row": true, tabindex: -1 },
    h("th", { scope: "row", title: means }, says, h("span", { class: "muted means" }, ` ${means}`)),
    h("td", { class: "num used" }, use === null ? "" : h("span", { class: "use" }, where(use), " ", h("span", { flash: true }, rounded(limit.unit, use.used)))),
    h("td", { class: "part" }, part === null ? null : h("span", {
      class: `gauge ${level(part, warns)}`, role: "meter", "aria-label": `${says}: part used`, "aria-valuemin": 0, "aria-valuemax": 100,
      "aria-valuenow": Math.min(100, Math.round(part * 100)), "aria-valuetext": `${Math.round(part * 100)} %`, title: `${Math.round(part * 100)} % used`, vars: { "--part": String(Math.min(1, part)) },
    })),
    h("td", { class: "num left" }, left === null ? "" : rounded(limit.unit, String(left))),
    h("td", { class: "num value" }, h("b", null, written(limit.unit, limit.value)), h("span", { class: "muted unit" }, unitOf(limit.unit)), cut ? h("span", { class: "sub soon", title: "this shard's part of it" }, `here ${written(limit.unit, within)}`) : null),
    agreedCell(limit, versions),
    h("td", { class: "control" }, may("limits") ? h("button", { type: "button", class: "button small", "data-limit": limit.name, "aria-label": `Change ${says} ${unitOf(limit.unit)}` }, "Change…") : null));
}

/** @param {import("./rows").LimitUse} use */
function where(use) {
  if (use.short === null) return null;
  return h("span", { class: "muted where" }, use.market_id === null ? use.short : h("a", { href: `/markets/${use.market_id}/` }, use.short));
}

/** @param {number} part @param {boolean} warns */
function level(part, warns) {
  if (!warns) return "calm";
  return part >= 1 ? "bad" : part >= 0.8 ? "soon" : "calm";
}

/** Who last changed this one, and when: the newest version in which it differs from the one before. @param {Limit} limit @param {Version[]} versions */
function agreedCell(limit, versions) {
  const found = versions.find(({ values, before }) => before[limit.name] !== undefined && before[limit.name] !== values[limit.name]);
  const first = versions.at(-1);
  const differs = limit.config !== limit.value && Number(limit.config) !== Number(limit.value);
  const by = found ? [found.by, " ", h("span", { class: "muted" }, ago(found.at_ms))] : first ? h("span", { class: "muted" }, first.by) : "–";
  return h("td", { class: found || differs ? "agreed" : "agreed first", title: found?.reason ?? (first ? `${first.reason}, ${day(first.at_ms)}` : null) }, by,
    differs ? h("span", { class: "muted config", title: "what the configuration says; the agreed one binds" }, ` · config ${written(limit.unit, limit.config)}`) : null);
}

/** Every version with what it changed, newest first. @param {Version[]} versions @param {Limit[]} limits @returns {Loose} */
export function versionList(versions, limits) {
  const units = new Map(limits.map(({ name, unit }) => [name, unit]));
  return h("details", { key: "versions", class: "versions" }, h("summary", null, `${versions.length} ${versions.length === 1 ? "version" : "versions"}`),
    h("ol", null, versions.map((version) => h("li", { key: version.id },
      h("b", null, `${version.number}`), " ", h("time", { class: "muted" }, `${day(version.at_ms)} ${utc(version.at_ms)}`), ` ${version.by}: ${version.reason}`,
      h("span", { class: "sub muted" }, Object.keys(version.values).filter((name) => version.before[name] !== undefined && version.before[name] !== version.values[name])
        .map((name) => `${known(name).says} ${said(units.get(name) ?? "", String(version.before[name]))} → ${said(units.get(name) ?? "", String(version.values[name]))}`).join(" · "))))));
}
