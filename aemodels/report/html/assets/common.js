"use strict";
// Shared by both kinds of figure: decoding, number formatting, and a sheet of two canvases that zooms, pans and prints.

const INK = "#1c2430", SOFT = "#5b6675", EDGE = "#9aa3ad", GRID = "#e4e8ec", RAW = "#858b93";
const FLAG = "#b34700", FLAG_SHADE = "rgba(230, 159, 0, 0.24)", BAD = "#6a3d9a";
const FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
const PRINT_WIDTH = 1100, PRINT_SCALE = 2.5;

/** Decodes one packed array to a Float64Array; NaN = missing. */
function decode(packed, count) {
  const out = new Float64Array(count).fill(NaN);
  if (packed.type === "none") return out;
  const text = atob(packed.data), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) {
    if (packed.type === "i2") {
      const code = view.getInt16(2 * i, true);
      if (code !== -32768) out[i] = packed.low + (code + 32767) * packed.step;
    } else if (packed.type === "f8") out[i] = view.getFloat64(8 * i, true);
    else out[i] = view.getFloat32(4 * i, true);
    if (packed.log) out[i] = Math.pow(10, out[i]);
  }
  return out;
}

/** Formats a number with four significant digits and a typographic minus sign; a dash if it is not finite. */
function shown(value, digits = 4) {
  if (!Number.isFinite(value)) return "–";
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

/** Returns round tick values, about one every `room` pixels. */
function ticks(low, high, pixels, room) {
  const rough = (high - low) * room / Math.max(pixels, 1), power = Math.pow(10, Math.floor(Math.log10(rough)));
  const step = power * ([1, 2, 5, 10].find(factor => factor * power >= rough) || 10);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) found.push(i * step);
  return { step, found };
}

function fixed(value, step) {
  return value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9))).replace("-", "−");
}

/** Hatches a rectangle, so that it can be recognised in a black-and-white print. */
function hatch(ctx, box, colour, lean) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.x, box.y, box.w, box.h);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 0.8;
  ctx.beginPath();
  for (let at = -box.h; at < box.w + box.h; at += 7) {
    ctx.moveTo(box.x + at, lean > 0 ? box.y + box.h : box.y);
    ctx.lineTo(box.x + at + box.h, lean > 0 ? box.y : box.y + box.h);
  }
  ctx.stroke();
  ctx.restore();
}

function write(ctx, text, x, y, { size = 11, colour = SOFT, align = "left", bold = false } = {}) {
  ctx.font = `${bold ? "600 " : ""}${size}px ${FONT}`;
  ctx.fillStyle = colour;
  ctx.textAlign = align;
  ctx.textBaseline = "middle";
  ctx.fillText(text, x, y);
}

/** A figure that can be zoomed; subclasses give its height, draw it, and describe the position of the pointer. */
class Sheet {
  /** `limits` {x0, x1, y0, y1}: the full extent; `free`: true if x can be zoomed as well as y. */
  constructor(root, limits, free) {
    this.root = root;
    this.stage = root.querySelector(".stage");
    this.base = root.querySelector("canvas.base");
    this.over = root.querySelector("canvas.over");
    this.tip = root.querySelector(".tip");
    this.limits = limits;
    this.free = free;
    this.view = { ...limits };
    this.hidden = new Set();
    this.pointer = null;
    this.start = null;
    this.listen();
  }

  listen() {
    const over = this.over;
    new ResizeObserver(() => this.request()).observe(this.stage);
    addEventListener("beforeprint", () => { this.printing = true; this.paint(true); });
    addEventListener("afterprint", () => { this.printing = false; this.paint(false); });
    over.addEventListener("pointermove", event => this.move(event));
    over.addEventListener("pointerleave", () => { this.pointer = null; this.mark(); });
    over.addEventListener("pointerdown", event => this.press(event));
    over.addEventListener("pointerup", event => this.release(event));
    over.addEventListener("dblclick", () => this.reset());
    over.addEventListener("wheel", event => this.wheel(event), { passive: false });
    over.addEventListener("keydown", event => this.key(event));
    for (const button of this.root.querySelectorAll("button[data-do]"))
      button.addEventListener("click", () => this.act(button.dataset.do));
  }

  act(name) {
    const factor = { in: 0.5, out: 2 }[name];
    if (factor) this.scale(factor, this.middle()); else this.reset();
  }

  middle() {
    const v = this.view;
    return { x: (v.x0 + v.x1) / 2, y: (v.y0 + v.y1) / 2 };
  }

  /** Shows a part of the full extent, at least of the size `least` and inside the limits. */
  show(view) {
    for (const [low, high, least] of [["x0", "x1", this.least.x], ["y0", "y1", this.least.y]]) {
      const all = this.limits[high] - this.limits[low];
      const size = Math.min(all, Math.max(least, view[high] - view[low]));
      const from = Math.min(Math.max((view[low] + view[high] - size) / 2, this.limits[low]), this.limits[high] - size);
      this.view[low] = from;
      this.view[high] = from + size;
    }
    this.request();
  }

  scale(factor, at) {
    const v = this.view, next = { ...v };
    next.y0 = at.y + (v.y0 - at.y) * factor;
    next.y1 = at.y + (v.y1 - at.y) * factor;
    if (this.free) {
      next.x0 = at.x + (v.x0 - at.x) * factor;
      next.x1 = at.x + (v.x1 - at.x) * factor;
    }
    this.show(next);
  }

