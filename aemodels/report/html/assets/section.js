"use strict";
// Seismic sections side by side: time down, traces across, one symmetric colour scale, the score strip above each.

const MARGIN = { left: 62, right: 70, top: 26, base: 40 }, APART = 18, SCORE = 86;
// ColorBrewer RdBu, reversed: blue = negative, white = zero, red = positive; safe for colour-blind readers.
const STOPS = [[5, 48, 97], [67, 147, 195], [247, 247, 247], [214, 96, 77], [103, 0, 31]];

function colour(share) {
  const at = Math.min(3.9999, Math.max(0, share * 4)), i = Math.floor(at), rest = at - i;
  return STOPS[i].map((low, c) => Math.round(low + rest * (STOPS[i + 1][c] - low)));
}

class Figure extends Sheet {
  constructor(root, data) {
    super(root, { x0: -0.5, x1: data.traces - 0.5, y0: data.limits[0], y1: data.limits[1] }, true);
    this.data = data;
    this.least = { x: Math.min(data.traces, 4), y: Math.min(this.limits.y1 - this.limits.y0, 8 * data.step) };
    const lut = Array.from({ length: 255 }, (_, i) => colour(i / 254));
    for (const panel of data.panels) {
      panel.codes = new Int8Array(Uint8Array.from(atob(panel.data), c => c.charCodeAt(0)).buffer);
      panel.image = this.image(panel.codes, lut);
    }
    if (data.score) data.score.values = decode(data.score.values, data.columns);
    if (data.flagged.length) this.offer(["flagged"]);
    this.link("tr[data-first]", row => {
      const pad = Math.max(12, data.every * 12);
      return { x0: Number(row.first) - data.from - pad, x1: Number(row.last) - data.from + pad, y0: this.limits.y0, y1: this.limits.y1 };
    });
  }

  image(codes, lut) {
    const { columns, rows } = this.data, canvas = document.createElement("canvas");
    canvas.width = columns;
    canvas.height = rows;
    const pixels = new ImageData(columns, rows);
    for (let c = 0; c < columns; c++)
      for (let r = 0; r < rows; r++) {
        const code = codes[c * rows + r], rgb = code === -128 ? [200, 200, 200] : lut[code + 127];
        pixels.data.set([rgb[0], rgb[1], rgb[2], 255], 4 * (r * columns + c));
      }
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    return canvas;
  }

  height(width, print) { return print ? 720 : Math.max(480, Math.min(780, Math.round(innerHeight * 0.74))); }

  draw(ctx, width, height) {
    const panels = this.data.panels, count = panels.length, top = MARGIN.top + (this.data.score ? SCORE + 14 : 0);
    const each = (width - MARGIN.left - MARGIN.right - APART * (count - 1)) / count;
    this.boxes = panels.map((_, i) => ({ x: MARGIN.left + i * (each + APART), y: top, w: each, h: height - top - MARGIN.base }));
    panels.forEach((panel, i) => {
      this.panel(ctx, panel, this.boxes[i], i === 0);
      if (this.data.score) this.strip(ctx, { ...this.boxes[i], y: MARGIN.top, h: SCORE }, i === 0);
      write(ctx, panel.name, this.boxes[i].x, 12, { size: 13, bold: true, colour: INK });
    });
    this.bar(ctx, this.boxes.at(-1));
  }

  x(trace, box) { return box.x + (trace - this.view.x0) / (this.view.x1 - this.view.x0) * box.w; }
  y(time, box) { return box.y + (time - this.view.y0) / (this.view.y1 - this.view.y0) * box.h; }

