"use strict";
// Review of a well's flagged intervals: accept, reject, redraw, add; saved as a small file; nothing is sent,
// unless `sondeflow reviews serve` on this machine has served the page.

const SERVED = /^(http:\/\/(?:127\.0\.0\.1|localhost):\d+\/[\w-]{40,}\/)reports\//;
const KEYS = { j: "next", k: "previous", a: "accept", x: "reject", e: "redraw", i: "add", u: "undo", n: "note", s: "save" };
const MARKS = { accept: "#009e73", reject: "#8d97a3", redraw: "#0072b2", add: "#0072b2" };
const DONE = { accept: "accepted", reject: "rejected", redraw: "redrawn", add: "added" };

function startReview(figure) {
  const root = document.getElementById("review");
  if (root) new ReviewPanel(root, figure);
}

class ReviewPanel {
  constructor(root, figure) {
    this.root = root;
    this.figure = figure;
    this.rows = [...document.querySelectorAll("tr[data-on]")];
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
    for (const name of ["top_m", "base_m", "curves", "reason", "note"])
      this.of(name).addEventListener("input", () => this.edit(name));
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
      if (a && b && a.y !== b.y) this.take(Math.min(a.y, b.y), Math.max(a.y, b.y));
    };
  }

  paint(ctx) {
    const { figure } = this, box = figure.boxes[0];
    for (const one of this.decisions) {
      if (one.top_m === null || one.base_m === null) continue;
      const from = Math.max(box.y, figure.y(one.top_m)), to = Math.min(box.y + box.h, figure.y(one.base_m));
      if (to < box.y || from > box.y + box.h) continue;
      ctx.fillStyle = MARKS[one.action];
      ctx.fillRect(box.x - 6, from, 5, Math.max(2, to - from));
    }
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
    if (this.chosen < 0) return this.say("Choose an interval first: j, or a click in the table.");
    this.decide(name, this.rows[this.chosen]);
  }

  step(by) {
    if (!this.rows.length) return this.say("Nothing is flagged; i adds an interval.");
    this.choose(Math.max(0, Math.min(this.rows.length - 1, this.chosen + by)), true);
  }

  choose(i, show) {
    this.pick(false);
    this.chosen = i;
    this.rows.forEach((row, n) => row.classList.toggle("chosen", n === i));
    this.current = this.decisions.find(one => one.row === this.rows[i] && one.own) || null;
    this.fields();
    if (show) this.rows[i].click();
    this.say(`Interval ${i + 1} of ${this.rows.length}`);
  }

  decide(action, row) {
    let one = row && this.decisions.find(found => found.row === row && found.own);
    if (!one) {
      const flag = row && { top: Number(row.dataset.from), base: Number(row.dataset.to) };
      one = { row, own: true, flag, note: "", reason: row ? row.dataset.why : "", curves: row ? row.dataset.on.split("\n").filter(Boolean) : [] };
      this.decisions.push(one);
    }
    one.action = action;
    one.top_m = one.flag ? one.flag.top : null;
    one.base_m = one.flag ? one.flag.base : null;
    this.current = one;
    this.changed();
    this.pick(action === "redraw" || action === "add");
    if (this.picking) this.say("Drag over the depths in the figure, or type top and base.");
  }

  pick(on) {
    this.picking = on;
    this.root.classList.toggle("picking", on);
    if (on) this.figure.stage.scrollIntoView({ block: "center" });
  }

  take(top, base) {
    this.current.top_m = Number(top.toFixed(3));
    this.current.base_m = Number(base.toFixed(3));
    this.pick(false);
    this.say(`Interval set: ${top.toFixed(2)} to ${base.toFixed(2)} m`);
    this.changed();
  }

  edit(name) {
    if (!this.current) return;
    const { value } = this.of(name);
    if (name === "curves") this.current.curves = value.split(/[\s,;]+/).filter(Boolean);
    else if (name === "top_m" || name === "base_m") {
      this.current[name] = value === "" ? null : Number(value);
      if (this.current.action === "accept") this.current.action = "redraw";
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
    for (const name of ["top_m", "base_m", "reason", "note"]) this.of(name).value = this.current[name] ?? "";
    this.of("curves").value = this.current.curves.join(", ");
  }

  list() {
    const cell = (value, kind = "") => Object.assign(document.createElement("td"), { textContent: value === "" || value === null ? "–" : value, className: kind });
    const depth = value => value === null ? null : value.toFixed(2);
    this.root.querySelector("table").hidden = !this.decisions.length;
    this.root.classList.toggle("decided", this.decisions.length > 0);
    this.root.querySelector("tbody").replaceChildren(...this.decisions.map(one => {
      const row = document.createElement("tr");
      row.append(cell(DONE[one.action]), cell(depth(one.top_m), "n"), cell(depth(one.base_m), "n"), cell(one.curves.join(", ")), cell(one.reason), cell(one.note), cell(one.own ? "you, now" : one.author));
      return row;
    }));
    for (const row of this.rows) {
      row.querySelectorAll(".tag").forEach(tag => tag.remove());
      for (const one of this.decisions.filter(found => found.row === row))
        row.cells[4].appendChild(Object.assign(document.createElement("span"), { textContent: DONE[one.action], className: `tag ${one.action}` }));
    }
  }

  /** Returns why a decision cannot be saved, "" if it can. */
  problem(one) {
    if (one.top_m === null || one.base_m === null || !(one.top_m < one.base_m)) return "needs a top above its base";
    const unknown = one.curves.find(name => !this.curves.includes(name) && !(one.row && one.row.dataset.on.split("\n").includes(name)));
    if (unknown) return `names ${unknown}; the curves are ${this.curves.join(", ")}`;
    return one.action === "add" && !one.curves.length ? "needs a curve" : "";
  }

  save() {
    const own = this.decisions.filter(one => one.own), author = this.of("author").value.trim(), data = this.root.dataset;
    if (!own.length) return this.say("Nothing is decided yet.");
    if (!author) { this.of("author").focus(); return this.say("Who reviews? Fill in the reviewer."); }
    const bad = own.find(one => this.problem(one));
    if (bad) { this.current = bad; this.fields(); return this.say(`The ${DONE[bad.action]} interval ${this.problem(bad)}.`); }
    const review = {
      sondeflow_review: 1, sha256: data.sha256, well: data.well, file: data.file, bundle: data.bundle, author,
      made_at: new Date().toISOString(),
      decisions: own.map(({ action, top_m, base_m, flag, curves, reason, note }) => ({
        action, top_m, base_m, flagged_top_m: flag ? flag.top : null, flagged_base_m: flag ? flag.base : null, curves, reason, note,
      })),
    };
    if (SERVED.test(location.href)) this.post(review);
    else this.download(review);
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
    if (!(one.action in DONE) || !Number.isFinite(one.top_m) || !Number.isFinite(one.base_m)) throw new Error("a decision is incomplete");
    const flag = one.action === "add" ? null : { top: one.flagged_top_m, base: one.flagged_base_m };
    const row = flag && this.rows.find(found => Math.abs(found.dataset.from - flag.top) < 1e-3 && Math.abs(found.dataset.to - flag.base) < 1e-3);
    const text = value => String(value ?? "");
    this.decisions.push({ row: row || null, own: false, flag, action: one.action, top_m: one.top_m, base_m: one.base_m,
      curves: (one.curves || []).map(text), reason: text(one.reason), note: text(one.note), author: `${text(review.author)}, ${text(review.made_at).slice(0, 10)}` });
  }
}
