// Drawing a look of the map, on a canvas or as SVG: both are written to in the same words.

const OUTLINED = 9; // pixels; smaller units have no gaps between them, marks or numbers
const DOTS = 2.4; // pixels; smaller units are squares
const CROWD = 400; // units; more are joined by faint lines

/** The part of a canvas context that drawing needs, which writes SVG. */
class SvgContext {
  constructor(width, height) {
    this.head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`;
    this.parts = [];
    this.path = [];
    this.fillStyle = this.strokeStyle = "#000";
    this.lineWidth = this.globalAlpha = 1;
    this.font = "13px sans-serif";
    this.textAlign = "left";
  }
  beginPath() { this.path = []; }
  moveTo(x, y) { this.path.push(`M${short(x)} ${short(y)}`); }
  lineTo(x, y) { this.path.push(`L${short(x)} ${short(y)}`); }
  closePath() { this.path.push("Z"); }
  arc(x, y, radius) { // only ever a whole circle, begun at its right
    const r = short(radius);
    this.path.push(`A${r} ${r} 0 1 0 ${short(x - radius)} ${short(y)}A${r} ${r} 0 1 0 ${short(x + radius)} ${short(y)}Z`);
  }
  fill() { this.put("path", { d: this.path.join(""), fill: this.fillStyle, ...this.seen() }); }
  stroke() {
    const line = { fill: "none", stroke: this.strokeStyle, "stroke-width": short(this.lineWidth), "stroke-linejoin": "round" };
    this.put("path", { d: this.path.join(""), ...line, ...this.seen() });
  }
  fillRect(x, y, width, height) {
    const box = { x: short(x), y: short(y), width: short(width), height: short(height) };
    this.put("rect", { ...box, fill: this.fillStyle, ...this.seen() });
  }
  fillText(text, x, y) { this.write(text, x, y, { fill: this.fillStyle }); }
  strokeText(text, x, y) {
    this.write(text, x, y, { fill: "none", stroke: this.strokeStyle, "stroke-width": this.lineWidth, "stroke-linejoin": "round" });
  }
  write(text, x, y, look) {
    const anchor = { left: "start", center: "middle", right: "end" }[this.textAlign];
    const [, weight, size, family] = /^(\d{3} )?([\d.]+px) (.+)$/.exec(this.font);
    const style = { "font-family": family, "font-size": size, "font-weight": (weight ?? "400").trim() };
    this.put("text", { x: short(x), y: short(y), "text-anchor": anchor, ...style, ...look }, text);
  }
  seen() { return this.globalAlpha < 1 ? { opacity: this.globalAlpha } : {}; }
  put(tag, attributes, text = "") {
    const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(value)}"`).join("");
    this.parts.push(`<${tag}${written}>${escaped(text)}</${tag}>`);
  }
  measureText(text) { return { width: 7 * text.length }; }
  toString() { return `${this.head}${this.parts.join("\n")}</svg>\n`; }
}