  shift(x, y) {
    const v = this.view, dx = x * (v.x1 - v.x0), dy = y * (v.y1 - v.y0);
    this.show({ x0: v.x0 + dx, x1: v.x1 + dx, y0: v.y0 + dy, y1: v.y1 + dy });
  }

  reset() { this.show(this.limits); }

  spot(event) {
    const box = this.over.getBoundingClientRect();
    return { px: event.clientX - box.left, py: event.clientY - box.top };
  }

  move(event) { this.pointer = this.spot(event); this.mark(); }

  press(event) {
    this.over.focus({ preventScroll: true });
    this.start = this.place(this.spot(event)) && { ...this.spot(event), pan: event.shiftKey };
    if (this.start) this.over.setPointerCapture(event.pointerId);
  }

  release(event) {
    const start = this.start, end = this.spot(event);
    this.start = null;
    if (!start || start.pan) return this.mark();
    const a = this.place(start), b = this.place(end, a);
    const wide = this.free && Math.abs(end.px - start.px) > 6, tall = Math.abs(end.py - start.py) > 6;
    if (wide || tall) this.show({
      x0: wide ? Math.min(a.x, b.x) : this.view.x0, x1: wide ? Math.max(a.x, b.x) : this.view.x1,
      y0: tall ? Math.min(a.y, b.y) : this.view.y0, y1: tall ? Math.max(a.y, b.y) : this.view.y1,
    });
    this.mark();
  }

  /** Zooms by the wheel if the figure has the focus or Ctrl is pressed; otherwise the page scrolls. */
  wheel(event) {
    const at = this.place(this.spot(event));
    if (!at || !(event.ctrlKey || document.activeElement === this.over)) return;
    event.preventDefault();
    this.scale(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 240))), at);
  }

  key(event) {
    const moves = { ArrowUp: [0, -0.2], ArrowDown: [0, 0.2], PageUp: [0, -0.9], PageDown: [0, 0.9] };
    if (this.free) Object.assign(moves, { ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0] });
    if (event.key in moves) this.shift(...moves[event.key]);
    else if (event.key === "+" || event.key === "=") this.act("in");
    else if (event.key === "-") this.act("out");
    else if (event.key === "0" || event.key === "Home") this.reset();
    else return;
    event.preventDefault();
  }

  request() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.paint(Boolean(this.printing)); });
  }

  /** Draws everything; for printing at a fixed size. */
  paint(print) {
    const width = print ? PRINT_WIDTH : Math.max(this.stage.clientWidth, 680);
    const height = this.height(width, print), scale = print ? PRINT_SCALE : window.devicePixelRatio || 1;
    for (const canvas of [this.base, this.over]) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
      canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
    }
    const ctx = this.base.getContext("2d");
    ctx.fillStyle = "#fff";
    ctx.fillRect(0, 0, width, height);
    this.size = { width, height };
    this.draw(ctx, width, height);
    for (const key of ["x0", "x1", "y0", "y1"]) this.root.dataset[key] = this.view[key];
    this.root.dataset.drawn = "yes";
    if (!print) this.mark();
  }

  /** Draws what follows the pointer: cross-hair, zoom rectangle, readout. */
  mark() {
    if (!this.size) return;
    const ctx = this.over.getContext("2d"), at = this.pointer && this.place(this.pointer);
    ctx.clearRect(0, 0, this.size.width, this.size.height);
    if (this.start && this.start.pan && this.pointer) this.drag();
    if (this.start && !this.start.pan && this.pointer) this.band(ctx);
    this.tip.hidden = !at;
    if (at) {
      this.cross(ctx, at);
      this.tell(at);
    }
  }

  drag() {
    const s = this.start, a = this.place(s), b = this.place(this.pointer, a);
    const dx = this.free ? a.x - b.x : 0, dy = a.y - b.y;
    this.start = { ...s, ...this.pointer };
    this.show({ x0: this.view.x0 + dx, x1: this.view.x1 + dx, y0: this.view.y0 + dy, y1: this.view.y1 + dy });
  }

  tell(at) {
    this.tip.replaceChildren(...this.readout(at).map(cells => {
      const row = document.createElement("div");
      for (const cell of cells) row.appendChild(document.createElement("span")).textContent = cell;
      return row;
    }));
    const left = this.pointer.px > this.size.width / 2;
    this.tip.style.left = left ? "" : `${this.pointer.px + 18}px`;
    this.tip.style.right = left ? `${this.stage.clientWidth - this.pointer.px + 18}px` : "";
    this.tip.style.top = `${Math.max(0, Math.min(this.pointer.py - 30, this.size.height - this.tip.offsetHeight - 4))}px`;
  }

  /** Makes a click on a table row show its interval or trace in the figure. */
  link(selector, target) {
    for (const row of document.querySelectorAll(selector))
      row.addEventListener("click", () => {
        this.show(target(row.dataset));
        this.root.scrollIntoView({ block: "nearest" });
      });
  }

  /** Adds check boxes that hide and show layers. */
  offer(names) {
    const box = this.root.querySelector(".layers");
    for (const name of names) {
      const label = box.appendChild(document.createElement("label")), input = document.createElement("input");
      input.type = "checkbox";
      input.checked = true;
      input.addEventListener("change", () => {
        if (input.checked) this.hidden.delete(name); else this.hidden.add(name);
        this.request();
      });
      label.append(input, ` ${name}`);
    }
  }
}
