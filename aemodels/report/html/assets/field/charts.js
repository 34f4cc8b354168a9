// Groups, duplicates, drift, coverage, map and quarantine.
const section = id => document.querySelector(`#${id}`);

function groups() {
  const titles = { contractor: "By contractor", year: "By year of logging", tool: "By logging tool, in metres of its curves", "curve in the file": "By curve and its name in the file" };
  const ofCurves = name => name === "tool" || name === "curve in the file"; // reasons are those of a well
  const boxes = Object.entries(DATA.groups).map(([name, rows]) => make("div", [
    make("h3", titles[name] || name),
    make("div", table(["Group", "Files", "Scored m", "Flagged m", "Share", ...(ofCurves(name) ? [] : ["Reasons"])],
      rows.map(row => [row.group, row.files, metres(row.scored), metres(row.flagged), percent(row.share), ...(ofCurves(name) ? [] : [row.reasons.join(", ")])]),
      [1, 2, 3, 4]), { className: "box" }),
  ]));
  section("groups").hidden = !boxes.length;
  section("groups").querySelector(".columns").append(...boxes);
}

/** A button that shows a file in the ranking. */
function link(i) {
  const button = make("button", `${i + 1} ${FILES.name[i]}`, { type: "button", title: FILES.file[i] });
  button.addEventListener("click", () => { document.getElementById("clear").click(); reveal(i); });
  return button;
}

function duplicates() {
  const rows = DATA.duplicates.map(one => [link(one.first_rank - 1), link(one.second_rank - 1), one.what, one.curves.join(", "),
    one.what.startsWith("repeat") ? `correlation ${one.share}` : `${percent(one.share)} of the shorter curve`, one.shift_m]);
  section("duplicates").append(rows.length
    ? make("div", table(["File", "Other file", "What", "Curves", "Alike", "Depth offset m"], rows, [5]), { className: "box" })
    : make("p", "No two files hold the same readings, and no well has two logs that can be aligned."));
  if (DATA.more) section("duplicates").append(make("p", `${NUMBERS.format(DATA.more)} more pairs are in the table beside this page.`, { className: "note" }));
}

function drifted() {
  const rows = DATA.drifted.map(one => [link(one.file), one.curve, one.median, one.usual, one.unit, one.distance]);
  section("drift").append(rows.length
    ? make("div", table(["File", "Curve", "Median", "Field's median", "Unit", "Distance, robust spreads"], rows, [2, 3, 5]), { className: "box" })
    : make("p", `No curve has a level far from the others'; a curve needs ${DATA.enough} wells for it.`));
}

function coverage() {
  const names = Object.keys(DATA.coverage), canvas = section("coverage").querySelector("canvas");
  section("coverage").hidden = !names.length;
  if (!names.length) return;
  const bins = DATA.coverage[names[0]].length, most = Math.max(...names.map(name => Math.max(...DATA.coverage[name])));
  const left = 60, head = 36, width = Math.min(canvas.parentElement.clientWidth, left + 140 * names.length), height = 640;
  const column = (width - left) / names.length, bar = (height - head - 8) / bins, context = sized(canvas, width, height);
  const step = [100, 250, 500, 1000, 2000].find(size => bins * DATA.bin / size <= 10) || 5000;
  context.fillStyle = "#525c69";
  context.textAlign = "right";
  for (let depth = 0; depth <= bins * DATA.bin; depth += step) {
    const y = head + depth / DATA.bin * bar;
    context.fillText(NUMBERS.format(depth), left - 8, y + 4);
    context.fillRect(left - 5, y, width - left, 0.5);
  }
  context.fillText("m", left - 8, 14);
  names.forEach((name, c) => {
    const x = left + c * column;
    context.textAlign = "left";
    context.fillStyle = "#1c2430";
    context.fillText(name, x, 14);
    context.fillText(`up to ${Math.max(...DATA.coverage[name])}`, x, 28);
    context.fillStyle = "#0072b2";
    DATA.coverage[name].forEach((count, bin) => context.fillRect(x, head + bin * bar, (column - 14) * count / most, Math.max(bar - 0.3, 0.5)));
  });
}

