// The ranking: sorted, filtered, in pages; a row opens to what it is made of.
const PER_PAGE = 50, PRINTED = 200;
const order = { key: "rank", down: false };
const NAMED = new Map();
for (const name of FILES.name || []) NAMED.set(name, (NAMED.get(name) || 0) + 1);
let first = 0, opened = -1, printing = false;
const DONE = { accept: "accepted", reject: "rejected", redraw: "redrawn", add: "added" };
const decided = i => Object.values(DATA.reviews[i]).reduce((a, b) => a + b, 0);
const number = value => make("td", value, { className: "n" });
const findings = i => FILES.recorded[i] ? FILES.errors[i] + FILES.warnings[i] : null;
const year = i => FILES.year[i] === null ? null : String(FILES.year[i]);

/** Columns of the ranking; `value` sorts, `cell` shows, and an `optional` one is left out if it has nothing to show. */
const COLUMNS = [
  { key: "rank", head: "#", value: i => i + 1, numeric: true, cell: i => make("td", make("button", String(i + 1), { type: "button", title: "what it is made of" }), { className: "n" }) },
  { key: "name", head: "Name", value: i => FILES.name[i].toLowerCase(), cell: i => fileCell(i) },
  { key: "attention", head: "Attention (m)", value: i => attention[i], numeric: true, cell: i => attentionCell(i) },
  { key: "flagged", head: "Flagged (m)", value: i => FILES.flagged[i], numeric: true, cell: i => number(lengthOf(i, FILES.flagged[i])) },
  { key: "share", head: "Share", value: share, numeric: true, cell: i => number(percent(share(i))) },
  { key: "reasons", head: "Reasons", value: i => Object.keys(FILES.reasons[i])[0] || "", cell: i => make("td", Object.keys(FILES.reasons[i]).slice(0, 3).join(", "), { className: "reasons" }) },
  { key: "suspect", head: "Hints (m)", value: i => FILES.suspect[i], numeric: true, cell: i => number(lengthOf(i, FILES.suspect[i])) },
  { key: "notJudged", head: "Not judged (m)", value: i => FILES.notJudged[i], numeric: true, optional: true, cell: i => number(lengthOf(i, FILES.notJudged[i])) },
  { key: "badHole", head: "Bad hole (m)", value: i => FILES.badHole[i] ?? -1, numeric: true, optional: true, cell: i => number(lengthOf(i, FILES.badHole[i])) },
  { key: "scored", head: "Scored (m)", value: i => FILES.scored[i], numeric: true, cell: i => number(lengthOf(i, FILES.scored[i])) },
  { key: "warnings", head: "Findings", value: i => 1000 * FILES.errors[i] + FILES.warnings[i], numeric: true, optional: true, cell: i => number(findings(i)) },
  { key: "reviews", head: "Reviewed", value: decided, numeric: true, optional: true, cell: i => number(decided(i) || null) },
  { key: "contractor", head: "Contractor", value: i => FILES.contractor[i], optional: true, cell: i => make("td", FILES.contractor[i]) },
  { key: "year", head: "Year", value: i => FILES.year[i] ?? 0, numeric: true, optional: true, cell: i => number(year(i)) },
].filter(({ optional, value }) => !optional || Array.from({ length: COUNT }, (_, i) => value(i)).some(one => typeof one === "string" ? one : one > 0));

function sorted(list) {
  const { value } = COLUMNS.find(column => column.key === order.key), sign = order.down ? -1 : 1;
  const keys = new Map(list.map(i => [i, value(i)]));
  return list.sort((a, b) => {
    const x = keys.get(a), y = keys.get(b);
    return sign * (x < y ? -1 : x > y ? 1 : 0) || a - b;
  });
}

function head() {
  const cells = COLUMNS.map(column => {
    const button = make("button", column.head, { type: "button" });
    button.addEventListener("click", () => {
      order.down = order.key === column.key ? !order.down : Boolean(column.numeric) && column.key !== "rank";
      order.key = column.key;
      first = 0;
      head();
      refresh();
    });
    const cell = make("th", button, column.numeric ? { className: "n" } : {});
    if (order.key === column.key) cell.setAttribute("aria-sort", order.down ? "descending" : "ascending");
    return cell;
  });
  document.querySelector("#ranking thead").replaceChildren(make("tr", cells));
}

function fileCell(i) {
  const name = FILES.report[i] ? make("a", FILES.name[i], { href: FILES.report[i] }) : make("span", FILES.name[i]);
  name.title = FILES.file[i];
  const parts = [name];
  if (FILES.name[i].length < 5 || NAMED.get(FILES.name[i]) > 1) parts.push(make("span", FILES.file[i], { className: "sub2", title: FILES.file[i] }));
  if (FILES.kind[i] === "seismic") parts.push(make("span", "line", { className: "tag" }));
  if (FILES.strange[i]) parts.push(make("span", "unfamiliar", { className: "tag", title: "no training well is like it" }));
  return make("td", parts, { className: "name" });
}

const HIGHEST = attention[0] || 1;
function attentionCell(i) {
  const bar = make("span", [], { className: "bar" });
  bar.style.width = `${Math.round(50 * attention[i] / HIGHEST)}px`;
  return make("td", [metres(attention[i]), bar], { className: "n" });
}

