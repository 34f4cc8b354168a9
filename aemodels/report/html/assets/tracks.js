"use strict";
// Well-log tracks: depth down, customary scales, flagged intervals shaded across all tracks.

const STRIP = 12, LEFT = 84, GAP = 8, HEAD = 29, PAST = 10;
const STYLE = {
  raw: { colour: RAW, width: 0.9 }, noisy: { colour: RAW, width: 0.8 }, denoised: { width: 1.5 },
  first: { colour: RAW, width: 1.3 }, second: { width: 1.2 },
  truth: { colour: "#000", width: 0.8 }, context: { width: 1.1 }, residual: { width: 1 }, "noise added": { colour: RAW, width: 0.8 },
};

class Figure extends Sheet {
  constructor(root, data) {
    const depth = data.axis.data ? decode(data.axis, data.rows)
      : Float64Array.from({ length: data.rows }, (_, i) => data.axis.start + i * data.axis.step);
    super(root, { x0: 0, x1: 1, y0: data.limits[0], y1: data.limits[1] }, false);
    this.depth = depth;
    this.data = data;
    this.least = { x: 1, y: Math.min(this.limits.y1 - this.limits.y0, 8 * data.step) };
    for (const track of data.tracks)
      for (const curve of track.curves)
        for (const layer of curve.layers) layer.values = decode(layer.values, data.rows);
    if (data.score) data.score.values = decode(data.score.values, data.rows);
    const roles = new Set(data.tracks.flatMap(t => t.curves.flatMap(c => c.layers.map(l => l.role))));
    roles.delete("context");
    this.offer([...roles, ...(data.flags.length ? ["flagged"] : []), ...(data.bad.length ? ["bad hole"] : [])]);
    this.link("tr[data-from]", row => {
      const from = Number(row.from), to = Number(row.to), pad = Math.max(3 * (to - from), 40 * data.step);
      return { x0: 0, x1: 1, y0: from - pad, y1: to + pad };
    });
  }

  height(width, print) { return print ? 1360 : Math.max(560, Math.min(960, Math.round(innerHeight * 0.86))); }

  /** Returns the boxes of the tracks; that of the score is the last. */
  layout(width, height) {
    const tracks = this.data.tracks, count = tracks.length + (this.data.score ? 0.8 : 0);
    const rows = Math.max(2, ...tracks.map(track => track.curves.length)), top = rows * HEAD + 8;
    const each = (width - LEFT - 4 - GAP * (Math.ceil(count) - 1)) / count;
    const boxes = tracks.map((_, i) => ({ x: LEFT + i * (each + GAP), y: top, w: each, h: height - top - PAST }));
    if (this.data.score) boxes.push({ x: LEFT + tracks.length * (each + GAP), y: top, w: 0.8 * each, h: height - top - PAST });
    return boxes;
  }

  y(depth) {
    const box = this.boxes[0];
    return box.y + (depth - this.view.y0) / (this.view.y1 - this.view.y0) * box.h;
  }

  place(spot, inside) {
    const box = this.boxes && this.boxes[0];
    if (!box || (!inside && (spot.py < box.y || spot.py > box.y + box.h))) return null;
    const share = Math.min(1, Math.max(0, (spot.py - box.y) / box.h));
    return { x: 0.5, y: this.view.y0 + share * (this.view.y1 - this.view.y0) };
  }

  draw(ctx, width, height) {
    this.boxes = this.layout(width, height);
    const [from, to] = [this.row(this.view.y0), this.row(this.view.y1)];
    this.range = [Math.max(0, from - 1), Math.min(this.data.rows - 1, to + 1)];
    const grid = ticks(this.view.y0, this.view.y1, this.boxes[0].h, 64);
    this.data.tracks.forEach((track, i) => this.track(ctx, track, this.boxes[i], grid));
    if (this.data.score) this.score(ctx, this.boxes.at(-1), grid);
    this.axis(ctx, grid);
  }

