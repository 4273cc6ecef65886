// The map as a table, for those who read rather than look.

const TABLE_ROWS = 50;
const table = { start: 0, boxes: [] };

function tableHead() {
  const values = figure.look.values && !figure.look.grow ? [figure.look.title] : [];
  return ["unit", ...(page.nodes.some((node, unit) => node !== String(unit)) ? ["node"] : []), ...(map.count ? ["rows"] : []),
    ...(majority ? ["commonest label"] : []), ...(clusters() ? ["cluster"] : []), ...values, "selected"];
}

function tableLine(unit, head) {
  const box = make("input", { type: "checkbox", "aria-label": `Select unit ${unit}` });
  box.checked = state.selected.has(unit);
  box.addEventListener("change", () => toggle(unit, true));
  table.boxes.push([unit, box]);
  const cells = {
    node: () => page.nodes[unit],
    rows: () => format(map.count[unit]),
    "commonest label": () => (majority[unit] < 0 ? "–" : page.classes[majority[unit]]),
    cluster: () => String(clusters()[unit] + 1),
    selected: () => box,
  };
  return make("tr", {}, make("th", { scope: "row" }, String(unit)), ...head.slice(1).map((name, place) => make(
    "td", {}, place === head.length - 2 || name in cells ? cells[name]() : format(figure.look.values[unit]),
  )));
}

function showTable() {
  if (!byId("table").open) return;
  table.boxes = [];
  const head = tableHead();
  const last = Math.min(m, table.start + TABLE_ROWS);
  const lines = Array.from({ length: last - table.start }, (_, place) => tableLine(table.start + place, head));
  const turn = (text, start) => make("button", { type: "button", class: "plain", disabled: start < 0 || start >= m, click: () => turnPage(start) }, text);
  fill(
    byId("table-body"),
    m > TABLE_ROWS ? make("div", { class: "pager" }, turn("Earlier units", table.start - TABLE_ROWS), turn("Later units", table.start + TABLE_ROWS),
      make("span", { class: "quiet" }, `units ${table.start} to ${last - 1} of ${format(m)}`)) : null,
    make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of units" },
      make("table", {}, make("caption", { class: "unseen" }, `Units of the map, ${table.start} to ${last - 1}`),
        make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))), make("tbody", {}, ...lines))),
  );
}

/** Tick the units that are selected, without making the table anew: the keyboard may be in it. */
function tickTable() {
  for (const [unit, box] of table.boxes) box.checked = state.selected.has(unit);
}

function turnPage(start) {
  table.start = start;
  showTable();
}
