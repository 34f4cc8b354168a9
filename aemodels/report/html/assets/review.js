"use strict";
// Review of a well's flagged intervals or a line's ranges of traces: accept, reject, redraw, add; saved as a small
// file; nothing is sent, unless `sondeflow reviews serve` on this machine has served the page.

const SERVED = /^(\w+:\/\/(?:127\.0\.0\.1|localhost):\d+\/[\w-]{40,}\/)reports\//;
const KEYS = { j: "next", k: "previous", a: "accept", x: "reject", e: "redraw", i: "add", u: "undo", n: "note", s: "save" };
const MARKS = { accept: "#009e73", reject: "#8d97a3", redraw: "#0072b2", add: "#0072b2" };
const DONE = { accept: "accepted", reject: "rejected", redraw: "redrawn", add: "added" };
const depth = value => value === null ? null : value.toFixed(2);

/** What is reviewed: rows of its table, ends of an interval in a file, and how they are taken from a drag and shown. */
const SUBJECTS = {
  logs: {
    rows: "tr[data-on]", reason: 4, ends: ["top_m", "base_m"], along: "y", thing: "Interval", show: depth,
    flag: row => [Number(row.from), Number(row.to)],
    take: (a, b) => a === b ? null : [Math.min(a, b), Math.max(a, b)].map(value => Number(value.toFixed(3))),
    told: (low, high) => `Interval set: ${depth(low)} to ${depth(high)} m`,
    problem: (low, high) => low < high ? "" : "needs a top above its base",
  },
  seismic: {
    rows: "tr[data-first]", reason: 6, ends: ["first_trace", "last_trace"], along: "x", thing: "Range", show: value => value,
    flag: row => [Number(row.first), Number(row.last)],
    take: (a, b, data, figure) => [Math.min(a, b), Math.max(a, b)].map(value =>
      Math.max(Number(data.begin), Math.min(Number(data.end), Math.round(value) + figure.data.from))),
    told: (low, high) => `Traces ${low} to ${high} chosen`,
    problem: (low, high, data) => !Number.isInteger(low) || !Number.isInteger(high) || low > high
      ? "needs whole numbers of traces, the first not behind the last"
      : low < Number(data.begin) || high > Number(data.end) ? `is beyond the traces of this report, ${data.begin} to ${data.end}` : "",
  },
};

function startReview(figure) {
  const root = document.getElementById("review");
  if (root) new ReviewPanel(root, figure);
}

class ReviewPanel {
  constructor(root, figure) {
    this.root = root;
    this.figure = figure;
    this.subject = SUBJECTS[root.dataset.kind];
    this.rows = [...document.querySelectorAll(this.subject.rows)];
    this.curves = root.dataset.curves.split("\n").filter(Boolean);
    this.decisions = []; // own and loaded ones; `row` is the row of the flagged interval
    this.current = null;
    this.chosen = -1;
    this.picking = false;
    this.unsaved = false;
    this.listen();
    this.hook();
    root.hidden = false;
    for (const review of JSON.parse(root.dataset.kept))
      for (const one of review.decisions) this.shown(one, review);
    this.list();
  }

  of(name) { return this.root.querySelector(`[data-of="${name}"]`); }

  say(text) { this.root.querySelector("output").textContent = text; }

  listen() {
    for (const button of this.root.querySelectorAll("button[data-act]"))
      button.addEventListener("click", () => this.act(button.dataset.act));
    this.rows.forEach((row, i) => row.addEventListener("click", () => this.choose(i, false)));
    this.names = ["low", "high", "curves", "reason", "note"].filter(name => this.of(name));
    for (const name of this.names) this.of(name).addEventListener("input", () => this.edit(name));
    this.of("load").addEventListener("change", event => this.load(event.target));
    addEventListener("keydown", event => this.key(event));
    addEventListener("beforeunload", event => { if (this.unsaved) event.preventDefault(); });
  }

  /** Draws the decisions over the figure, and takes a drag in it as an interval while one is asked for. */
  hook() {
    const { figure } = this, draw = figure.draw.bind(figure), release = figure.release.bind(figure);
    figure.draw = (ctx, width, height) => { draw(ctx, width, height); this.paint(ctx); };
    figure.release = event => {
      if (!this.picking || !figure.start) return release(event);
      const a = figure.place(figure.start), b = figure.place(figure.spot(event), a);
      figure.start = null;
      figure.mark();
      const ends = a && b && this.subject.take(a[this.subject.along], b[this.subject.along], this.root.dataset, figure);
      if (ends) this.take(...ends);
    };
  }

