// Matrix of wells and curves: a row per file that passes the filter, coloured by a measure of the curve.
const NAME_WIDTH = 190, HEAD = 24, ROW = 16, MAX_NAMED = 400, MATRIX_HEIGHT = 640;
const extent = cell => cell[CELL.observed] + cell[CELL.gap];
const MEASURES = {
  quality: { name: "flagged, doubtful or missing", bad: cell => 1 - cell[CELL.quality] },
  flagged: { name: "flagged", bad: cell => cell[CELL.flagged] / extent(cell) },
  gaps: { name: "gaps", bad: cell => cell[CELL.gap] / extent(cell) },
  stuck: { name: "stuck or interpolated", bad: cell => (cell[CELL.stuck] + cell[CELL.interpolated]) / extent(cell) },
  noise: { name: "noise, share of the curve's spread", bad: cell => cell[CELL.noise] },
  drift: { name: "level against the field's, spreads ÷ 10", bad: cell => cell[CELL.drift] === null ? 0 : Math.abs(cell[CELL.drift]) / 10 },
};
const measure = document.getElementById("measure"), matrix = document.getElementById("matrix"), matrixHead = document.getElementById("matrix-head");
let grid = { rows: [], row: 1, column: 1 };

function drawMatrix() {
  const rows = shown.filter(i => FILES.kind[i] === "logs");
  document.getElementById("matrix-section").hidden = !DATA.curves.length;
  const width = Math.max(480, matrix.parentElement.clientWidth), devices = window.devicePixelRatio || 1;
  const named = rows.length <= MAX_NAMED, row = named ? ROW : Math.max(1 / devices, MATRIX_HEIGHT / rows.length);
  const column = Math.min(130, (width - NAME_WIDTH) / DATA.curves.length);
  const head = sized(matrixHead, width, HEAD), context = sized(matrix, width, Math.max(row, row * rows.length));
  const { bad } = MEASURES[measure.value];
  grid = { rows, row, column };
  head.fillStyle = "#1c2430";
  head.textAlign = "center";
  DATA.curves.forEach((name, c) => head.fillText(name, NAME_WIDTH + (c + 0.5) * column, 15));
  rows.forEach((i, r) => {
    const y = r * row, gap = row >= 5 ? 1 : 0;
    DATA.cells[i].forEach((cell, c) => {
      if (!cell) return;
      context.fillStyle = colour(bad(cell));
      context.fillRect(NAME_WIDTH + c * column, y, column - 1, Math.max(row - gap, 1 / devices));
    });
  });
  if (!named) return;
  context.textAlign = "right";
  context.fillStyle = "#1c2430";
  rows.forEach((i, r) => context.fillText(clipped(context, FILES.name[i]), NAME_WIDTH - 8, (r + 0.5) * row + 4));
}

function clipped(context, name) {
  let kept = name;
  while (kept.length > 3 && context.measureText(kept).width > NAME_WIDTH - 14) kept = kept.slice(0, -1);
  return kept === name ? name : `${kept}…`;
}

function spot(event) {
  const box = matrix.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  const i = grid.rows[Math.floor(y / grid.row)], c = Math.floor((x - NAME_WIDTH) / grid.column);
  return i === undefined ? null : { i, c, x, y };
}

matrix.addEventListener("pointermove", event => {
  const at = spot(event), tip = document.getElementById("matrix-tip");
  if (!at) return point(tip, null);
  const cell = at.c >= 0 ? DATA.cells[at.i][at.c] : null, name = DATA.curves[at.c] || "";
  const lines = [[FILES.name[at.i], `# ${at.i + 1}`]];
  if (at.c >= 0 && at.c < DATA.curves.length) lines.push(cell ? [name, `${percent(cell[CELL.quality])} good`] : [name, "not in the file"]);
  if (cell) lines.push(["flagged", `${text(cell[CELL.flagged])} m`], ["gaps", `${text(cell[CELL.gap])} m`],
    ["stuck, interpolated", `${text(cell[CELL.stuck])}, ${text(cell[CELL.interpolated])} m`], ["noise", percent(cell[CELL.noise])],
    ["level", cell[CELL.drift] === null ? "–" : `${text(cell[CELL.drift])} spreads`]);
  point(tip, lines, at.x, at.y + HEAD);
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
  box.replaceChildren(...[0, 0.02, 0.1, 0.3, 0.7].flatMap(bad => [swatch(bad), make("span", bad === 0.7 ? "70 % or more" : `${100 * bad} %`)]));
}

measure.append(...Object.entries(MEASURES).map(([value, { name }]) => make("option", name, { value })));
measure.addEventListener("change", drawMatrix);
addEventListener("resize", drawMatrix);
LISTENERS.push(drawMatrix);
legend();
