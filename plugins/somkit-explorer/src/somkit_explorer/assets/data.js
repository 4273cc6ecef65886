// What the page carries, and the state it is in.

const byId = (id) => document.getElementById(id);
const TYPES = { float32: Float32Array, float64: Float64Array, uint32: Uint32Array, uint16: Uint16Array };
const MISSING = 65535; // of a quantised column
const NO_CLASS = 4294967295;

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place += 1) bytes[place] = letters.charCodeAt(place);
  return bytes;
}

/** Return an array that the page carries, null if it does not; its text is given up. */
function carried(name) {
  const node = byId(`somkit-${name}`);
  if (!node) return null;
  const { type, offset, step } = node.dataset;
  const numbers = new TYPES[type](bytesOf(node.textContent).buffer);
  node.remove();
  if (type !== "uint16") return numbers;
  return Float64Array.from(numbers, (code) => (code === MISSING ? NaN : Number(offset) + Number(step) * code));
}

function words(name) {
  const node = byId(`somkit-${name}`);
  return node && JSON.parse(node.textContent);
}

const page = words("document");
const m = page.units;
const d = page.features.length;
const map = {
  positions: carried("positions"), // axis by axis
  cells: carried("cells"), // unit by unit, corner by corner
  edges: carried("edges"),
  codebook: carried("codebook"), // feature by feature, as mean, sd and seen
  uMatrix: carried("u-matrix"),
  merges: carried("merges"),
  count: carried("count"),
  weight: carried("weight"),
  mean: carried("mean"),
  sd: carried("sd"),
  seen: carried("seen"),
  classOffsets: carried("class-offsets"),
  classCodes: carried("class-codes"),
  classWeights: carried("class-weights"),
  yMean: carried("y-mean"),
  ySd: carried("y-sd"),
};
const spatial = page.dimensions === 3;

const state = {
  view: "", // plane, u-matrix, hits, labels or clusters
  feature: 0,
  clusters: 4,
  borders: false,
  colours: page.colours,
  at: -1, // the unit under the pointer or the keyboard's cursor
  cursor: 0, // where the keyboard is
  selected: new Set(),
  row: -1, // the place of the row that was searched for
  solid: spatial && !map.cells, // seen in space, not as flat cells
  turn: 30,
  tilt: 20,
  drag: "select",
};

/** Build an element. Text is only ever text: nothing that the data hold is read as markup. */
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") node.className = value;
    else if (name === "click") node.addEventListener("click", value);
    else if (value !== false && value !== null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Return a name in pieces that a line may be broken after: names of columns are long and have no blanks. */
function breakable(name) {
  return name.split(/(?<=[_/.-])(?=[^_/.-])/u).flatMap((piece, place) => (place ? [make("wbr"), piece] : [piece]));
}

function fill(node, ...children) {
  node.replaceChildren(...children.filter((child) => child !== null));
}

/** Say something to those who listen to the page. */
function say(text) {
  byId("live").textContent = text;
}
