// Small multiples: the plane of every feature, linked to the large map.

const FIRST_PLANES = 48;
const PATIENCE = 10; // milliseconds of drawing before the page may answer again

const planes = { tiles: [], shown: 0, waiting: [], seen: null };

function addPlanes(count) {
  const last = Math.min(d, planes.shown + count);
  for (let feature = planes.shown; feature < last; feature += 1) {
    const [low, high] = extent(ofFeature(map.codebook, feature));
    const picture = make("div", { class: "picture", "aria-hidden": "true" }, make("canvas"), make("canvas"), make("canvas"));
    shapeTile(picture);
    const tile = make(
      "button",
      { type: "button", class: "plane", role: "radio", "aria-checked": "false", tabindex: -1, title: page.features[feature], click: () => choosePlane(feature) },
      picture, make("span", { class: "name" }, page.features[feature]), make("span", { class: "range" }, `${format(low)} to ${format(high)}`),
    );
    tile.addEventListener("pointermove", (event) => pointAtPlane(feature, event));
    tile.addEventListener("pointerleave", () => point(-1));
    planes.tiles.push({ tile, picture, frame: null, drawn: false, inView: false });
    byId("planes").append(tile);
    planes.seen.observe(tile);
  }
  planes.shown = last;
  byId("more-planes").hidden = last === d;
  checkPlanes();
}

function shapeTile(picture) {
  picture.style.aspectRatio = String(Math.max(0.6, Math.min(3, mapAspect)));
}

function setUpPlanes() {
  planes.seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const place = planes.tiles.findIndex(({ tile }) => tile === target);
      planes.tiles[place].inView = isIntersecting;
      if (isIntersecting && planes.tiles[place].drawn) markPlane(planes.tiles[place], true);
      else if (isIntersecting) drawSoon(place);
    }
  }, { rootMargin: "120px" });
  byId("planes").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const place = { Home: 0, End: planes.shown - 1 }[event.key] ?? (step && (state.feature + step + planes.shown) % planes.shown);
    if (place === undefined) return;
    event.preventDefault();
    choosePlane(place);
    planes.tiles[place].tile.focus();
  });
  byId("more-planes").addEventListener("click", () => addPlanes(FIRST_PLANES));
  addPlanes(FIRST_PLANES);
}

function choosePlane(feature) {
  state.feature = feature;
  show("plane");
}

/** Let one tile at a time be reached by the Tab key, the chosen one. */
function checkPlanes() {
  const chosen = Math.min(state.feature, planes.shown - 1);
  planes.tiles.forEach(({ tile }, place) => {
    tile.setAttribute("aria-checked", String(state.view === "plane" && place === state.feature));
    tile.tabIndex = place === chosen ? 0 : -1;
  });
}

function drawSoon(place) {
  const entry = planes.tiles[place];
  if (entry.drawn || planes.waiting.includes(place)) return;
  planes.waiting.push(place);
  if (planes.waiting.length === 1) setTimeout(drawWaiting);
}

function drawWaiting() {
  const start = performance.now();
  while (planes.waiting.length && performance.now() - start < PATIENCE) drawPlane(planes.waiting.shift());
  if (planes.waiting.length) setTimeout(drawWaiting, 16);
}

function drawPlane(place) {
  const entry = planes.tiles[place];
  const [width, height] = [entry.picture.clientWidth, entry.picture.clientHeight];
  if (!width) return;
  entry.frame = new Frame(width, height, 3);
  const plain = m > CROWD;
  paint(fresh(entry.picture.children[0], width, height), entry.frame, lookOfPlane(place), figure.inks, { plain });
  entry.drawn = true;
  markPlane(entry, true);
}

function redrawPlanes() {
  planes.tiles.forEach((entry, place) => {
    entry.drawn = false;
    if (entry.inView) drawSoon(place);
  });
}

/** Show on every plane where the pointer is, and where the selection is if it has changed. */
function markPlanes(selection) {
  for (const entry of planes.tiles) if (entry.drawn && entry.inView) markPlane(entry, selection);
}

function markPlane({ picture, frame }, selection) {
  const [, chosen, at] = picture.children;
  if (selection) {
    const context = fresh(chosen, frame.width, frame.height);
    if (state.selected.size) veil(context, frame, figure.inks);
  }
  const context = fresh(at, frame.width, frame.height);
  if (state.at >= 0) ring(context, frame.x[state.at], frame.y[state.at], Math.max(3.5, frame.size / 2), figure.inks);
}

function pointAtPlane(feature, event) {
  const { picture, frame } = planes.tiles[feature];
  if (!frame) return;
  const box = picture.getBoundingClientRect();
  point(frame.at(event.clientX - box.left, event.clientY - box.top));
}
