// The large map: its layers, its legend, pointer and keyboard, and the files it is saved as.

const MARGIN = 10;
const HIGHEST = 0.74; // of the window
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const figure = { frame: null, look: null, inks: null, brush: null, changed: new Set() };

/** Ask for things to be drawn anew, all at once before the next frame. */
function redraw(...what) {
  if (!figure.changed.size) requestAnimationFrame(drawChanged);
  what.forEach((thing) => figure.changed.add(thing));
}

function drawChanged() {
  const changed = new Set(figure.changed);
  figure.changed.clear();
  if (changed.has("frame")) fitFrame();
  if (changed.has("base")) drawBase();
  if (changed.has("chosen")) drawChosen();
  if (changed.has("at")) {
    drawAt();
    showTip();
  }
  if (changed.has("details")) showDetails();
  if (changed.has("planes")) redrawPlanes();
  if (changed.has("chosen") || changed.has("at")) markPlanes(changed.has("chosen"));
}

function fitFrame() {
  const stage = byId("stage");
  const width = stage.clientWidth;
  const tallest = Math.max(300, HIGHEST * window.innerHeight);
  const height = Math.round(Math.min(tallest, Math.max(150, (width - 2 * MARGIN) / mapAspect + 2 * MARGIN)));
  stage.style.height = `${height}px`;
  figure.frame = new Frame(width, height, MARGIN);
}

function drawBase() {
  figure.inks = readInks();
  figure.look = currentLook(figure.inks);
  const { frame, look, inks } = figure;
  paintMap(fresh(byId("base"), frame.width, frame.height), frame, look, inks);
  byId("caption").textContent = look.title;
  byId("note").textContent = look.note;
  byId("map").setAttribute("aria-label", `${look.title}, ${counted(m, "unit")}`);
  showLegend();
}

/** Fade what is not selected, and outline what is. */
function drawChosen() {
  const { frame, inks } = figure;
  const context = fresh(byId("chosen"), frame.width, frame.height);
  if (!state.selected.size) return;
  veil(context, frame, inks);
  outline(context, state.selected, inks.accent, frame.size < OUTLINED ? 0.8 : 2);
}

/** Lay a veil over a map, with holes where units are selected. */
function veil(context, frame, inks) {
  context.globalAlpha = 0.68;
  context.fillStyle = inks.card;
  context.fillRect(0, 0, frame.width, frame.height);
  context.globalAlpha = 1;
  context.globalCompositeOperation = "destination-out";
  context.beginPath();
  for (const unit of state.selected) frame.trace(context, unit);
  context.fill();
  context.globalCompositeOperation = "source-over";
}

function outline(context, units, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  for (const unit of units) figure.frame.trace(context, unit);
  context.stroke();
}

/** Say beside a unit what is on it, in a few words. */
function showTip() {
  const { frame, brush } = figure;
  const tip = byId("tip");
  tip.hidden = state.at < 0 || Boolean(brush?.moved) || !byId("stage").matches(":hover, :has(:focus-visible)");
  if (tip.hidden) return;
  const [name, ...facts] = factsOf(state.at);
  fill(tip, make("b", {}, name), ...facts.map((fact) => make("div", {}, fact)));
  const [x, y] = [frame.x[state.at], frame.y[state.at]];
  const reach = frame.size / 2 + 10;
  const left = x + reach + tip.offsetWidth < frame.width ? x + reach : x - reach - tip.offsetWidth;
  tip.style.left = `${Math.max(0, left)}px`;
  tip.style.top = `${Math.max(0, Math.min(frame.height - tip.offsetHeight, y - tip.offsetHeight / 2))}px`;
}

/** Draw what follows the pointer: the outline of a unit, the brush. */
function drawAt() {
  const { frame, inks, brush } = figure;
  const context = fresh(byId("map"), frame.width, frame.height);
  if (state.at >= 0) {
    outline(context, [state.at], inks.card, 5);
    outline(context, [state.at], inks.ink, 2.2);
    if (frame.size < OUTLINED) ring(context, frame.x[state.at], frame.y[state.at], 9, inks);
  }
  if (brush?.moved) {
    const [left, top, right, bottom] = brushed();
    context.globalAlpha = 0.12;
    context.fillStyle = inks.accent;
    context.fillRect(left, top, right - left, bottom - top);
    context.globalAlpha = 1;
    context.strokeStyle = inks.accent;
    context.lineWidth = 1;
    context.strokeRect(left, top, right - left, bottom - top);
  }
}

