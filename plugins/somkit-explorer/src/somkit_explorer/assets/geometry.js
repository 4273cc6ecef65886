// Where units are drawn, and which of them lies at a point.

const BUCKET = 1.5; // side, in that of a unit's share of the picture

/** Return where units lie, before they are fitted into a picture: x, y upwards, and how near they are to the eye. */
function placed() {
  const x = new Float64Array(m);
  const y = new Float64Array(m);
  if (!state.solid) {
    for (let unit = 0; unit < m; unit += 1) {
      if (page.dimensions === 2) {
        x[unit] = map.positions[unit];
        y[unit] = map.positions[m + unit];
      } else { // flat cells of units that lie in space
        for (let corner = 0; corner < page.corners; corner += 1) {
          x[unit] += map.cells[2 * (unit * page.corners + corner)] / page.corners;
          y[unit] += map.cells[2 * (unit * page.corners + corner) + 1] / page.corners;
        }
      }
    }
    return { x, y, near: null };
  }
  const near = new Float64Array(m);
  const [turn, tilt] = [state.turn, state.tilt].map((degrees) => (degrees * Math.PI) / 180);
  for (let unit = 0; unit < m; unit += 1) {
    const [across, away, up] = [0, 1, 2].map((axis) => map.positions[axis * m + unit] - middle[axis]);
    x[unit] = Math.cos(turn) * across - Math.sin(turn) * away;
    const behind = Math.sin(turn) * across + Math.cos(turn) * away;
    y[unit] = Math.cos(tilt) * up + Math.sin(tilt) * behind;
    near[unit] = Math.sin(tilt) * up - Math.cos(tilt) * behind;
  }
  return { x, y, near };
}

const middle = [0, 1, 2].slice(0, page.dimensions).map((axis) => {
  const [low, high] = extent(map.positions.subarray(axis * m, (axis + 1) * m));
  return (low + high) / 2;
});

/** Return the corners of the map: left, bottom, right, top; of its ball where it can be turned. */
function bounds() {
  if (state.solid) {
    let reach = 0;
    for (let unit = 0; unit < m; unit += 1) {
      reach = Math.max(reach, Math.hypot(...middle.map((centre, axis) => map.positions[axis * m + unit] - centre)));
    }
    reach += page.radius;
    return [-reach, -reach, reach, reach];
  }
  if (!map.cells) {
    const [left, right] = extent(map.positions.subarray(0, m));
    const [bottom, top] = extent(map.positions.subarray(m, 2 * m));
    return [left - page.radius, bottom - page.radius, right + page.radius, top + page.radius];
  }
  let [left, bottom, right, top] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let place = 0; place < map.cells.length; place += 2) {
    left = Math.min(left, map.cells[place]);
    right = Math.max(right, map.cells[place]);
    bottom = Math.min(bottom, map.cells[place + 1]);
    top = Math.max(top, map.cells[place + 1]);
  }
  return [left, bottom, right, top];
}

let mapBounds;
let mapAspect;

/** Find out anew how large the map is: it has just been made, or is seen in another way. */
function measureMap() {
  mapBounds = bounds();
  mapAspect = (mapBounds[2] - mapBounds[0]) / (mapBounds[3] - mapBounds[1]);
}
measureMap();

/** The map fitted into a picture of so many pixels. */
class Frame {
  constructor(width, height, margin = 0, left = 0, top = 0) {
    const [west, south, east, north] = mapBounds;
    this.scale = Math.min((width - 2 * margin) / (east - west), (height - 2 * margin) / (north - south));
    const right = left + (width - this.scale * (east - west)) / 2 - this.scale * west;
    const down = top + (height + this.scale * (north - south)) / 2 + this.scale * south;
    const { x, y, near } = placed();
    this.x = x.map((value) => right + this.scale * value);
    this.y = y.map((value) => down - this.scale * value);
    this.order = near && Uint32Array.from(near.keys()).sort((one, other) => near[one] - near[other]);
    this.near = near;
    this.width = width;
    this.height = height;
    this.radius = Math.max(1, this.scale * page.radius);
    this.corners = null;
    this.size = 2 * this.radius; // of a unit, in pixels
    if (map.cells && !state.solid) {
      this.corners = new Float32Array(map.cells.length);
      for (let place = 0; place < map.cells.length; place += 2) {
        this.corners[place] = right + this.scale * map.cells[place];
        this.corners[place + 1] = down - this.scale * map.cells[place + 1];
      }
      this.size = this.scale * cellSize;
    }
  }

  /** Add a unit's outline to the path, grown about its centre. */
  trace(context, unit, grow = 1) {
    const [x, y] = [this.x[unit], this.y[unit]];
    if (!this.corners) {
      context.moveTo(x + grow * this.radius, y);
      context.arc(x, y, grow * this.radius, 0, 2 * Math.PI);
      return;
    }
    const first = 2 * unit * page.corners;
    for (let place = first; place < first + 2 * page.corners; place += 2) {
      const [left, top] = [x + grow * (this.corners[place] - x), y + grow * (this.corners[place + 1] - y)];
      if (place === first) context.moveTo(left, top);
      else context.lineTo(left, top);
    }
    if (this.size >= OUTLINED) context.closePath(); // of small units it takes longer than all the rest, and is not seen
  }

