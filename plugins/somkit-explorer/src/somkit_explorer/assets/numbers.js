// Numbers as text: for eyes, for axes and for tables that other programs read.

const MINUS = "\u2212";
const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Write a number with four significant digits, and whole numbers as they are. */
function format(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return grouped.format(value).replace("-", MINUS);
  const size = Math.abs(value);
  const text = size !== 0 && (size >= 1e6 || size < 1e-4)
    ? value.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e")
    : String(Number(value.toPrecision(4)));
  return text.replaceAll("-", MINUS);
}

/** Write mean ± standard deviation, both to the deviation's second digit. */
function spread(mean, sd) {
  if (!(sd > 0)) return sd === 0 ? `${format(mean)} ± 0` : format(mean);
  const decimals = Math.max(0, 1 - Math.floor(Math.log10(sd)));
  const size = Math.max(Math.abs(mean), sd);
  if (decimals > 8 || size >= 1e6 || size < 1e-4) return `${format(mean)} ± ${format(Number(sd.toPrecision(2)))}`;
  const [middle, width] = [mean, sd].map((value) => (Number(value.toFixed(decimals)) + 0).toFixed(decimals).replace("-", MINUS));
  return `${middle} ± ${width}`;
}

/** Write a count of things: "1 row", "3,000 rows". */
function counted(count, word) {
  return `${format(count)} ${word}${count === 1 ? "" : "s"}`;
}

function percent(part, whole) {
  const share = whole ? (100 * part) / whole : 0;
  return `${share > 0 && share < 1 ? "< 1" : Math.round(share)} %`;
}

/** Return round numbers from low to high, at most `most` of them; the two ends where no round ones lie between. */
function ticks(low, high, most) {
  if (!(high > low)) return [low];
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const found = [];
  for (let place = Math.ceil(low / step - 1e-9); place * step <= high + 1e-9 * step; place += 1) found.push(place * step);
  return found.length > 1 ? found : [low, high];
}

/** Write ticks with as many decimals as the closest two need, the same for all. */
function tickTexts(values) {
  const largest = Math.max(...values.map(Math.abs));
  const step = values.length > 1 ? Math.abs(values[1] - values[0]) : largest / 100;
  if (largest >= 1e6 || (largest < 1e-3 && largest > 0)) return values.map(format);
  const decimals = step > 0 ? Math.max(0, Math.min(12, Math.ceil(-Math.log10(step) - 1e-9))) : 0;
  const exact = decimals < 12 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6;
  return values.map((value) => (Number(value.toFixed(decimals + exact)) + 0).toFixed(decimals + exact).replace("-", MINUS));
}

/** Write a number with as few digits as give it back in the type it was carried in. */
function shortest(value, narrow) {
  if (Number.isNaN(value)) return "";
  if (!narrow) return String(value);
  for (let digits = 6; digits < 9; digits += 1) {
    const number = Number(value.toPrecision(digits));
    if (Math.fround(number) === Math.fround(value)) return String(number);
  }
  return String(Number(value.toPrecision(9)));
}

/**
 * Write text as a cell of a CSV file (RFC 4180). Spreadsheets run cells that begin with = + - @ as formulas, also after
 * blanks; an apostrophe before them keeps them text. Numbers are no formulas.
 */
function textCell(text) {
  const formula = /^[\s\u0000]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/.test(text);
  const safe = formula && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? `'${text}` : text;
  return /[",;\r\n\t]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