function ring(context, x, y, radius, inks) {
  for (const [colour, width] of [[inks.card, 4], [inks.ink, 2]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  }
}

function showLegend() {
  const { look, inks } = figure;
  if (look.legend.keys) {
    const keys = look.legend.keys.map((key) => make(
      "li", {},
      make("button", { type: "button", title: `Select the units of ${key.name}`, click: () => pickKey(key) },
        swatch(key), make("span", { class: "name" }, key.name)),
    ));
    if (look.bins.includes(-1)) {
      keys.push(make("li", {}, make("span", { class: "key quiet" }, swatch({ colour: inks.empty, mark: 0 }), "no labelled row")));
    }
    fill(byId("legend"), make("ul", { class: "keys" }, ...keys));
    return;
  }
  const { low, high, label } = look.legend;
  if (Number.isNaN(low)) {
    fill(byId("legend"), make("p", { class: "quiet" }, "No unit has a value."));
    return;
  }
  const bar = make("canvas", { width: SHADES, height: 1, "aria-hidden": "true" });
  const context = bar.getContext("2d");
  look.palette.forEach((colour, place) => {
    context.fillStyle = colour;
    context.fillRect(place, 0, 1, 1);
  });
  const values = legendTicks(look);
  const texts = tickTexts(values);
  const marks = values.map((value, place) => {
    const mark = make("span", {}, texts[place]);
    mark.style.left = `${high > low ? (100 * (value - low)) / (high - low) : 50}%`;
    return mark;
  });
  fill(byId("legend"), make("div", { class: "scale" }, bar, make("div", { class: "ticks" }, ...marks), make("div", { class: "unit" }, label)));
}

function legendTicks(look) {
  const values = ticks(look.legend.low, look.legend.high, 5);
  return look.title === "Hits" && !page.weighted ? values.filter(Number.isInteger) : values;
}

function swatch({ colour, mark }) {
  const picture = make("canvas", { width: 26, height: 26, "aria-hidden": "true" });
  const context = picture.getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 26, 26);
  if (mark) traceMark(context, 13, 13, 6.5, mark);
  return picture;
}

function pickKey(key) {
  select(unitsWhere(figure.look.bins, key.bin), `of ${key.name}`);
}

/** Select units, alone or beside those that are. */
function select(units, what = "", { add = false } = {}) {
  if (!add) state.selected.clear();
  units.forEach((unit) => state.selected.add(unit));
  told(what);
}

function toggle(unit, add) {
  const alone = state.selected.size === 1 && state.selected.has(unit);
  if (add && state.selected.has(unit)) state.selected.delete(unit);
  else if (!add && alone) state.selected.clear();
  else {
    if (!add) state.selected.clear();
    state.selected.add(unit);
  }
  told();
}

function told(what = "") {
  state.row = state.selected.has(rowUnit(state.row)) ? state.row : -1;
  redraw("chosen", "details");
  tickTable();
  const units = [...state.selected];
  const rowsOn = map.count ? ` with ${counted(units.reduce((sum, unit) => sum + map.count[unit], 0), "row")}` : "";
  say(units.length ? `${counted(units.length, "unit")} ${what} selected${rowsOn}.` : "Nothing is selected.");
}

function point(unit) {
  if (unit === state.at) return;
  state.at = unit;
  redraw("at", "details");
}

function brushed() {
  const { x, y, x0, y0 } = figure.brush;
  return [Math.min(x, x0), Math.min(y, y0), Math.max(x, x0), Math.max(y, y0)];
}

function listenToPointer() {
  const surface = byId("map");
  const place = (event) => {
    const box = surface.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  surface.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    const { brush } = figure;
    if (!brush) return point(figure.frame.at(x, y));
    const far = Math.hypot(x - brush.x0, y - brush.y0) > 4;
    if (brush.turning) {
      turnTo(brush.turn + 0.5 * (x - brush.x0), brush.tilt + 0.5 * (y - brush.y0));
    }
    Object.assign(brush, { x, y, moved: !brush.turning && (brush.moved || far), turned: brush.turned || far });
    if (far) point(-1);
    return redraw("at");
  });
  surface.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const [x, y] = place(event);
    surface.setPointerCapture(event.pointerId);
    const turning = state.solid && state.drag === "turn";
    figure.brush = { x, y, x0: x, y0: y, moved: false, turning, turn: state.turn, tilt: state.tilt, add: event.shiftKey || event.ctrlKey || event.metaKey };
  });
  const stop = (event) => {
    const { brush } = figure;
    if (!brush) return;
    const units = brush.moved ? figure.frame.within(...brushed()) : [];
    figure.brush = null;
    redraw("at");
    if (event.type === "pointercancel" || (brush.turning && brush.turned)) return;
    const unit = figure.frame.at(brush.x, brush.y);
    if (brush.moved) select(units, "", { add: brush.add });
    else if (unit >= 0) {
      state.cursor = unit;
      toggle(unit, brush.add);
    } else if (!brush.add) select([]);
  };
  surface.addEventListener("pointerup", stop);
  surface.addEventListener("pointercancel", stop);
  surface.addEventListener("pointerleave", () => point(-1));
}