  panel(ctx, panel, box, first) {
    const v = this.view, all = this.limits, { rows, columns } = this.data;
    const across = columns / (all.x1 - all.x0), down = rows / (all.y1 - all.y0);
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.x, box.y, box.w, box.h);
    ctx.clip();
    ctx.imageSmoothingEnabled = box.w / ((v.x1 - v.x0) * across) < 6;
    ctx.imageSmoothingQuality = "high";
    ctx.drawImage(panel.image, (v.x0 - all.x0) * across, (v.y0 - all.y0) * down, (v.x1 - v.x0) * across,
      (v.y1 - v.y0) * down, box.x, box.y, box.w, box.h);
    this.marks(ctx, box);
    ctx.restore();
    ctx.strokeStyle = EDGE;
    ctx.lineWidth = 1;
    ctx.strokeRect(box.x, box.y, box.w, box.h);
    const times = ticks(v.y0, v.y1, box.h, 60), traces = ticks(Math.ceil(v.x0), Math.floor(v.x1), box.w, 80);
    if (first) for (const t of times.found) write(ctx, fixed(t, times.step), box.x - 6, this.y(t, box), { align: "right", colour: INK });
    for (const t of traces.found.filter(Number.isInteger)) write(ctx, String(t), this.x(t, box), box.y + box.h + 12, { align: "center", colour: INK });
    write(ctx, "trace (from 0)", box.x + box.w / 2, box.y + box.h + 28, { align: "center" });
    if (first) write(ctx, `time (${this.data.unit})`, 2, box.y - 13, { bold: true, colour: INK });
  }

  /** Draws flagged traces: shading, and a triangle at the top. */
  marks(ctx, box) {
    if (this.hidden.has("flagged")) return;
    for (const [from, to] of this.data.flagged) {
      const left = this.x(from - 0.5, box), right = Math.max(left + 1.5, this.x(to + 0.5, box));
      if (right < box.x || left > box.x + box.w) continue;
      ctx.fillStyle = FLAG_SHADE;
      ctx.fillRect(left, box.y, right - left, box.h);
      ctx.fillStyle = "#000";
      ctx.beginPath();
      ctx.moveTo((left + right) / 2 - 5, box.y);
      ctx.lineTo((left + right) / 2 + 5, box.y);
      ctx.lineTo((left + right) / 2, box.y + 9);
      ctx.fill();
    }
  }

  strip(ctx, box, first) {
    const score = this.data.score, at = value => box.y + box.h * (1 - (Math.min(score.high, value) - score.low) / (score.high - score.low));
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.x, box.y - 1, box.w, box.h + 2);
    ctx.clip();
    if (!this.hidden.has("flagged"))
      for (const [from, to] of this.data.flagged) {
        ctx.fillStyle = FLAG_SHADE;
        ctx.fillRect(this.x(from - 0.5, box), box.y, Math.max(1.5, this.x(to + 0.5, box) - this.x(from - 0.5, box)), box.h);
      }
    const wide = Math.max(1, 0.7 * this.data.every * box.w / (this.view.x1 - this.view.x0));
    for (let c = 0; c < this.data.columns; c++) {
      const value = score.values[c], x = this.x(this.data.first + c * this.data.every, box);
      if (!Number.isFinite(value) || x < box.x - wide || x > box.x + box.w + wide) continue;
      ctx.fillStyle = value > score.threshold ? FLAG : RAW;
      ctx.fillRect(x - wide / 2, at(value), wide, box.y + box.h - at(value));
    }
    ctx.strokeStyle = INK;
    ctx.lineWidth = 1.3;
    ctx.setLineDash([6, 4]);
    ctx.beginPath();
    ctx.moveTo(box.x, at(score.threshold));
    ctx.lineTo(box.x + box.w, at(score.threshold));
    ctx.stroke();
    ctx.restore();
    ctx.strokeStyle = EDGE;
    ctx.lineWidth = 1;
    ctx.strokeRect(box.x, box.y, box.w, box.h);
    if (!first) return;
    write(ctx, "score", box.x - 6, box.y + 6, { align: "right", bold: true, colour: INK });
    write(ctx, shown(score.threshold, 3), box.x - 6, at(score.threshold), { align: "right", colour: INK });
    write(ctx, "threshold", box.x - 6, at(score.threshold) + 13, { align: "right" });
  }

  bar(ctx, last) {
    const x = last.x + last.w + 14, y = last.y + 20, h = Math.min(last.h - 40, 240);
    for (let i = 0; i < h; i++) {
      ctx.fillStyle = `rgb(${colour(1 - i / h).join(",")})`;
      ctx.fillRect(x, y + i, 12, 1.5);
    }
    ctx.strokeStyle = EDGE;
    ctx.strokeRect(x, y, 12, h);
    [[1, 0], [0, 0.5], [-1, 1]].forEach(([sign, share]) =>
      write(ctx, `${sign > 0 ? "+" : ""}${shown(sign * this.data.clip, 3)}`, x + 16, y + share * h, { size: 10, colour: INK }));
    write(ctx, "amplitude", x - 4, y - 12, { size: 10 });
  }

  place(spot, inside) {
    if (!this.boxes) return null;
    const box = inside ? this.boxes[inside.panel] : this.boxes.find(b => spot.px >= b.x && spot.px <= b.x + b.w && spot.py >= MARGIN.top && spot.py <= b.y + b.h);
    if (!box) return null;
    const v = this.view, clamp = share => Math.min(1, Math.max(0, share));
    return {
      panel: this.boxes.indexOf(box),
      x: v.x0 + clamp((spot.px - box.x) / box.w) * (v.x1 - v.x0),
      y: v.y0 + clamp((spot.py - box.y) / box.h) * (v.y1 - v.y0),
    };
  }

  cross(ctx, at) {
    ctx.strokeStyle = INK;
    ctx.lineWidth = 0.8;
    ctx.beginPath();
    for (const box of this.boxes) {
      ctx.moveTo(box.x, this.y(at.y, box));
      ctx.lineTo(box.x + box.w, this.y(at.y, box));
      ctx.moveTo(this.x(at.x, box), this.data.score ? MARGIN.top : box.y);
      ctx.lineTo(this.x(at.x, box), box.y + box.h);
    }
    ctx.stroke();
  }

  band(ctx) {
    const s = this.start, e = this.pointer;
    ctx.fillStyle = "rgba(0, 0, 0, 0.14)";
    ctx.fillRect(Math.min(s.px, e.px), Math.min(s.py, e.py), Math.abs(e.px - s.px), Math.abs(e.py - s.py));
  }

  readout(at) {
    const d = this.data, column = Math.min(d.columns - 1, Math.max(0, Math.floor((at.x + 0.5) / d.every)));
    const row = Math.min(d.rows - 1, Math.max(0, Math.floor((at.y - this.limits.y0) / (this.limits.y1 - this.limits.y0) * d.rows)));
    const trace = d.indices[column], rows = [[`trace ${trace}`, `${fixed(at.y, d.step / 10)} ${d.unit}`]];
    for (const [key, values] of Object.entries(d.headers)) if (values[column] !== null) rows.push([key, String(values[column])]);
    for (const panel of d.panels) {
      const code = panel.codes[column * d.rows + row], value = code / 127 * d.clip;
      rows.push([panel.name, code === -128 ? "–" : Math.abs(code) === 127 ? `beyond ${shown(value, 3)}` : `≈ ${shown(value, 2)}`]);
    }
    if (d.score) rows.push(["score", shown(d.score.values[column])]);
    const flag = d.flagged.find(f => f[0] <= trace && trace <= f[1]);
    if (flag) rows.push(["flagged", flag[2] || "yes"]);
    return rows;
  }
}
