// The page comes to life.

const VIEWS = [
  ["plane", "Plane", true],
  ["u-matrix", "U-matrix", map.edges.length > 0],
  ["hits", "Hits", Boolean(map.count)],
  ["labels", "Labels", Boolean(map.classOffsets?.length && page.classes?.length) || page.quantities],
  ["clusters", "Clusters", Boolean(map.merges)],
].filter(([, , there]) => there);

/** Show another picture, or the same one anew. */
function show(view) {
  state.view = view;
  document.querySelector(`#views [value="${view}"]`).checked = true;
  byId("feature-control").hidden = view !== "plane";
  byId("cluster-control").hidden = !map.merges || !(view === "clusters" || state.borders);
  byId("feature").value = String(state.feature);
  redraw("base", "details");
  checkPlanes();
  requestAnimationFrame(showTable);
}

function choices(box, name, options, chosen, change) {
  for (const [value, text] of options) {
    const input = make("input", { type: "radio", name, value });
    input.checked = value === chosen;
    input.addEventListener("change", () => change(value));
    box.append(make("label", {}, input, text));
  }
}

function setUpControls() {
  choices(byId("views"), "view", VIEWS, "", show);
  page.features.forEach((name, feature) => byId("feature").append(make("option", { value: feature }, name)));
  byId("feature").addEventListener("change", (event) => choosePlane(Number(event.target.value)));
  Object.keys(page.palettes).forEach((name) => byId("colours").append(make("option", { value: name }, name)));
  byId("colours").value = state.colours;
  byId("colours").addEventListener("change", (event) => {
    state.colours = event.target.value;
    redraw("base", "planes");
  });
  const slider = byId("clusters");
  slider.min = Math.min(mostClusters, Math.max(2, fewestClusters));
  slider.max = mostClusters;
  state.clusters = Math.max(Number(slider.min), Math.min(state.clusters, mostClusters));
  slider.value = state.clusters;
  byId("cluster-count").textContent = slider.value;
  slider.addEventListener("input", () => {
    state.clusters = Number(slider.value);
    byId("cluster-count").textContent = slider.value;
    redraw("base", "details");
    requestAnimationFrame(showTable);
  });
  byId("border-control").hidden = !map.merges;
  byId("borders").addEventListener("change", (event) => {
    state.borders = event.target.checked;
    show(state.view);
  });
  byId("save-png").addEventListener("click", () => savePicture("png"));
  byId("save-svg").addEventListener("click", () => savePicture("svg"));
  byId("copy").addEventListener("click", copyRows);
  byId("download").addEventListener("click", downloadRows);
  byId("clear").addEventListener("click", () => select([]));
  byId("table").addEventListener("toggle", showTable);
  setUpSearch();
  setUpTheme();
  setUpAngles();
}

function setUpSearch() {
  byId("search").hidden = !page.carried;
  byId("query").addEventListener("input", showAnswers);
  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    byId("answers").querySelector(".answer")?.click();
  });
  byId("search").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    byId("answers").hidden = true;
    byId("query").focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!byId("search").contains(event.target)) byId("answers").hidden = true;
  });
}

function setUpTheme() {
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme === "auto" ? prefersDark.matches : root.dataset.theme === "dark");
  const repaint = () => {
    byId("theme").textContent = isDark() ? "Light" : "Dark";
    byId("theme").setAttribute("aria-label", `Use ${isDark() ? "light" : "dark"} colours`);
    if (figure.frame) redraw("base", "chosen", "at", "planes", "details");
  };
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    repaint();
  });
  prefersDark.addEventListener("change", repaint);
  repaint();
}

function setUpAngles() {
  byId("sights").hidden = !(spatial && map.cells);
  choices(byId("sights"), "sight", [["flat", "Flat map"], ["space", "In space"]], "flat", (value) => seeInSpace(value === "space"));
  choices(byId("drags"), "drag", [["select", "Drag to select"], ["turn", "Drag to turn"]], state.drag, (value) => { state.drag = value; });
  for (const id of ["turn", "tilt"]) {
    byId(id).addEventListener("input", () => turnTo(Number(byId("turn").value), Number(byId("tilt").value)));
  }
  seeInSpace(state.solid);
}

/** See units that lie in space where they are, or as flat cells. */
function seeInSpace(solid) {
  state.solid = solid;
  byId("angles").hidden = !solid;
  byId("drags").hidden = !solid;
  measureMap();
  planes.tiles.forEach(({ picture }) => shapeTile(picture));
  if (figure.frame) redraw("frame", "base", "chosen", "at", "planes");
}

function describe() {
  const parts = [page.topology, counted(m, "unit"), counted(d, "feature"), page.rows === null ? null : counted(page.rows, "row"), `metric ${page.metric}`, page.scaling && `${page.scaling} scaling`];
  byId("about").textContent = parts.filter(Boolean).join(" · ");
  const notice = byId("notice");
  if (page.without_rows && page.rows !== null) notice.textContent = "This page carries no rows: it was made to show counts, means and deviations alone.";
  else if (page.rows !== null && page.carried < page.rows) {
    notice.textContent = `This page carries ${format(page.carried)} of ${counted(page.rows, "row")}, of every unit its share, to keep within its size. Counts, means, deviations and labels of the units are of all rows.`;
  }
  notice.hidden = !notice.textContent;
  const quantised = page.quantised && page.carried ? " Values of rows are rounded to one of 65,535 steps over the range of their feature." : "";
  byId("foot").textContent = `Made with somkit-explorer. Means, deviations and values of rows are in the units of the data; standard deviations are those of the rows on the units; rows are counted from 0.${quantised}`;
}

describe();
setUpControls();
fitFrame();
setUpPlanes();
show(VIEWS.some(([view]) => view === "labels") ? "labels" : VIEWS.some(([view]) => view === "u-matrix") ? "u-matrix" : "plane");
drawChanged(); // at once: the rows are still to be read
requestAnimationFrame(() => performance.mark("somkit-first-picture"));
listenToPointer();
listenToKeys();
new ResizeObserver(() => {
  if (byId("stage").clientWidth !== figure.frame.width) redraw("frame", "base", "chosen", "at", "planes");
}).observe(byId("stage"));
window.addEventListener("resize", () => redraw("frame", "base", "chosen", "at", "planes"));
document.addEventListener("DOMContentLoaded", () => {
  loadRows();
  performance.mark("somkit-rows");
  redraw("details");
});