function listenToKeys() {
  const surface = byId("map");
  surface.addEventListener("focus", () => {
    if (surface.matches(":focus-visible")) go(state.cursor);
  });
  surface.addEventListener("blur", () => point(-1));
  surface.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in DIRECTIONS) go(figure.frame.beside(state.cursor, ...DIRECTIONS[event.key]));
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(m - 1);
    else if (event.key === " " || event.key === "Enter") toggle(state.cursor, true);
    else if (event.key === "Escape") select([]);
    else return;
    event.preventDefault();
  });
}

/** Move the keyboard's cursor to a unit, and say what is there. */
function go(unit) {
  state.cursor = unit;
  point(unit);
  say(sentence(unit));
}

function turnTo(turn, tilt) {
  state.turn = ((((turn + 180) % 360) + 360) % 360) - 180;
  state.tilt = Math.max(-90, Math.min(90, tilt));
  byId("turn").value = state.turn;
  byId("tilt").value = state.tilt;
  redraw("frame", "base", "chosen", "at", "planes");
}

/** Draw the picture with its title and legend, to be kept. */
function compose(context, width, height) {
  const { look, inks } = figure;
  const letters = "system-ui, sans-serif";
  context.fillStyle = inks.card;
  context.fillRect(0, 0, width, height);
  context.fillStyle = inks.ink;
  context.textAlign = "center";
  context.font = `600 19px ${letters}`;
  context.fillText(look.title, width / 2, 34);
  paintMap(context, new Frame(width, height - 54 - legendHeight(look), 14, 0, 54), look, inks);
  context.font = `400 13px ${letters}`;
  if (look.legend.keys) composeKeys(context, width, height - legendHeight(look) + 18);
  else composeScale(context, width, height - 62);
}

const KEYS_ACROSS = 4;
const legendHeight = (look) => (look.legend.keys ? 24 + 22 * Math.ceil(look.legend.keys.length / KEYS_ACROSS) : 76);

function composeKeys(context, width, top) {
  const { look, inks } = figure;
  const column = width / (KEYS_ACROSS + 0.3);
  look.legend.keys.forEach((key, place) => {
    const x = 0.15 * column + column * (place % KEYS_ACROSS);
    const y = top + 22 * Math.floor(place / KEYS_ACROSS);
    context.fillStyle = key.colour;
    context.fillRect(x, y - 11, 13, 13);
    if (key.mark) traceMark(context, x + 6.5, y - 4.5, 3.4, key.mark);
    context.fillStyle = inks.ink;
    context.textAlign = "left";
    context.fillText(key.name.length > 26 ? `${key.name.slice(0, 25)}…` : key.name, x + 20, y);
  });
}

function composeScale(context, width, top) {
  const { look, inks } = figure;
  const { low, high, label } = look.legend;
  if (Number.isNaN(low)) return;
  const length = Math.min(440, width - 80);
  const left = (width - length) / 2;
  look.palette.forEach((colour, place) => {
    context.fillStyle = colour;
    context.fillRect(left + (length * place) / SHADES, top, length / SHADES + 0.5, 12);
  });
  context.fillStyle = inks.ink;
  const values = legendTicks(look);
  tickTexts(values).forEach((text, place) => {
    context.fillText(text, left + length * (high > low ? (values[place] - low) / (high - low) : 0.5), top + 29);
  });
  context.fillText(label, width / 2, top + 50);
}

function keep(name, blob) {
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

const fileName = (suffix) => `${figure.look.title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").toLowerCase() || "map"}.${suffix}`;

function savePicture(kind) {
  const [width, height] = [900, Math.round(Math.min(1400, Math.max(320, 870 / mapAspect)) + 130)];
  if (kind === "svg") {
    const context = new SvgContext(width, height);
    compose(context, width, height);
    keep(fileName("svg"), new Blob([context.toString()], { type: "image/svg+xml" }));
    return;
  }
  const picture = make("canvas", { width: 2 * width, height: 2 * height });
  const context = picture.getContext("2d");
  context.scale(2, 2);
  context.lineJoin = "round";
  compose(context, width, height);
  picture.toBlob((blob) => keep(fileName("png"), blob), "image/png");
}
