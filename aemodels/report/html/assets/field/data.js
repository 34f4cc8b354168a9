"use strict";
// Data of the page, what is filtered of it, and small helpers. Text of files becomes text nodes only.
const DATA = JSON.parse(document.getElementById("data").textContent);
const FILES = DATA.files;
const COUNT = DATA.because.length;
const NUMBERS = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const CELL = { quality: 0, observed: 1, gap: 2, flagged: 3, stuck: 4, interpolated: 5, outside: 6, gaps: 7, noise: 8, drift: 9, mnemonic: 10 };
// Curves that are not scored come without what only scores tell.
DATA.cells.forEach((row, i) => {
  while (row.length < DATA.curves.length) row.push(null);
  for (const [c, [quality, observed, gap, stuck, interpolated, outside, gaps, mnemonic]] of Object.entries(DATA.others[i]))
    row[c] = [quality, observed, gap, null, stuck, interpolated, outside, gaps, null, null, mnemonic || DATA.curves[c]];
});
const LISTENERS = [];
const FILTER = { query: "", kind: "", reason: "", contractor: "", curve: "" };
let shown = [];

const attention = Array.from({ length: COUNT }, (_, i) => Object.values(DATA.because[i]).reduce((a, b) => a + b, 0));
const share = i => FILES.scored[i] ? FILES.flagged[i] / FILES.scored[i] : 0;
const unit = i => FILES.kind[i] === "logs" ? "m" : "traces";
const text = value => value === null || value === undefined || value === "" ? "–" : typeof value === "number" ? NUMBERS.format(value) : String(value);
/** A length in metres: decimals only where they say something. */
const metres = value => value === null || value === undefined ? "–" : value && value < 100 ? value.toFixed(1) : NUMBERS.format(Math.round(value));
/** The same of a file, whose lengths are traces if it is a line. */
const lengthOf = (i, value) => FILES.kind[i] === "logs" ? metres(value) : `${text(value)}${value === null ? "" : " traces"}`;
const percent = value => `${(100 * value).toFixed(value < 0.1 ? 1 : 0)} %`;

/** Creates an element with text or children; `options` are its properties. */
function make(tag, content = [], options = {}) {
  const element = Object.assign(document.createElement(tag), options);
  element.append(...[].concat(content).map(one => one instanceof Node ? one : text(one)));
  return element;
}

/** Creates a table of rows of cells; `numeric` are the columns that are aligned to the right. */
function table(head, rows, numeric = []) {
  const cell = (tag, value, column) => make(tag, value, numeric.includes(column) ? { className: "n" } : {});
  return make("table", [
    make("thead", make("tr", head.map((name, column) => cell("th", name, column)))),
    make("tbody", rows.map(row => make("tr", row.map((value, column) => cell("td", value, column))))),
  ]);
}

/** Text of a file that the search looks at. */
const haystack = Array.from({ length: COUNT }, (_, i) => [
  FILES.name[i], FILES.file[i], Object.keys(DATA.reviews[i]).length ? "reviewed" : "", FILES.contractor[i], FILES.year[i], ...Object.keys(FILES.reasons[i]),
  ...FILES.unfamiliar[i], ...FILES.findings[i], ...DATA.curves.filter((_, c) => DATA.cells[i][c]),
].join("\n").toLowerCase());

function passes(i) {
  const words = FILTER.query.toLowerCase().split(/\s+/).filter(Boolean);
  const curve = DATA.curves.indexOf(FILTER.curve);
  return words.every(word => haystack[i].includes(word))
    && (!FILTER.kind || FILES.kind[i] === FILTER.kind)
    && (!FILTER.reason || FILTER.reason in FILES.reasons[i])
    && (!FILTER.contractor || FILES.contractor[i] === FILTER.contractor)
    && (curve < 0 || DATA.cells[i][curve] !== null);
}

/** Applies filter and order, and redraws what depends on them. */
function refresh() {
  shown = sorted(Array.from({ length: COUNT }, (_, i) => i).filter(passes));
  for (const listener of LISTENERS) listener();
}

/** Colours from good to bad, at shares of badness; distinguishable with colour blindness, and dark where eyes should go. */
const RAMP = [[0, [219, 233, 244]], [0.02, [246, 232, 195]], [0.1, [230, 159, 0]], [0.3, [213, 94, 0]], [0.7, [110, 30, 0]]];
function colour(bad) {
  const value = Math.max(0, Math.min(RAMP[RAMP.length - 1][0], bad));
  const upper = Math.max(1, RAMP.findIndex(([at]) => at >= value));
  const [[x0, a], [x1, b]] = [RAMP[upper - 1], RAMP[upper]];
  return `rgb(${a.map((part, k) => Math.round(part + (b[k] - part) * (value - x0) / (x1 - x0))).join(",")})`;
}

/** Sizes a canvas for sharp lines, and returns its context in CSS pixels. */
function sized(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.font = "12px system-ui, sans-serif";
  return context;
}

/** Shows lines of text next to the pointer, or hides them. */
function point(tip, lines, x, y) {
  tip.hidden = !lines;
  if (!lines) return;
  tip.replaceChildren(...lines.map(cells => make("div", cells.map(cell => make("span", cell)))));
  const left = x > tip.parentElement.clientWidth / 2;
  tip.style.left = left ? "" : `${x + 16}px`;
  tip.style.right = left ? `${tip.parentElement.clientWidth - x + 16}px` : "";
  tip.style.top = `${Math.max(0, Math.min(y - 20, tip.parentElement.clientHeight - tip.offsetHeight - 4))}px`;
}