  holds(unit, x, y) {
    if (!this.corners) return Math.hypot(this.x[unit] - x, this.y[unit] - y) <= Math.max(this.radius + 3, 7);
    let inside = false;
    const first = 2 * unit * page.corners;
    const last = first + 2 * page.corners - 2;
    for (let place = first, before = last; place <= last; before = place, place += 2) {
      const [left, top, left0, top0] = [place, place + 1, before, before + 1].map((index) => this.corners[index]);
      if (top > y !== top0 > y && x < ((left0 - left) * (y - top)) / (top0 - top) + left) inside = !inside;
    }
    return inside;
  }

  /** Return the unit at a point, the nearest to the eye of several; -1 where there is none. */
  at(x, y) {
    this.buckets ??= this.sort();
    let found = -1;
    let best = Infinity;
    for (const unit of this.buckets.lists[this.bucket(x, y)]) {
      if (!this.holds(unit, x, y)) continue;
      const distance = Math.hypot(this.x[unit] - x, this.y[unit] - y) - (this.near ? 1e6 * this.near[unit] : 0);
      if (distance < best) [found, best] = [unit, distance];
    }
    return found;
  }

  bucket(x, y) {
    const { side, across, down } = this.buckets;
    const [column, row] = [[x, across], [y, down]].map(([place, count]) => Math.max(0, Math.min(count - 1, Math.floor(place / side))));
    return row * across + column;
  }

  /** Sort the units into squares of the picture, each into all that it reaches. */
  sort() {
    const side = Math.max(8, BUCKET * Math.sqrt((this.width * this.height) / m));
    const [across, down] = [this.width, this.height].map((length) => Math.max(1, Math.ceil(length / side)));
    this.buckets = { side, across, down, lists: Array.from({ length: across * down }, () => []) };
    for (let unit = 0; unit < m; unit += 1) {
      const [left, top, right, bottom] = this.box(unit);
      const [first, last] = [this.bucket(left, top), this.bucket(right, bottom)];
      for (let row = first - (first % across); row <= last; row += across) {
        for (let column = first % across; column <= last % across; column += 1) this.buckets.lists[row + column].push(unit);
      }
    }
    return this.buckets;
  }

  box(unit) {
    if (!this.corners) {
      const reach = Math.max(this.radius + 3, 7);
      return [this.x[unit] - reach, this.y[unit] - reach, this.x[unit] + reach, this.y[unit] + reach];
    }
    const corners = this.corners.subarray(2 * unit * page.corners, 2 * (unit + 1) * page.corners);
    const [left, right] = extent(corners.filter((_, place) => place % 2 === 0));
    const [top, bottom] = extent(corners.filter((_, place) => place % 2 === 1));
    return [left, top, right, bottom];
  }

  /** Return the units whose centres lie in a rectangle. */
  within(left, top, right, bottom) {
    const units = [];
    for (let unit = 0; unit < m; unit += 1) {
      const [x, y] = [this.x[unit], this.y[unit]];
      if (x >= left && x <= right && y >= top && y <= bottom) units.push(unit);
    }
    return units;
  }

  /** Return the nearest unit in a direction (dx, dy), the unit itself where there is none. */
  beside(unit, dx, dy) {
    let found = unit;
    let best = Infinity;
    for (let other = 0; other < m; other += 1) {
      const [x, y] = [this.x[other] - this.x[unit], this.y[other] - this.y[unit]];
      const along = x * dx + y * dy;
      const aside = Math.abs(x * dy - y * dx);
      const detour = (along ** 2 + aside ** 2) / along; // of two at equal distance, the one straight ahead
      if (along > 0.05 * this.size && aside < 2 * along && detour < best) [found, best] = [other, detour];
    }
    return found;
  }
}

const cellSize = map.cells ? typicalSide() : 0;

/** Return the width of a cell or its height, whichever is less, as it is in the middle of some two hundred. */
function typicalSide() {
  const sizes = [];
  for (let unit = 0; unit < m; unit += Math.ceil(m / 200)) {
    const corners = map.cells.subarray(2 * unit * page.corners, 2 * (unit + 1) * page.corners);
    const [left, right] = extent(corners.filter((_, place) => place % 2 === 0));
    const [bottom, top] = extent(corners.filter((_, place) => place % 2 === 1));
    sizes.push(Math.min(right - left, top - bottom));
  }
  return sizes.sort((one, other) => one - other)[Math.floor(sizes.length / 2)];
}

/** Return the sides that cells share: [unit, other unit, corner, next corner] of the first. */
function sharedSides() {
  const sides = [];
  const near = 1e-3 * cellSize;
  const corner = (unit, place, axis) => map.cells[2 * (unit * page.corners + place) + axis];
  const meet = (one, i, other, j) => [0, 1].every((axis) => Math.abs(corner(one, i, axis) - corner(other, j, axis)) < near);
  const places = Array.from({ length: page.corners }, (_, place) => place);
  for (let edge = 0; edge < map.edges.length; edge += 2) {
    const [one, other] = [map.edges[edge], map.edges[edge + 1]];
    const shared = places.map((i) => places.some((j) => meet(one, i, other, j)));
    for (const i of places) {
      const next = (i + 1) % page.corners;
      if (shared[i] && shared[next]) sides.push([one, other, i, next]);
    }
  }
  return sides;
}
