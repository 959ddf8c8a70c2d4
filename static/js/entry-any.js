// Every page of the console: the frame, halt, keys, theme, copy.

import { load, grow } from "./curve.js";
import { say } from "./dialogs.js";
import { byId } from "./dom.js";
import { startFrame } from "./frame.js";
import { startHalt } from "./halt.js";
import { startIncidents } from "./incidents.js";
import { startKeys } from "./keys.js";
import { paint, start } from "./live.js";
import { startMarketHalt } from "./markethalt.js";

start();
startFrame();
startHalt();
startMarketHalt();
startIncidents();
startKeys();
paint(grow);
void load("day");

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const copied = target.closest("[data-copy]");
  if (copied) void copy(copied.getAttribute("data-copy") ?? "", copied.getAttribute("data-says"));
  if (target.closest("[data-theme-toggle]")) switchTheme();
  openMore(target);
});

/** `says` instead of the text itself, where that is a secret. @param {string} text @param {string | null} says */
async function copy(text, says) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    say("This browser lets no page copy: select the text and copy it by hand.");
    return;
  }
  say(says ?? `Copied ${text}.`);
}

/** On a phone the other pages open above the bar, and close with the next touch. @param {Element} target */
function openMore(target) {
  const nav = byId("nav");
  const open = target.closest("[data-nav-more]") !== null && !nav.classList.contains("more");
  nav.classList.toggle("more", open);
  nav.querySelector("[data-nav-more]")?.setAttribute("aria-expanded", String(open));
}

/** The choice is a cookie, so that the server draws the next page in it from the first byte. */
function switchTheme() {
  const { theme: chosen } = document.documentElement.dataset;
  const light = chosen === "light" || (chosen === "system" && matchMedia("(prefers-color-scheme: light)").matches);
  const theme = light ? "dark" : "light";
  document.documentElement.dataset.theme = theme;
  document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
}
