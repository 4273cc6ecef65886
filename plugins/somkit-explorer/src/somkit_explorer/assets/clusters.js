// Ward's hierarchy, cut into a number of clusters. Of a map in parts it may end before all are one.

const fewestClusters = map.merges ? Math.max(1, m - map.merges.length / 2) : 1;
const mostClusters = Math.max(fewestClusters, Math.min(page.most_clusters, 30));

/** Return the cluster of each unit, 0, 1, ... in the order of their first units. */
function cut(merges, count) {
  const root = new Int32Array(2 * m - 1).fill(-1);
  for (let step = Math.min(m - count, merges.length / 2) - 1; step >= 0; step -= 1) {
    const top = root[m + step] < 0 ? m + step : root[m + step];
    root[merges[2 * step]] = top;
    root[merges[2 * step + 1]] = top;
  }
  const numbers = new Map();
  const found = new Int32Array(m);
  for (let unit = 0; unit < m; unit += 1) {
    const top = root[unit] < 0 ? unit : root[unit];
    if (!numbers.has(top)) numbers.set(top, numbers.size);
    found[unit] = numbers.get(top);
  }
  return found;
}

let cutAt = 0;
let cutFound = null;

/** Return the cluster of each unit as the slider stands, null where the page has no hierarchy. */
function clusters() {
  if (map.merges && cutAt !== state.clusters) {
    cutFound = cut(map.merges, state.clusters);
    cutAt = state.clusters;
  }
  return cutFound;
}

/** Return the units of a cluster. */
function unitsOfCluster(number) {
  return unitsWhere(clusters(), number);
}

function unitsWhere(values, wanted) {
  const units = [];
  for (let unit = 0; unit < m; unit += 1) if (values[unit] === wanted) units.push(unit);
  return units;
}
