// Every page of the console: the frame, halt, keys, theme, copy.

import { load, grow } from "./curve.js";
import { say } from "./dialogs.js";
import { startFrame } from "./frame.js";
import { startHalt } from "./halt.js";
import { startKeys } from "./keys.js";
import { paint, start } from "./live.js";
import { startMarketHalt } from "./markethalt.js";

start();
startFrame();
startHalt();
startMarketHalt();
startKeys();
paint(grow);
void load("day");

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const copied = target.closest("[data-copy]");
  if (copied) void copy(copied.getAttribute("data-copy") ?? "");
  if (target.closest("[data-theme-toggle]")) switchTheme();
});

/** @param {string} text */
async function copy(text) {
  await navigator.clipboard.writeText(text);
  say(`Copied ${text}.`);
}

/** The choice is a cookie, so that the server draws the next page in it from the first byte. */
function switchTheme() {
  const theme = document.documentElement.dataset.theme === "light" ? "dark" : "light";
  document.documentElement.dataset.theme = theme;
  document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
}