const PLACES = {};
let spots = [];
function map() {
  const box = section("map"), select = box.querySelector("select");
  (FILES.position || []).forEach((place, i) => { if (place) (PLACES[place[0]] ||= []).push(i); });
  const systems = Object.keys(PLACES).filter(system => PLACES[system].length > 1).sort((a, b) => PLACES[b].length - PLACES[a].length);
  box.hidden = !systems.length;
  select.append(...systems.map(system => make("option", system === "degrees" ? "longitude and latitude" : "east and north", { value: system })));
  select.closest(".tools").hidden = systems.length < 2;
  select.addEventListener("change", drawMap);
  const canvas = box.querySelector("canvas"), tip = box.querySelector(".tip");
  canvas.addEventListener("pointermove", event => {
    const bounds = canvas.getBoundingClientRect(), x = event.clientX - bounds.left, y = event.clientY - bounds.top;
    const near = spots.map(spot => [Math.hypot(spot.x - x, spot.y - y), spot.i]).sort((a, b) => a[0] - b[0])[0];
    point(tip, near && near[0] < 14 ? [[FILES.name[near[1]], `# ${near[1] + 1}`], ["flagged", percent(share(near[1]))]] : null, x, y);
  });
  canvas.addEventListener("pointerleave", () => point(tip, null));
  if (systems.length) LISTENERS.push(drawMap);
}

function drawMap() {
  const canvas = section("map").querySelector("canvas"), system = section("map").querySelector("select").value;
  const files = shown.filter(i => FILES.position[i] && FILES.position[i][0] === system), width = Math.min(900, canvas.parentElement.clientWidth), height = 460, edge = 60;
  const context = sized(canvas, width, height), ends = files.flatMap(i => FILES.position[i].length > 3 ? [[i, 1], [i, 3]] : [[i, 1]]);
  spots = [];
  if (!files.length) return context.fillText("no file that passes the filter has such coordinates", 20, 30);
  const xs = ends.map(([i, k]) => FILES.position[i][k]), ys = ends.map(([i, k]) => FILES.position[i][k + 1]);
  const low = [Math.min(...xs), Math.min(...ys)], high = [Math.max(...xs), Math.max(...ys)];
  const narrow = system === "degrees" ? Math.cos((low[1] + high[1]) / 2 * Math.PI / 180) : 1;
  const scale = Math.min((width - 2 * edge) / ((high[0] - low[0]) * narrow || 1e-9), (height - 2 * edge) / (high[1] - low[1] || 1e-9), 1e7);
  const place = (x, y) => [width / 2 + (x - (low[0] + high[0]) / 2) * narrow * scale, height / 2 - (y - (low[1] + high[1]) / 2) * scale];
  context.strokeStyle = "#dfe3e8";
  context.strokeRect(0.5, 0.5, width - 1, height - 1);
  for (const i of [...files].sort((a, b) => share(a) - share(b))) {
    const [, x0, y0, x1, y1] = FILES.position[i], [x, y] = place(x0, y0);
    context.fillStyle = colour(share(i));
    context.strokeStyle = "#1c2430";
    if (x1 !== undefined) { context.beginPath(); context.moveTo(x, y); context.lineTo(...place(x1, y1)); context.stroke(); }
    context.beginPath();
    context.arc(x, y, 4 + Math.min(8, 40 * share(i)), 0, 2 * Math.PI);
    context.fill();
    context.stroke();
    spots.push({ x, y, i });
  }
  context.fillStyle = "#525c69";
  context.textAlign = "left";
  const digits = system === "degrees" ? 3 : 0;
  context.fillText(`${low[0].toFixed(digits)} to ${high[0].toFixed(digits)}, ${low[1].toFixed(digits)} to ${high[1].toFixed(digits)}`, 10, height - 10);
}

function quarantine() {
  section("quarantine").hidden = !DATA.quarantined.length;
  section("quarantine").append(make("div", table(["File", "Why it could not be used"], DATA.quarantined.map(row => [row.source, row.findings.join("; ")])), { className: "box" }));
}

document.getElementById("field").hidden = false;
groups();
duplicates();
drifted();
coverage();
map();
quarantine();
refresh();
document.getElementById("field").dataset.drawn = "yes";