  /** Draws a bar per decision: beside the depths of a well, above the panels of a line. */
  paint(ctx) {
    const { figure } = this;
    for (const one of this.decisions) {
      if (one.low === null || one.high === null) continue;
      ctx.fillStyle = MARKS[one.action];
      if (this.subject.along === "y") this.bar(figure.boxes[0].y, figure.boxes[0].h, figure.y(one.low), figure.y(one.high), (from, length) =>
        ctx.fillRect(figure.boxes[0].x - 6, from, 5, length));
      else for (const box of figure.boxes) this.bar(box.x, box.w, figure.x(one.low - figure.data.from - 0.5, box), figure.x(one.high - figure.data.from + 0.5, box), (from, length) =>
        ctx.fillRect(from, box.y - 8, length, 6));
    }
  }

  /** Calls `draw` with begin and length of the part of a bar that is in view. */
  bar(begin, size, low, high, draw) {
    const from = Math.max(begin, low), to = Math.min(begin + size, high);
    if (to >= begin && from <= begin + size) draw(from, Math.max(2, to - from));
  }

  key(event) {
    const typing = event.target.closest && event.target.closest("input, select, textarea");
    if (event.key === "Escape") { this.pick(false); if (typing) typing.blur(); return; }
    if (typing && event.key === "Enter") return typing.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
    event.preventDefault();
    this.act(KEYS[event.key]);
  }

  act(name) {
    if (name === "next" || name === "previous") return this.step(name === "next" ? 1 : -1);
    if (name === "note") return this.current ? this.of("note").focus() : this.say("Decide about the interval first.");
    if (name === "save") return this.save();
    if (name === "undo") return this.undo();
    if (name === "add") return this.decide("add", null);
    if (this.chosen < 0) return this.say(`Choose ${this.subject.thing === "Interval" ? "an interval" : "a range"} first: j, or a click in the table.`);
    this.decide(name, this.rows[this.chosen]);
  }

  step(by) {
    if (!this.rows.length) return this.say("Nothing is flagged; i adds what was missed.");
    this.choose(Math.max(0, Math.min(this.rows.length - 1, this.chosen + by)), true);
  }

  choose(i, show) {
    this.pick(false);
    this.chosen = i;
    this.rows.forEach((row, n) => row.classList.toggle("chosen", n === i));
    this.current = this.decisions.find(one => one.row === this.rows[i] && one.own) || null;
    this.fields();
    if (show) this.rows[i].click();
    this.say(`${this.subject.thing} ${i + 1} of ${this.rows.length}`);
  }

  decide(action, row) {
    let one = row && this.decisions.find(found => found.row === row && found.own);
    if (!one) {
      const flag = row && this.subject.flag(row.dataset);
      one = { row, own: true, flag, note: "", reason: row ? row.dataset.why : "", curves: row ? this.flaggedCurves(row) : [] };
      this.decisions.push(one);
    }
    one.action = action;
    [one.low, one.high] = one.flag || [null, null];
    this.current = one;
    this.changed();
    this.pick(action === "redraw" || action === "add");
    if (this.picking) this.say(`Drag over the ${this.subject.along === "y" ? "depths" : "traces"} in the figure, or type both ends.`);
  }

  pick(on) {
    this.picking = on;
    this.root.classList.toggle("picking", on);
    if (on) this.figure.stage.scrollIntoView({ block: "center" });
  }

  flaggedCurves(row) { return (row.dataset.on || "").split("\n").filter(Boolean); }

  take(low, high) {
    Object.assign(this.current, { low, high });
    this.pick(false);
    this.say(this.subject.told(low, high));
    this.changed();
  }

  edit(name) {
    if (!this.current) return;
    const { value } = this.of(name);
    if (name === "curves") this.current.curves = value.split(/[\s,;]+/).filter(Boolean);
    else if (name === "low" || name === "high") {
      this.current[name] = value === "" ? null : Number(value);
      if (this.current.action === "accept") this.current.action = "redraw";
      if (this.current.low !== null && this.current.high !== null) this.pick(false); // a click in the figure changes nothing
    } else this.current[name] = value;
    this.changed(false);
  }

  undo() {
    if (!this.current) return this.say("Nothing to undo here.");
    this.decisions.splice(this.decisions.indexOf(this.current), 1);
    this.current = null;
    this.pick(false);
    this.changed();
  }

  changed(fields = true) {
    this.unsaved = this.decisions.some(one => one.own);
    if (fields) this.fields();
    this.list();
    this.figure.request();
  }

  fields() {
    this.of("fields").hidden = !this.current;
    if (!this.current) return;
    for (const name of this.names)
      this.of(name).value = name === "curves" ? this.current.curves.join(", ") : this.current[name] ?? "";
  }