  /** Returns the row nearest to a depth. */
  row(depth) {
    let low = 0, high = this.data.rows - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.depth[middle] < depth) low = middle + 1; else high = middle;
    }
    return low > 0 && depth - this.depth[low - 1] < this.depth[low] - depth ? low - 1 : low;
  }

  /** Returns the part of an interval that is in view, at least two pixels high; null if none is. */
  span(interval, box) {
    const top = this.y(interval[0]), base = this.y(interval[1]);
    if (base < box.y || top > box.y + box.h) return null;
    const grow = Math.max(0, 2 - (base - top)) / 2;
    const y = Math.max(box.y, top - grow);
    return { x: box.x, y, w: box.w, h: Math.min(box.y + box.h, base + grow) - y };
  }

  frame(ctx, box, grid, lines) {
    ctx.fillStyle = "#fff";
    ctx.fillRect(box.x, box.y, box.w, box.h);
    ctx.strokeStyle = GRID;
    ctx.lineWidth = 1;
    ctx.beginPath();
    for (const depth of grid.found) { ctx.moveTo(box.x, this.y(depth)); ctx.lineTo(box.x + box.w, this.y(depth)); }
    for (const share of lines) { ctx.moveTo(box.x + share * box.w, box.y); ctx.lineTo(box.x + share * box.w, box.y + box.h); }
    ctx.stroke();
  }

  shade(ctx, box) {
    if (this.hidden.has("flagged")) return;
    ctx.fillStyle = FLAG_SHADE;
    for (const flag of this.data.flags) {
      const part = this.span([flag.top, flag.base], box);
      if (part) ctx.fillRect(part.x, part.y, part.w, part.h);
    }
  }

  track(ctx, track, box, grid) {
    const first = track.curves[0];
    this.frame(ctx, box, grid, first.log ? decades(first) : [0.2, 0.4, 0.6, 0.8]);
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.x, box.y, box.w, box.h);
    ctx.clip();
    this.shade(ctx, box);
    if (track.hole && !this.hidden.has("bad hole"))
      for (const interval of this.data.bad) {
        const part = this.span(interval, box);
        if (part) hatch(ctx, part, "rgba(106, 61, 154, 0.6)", 1);
      }
    for (const curve of track.curves) this.affected(ctx, curve, box);
    for (const curve of track.curves) for (const layer of curve.layers) this.line(ctx, curve, layer, box);
    ctx.restore();
    ctx.strokeStyle = EDGE;
    ctx.strokeRect(box.x, box.y, box.w, box.h);
    track.curves.forEach((curve, i) => heading(ctx, curve, box, i));
  }

  /** Hatches the intervals in which the curve is affected, with a bar at the track's edge. */
  affected(ctx, curve, box) {
    if (this.hidden.has("flagged")) return;
    for (const interval of this.data.affected[curve.name] || []) {
      const part = this.span(interval, box);
      if (!part) continue;
      hatch(ctx, part, "rgba(179, 71, 0, 0.55)", -1);
      ctx.fillStyle = FLAG;
      ctx.fillRect(part.x, part.y, 4, part.h);
    }
  }

  line(ctx, curve, layer, box) {
    if (this.hidden.has(layer.role)) return;
    const style = STYLE[layer.role], left = curve.log ? Math.log10(curve.left) : curve.left;
    const right = curve.log ? Math.log10(curve.right) : curve.right, slope = box.w / (right - left);
    ctx.strokeStyle = style.colour || curve.colour;
    ctx.lineWidth = style.width;
    ctx.lineJoin = "round";
    ctx.setLineDash(style.colour ? [] : curve.dash);
    ctx.beginPath();
    let open = false;
    for (let i = this.range[0]; i <= this.range[1]; i++) {
      const value = curve.log ? Math.log10(layer.values[i]) : layer.values[i];
      if (!Number.isFinite(value)) { open = false; continue; }
      const x = Math.max(box.x - 1, Math.min(box.x + box.w + 1, box.x + (value - left) * slope)), y = this.y(this.depth[i]);
      if (open) ctx.lineTo(x, y); else { ctx.moveTo(x, y); ctx.lineTo(x, y + 0.6); }
      open = true;
    }
    ctx.stroke();
    ctx.setLineDash([]);
  }

  score(ctx, box, grid) {
    const score = this.data.score, curve = { left: score.low, right: score.high, colour: INK, dash: [], log: false };
    this.frame(ctx, box, grid, []);
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.x, box.y, box.w, box.h);
    ctx.clip();
    this.shade(ctx, box);
    this.line(ctx, curve, { role: "context", values: score.values }, box);
    const x = box.x + (score.threshold - score.low) / (score.high - score.low) * box.w;
    ctx.strokeStyle = FLAG;
    ctx.lineWidth = 1.6;
    ctx.setLineDash([6, 4]);
    ctx.beginPath();
    ctx.moveTo(x, box.y);
    ctx.lineTo(x, box.y + box.h);
    ctx.stroke();
    ctx.restore();
    ctx.strokeStyle = EDGE;
    ctx.strokeRect(box.x, box.y, box.w, box.h);
    heading(ctx, { name: "score", unit: "", ...curve }, box, 0);
    write(ctx, `threshold ${shown(score.threshold, 3)} (dashed)`, box.x + box.w / 2, box.y - HEAD - 12, { colour: FLAG, align: "center" });
  }

  /** Draws the depth column: overview of the whole well, marks of flagged and bad-hole intervals, labels. */
  axis(ctx, grid) {
    const box = this.boxes[0], all = this.limits, size = all.y1 - all.y0;
    const at = depth => box.y + (depth - all.y0) / size * box.h;
    ctx.fillStyle = "#eef1f4";
    ctx.fillRect(0, box.y, STRIP, box.h);
    ctx.fillStyle = FLAG;
    if (!this.hidden.has("flagged")) {
      for (const flag of this.data.flags) ctx.fillRect(1, at(flag.top), STRIP - 2, Math.max(1.5, at(flag.base) - at(flag.top)));
      for (const flag of this.data.flags) {
        const part = this.span([flag.top, flag.base], box);
        if (part) ctx.fillRect(STRIP + 4, part.y, 5, part.h);
      }
    }
    if (!this.hidden.has("bad hole"))
      for (const interval of this.data.bad) {
        const part = this.span(interval, { ...box, x: STRIP + 12, w: 3 });
        ctx.fillStyle = BAD;
        if (part) ctx.fillRect(part.x, part.y, part.w, part.h);
      }
    ctx.strokeStyle = INK;
    ctx.lineWidth = 1.2;
    ctx.strokeRect(0.6, at(this.view.y0), STRIP - 1.2, Math.max(2, at(this.view.y1) - at(this.view.y0)));
    for (const depth of grid.found) write(ctx, fixed(depth, grid.step), LEFT - 7, this.y(depth), { align: "right", colour: INK });
    write(ctx, `${this.data.axis.name} (${this.data.axis.unit})`, STRIP + 4, box.y - 12, { bold: true, colour: INK });
  }

  cross(ctx, at) {
    const box = this.boxes[0], end = this.boxes.at(-1);
    ctx.strokeStyle = INK;
    ctx.lineWidth = 0.8;
    ctx.beginPath();
    ctx.moveTo(LEFT, this.y(at.y));
    ctx.lineTo(end.x + end.w, this.y(at.y));
    ctx.stroke();
  }

  band(ctx) {
    const box = this.boxes[0], end = this.boxes.at(-1), s = this.start.py, e = this.pointer.py;
    ctx.fillStyle = "rgba(0, 114, 178, 0.18)";
    ctx.fillRect(LEFT, Math.min(s, e), end.x + end.w - LEFT, Math.abs(e - s));
  }

  readout(at) {
    const i = this.row(at.y), rows = [[`${this.data.axis.name} ${fixed(this.depth[i], this.data.step / 10)} ${this.data.axis.unit}`]];
    for (const curve of this.data.tracks.flatMap(track => track.curves)) {
      const known = curve.layers.filter(layer => !this.hidden.has(layer.role));
      const values = known.map(layer => `${layer.role === "context" ? "" : `${layer.role} `}${shown(layer.values[i])}`);
      if (known.some(layer => Number.isFinite(layer.values[i]))) rows.push([curve.name, `${values.join(", ")} ${curve.unit}`]);
    }
    if (this.data.score) rows.push(["score", shown(this.data.score.values[i])]);
    const flag = this.data.flags.find(f => f.top <= at.y && at.y <= f.base);
    if (flag) rows.push(["flagged", [flag.curves.join(", "), flag.reason].filter(Boolean).join(": ")]);
    if (this.data.bad.some(b => b[0] <= at.y && at.y <= b[1])) rows.push(["bad hole", "yes"]);
    return rows;
  }
}

function decades(curve) {
  const low = Math.log10(curve.left), high = Math.log10(curve.right), lines = [];
  for (let d = Math.floor(low); d < high; d++)
    for (let m = 1; m < 10; m++) lines.push((Math.log10(m) + d - low) / (high - low));
  return lines.filter(share => share > 0.001 && share < 0.999);
}

/** Draws the heading of a curve: name and unit above a line in its style, and its limits at both ends. */
function heading(ctx, curve, box, row) {
  const y = box.y - 10 - row * HEAD, name = curve.unit ? `${curve.name} (${curve.unit})` : curve.name;
  write(ctx, shown(curve.left), box.x + 1, y + 4, { size: 10 });
  write(ctx, shown(curve.right), box.x + box.w - 1, y + 4, { size: 10, align: "right" });
  write(ctx, name, box.x + box.w / 2, y - 12, { colour: curve.colour, align: "center", bold: true });
  ctx.strokeStyle = curve.colour;
  ctx.lineWidth = 1.8;
  ctx.setLineDash(curve.dash);
  ctx.beginPath();
  ctx.moveTo(box.x, y - 4);
  ctx.lineTo(box.x + box.w, y - 4);
  ctx.stroke();
  ctx.setLineDash([]);
}
