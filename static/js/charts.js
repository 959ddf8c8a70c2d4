// Equity with drawdown, and a market's price with our fills. Colours come from the page's theme.

import {
  AreaSeries, BaselineSeries, ColorType, CrosshairMode, LineSeries, LineStyle, LineType,
  createChart, createSeriesMarkers,
} from "../vendor/lightweight-charts.mjs";
import { byId } from "./dom.js";
import { money, price as priceText, utc } from "./format.js";

/** @typedef {import("lightweight-charts").UTCTimestamp} Seconds */
/** @typedef {import("lightweight-charts").SeriesMarker<import("lightweight-charts").Time>} Marker */
/** @typedef {import("./curve.js").Point} Point */
/** @typedef {{ at: number, bid: number | null, ask: number | null }} Quote */
/** @typedef {{ at: number, price: number, buy: boolean, outcome: string, text: string }} Mark */

const LABELLED_MAX = 8; // more fills than this go without words

/** A colour of the page as a canvas understands it: the property itself holds both themes'. @param {string} name */
function colour(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** @param {number} ms */
const seconds = (ms) => /** @type {Seconds} */ (Math.floor(ms / 1000));

/** Points by whole second, the last of each second, as the chart wants them. @param {Point[]} points */
function bySecond(points) {
  /** @type {Map<Seconds, number>} */
  const last = new Map();
  for (const { at, equity } of points) last.set(seconds(at), equity);
  return [...last].sort(([a], [b]) => a - b).map(([time, value]) => ({ time, value }));
}

function options() {
  const line = colour("--line");
  return {
    autoSize: true,
    layout: {
      background: { type: ColorType.Solid, color: "transparent" }, textColor: colour("--muted"),
      fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 11, attributionLogo: false,
      panes: { separatorColor: line, separatorHoverColor: line, enableResize: false },
    },
    grid: { vertLines: { visible: false }, horzLines: { color: line, style: LineStyle.Dotted } },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.12, bottom: 0.14 } },
    timeScale: { borderVisible: false, timeVisible: true, secondsVisible: true, rightOffset: 0 },
    crosshair: { mode: CrosshairMode.Magnet, horzLine: { labelBackgroundColor: colour("--raised") }, vertLine: { labelBackgroundColor: colour("--raised") } },
    localization: { timeFormatter: (/** @type {number} */ time) => `${utc(time * 1000)} UTC` },
  };
}

/** Redraw with the other theme's colours when it is switched. @param {() => void} paint */
function onTheme(paint) {
  new MutationObserver(paint).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", paint);
}

/** Show everything, until somebody takes the chart in hand. @param {string} id @param {import("lightweight-charts").IChartApi} chart */
function fitting(id, chart) {
  let held = false;
  for (const touch of ["pointerdown", "wheel"]) byId(id).addEventListener(touch, () => (held = true), { passive: true });
  return () => {
    if (!held) chart.timeScale().fitContent();
  };
}

/** A chart of equity against what it was at the start, drawdown under it. @param {string} id */
export function equityChart(id) {
  const chart = createChart(byId(id), options());
  const equity = chart.addSeries(BaselineSeries, { lineWidth: 2, priceFormat: { type: "custom", formatter: money, minMove: 0.01 }, priceLineVisible: false });
  const drawdown = chart.addSeries(AreaSeries, { lineWidth: 1, priceFormat: { type: "custom", formatter: money, minMove: 0.01 }, priceLineVisible: false, lastValueVisible: false }, 1);
  chart.panes()[1]?.setStretchFactor(0.28);
  const dress = () => {
    chart.applyOptions(options());
    equity.applyOptions({
      topLineColor: colour("--up"), topFillColor1: colour("--up-fill"), topFillColor2: "transparent",
      bottomLineColor: colour("--down"), bottomFillColor1: "transparent", bottomFillColor2: colour("--down-fill"),
    });
    drawdown.applyOptions({ lineColor: colour("--faint"), topColor: "transparent", bottomColor: "transparent", invertFilledArea: true });
  };
  dress();
  onTheme(dress);
  const fit = fitting(id, chart);
  return {
    /** @param {Point[]} points @param {number | null} base */
    show(points, base) {
      const data = bySecond(points);
      if (data.length === 0) return;
      equity.applyOptions({ baseValue: { type: "price", price: base ?? /** @type {{value: number}} */ (data[0]).value } });
      equity.setData(data);
      let top = -Infinity;
      drawdown.setData(data.map(({ time, value }) => ({ time, value: Math.min(0, value - (top = Math.max(top, value))) })));
      fit();
    },
  };
}

/** A chart of bid and ask with our fills on them. @param {string} id @param {string} tick */
export function priceChart(id, tick) {
  const chart = createChart(byId(id), options());
  const shape = {
    lineWidth: /** @type {1} */ (1), lineType: LineType.WithSteps, priceLineVisible: false, crosshairMarkerVisible: false,
    priceFormat: { type: /** @type {"custom"} */ ("custom"), formatter: (/** @type {number} */ value) => priceText(value, tick), minMove: Number(tick) },
  };
  const bid = chart.addSeries(LineSeries, shape);
  const ask = chart.addSeries(LineSeries, shape);
  const anchor = chart.addSeries(LineSeries, { ...shape, lineVisible: false, lastValueVisible: false });
  const markers = createSeriesMarkers(anchor, []);
  const dress = () => {
    chart.applyOptions(options());
    bid.applyOptions({ color: colour("--up") });
    ask.applyOptions({ color: colour("--down") });
  };
  dress();
  onTheme(dress);
  const fit = fitting(id, chart);
  return {
    /** @param {Quote[]} quotes @param {Mark[]} fills @param {{ at: number, text: string }[]} flags */
    show(quotes, fills, flags) {
      bid.setData(side(quotes, "bid"));
      ask.setData(side(quotes, "ask"));
      const mids = bySecond(quotes.flatMap(({ at, bid: b, ask: a }) => (b === null || a === null ? [] : [{ at, equity: (a + b) / 2 }])));
      // A fill older than the first quote is drawn at its own price.
      anchor.setData([...before(mids, fills), ...mids]);
      const marks = fills.length > LABELLED_MAX ? fills.map((fill) => ({ ...fill, text: "" })) : fills;
      markers.setMarkers([...marks.map(arrow), ...flags.map(flag)].sort((a, b) => Number(a.time) - Number(b.time)));
      fit();
    },
  };
}

/** @param {{ time: Seconds, value: number }[]} mids @param {Mark[]} fills */
function before(mids, fills) {
  const first = mids[0]?.time ?? Infinity;
  return bySecond(fills.map(({ at, price }) => ({ at, equity: price }))).filter(({ time }) => time < first);
}

/** @param {Quote[]} quotes @param {"bid" | "ask"} which */
function side(quotes, which) {
  return bySecond(quotes.flatMap((quote) => (quote[which] === null ? [] : [{ at: quote.at, equity: /** @type {number} */ (quote[which]) }])));
}

/** @param {Mark} mark @returns {Marker} */
function arrow(mark) {
  const up = mark.buy === (mark.outcome === "yes");
  return {
    time: seconds(mark.at), position: "atPriceMiddle", price: mark.price, size: 0.8,
    shape: up ? "arrowUp" : "arrowDown", color: colour(up ? "--up" : "--down"), text: mark.text,
  };
}

/** @param {{ at: number, text: string }} event @returns {Marker} */
function flag(event) {
  return { time: seconds(event.at), position: "aboveBar", shape: "square", color: colour("--muted"), text: event.text, size: 0.5 };
}