  list() {
    const cell = (value, kind = "") => Object.assign(document.createElement("td"), { textContent: value === "" || value === null ? "–" : value, className: kind });
    const { show } = this.subject, curves = one => this.of("curves") ? [cell(one.curves.join(", "))] : [];
    this.root.querySelector("table").hidden = !this.decisions.length;
    this.root.classList.toggle("decided", this.decisions.length > 0);
    this.root.querySelector("tbody").replaceChildren(...this.decisions.map(one => {
      const row = document.createElement("tr");
      row.append(cell(DONE[one.action]), cell(show(one.low), "n"), cell(show(one.high), "n"), ...curves(one), cell(one.reason), cell(one.note), cell(one.own ? "you, now" : one.author));
      return row;
    }));
    for (const row of this.rows) {
      row.querySelectorAll(".tag").forEach(tag => tag.remove());
      for (const one of this.decisions.filter(found => found.row === row))
        row.cells[this.subject.reason].appendChild(Object.assign(document.createElement("span"), { textContent: DONE[one.action], className: `tag ${one.action}` }));
    }
  }

  /** Returns why a decision cannot be saved, "" if it can. */
  problem(one) {
    const wrong = this.subject.problem(one.low, one.high, this.root.dataset);
    if (one.low === null || one.high === null || wrong) return wrong || "needs both ends";
    if (!this.of("curves")) return "";
    const unknown = one.curves.find(name => !this.curves.includes(name) && !(one.row && this.flaggedCurves(one.row).includes(name)));
    if (unknown) return `names ${unknown}; the curves are ${this.curves.join(", ")}`;
    return one.action === "add" && !one.curves.length ? "needs a curve" : "";
  }

  save() {
    const own = this.decisions.filter(one => one.own), author = this.of("author").value.trim(), data = this.root.dataset;
    if (!own.length) return this.say("Nothing is decided yet.");
    if (!author) { this.of("author").focus(); return this.say("Who reviews? Fill in the reviewer."); }
    const bad = own.find(one => this.problem(one));
    if (bad) { this.current = bad; this.fields(); return this.say(`The ${DONE[bad.action]} ${this.subject.thing.toLowerCase()} ${this.problem(bad)}.`); }
    const review = {
      sondeflow_review: 1, sha256: data.sha256, well: data.well, file: data.file, bundle: data.bundle, author,
      made_at: new Date().toISOString(),
      decisions: own.map(one => this.written(one)),
    };
    if (SERVED.test(location.href)) this.post(review);
    else this.download(review);
  }

  /** Returns a decision as it stands in a file; `shown` is the inverse. */
  written({ action, low, high, flag, curves, reason, note }) {
    const [first, last] = this.subject.ends, flagged = flag || [null, null];
    return {
      action, [first]: low, [last]: high, [`flagged_${first}`]: flagged[0], [`flagged_${last}`]: flagged[1],
      ...(this.of("curves") ? { curves } : {}), reason, note,
    };
  }

  /** Gives a review to the server that the page came from; if it does not keep it, the file is saved instead. */
  async post(review) {
    const count = review.decisions.length;
    try {
      const reply = await fetch(new URL(SERVED.exec(location.href)[1] + "reviews"), {
        method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(review),
      });
      const answer = await reply.json();
      if (!reply.ok) throw new Error(answer.error);
      this.unsaved = false;
      this.say(`${count} ${count === 1 ? "decision" : "decisions"} ${answer.result}`);
    } catch (error) {
      this.download(review);
      this.say(`Not kept by the server (${error.message}); saved as a file for: sondeflow reviews add`);
    }
  }

  download(review) {
    const own = review.decisions, data = this.root.dataset;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(review, null, 1)], { type: "application/json" }));
    link.download = `${data.file.replace(/\.[^.]*$/, "").replace(/[^\w.+-]/g, "_").slice(0, 80)}.${data.sha256.slice(0, 8)}.review.json`;
    link.click();
    this.unsaved = false;
    this.say(`${own.length} ${own.length === 1 ? "decision" : "decisions"} saved; keep the file with: sondeflow reviews add`);
  }

  async load(input) {
    const [file] = input.files;
    input.value = "";
    try {
      const review = JSON.parse(await file.text());
      if (review.sondeflow_review !== 1 || !Array.isArray(review.decisions)) return this.say("That file is no review.");
      if (review.sha256 !== this.root.dataset.sha256) return this.say("That review is of another file.");
      for (const one of review.decisions) this.shown(one, review);
      this.say(`${review.decisions.length} decisions of ${review.author} shown`);
    } catch (error) {
      this.say(`That file is no review: ${error.message}`);
    }
    this.changed();
  }

  shown(one, review) {
    const ends = this.subject.ends, [low, high] = ends.map(name => one[name]);
    if (!(one.action in DONE) || !Number.isFinite(low) || !Number.isFinite(high)) throw new Error("a decision is incomplete");
    const flag = one.action === "add" ? null : ends.map(name => one[`flagged_${name}`]);
    const same = row => this.subject.flag(row.dataset).every((end, k) => Math.abs(end - flag[k]) < 1e-3);
    const text = value => String(value ?? "");
    this.decisions.push({ row: (flag && this.rows.find(same)) || null, own: false, flag, action: one.action, low, high,
      curves: (one.curves || []).map(text), reason: text(one.reason), note: text(one.note), author: `${text(review.author)}, ${text(review.made_at).slice(0, 10)}` });
  }
}
