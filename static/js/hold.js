// A button that is held, not clicked: for what must not happen by brushing over it.

const HOLD_MS = 600;

/**
 * A press shorter than `HOLD_MS` does nothing but say so. A click that no pointer or key made comes from
 * assistive technology, which cannot hold: it gets `instead`, as does a press while holding is not wanted.
 * @param {HTMLButtonElement} button
 * @param {{ wanted: () => boolean, held: () => void, instead: () => void, tooShort: () => void }} does
 */
export function holdable(button, does) {
  /** @type {number | null} */
  let began = null;
  let frame = 0;

  const fill = () => {
    if (began === null) return;
    const part = Math.min(1, (performance.now() - began) / HOLD_MS);
    button.style.setProperty("--part", String(part));
    if (part < 1) frame = requestAnimationFrame(fill);
    else {
      release();
      does.held();
    }
  };
  const hold = () => {
    if (began !== null) return;
    if (!does.wanted()) return does.instead();
    began = performance.now();
    button.classList.add("holding");
    frame = requestAnimationFrame(fill);
  };
  const release = () => {
    cancelAnimationFrame(frame);
    button.classList.remove("holding");
    button.style.setProperty("--part", "0");
    began = null;
  };
  const letGo = () => {
    if (began === null) return;
    release();
    does.tooShort();
  };

  button.addEventListener("pointerdown", (event) => {
    if (event.button === 0) hold();
  });
  for (const over of ["pointerup", "pointerleave", "pointercancel", "blur"]) button.addEventListener(over, letGo);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (!event.repeat) hold();
  });
  button.addEventListener("keyup", (event) => {
    if (event.key === "Enter" || event.key === " ") letGo();
  });
  button.addEventListener("click", (event) => {
    if (event.detail === 0) does.instead();
  });
}
