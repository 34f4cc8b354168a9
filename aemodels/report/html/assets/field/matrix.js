// Matrix of wells and curves: a row per file that passes the filter, coloured by a measure of the curve. Only what is in
// view is drawn, so that thousands of rows scroll; names and heads stay in place.
const NAME_WIDTH = 190, ROW = 16, MATRIX_HEIGHT = 640, NARROW = 22, WIDE = [58, 120], MAX_PRINTED = 400;
const UNKNOWN = "#c3c9d0";
const extent = cell => cell[CELL.observed] + cell[CELL.gap];
const scored = key => cell => cell[CELL[key]] === null ? null : cell[CELL[key]] / (key === "noise" ? 1 : extent(cell));
const MEASURES = {
  quality: { name: "flagged, doubtful or missing", bad: cell => 1 - cell[CELL.quality] },
  flagged: { name: "flagged", bad: scored("flagged") },
  gaps: { name: "gaps", bad: cell => cell[CELL.gap] / extent(cell) },
  stuck: { name: "stuck or interpolated", bad: cell => (cell[CELL.stuck] + cell[CELL.interpolated]) / extent(cell) },
  noise: { name: "noise, share of the curve's spread", bad: scored("noise") },
  drift: { name: "level against the field's, spreads ÷ 10", bad: cell => cell[CELL.drift] === null ? null : Math.abs(cell[CELL.drift]) / 10 },
};
const measure = document.getElementById("measure"), glance = document.getElementById("glance");
const matrix = document.getElementById("matrix"), matrixHead = document.getElementById("matrix-head");
const matrixBox = document.getElementById("matrix-box"), matrixSpace = document.getElementById("matrix-space");
let grid = { rows: [], row: 1, lefts: [] };

/** Returns the left edges of the columns and the right edge of the last: scored curves are wide, others narrow. */
function columnEdges(width) {
  const others = DATA.curves.length - DATA.scored;
  const wide = Math.max(WIDE[0], Math.min(WIDE[1], (width - NAME_WIDTH - NARROW * others) / Math.max(1, DATA.scored)));
  return DATA.curves.reduce((edges, _, c) => [...edges, edges[c] + (c < DATA.scored ? wide : NARROW)], [NAME_WIDTH]);
}

function drawMatrix() {
  const rows = shown.filter(i => FILES.kind[i] === "logs"), devices = window.devicePixelRatio || 1;
  document.getElementById("matrix-section").hidden = !DATA.curves.length;
  const head = DATA.curves.length > DATA.scored ? 96 : 24, room = MATRIX_HEIGHT - head, visible = Math.max(480, matrixBox.clientWidth);
  const packed = glance.checked || (printing && rows.length > MAX_PRINTED), row = packed ? Math.max(1 / devices, Math.min(ROW, room / rows.length)) : ROW;
  const lefts = columnEdges(visible), whole = Math.max(visible, lefts[lefts.length - 1]), width = printing ? whole : visible;
  grid = { rows, row, lefts, head };
  matrixSpace.style.width = `${whole}px`;
  matrixSpace.style.height = `${head + row * rows.length}px`;
  matrix.style.top = `${head}px`;
  const height = printing ? row * rows.length : Math.min(matrixBox.clientHeight - head, Math.max(row, row * rows.length));
  drawCells(sized(matrix, width, Math.max(1, height)), width, height);
  drawHead(sized(matrixHead, width, head), width);
}

function drawCells(context, width, height) {
  const { rows, row, lefts } = grid, { bad } = MEASURES[measure.value], devices = window.devicePixelRatio || 1;
  const [x, y] = printing ? [0, 0] : [matrixBox.scrollLeft, matrixBox.scrollTop], tall = Math.max(row - (row >= 5 ? 1 : 0), 1 / devices);
  const from = Math.max(0, Math.floor(y / row)), to = Math.min(rows.length, Math.ceil((y + height) / row));
  for (let r = from; r < to; r++)
    DATA.cells[rows[r]].forEach((cell, c) => {
      if (!cell || lefts[c + 1] - x < NAME_WIDTH || lefts[c] - x > width) return;
      const value = bad(cell);
      context.fillStyle = value === null ? UNKNOWN : colour(value);
      context.fillRect(lefts[c] - x, r * row - y, lefts[c + 1] - lefts[c] - 1, tall);
    });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, NAME_WIDTH, height);
  if (row < 10) return;
  context.textAlign = "right";
  context.fillStyle = "#1c2430";
  for (let r = from; r < to; r++) context.fillText(clipped(context, FILES.name[rows[r]], NAME_WIDTH - 14), NAME_WIDTH - 8, (r + 0.5) * row + 4 - y);
}