function fileRow(i) {
  const row = make("tr", COLUMNS.map(column => column.cell(i)), { className: "file" });
  row.dataset.file = i;
  row.addEventListener("click", event => {
    if (event.target.closest("a")) return;
    opened = opened === i ? -1 : i;
    list();
    document.querySelector(`tr[data-file="${i}"] button`).focus({ preventScroll: true });
  });
  return row;
}

function detailRow(i) {
  const names = { flagged: "flagged", suspect: "hints", doubtful: "stuck or impossible, not flagged", interpolated: "filled gaps", gaps: "gaps", "not judged": "not judged", findings: "findings", drift: "levels unlike the field's" };
  const sum = Object.entries(DATA.because[i]).map(([name, value]) => `${NUMBERS.format(value)} ${names[name] || name}`).join(" + ");
  const parts = [make("p", `${FILES.file[i]}, ${text(FILES.top[i])} to ${text(FILES.base[i])}${FILES.kind[i] === "logs" ? " m" : ""}, scored by ${FILES.bundle[i]}`),
    make("p", `Attention ${NUMBERS.format(attention[i])} = ${sum || "0"}`)];
  const reasons = Object.entries(FILES.reasons[i]).map(([reason, length]) => `${reason} ${NUMBERS.format(length)} ${unit(i)}`).join(", ");
  const reviews = Object.entries(DATA.reviews[i]).map(([action, count]) => `${count} ${DONE[action]}`).join(", ");
  if (reviews) parts.push(make("p", `Reviewed: ${reviews}`));
  if (reasons) parts.push(make("p", `Flagged: ${reasons}`));
  if (FILES.unfamiliar[i].length) parts.push(make("p", `Curves not recognised: ${FILES.unfamiliar[i].join(", ")}`));
  if (!FILES.recorded[i]) parts.push(make("p", "Header and findings were not recorded when this file was scored; score it again to see them."));
  const cells = DATA.curves.map((name, c) => [name, DATA.cells[i][c]]).filter(([, cell]) => cell);
  if (cells.length) parts.push(table(
    ["Curve", "In the file", "Quality", "Complete", "Flagged m", "Stuck m", "Interpolated m", "Outside limits m", "Gaps", "Gaps m", "Noise", "Level, spreads"],
    cells.map(([name, cell]) => [name, cell[CELL.mnemonic], percent(cell[CELL.quality]), percent(cell[CELL.observed] / (cell[CELL.observed] + cell[CELL.gap])),
      ...["flagged", "stuck", "interpolated", "outside", "gaps", "gap"].map(key => cell[CELL[key]]), cell[CELL.noise] === null ? null : percent(cell[CELL.noise]), cell[CELL.drift]]),
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
  parts.push(...FILES.findings[i].map(finding => make("p", finding, { className: "note" })));
  return make("tr", make("td", parts, { colSpan: COLUMNS.length }), { className: "detail" });
}

function list() {
  const size = printing ? PRINTED : PER_PAGE, from = printing ? 0 : first, part = shown.slice(from, from + size);
  document.querySelector("#ranking tbody").replaceChildren(...part.flatMap(i => i === opened && !printing ? [fileRow(i), detailRow(i)] : [fileRow(i)]));
  document.getElementById("shown").textContent = `${NUMBERS.format(shown.length)} of ${NUMBERS.format(COUNT)} files`;
  document.getElementById("page").textContent = shown.length ? `${from + 1} to ${from + part.length}` : "no file passes the filter";
  document.getElementById("previous").disabled = first === 0;
  document.getElementById("next").disabled = first + PER_PAGE >= shown.length;
}

/** Shows a file in the ranking, opened, whatever page it is on. */
function reveal(i) {
  opened = i;
  first = Math.max(0, Math.floor(shown.indexOf(i) / PER_PAGE) * PER_PAGE);
  list();
  document.querySelector(`tr[data-file="${i}"]`).scrollIntoView({ block: "center" });
}

function turn(step) {
  first = Math.max(0, first + step * PER_PAGE);
  list();
}

function choices(id, values) {
  const select = document.getElementById(id);
  select.append(...values.map(value => make("option", value, { value })));
  select.closest("label").hidden = !select.options.length || (id !== "kind" && !values.length);
  select.addEventListener("change", () => { FILTER[id] = select.value; first = 0; refresh(); });
}

const distinct = values => [...new Set(values)].filter(Boolean).sort();
choices("kind", []);
document.getElementById("kind").closest("label").hidden = distinct(FILES.kind || []).length < 2;
choices("reason", distinct((FILES.reasons || []).flatMap(Object.keys)));
choices("contractor", distinct(FILES.contractor || []));
choices("curve", DATA.curves);
document.getElementById("query").addEventListener("input", event => { FILTER.query = event.target.value; first = 0; refresh(); });
document.getElementById("clear").addEventListener("click", () => {
  for (const id of Object.keys(FILTER)) { FILTER[id] = ""; document.getElementById(id).value = ""; }
  first = 0;
  refresh();
});
document.getElementById("print").addEventListener("click", () => window.print());
document.getElementById("previous").addEventListener("click", () => turn(-1));
document.getElementById("next").addEventListener("click", () => turn(1));
addEventListener("beforeprint", () => { printing = true; list(); });
addEventListener("afterprint", () => { printing = false; list(); });
LISTENERS.push(list);
head();
