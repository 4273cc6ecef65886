// The rows themselves: members of units, search, and CSV to take away.

const SHOWN_ROWS = 40;
const SHOWN_COLUMNS = 24;
const ANSWERS = 12;
const SLICE = 4000; // rows of CSV that are written before the page may draw again

const rows = { ready: false, offsets: null, ids: null, classes: null, y: null, names: null, columns: [] };

/** Take in the rows, which come after the script; their columns are decoded when they are first looked at. */
function loadRows() {
  rows.offsets = carried("row-offsets");
  rows.ids = carried("row-ids");
  rows.classes = carried("row-classes");
  rows.y = carried("row-y");
  rows.names = words("row-names");
  rows.ready = rows.offsets !== null;
}

function column(feature) {
  rows.columns[feature] ??= carried(`row-column-${feature}`);
  return rows.columns[feature];
}

const rowUnit = (place) => {
  if (!rows.ready || place < 0) return -1;
  let [low, high] = [0, m]; // the last unit whose rows begin at the place or before it
  while (high - low > 1) {
    const between = (low + high) >> 1;
    if (rows.offsets[between] <= place) low = between;
    else high = between;
  }
  return low;
};

const rowName = (place) => (rows.names ? rows.names[place] : String(rows.ids[place]));
const rowLabel = (place) => {
  if (rows.classes) return rows.classes[place] === NO_CLASS ? "" : page.classes[rows.classes[place]];
  return rows.y ? format(rows.y[place]) : "";
};
const labelled = () => Boolean(rows.classes || rows.y);

/** Yield the places of the rows on some units. */
function* placesOn(units) {
  for (const unit of units) for (let place = rows.offsets[unit]; place < rows.offsets[unit + 1]; place += 1) yield place;
}

function memberTable(units, whole) {
  if (!rows.ready || whole) return null;
  const count = units.reduce((sum, unit) => sum + rows.offsets[unit + 1] - rows.offsets[unit], 0);
  if (!count) return null;
  const shown = state.row >= 0 && units.includes(rowUnit(state.row)) ? [state.row] : [];
  for (const place of placesOn(units)) {
    if (shown.length >= SHOWN_ROWS) break;
    if (place !== state.row) shown.push(place);
  }
  const features = page.features.slice(0, SHOWN_COLUMNS);
  const head = ["row", ...(rows.names ? ["name"] : []), ...(labelled() ? ["label"] : []), ...features];
  const lines = shown.map((place) => make(
    "tr", { class: place === state.row ? "found" : "" },
    make("td", { class: "number" }, String(rows.ids[place])),
    rows.names ? make("td", { class: "text", title: rows.names[place] }, rows.names[place]) : null,
    labelled() ? make("td", { class: "text", title: rowLabel(place) }, rowLabel(place)) : null,
    ...features.map((_, feature) => make("td", { class: "number" }, format(column(feature)[place]))),
  ));
  const more = [count > shown.length ? `the first ${shown.length} of ${counted(count, "row")}` : "", d > SHOWN_COLUMNS ? `${SHOWN_COLUMNS} of ${d} features` : ""].filter(Boolean);
  return make(
    "section", {}, make("h3", {}, `Rows${more.length ? `: ${more.join(", ")}` : ""}`),
    make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Rows" },
      make("table", {}, make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))), make("tbody", {}, ...lines))),
  );
}

/** Return the places of the rows that a text means: a row's number first, then names and labels that hold it. */
function search(text) {
  const wanted = text.trim().toLowerCase();
  const exact = [];
  const found = [];
  const holds = page.classes?.map((name) => name.toLowerCase().includes(wanted));
  for (let place = 0; place < rows.ids.length; place += 1) {
    if (String(rows.ids[place]) === wanted || rows.names?.[place].toLowerCase() === wanted) exact.push(place);
    else if (rows.names?.[place].toLowerCase().includes(wanted) || holds?.[rows.classes[place]]) found.push(place);
  }
  return [...exact, ...found];
}

function showAnswers() {
  const box = byId("answers");
  const text = byId("query").value;
  box.hidden = !text.trim();
  if (box.hidden) return;
  if (!rows.ready) {
    fill(box, make("p", { class: "quiet" }, page.carried ? "The rows are still being read." : "This page carries no rows."));
    return;
  }
  const found = search(text);
  const units = [...new Set(found.map(rowUnit))];
  const answers = found.slice(0, ANSWERS).map((place) => make(
    "button", { type: "button", class: "answer", click: () => showRow(place) },
    make("span", { class: "name" }, `Row ${rows.ids[place]}${rows.names ? `: ${rows.names[place]}` : ""}`),
    make("span", { class: "quiet name" }, rowLabel(place) || `unit ${rowUnit(place)}`),
  ));
  const heading = found.length ? `${counted(found.length, "row")} on ${counted(units.length, "unit")}` : leftOut() || "No row has this number, name or label.";
  const all = make("button", { type: "button", click: () => { box.hidden = true; select(units, `of “${text.trim()}”`); } }, make("span", {}, `Select ${units.length === 1 ? "the unit" : `all ${format(units.length)} units`}`));
  fill(box, make("p", { class: "quiet small" }, heading), ...(found.length > 1 ? [all] : []), ...answers);
  say(heading);
}

function leftOut() {
  return page.carried < page.rows ? `Not among the ${format(page.carried)} rows that this page carries.` : "";
}

/** Go to a row: select its unit, and put it first among the unit's rows. */
function showRow(place) {
  byId("answers").hidden = true;
  const unit = rowUnit(place);
  state.cursor = unit;
  state.row = place;
  select([unit], `of row ${rows.ids[place]}`);
}

function csvHead() {
  const head = ["row", ...(rows.names ? ["name"] : []), "unit", ...(clusters() ? ["cluster"] : []), ...(labelled() ? ["label"] : []), ...page.features];
  return `${head.map(textCell).join(",")}\r\n`;
}

function csvLine(place, unit, columns) {
  const cells = [rows.ids[place]];
  if (rows.names) cells.push(textCell(rows.names[place]));
  cells.push(unit);
  if (clusters()) cells.push(clusters()[unit] + 1);
  if (rows.classes) cells.push(textCell(rowLabel(place)));
  else if (rows.y) cells.push(shortest(rows.y[place], rows.y instanceof Float32Array || page.quantised));
  for (const values of columns) cells.push(shortest(values[place], values instanceof Float32Array || page.quantised));
  return `${cells.join(",")}\r\n`;
}

/** Write the selected rows as CSV, slice by slice, so that the page stays alive. */
async function csv() {
  const units = [...state.selected].sort((one, other) => one - other);
  const columns = page.features.map((_, feature) => column(feature));
  const parts = [csvHead()];
  let lines = [];
  for (const unit of units) {
    for (let place = rows.offsets[unit]; place < rows.offsets[unit + 1]; place += 1) {
      lines.push(csvLine(place, unit, columns));
      if (lines.length >= SLICE) {
        parts.push(lines.join(""));
        lines = [];
        await new Promise((resolve) => { setTimeout(resolve); });
      }
    }
  }
  return [...parts, lines.join("")];
}

async function downloadRows() {
  keep("rows.csv", new Blob(["\ufeff", ...(await csv())], { type: "text/csv;charset=utf-8" }));
  say("The selected rows are saved as rows.csv.");
}

async function copyRows() {
  const text = (await csv()).join("");
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a frame in a notebook may not write to the clipboard by itself
    const area = make("textarea", { class: "unseen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  byId("copy").textContent = "Copied";
  setTimeout(() => { byId("copy").textContent = "Copy CSV"; }, 1500);
  say("The selected rows are copied.");
}