const short = (number) => String(Math.round(number * 100) / 100);
const escaped = (text) => String(text).replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`)
  .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, (letter) => (letter >= "\ud800" && letter <= "\udfff" ? letter : ""));

/** Return the theme's colours as they stand: a canvas does not know the page's own names for them. */
function readInks() {
  const probe = byId("stage");
  const found = {};
  for (const name of ["card", "ink", "quiet", "line", "edge", "empty", "accent", "glow", "last"]) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.style.color = "";
  return found;
}

/** Return the units by their bin, so that each colour is set once: -1 first. */
function byBin(bins, count) {
  const groups = Array.from({ length: count + 1 }, () => []);
  for (let unit = 0; unit < m; unit += 1) groups[bins[unit] + 1].push(unit);
  return groups;
}

/** Draw a look of the whole map. */
function paint(context, frame, look, inks, { plain = false } = {}) {
  if (!frame.corners && !plain) joinUnits(context, frame, inks);
  const colours = [inks.empty, ...look.palette];
  if (look.grow) fillUnits(context, frame, [Array.from({ length: m }, (_, unit) => unit)], [inks.empty], inks);
  if (frame.order) fillByDepth(context, frame, look, colours, inks);
  else if (look.grow) fillUnits(context, frame, byBin(look.bins, look.palette.length).slice(1), look.palette, inks, look.grow);
  else fillUnits(context, frame, byBin(look.bins, look.palette.length), colours, inks);
  if (plain || frame.size < OUTLINED) return;
  if (look.marks) look.marks.forEach((mark, unit) => mark && drawMark(context, frame, unit, mark));
}

function joinUnits(context, frame, inks) {
  context.strokeStyle = inks.edge;
  context.lineWidth = m > CROWD ? 0.4 : 1.1;
  context.beginPath();
  for (let edge = 0; edge < map.edges.length; edge += 2) {
    context.moveTo(frame.x[map.edges[edge]], frame.y[map.edges[edge]]);
    context.lineTo(frame.x[map.edges[edge + 1]], frame.y[map.edges[edge + 1]]);
  }
  context.stroke();
}

function fillUnits(context, frame, groups, colours, inks, grow = null) {
  const side = frame.size + 0.7;
  groups.forEach((units, place) => {
    if (!units.length) return;
    context.fillStyle = colours[place];
    if (frame.size < DOTS) {
      for (const unit of units) context.fillRect(frame.x[unit] - side / 2, frame.y[unit] - side / 2, side, side);
      return;
    }
    context.beginPath();
    for (const unit of units) frame.trace(context, unit, grow ? grow[unit] : 1);
    context.fill();
    if (grow) return;
    // A line in the paper's colour parts large units; one in their own hides the seams between small ones.
    const parted = frame.size >= OUTLINED;
    context.lineWidth = parted ? Math.min(1.6, 0.05 * frame.size) : 0.6;
    context.strokeStyle = parted ? inks.card : colours[place];
    context.stroke();
  });
}

function fillByDepth(context, frame, look, colours, inks) {
  const [farthest, nearest] = extent(frame.near);
  context.lineWidth = 0.8;
  context.strokeStyle = inks.card;
  for (const unit of frame.order) {
    context.beginPath();
    frame.trace(context, unit, look.grow ? look.grow[unit] : 1);
    context.fillStyle = inks.card; // what is farther away pales, but nothing shines through what is in front
    context.fill();
    context.globalAlpha = 0.3 + 0.7 * ((frame.near[unit] - farthest) / (nearest - farthest || 1));
    context.fillStyle = colours[look.bins[unit] + 1];
    context.fill();
    context.globalAlpha = 1;
    context.stroke();
  }
}

const MARKS = { 2: [[0, -1], [0.9, 0.7], [-0.9, 0.7]], 3: [[-0.8, -0.8], [0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]], 4: [[0, -1.1], [1, 0], [0, 1.1], [-1, 0]] };

/** Draw the mark that tells a class from others of its colour. */
function drawMark(context, frame, unit, mark) {
  traceMark(context, frame.x[unit], frame.y[unit], 0.2 * frame.size, mark);
}

function traceMark(context, x, y, size, mark) {
  context.beginPath();
  if (mark === 1) {
    context.moveTo(x + size, y);
    context.arc(x, y, size, 0, 2 * Math.PI);
  } else {
    MARKS[mark].forEach(([dx, dy], place) => context[place ? "lineTo" : "moveTo"](x + size * dx, y + size * dy));
    context.closePath();
  }
  context.fillStyle = "#ffffff";
  context.strokeStyle = "#262626";
  context.lineWidth = 0.7;
  context.fill();
  context.stroke();
}

let sides = null;

/** Draw the borders between clusters; where units have no cells, rings in the clusters' colours. */
function drawBorders(context, frame, inks) {
  const found = clusters();
  if (!frame.corners) {
    for (let unit = 0; unit < m; unit += 1) {
      context.strokeStyle = classColour(found[unit], inks);
      context.lineWidth = Math.max(1.5, 0.12 * frame.size);
      context.beginPath();
      frame.trace(context, unit, 1.15);
      context.stroke();
    }
    return;
  }
  sides ??= sharedSides();
  context.beginPath();
  for (const [one, other, first, second] of sides) {
    if (found[one] === found[other]) continue;
    const [from, to] = [first, second].map((place) => 2 * (one * page.corners + place));
    context.moveTo(frame.corners[from], frame.corners[from + 1]);
    context.lineTo(frame.corners[to], frame.corners[to + 1]);
  }
  for (const [colour, width] of [[inks.card, Math.max(3, 0.16 * frame.size)], [inks.ink, Math.max(1.2, 0.07 * frame.size)]]) {
    context.strokeStyle = colour;
    context.lineWidth = Math.min(width, colour === inks.ink ? 2.2 : 4.5);
    context.stroke();
  }
}

/** Write each cluster's number on its unit that is nearest to the middle of them. */
function numberClusters(context, frame, inks) {
  const found = clusters();
  for (let number = 0; number < state.clusters; number += 1) {
    const units = unitsOfCluster(number);
    const mean = (values) => units.reduce((sum, unit) => sum + values[unit], 0) / units.length;
    const [x, y] = [mean(frame.x), mean(frame.y)];
    let best = units[0];
    for (const unit of units) {
      const nearer = Math.hypot(frame.x[unit] - x, frame.y[unit] - y) < Math.hypot(frame.x[best] - x, frame.y[best] - y);
      if (nearer) best = unit;
    }
    context.font = "600 15px system-ui, sans-serif";
    context.textAlign = "center";
    context.lineWidth = 4;
    context.strokeStyle = inks.card;
    context.strokeText(String(number + 1), frame.x[best], frame.y[best] + 5);
    context.fillStyle = inks.ink;
    context.fillText(String(number + 1), frame.x[best], frame.y[best] + 5);
  }
}

/** Draw everything that a picture of the map holds but its title and legend. */
function paintMap(context, frame, look, inks) {
  paint(context, frame, look, inks);
  if (state.borders && map.merges) drawBorders(context, frame, inks);
  if (look.numbered) numberClusters(context, frame, inks);
}

/** Fit a canvas to the pixels of the screen, empty it, and return its context in CSS pixels. */
function fresh(canvas, width, height) {
  const ratio = Math.min(3, window.devicePixelRatio || 1);
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.lineJoin = "round";
  return context;
}