/** Writes the names of the curves, those of narrow columns upwards. */
function drawHead(context, width) {
  const { lefts, head } = grid, x = printing ? 0 : matrixBox.scrollLeft;
  context.fillStyle = "#1c2430";
  DATA.curves.forEach((name, c) => {
    const middle = (lefts[c] + lefts[c + 1]) / 2 - x;
    if (middle < NAME_WIDTH || middle > width) return;
    context.save();
    context.translate(middle, head - 6);
    context.textAlign = c < DATA.scored ? "center" : "left";
    if (c >= DATA.scored) { context.translate(4, 0); context.rotate(-Math.PI / 2); }
    context.fillText(clipped(context, name, c < DATA.scored ? lefts[c + 1] - lefts[c] : head - 12), 0, 0);
    context.restore();
  });
}

function clipped(context, name, width) {
  let kept = name;
  while (kept.length > 1 && context.measureText(kept).width > width) kept = kept.slice(0, -1);
  return kept === name ? name : `${kept.slice(0, -1)}…`;
}

/** Returns the file and the column under the pointer. */
function spot(event) {
  const box = matrix.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  const i = grid.rows[Math.floor((y + matrixBox.scrollTop) / grid.row)], at = x + matrixBox.scrollLeft;
  const c = x < NAME_WIDTH ? -1 : grid.lefts.findLastIndex(left => left <= at);
  return i === undefined ? null : { i, c, x, y };
}

matrix.addEventListener("pointermove", event => {
  const at = spot(event), tip = document.getElementById("matrix-tip");
  if (!at) return point(tip, null);
  const cell = at.c >= 0 ? DATA.cells[at.i][at.c] : null, name = DATA.curves[at.c];
  const lines = [[FILES.name[at.i], `# ${at.i + 1}`]], metres = key => `${text(cell[CELL[key]])} m`;
  if (name) lines.push(cell ? [name, `${percent(cell[CELL.quality])} good`] : [name, "not in the file"]);
  if (cell && cell[CELL.mnemonic] && cell[CELL.mnemonic] !== name) lines.push(["in the file", cell[CELL.mnemonic]]);
  if (cell) lines.push(["readings", metres("observed")], ["gaps", metres("gap")], ["stuck", metres("stuck")], ["interpolated", metres("interpolated")]);
  if (cell && cell[CELL.flagged] === null) lines.push(["flagged", "not scored by the model"]);
  else if (cell) lines.push(["flagged", metres("flagged")], ["noise", percent(cell[CELL.noise])],
    ["level", cell[CELL.drift] === null ? "–" : `${text(cell[CELL.drift])} spreads`]);
  point(tip, lines, at.x, at.y + grid.head);
});
matrix.addEventListener("pointerleave", () => point(document.getElementById("matrix-tip"), null));
matrix.addEventListener("click", event => { const at = spot(event); if (at) reveal(at.i); });

function legend() {
  const box = document.getElementById("scale");
  const swatch = bad => {
    const canvas = document.createElement("canvas"), context = sized(canvas, 22, 12);
    context.fillStyle = colour(bad);
    context.fillRect(0, 0, 22, 12);
    return canvas;
  };
  const unknown = make("canvas"), context = sized(unknown, 22, 12);
  context.fillStyle = UNKNOWN;
  context.fillRect(0, 0, 22, 12);
  box.replaceChildren(...[0, 0.02, 0.1, 0.3, 0.7].flatMap(bad => [swatch(bad), make("span", bad === 0.7 ? "70 % or more" : `${100 * bad} %`)]),
    ...(DATA.curves.length > DATA.scored ? [unknown, make("span", "not scored")] : []));
}

measure.append(...Object.entries(MEASURES).map(([value, { name }]) => make("option", name, { value })));
measure.addEventListener("change", drawMatrix);
glance.addEventListener("change", () => { matrixBox.scrollTop = 0; drawMatrix(); });
let waiting = false;
matrixBox.addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; drawMatrix(); });
});
addEventListener("beforeprint", drawMatrix);
addEventListener("afterprint", drawMatrix);
addEventListener("resize", drawMatrix);
LISTENERS.push(drawMatrix);
legend();
if (DATA.moreCurves) document.getElementById("more-curves").textContent = ` ${NUMBERS.format(DATA.moreCurves)} more curves are in the table beside this page.`;
