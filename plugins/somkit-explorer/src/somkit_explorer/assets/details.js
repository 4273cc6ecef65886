// What is on a unit, on the units that are selected, or on the whole map.

const MOST_FEATURES = 80;
const MOST_LABELS = 6;

/** Return count, weight, moments of each feature and labels of some units taken together. */
function summary(units) {
  const found = { units: units.length, count: 0, weight: 0, mean: [], sd: [], vector: [], labels: [] };
  for (const unit of units) {
    found.count += map.count ? map.count[unit] : 0;
    found.weight += map.weight ? map.weight[unit] : 0;
  }
  for (let feature = 0; feature < Math.min(d, MOST_FEATURES); feature += 1) {
    const [mean, sd] = map.mean ? pooled(units, ofFeature(map.mean, feature), ofFeature(map.sd, feature), feature) : [NaN, NaN];
    found.mean.push(mean);
    found.sd.push(sd);
    found.vector.push(units.length === 1 ? map.codebook[feature * m + units[0]] : NaN);
  }
  if (page.quantities) found.quantity = pooled(units, map.yMean, map.ySd, -1);
  if (map.classOffsets) found.labels = labelsOn(units);
  return found;
}

function pooled(units, means, sds, feature) {
  const weightOf = (unit) => (map.seen && feature >= 0 ? map.seen[feature * m + unit] : map.weight[unit]);
  const known = units.filter((unit) => !Number.isNaN(means[unit]) && weightOf(unit) > 0);
  const total = known.reduce((sum, unit) => sum + weightOf(unit), 0);
  const mean = known.reduce((sum, unit) => sum + weightOf(unit) * means[unit], 0) / total;
  const square = known.reduce((sum, unit) => sum + weightOf(unit) * (sds[unit] ** 2 + (means[unit] - mean) ** 2), 0) / total;
  return [mean, Math.sqrt(square)];
}

/** Return [class, weight] of the labels on some units, the heaviest first. */
function labelsOn(units) {
  const total = new Map();
  for (const unit of units) {
    for (let place = map.classOffsets[unit]; place < map.classOffsets[unit + 1]; place += 1) {
      const number = map.classCodes[place];
      total.set(number, (total.get(number) ?? 0) + map.classWeights[place]);
    }
  }
  return [...total].sort((one, other) => other[1] - one[1] || one[0] - other[0]);
}

const unitName = (unit) => (page.nodes[unit] === String(unit) ? `Unit ${unit}` : `Unit ${unit}, ${page.nodes[unit]}`);

/** Return in a few phrases which unit it is and what is on it. */
function factsOf(unit) {
  const facts = [unitName(unit)];
  if (map.count) facts.push(counted(map.count[unit], "row"));
  const labels = map.classOffsets ? labelsOn([unit]) : [];
  if (labels.length) {
    const whole = labels.reduce((sum, [, weight]) => sum + weight, 0);
    facts.push(`${percent(labels[0][1], whole)} ${page.classes[labels[0][0]]}`);
  }
  const { look } = figure;
  if (look.values && !look.grow) facts.push(`${look.title} ${format(look.values[unit])}`);
  if (look.numbered) facts.push(`cluster ${clusters()[unit] + 1}`);
  return facts;
}

/** Say what is on a unit. */
function sentence(unit) {
  return `${[...factsOf(unit), ...(state.selected.has(unit) ? ["selected"] : [])].join("; ")}.`;
}

function subjectUnits() {
  if (state.at >= 0) return [state.at];
  return state.selected.size ? [...state.selected].sort((one, other) => one - other) : Array.from({ length: m }, (_, unit) => unit);
}

function showDetails() {
  const units = subjectUnits();
  const whole = state.at < 0 && !state.selected.size;
  const known = summary(units);
  const one = units.length === 1 ? units[0] : -1;
  byId("subject").textContent = whole ? "The whole map" : one >= 0 ? unitName(one) : counted(units.length, "unit");
  byId("takeaway").hidden = !state.selected.size || !page.carried;
  byId("clear").hidden = !state.selected.size;
  fill(
    byId("details"),
    one >= 0 && clusters() ? make("p", { class: "quiet small" }, `Cluster ${clusters()[one] + 1} of ${state.clusters}${state.selected.has(one) ? ", selected" : ""}`) : null,
    map.count ? headcount(known, whole) : make("p", { class: "quiet" }, "The page was made without samples."),
    labelBars(known.labels),
    page.quantities ? make("p", {}, `Label: ${spread(...known.quantity)}`) : null,
    featureTable(known),
    memberTable(units, whole),
  );
}

function headcount(known, whole) {
  const share = whole ? `on ${counted(known.units, "unit")}` : `${percent(known.count, page.rows)} of all`;
  const weight = page.weighted ? `, weight ${format(known.weight)}` : "";
  return make("p", { class: "big" }, make("b", {}, format(known.count)), make("span", { class: "quiet" }, `${known.count === 1 ? "row" : "rows"}, ${share}${weight}`));
}

function labelBars(labels) {
  if (!labels.length) return null;
  const whole = labels.reduce((sum, [, weight]) => sum + weight, 0);
  const bars = labels.slice(0, MOST_LABELS).flatMap(([number, weight]) => {
    const bar = make("i", {});
    bar.style.width = `${(100 * weight) / whole}%`;
    bar.style.background = classColour(number, figure.inks);
    const name = page.classes[number];
    return [make("span", { class: "name", title: name }, name), make("span", { class: "share" }, bar), make("span", { class: "quiet" }, `${format(weight)}, ${percent(weight, whole)}`)];
  });
  const more = labels.length - MOST_LABELS;
  return make("section", {}, make("h3", {}, "Labels"), make("div", { class: "shares" }, ...bars), more > 0 ? make("p", { class: "quiet small" }, `and ${counted(more, "other label")}`) : null);
}

const ranges = [];

/** Return the lowest and the highest value that a feature's bar reaches: of its plane and of the units' means. */
function rangeOf(feature) {
  ranges[feature] ??= extent([...extent(ofFeature(map.codebook, feature)), ...(map.mean ? extent(ofFeature(map.mean, feature)) : [])]);
  return ranges[feature];
}

function featureTable(known) {
  const rows = known.mean.map((mean, feature) => {
    const empty = Number.isNaN(mean);
    const value = empty ? known.vector[feature] : mean;
    const text = empty ? format(value) : spread(mean, known.sd[feature]);
    return make("tr", {}, make("th", { scope: "row" }, ...breakable(page.features[feature])), make("td", { class: "number" }, text), make("td", {}, track(value, known.sd[feature], feature)));
  });
  if (d > MOST_FEATURES) rows.push(make("tr", {}, make("td", { colspan: 3, class: "quiet" }, `and ${counted(d - MOST_FEATURES, "more feature")}, which the CSV holds`)));
  const heading = map.count && known.count ? "Mean ± standard deviation of the rows" : "The unit’s vector";
  return make("section", {}, make("h3", {}, heading), make("table", { class: "features" }, make("tbody", {}, ...rows)));
}

function track(value, sd, feature) {
  const [low, high] = rangeOf(feature);
  const place = (number) => (high > low ? Math.max(0, Math.min(100, (100 * (number - low)) / (high - low))) : 50);
  if (Number.isNaN(value)) return make("div", { class: "track" });
  const mark = make("b", {});
  mark.style.left = `${place(value)}%`;
  const spread = make("i", {});
  spread.hidden = !(sd > 0);
  spread.style.left = `${place(value - sd)}%`;
  spread.style.width = `${place(value + sd) - place(value - sd)}%`;
  return make("div", { class: "track", "aria-hidden": "true" }, spread, mark);
}
