// What each picture shows: a colour for every unit, and the legend that explains it.

// Okabe and Ito's eight colours, which colour-blind eyes tell apart; the last is black, or white where it is dark.
const CLASS_COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442"];
const MOST_CLASSES = 24;
const OTHER = "#9a9a9a";
const SHADES = 256;

const classColour = (number, inks) => [...CLASS_COLOURS, inks.last][number % 8];
const classMark = (number) => Math.floor(number / 8) % 5; // 0 none, 1 dot, 2 triangle, 3 square, 4 diamond

function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(low <= high)) return [NaN, NaN];
  return high - low > 1e-12 * Math.max(Math.abs(low), Math.abs(high)) ? [low, high] : [low, low]; // rounding is no range
}

/** Look at numbers: each unit in its shade. */
function shaded(values, title, label, note = "") {
  const [low, high] = extent(values);
  const bins = new Int16Array(m).fill(-1);
  for (let unit = 0; unit < m; unit += 1) {
    if (Number.isFinite(values[unit])) {
      bins[unit] = high > low ? Math.round(((values[unit] - low) / (high - low)) * (SHADES - 1)) : SHADES / 2;
    }
  }
  return { title, note, values, bins, palette: page.palettes[state.colours], legend: { low, high, label } };
}

const ofFeature = (values, feature) => values.subarray(feature * m, (feature + 1) * m);

function lookOfPlane(feature) {
  const name = page.features[feature];
  return shaded(ofFeature(map.codebook, feature), name, name, "the vectors of the map, in the data’s own units");
}

function lookOfUMatrix() {
  const space = page.scaling ? `, ${page.scaling} scaling` : "";
  const label = `mean distance to neighbours (${page.metric}${space})`;
  const alone = map.uMatrix.some(Number.isNaN) ? "; pale: no neighbour" : "";
  return shaded(map.uMatrix, "U-matrix", label, `light ridges part dark clusters${alone}`);
}

function lookOfHits() {
  const hits = page.weighted ? map.weight : map.count;
  const word = page.weighted ? "weight of the rows on a unit" : "rows on a unit";
  const values = Float64Array.from(hits, (value) => (value > 0 ? value : NaN));
  const empty = hits.reduce((sum, value) => sum + (value === 0), 0);
  const note = empty ? `${counted(empty, "unit")} without a row` : "every unit has a row";
  const look = shaded(values, "Hits", word, note);
  look.grow = Float32Array.from(hits, (value) => Math.max(0.22, Math.sqrt(value / look.legend.high) * 0.94));
  return look;
}

/** Return the class of most weight on each unit, -1 where no labelled row fell; the first of equals. */
function majorities() {
  const found = new Int32Array(m).fill(-1);
  for (let unit = 0; unit < m; unit += 1) {
    let most = 0;
    for (let place = map.classOffsets[unit]; place < map.classOffsets[unit + 1]; place += 1) {
      if (map.classWeights[place] > most) {
        most = map.classWeights[place];
        found[unit] = map.classCodes[place];
      }
    }
  }
  return found;
}
const majority = map.classOffsets && majorities();

/** Return which classes have a look of their own: the most frequent on the map, where there are many. */
function shownClasses() {
  const count = new Map();
  for (const number of majority) if (number >= 0) count.set(number, (count.get(number) ?? 0) + 1);
  const present = [...count.keys()];
  present.sort((one, other) => count.get(other) - count.get(one) || one - other);
  return new Set(present.length > MOST_CLASSES ? present.slice(0, MOST_CLASSES - 1) : present);
}

function lookOfLabels(inks) {
  if (page.quantities) return shaded(map.yMean, "Labels", "mean label of the rows on a unit");
  const shown = shownClasses();
  const order = [...shown].sort((one, other) => one - other);
  const place = new Map(order.map((number, index) => [number, index]));
  const bins = Int16Array.from(majority, (number) => (number < 0 ? -1 : place.get(number) ?? order.length));
  const keys = order.map((number, index) => ({
    name: page.classes[number], colour: classColour(number, inks), mark: classMark(number), bin: index,
  }));
  if (majority.some((number) => number >= 0 && !shown.has(number))) {
    keys.push({ name: "other labels", colour: OTHER, mark: 0, bin: order.length });
  }
  const palette = keys.map((key) => key.colour);
  const marks = Uint8Array.from(bins, (bin) => (bin < 0 ? 0 : keys[bin].mark));
  return { title: "Labels", note: "the commonest label among the rows of each unit", bins, palette, marks, legend: { keys } };
}

function lookOfClusters(inks) {
  const found = clusters();
  const size = new Uint32Array(state.clusters);
  const rowsIn = new Float64Array(state.clusters);
  for (let unit = 0; unit < m; unit += 1) {
    size[found[unit]] += 1;
    if (map.count) rowsIn[found[unit]] += map.count[unit];
  }
  const keys = Array.from(size, (units, number) => ({
    name: `${number + 1}: ${map.count ? counted(rowsIn[number], "row") : counted(units, "unit")}`,
    colour: classColour(number, inks),
    mark: 0,
    bin: number,
  }));
  const note = page.clusters === "map" ? "Ward’s linkage along the map" : "Ward’s linkage of the units’ vectors";
  return {
    title: `${state.clusters} clusters`, note, bins: Int16Array.from(found), palette: keys.map((key) => key.colour),
    numbered: state.clusters, legend: { keys },
  };
}

/** Return the look of the picture that is chosen. */
function currentLook(inks) {
  if (state.view === "plane") return lookOfPlane(state.feature);
  if (state.view === "u-matrix") return lookOfUMatrix();
  if (state.view === "hits") return lookOfHits();
  return state.view === "labels" ? lookOfLabels(inks) : lookOfClusters(inks);
}
