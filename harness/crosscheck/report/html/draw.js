// Elements, numbers and pictures. Text goes into the page as text nodes alone, so that no name or message is markup.
"use strict";
const SVG = "http://www.w3.org/2000/svg";

function make(space, name, attributes, children) {
  const element = space ? document.createElementNS(space, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}
const h = (name, attributes, ...children) => make(null, name, attributes, children);
const s = (name, attributes, ...children) => make(SVG, name, attributes, children);

const number = x => x === "inf" ? Infinity : x === "-inf" ? -Infinity : x === "nan" ? NaN : x;
const count = n => n.toLocaleString("en");

// A number as people read it: two digits, and never a long row of zeros.
function read(x, digits = 2) {
  const value = number(x);
  if (value === null || value === undefined) return "";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : "∞";
  if (value !== 0 && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3)) {
    return value.toExponential(digits - 1).replace("e+", "e");
  }
  return String(Number(value.toPrecision(digits)));
}

// 10 to a power, with a raised exponent.
function power(k) {
  return "10" + [...String(k)].map(c => c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)]).join("");
}

// The classes of an error in units of the bound: up to 1 it may be rounding, above it cannot.
const LIMITS = [1e-3, 1e-2, 0.1, 0.5, 1, 10, 1e6];
const LABELS = ["0", "0.001", "0.01", "0.1", "0.5", "1", "10", "10⁶"];
function level(ratio) {
  const value = number(ratio);
  if (value === null || value === undefined || value < 0) return "none";
  const k = LIMITS.findIndex(limit => value <= limit);
  return k < 0 ? LIMITS.length : k;
}

// ---------------------------------------------------------------- the network

const ELIDED = 7; // layers, above which those in the middle that are right are left out

// A box a layer, in which each tensor has a chip; the first that is wrong is marked.
function network(of, marks, first, levels) {
  const L = of.n.length - 1;
  const chips = l => (l ? [`dW${l}`, `db${l}`, `fit: W${l}`, `fit: b${l}`] : ["J", "fit: J"]).filter(name => name in marks);
  const wrongAt = l => chips(l).some(name => marks[name] === "wrong" || name === first);
  const all = Array.from({ length: L }, (_, k) => k + 1);
  const shown = L <= ELIDED ? all : all.filter(l => l <= 2 || l > L - 2 || wrongAt(l)).slice(0, 40);
  const W = 150, GAP = 46, TOP = 26, H = 152;
  const items = [{ kind: "input" }];
  shown.forEach((l, k) => {
    if (l > (k ? shown[k - 1] : 0) + 1) items.push({ kind: "gap", layers: l - (k ? shown[k - 1] : 0) - 1 });
    items.push({ kind: "layer", l });
  });
  items.push({ kind: "cost" });
  const widths = { input: 92, layer: W, cost: 108, gap: 60 };
  let x = 4;
  const parts = [], y = TOP + H / 2;
  items.forEach((item, k) => {
    const width = widths[item.kind];
    if (k) parts.push(s("path", { d: `M${x - GAP + 3} ${y} H${x - 5} m-6 -4 l6 4 l-6 4`, class: "wire" }));
    if (item.kind === "gap") {
      parts.push(s("text", { x: x + width / 2, y: y + 4, class: "small middle" }, `… ${item.layers} more`));
    } else {
      parts.push(...box(item, x, width, TOP, H, of, chips, (...at) => chip(...at, marks, first, levels)));
    }
    x += width + GAP;
  });
  const width = x - GAP + 4, height = TOP + H + 6;
  const how = marks.convention ? "differs by the convention" : "wrong first";
  const words = first ? `${how}: ${plainly(first)}` : "nothing in it is outside its bound";
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Network" },
    s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", class: "network",
      "aria-label": `The network, ${of.n.join(", ")} units; ${words}` }, parts));
}

const plainly = name => name.startsWith("fit: ") ? `${name.slice(5)} after a step` : name;

function box(item, x, width, top, height, of, chips, draw) {
  const middle = x + width / 2;
  if (item.kind === "input") {
    return [s("rect", { x, y: top + 30, width, height: height - 60, rx: 8, class: "box" }),
      s("text", { x: middle, y: top + height / 2 - 4, class: "middle strong" }, "X"),
      s("text", { x: middle, y: top + height / 2 + 13, class: "middle small" }, `${count(of.n[0])} × ${count(of.m)}`)];
  }
  if (item.kind === "cost") {
    return [s("rect", { x, y: top, width, height, rx: 8, class: "box" }),
      s("text", { x: middle, y: top + 28, class: "middle small" }, of.loss.replace("_", " ")),
      ...chips(0).flatMap((name, k) => draw(name, x + 10, top + 50 + 50 * k, width - 20))];
  }
  const l = item.l, names = chips(l), wide = (width - 28) / 2;
  return [s("rect", { x, y: top, width, height, rx: 8, class: "box" }),
    s("text", { x: middle, y: top - 10, class: "middle small" }, `${count(of.n[l])} × ${count(of.n[l - 1])}`),
    s("text", { x: middle, y: top + 20, class: "middle strong" }, `layer ${l}`),
    s("text", { x: middle, y: top + 37, class: "middle small" }, of.g[l - 1].replace("_", " ")),
    ...names.flatMap((name, k) =>
      draw(name, x + 10 + (k % 2) * (wide + 8), top + 50 + 50 * Math.floor(k / 2), wide))];
}

// The colour is that of the error; a frame and words say what it means.
function chip(name, x, y, width, marks, first, levels) {
  const kind = name !== first ? marks[name] : marks.convention ? "differs" : "first";
  const flag = { first: "▲ wrong first", differs: "▲ convention" }[kind];
  const label = name.startsWith("fit: ") ? `${name.slice(5)}′` : name;
  const symbol = { right: "✓", wrong: "✕", first: "✕", none: "∅", differs: "≈" }[kind];
  return [s("g", { class: `chip ${kind} ${kind === "none" || kind === "differs" ? "" : `l${levels[name]}`}` },
    s("title", null, `${plainly(name)}: ${{ first: "wrong first", none: "no bound", differs: "differs by the convention" }[kind] || kind}`),
    s("rect", { x, y, width, height: 24, rx: 6 }),
    s("text", { x: x + width / 2, y: y + 16.5, class: "middle" }, `${symbol} ${label}`)),
  flag && s("text", { x: x + width / 2, y: y + 37, class: `middle flag ${kind}` }, flag)];
}

// ---------------------------------------------------------------- the heat map

const BIGGEST = 26, WIDEST = 520, TALLEST = 420;

const axis = (name, length, arrow) => length > 1 ? `${name}s 0 to ${length - 1} ${arrow}` : `${name} 0`;

function heatMap(heat) {
  const lines = heat.ratios, columns = lines[0].length;
  const side = Math.max(3, Math.min(BIGGEST, Math.floor(WIDEST / columns), Math.floor(TALLEST / lines.length)));
  const readout = h("output", { class: "readout" }, "Point at a cell for its error.");
  const range = (k, block, length) => block === 1 ? `${k}` : `${k * block} to ${Math.min(length, (k + 1) * block) - 1}`;
  const cells = lines.flatMap((line, i) => line.map((ratio, j) => s("rect", {
    x: j * side, y: i * side, width: side, height: side, class: `l${level(ratio)}`, "data-at": `${i},${j}` })));
  const [width, height] = [columns * side, lines.length * side];
  const picture = s("svg", { viewBox: `-1 -1 ${width + 2} ${height + 2}`, width: width + 2, height: height + 2,
    class: "heat", role: "img", "aria-label": `Errors over ${plainly(heat.tensor)}: ${heat.words}` }, cells,
  s("rect", { x: 0, y: 0, width, height, class: "frame" }));
  picture.addEventListener("pointermove", event => {
    const at = event.target.dataset && event.target.dataset.at;
    if (!at) return;
    const [i, j] = at.split(",").map(Number), ratio = number(lines[i][j]);
    const place = `[${range(i, heat.block[0], heat.shape[0])}, ${range(j, heat.block[1], heat.shape[1])}]`;
    const largest = heat.block[0] * heat.block[1] > 1 ? "at most " : "";
    readout.textContent = `${plainly(heat.tensor)}${place}: ` +
      (ratio < 0 ? "no bound" : `${largest}${read(ratio)} x the ${heat.unit}`);
  });
  const scale = heat.block[0] * heat.block[1] > 1
    ? `A cell is ${heat.block[0]} × ${heat.block[1]} elements and has the largest error of them. ` : "";
  return h("figure", { class: "heatmap" },
    h("div", { class: "axis-top" }, axis("column", heat.shape[1], "→")),
    h("div", { class: "axis-left" }, axis("row", heat.shape[0], "↓")), picture, readout,
    h("figcaption", null, `${scale}Errors in units of the ${heat.unit === "noise" ? "usual noise" : "bound"}.`),
    scaleLegend());
}

function scaleLegend() {
  const swatches = LABELS.map((label, k) => h("span", { class: "swatch" }, h("i", { class: `l${k}` }),
    `${k < LABELS.length - 1 ? label + "–" + LABELS[k + 1] : "> " + label}`));
  return h("div", { class: "scale" }, swatches, h("span", { class: "swatch" }, h("i", { class: "lnone" }), "none"));
}

// ---------------------------------------------------------------- the cost curves

function line(points, x, y) {
  let pen = "M";
  return points.map(([t, v]) => {
    if (v === null || !Number.isFinite(v)) { pen = "M"; return ""; }
    const part = `${pen}${x(t).toFixed(1)} ${y(v).toFixed(1)}`;
    pen = "L";
    return part;
  }).join("");
}

// series: [{name, class, points: [[t, value]]}], with the area between two of them if they come with `area`.
function chart(title, series, log) {
  const W = 460, H = 220, left = 62, right = 12, top = 12, bottom = 34;
  const all = series.flatMap(each => each.points);
  const values = all.map(p => p[1]).filter(v => v !== null && Number.isFinite(v) && (!log || v > 0));
  if (!values.length) return h("p", { class: "muted" }, `${title}: 0 at every iteration.`);
  const zeros = log && all.some(p => p[1] === 0); // they lie on the lowest line
  let low = Math.min(...values), high = Math.max(...values);
  if (log) { low = 10 ** (Math.ceil(Math.log10(low)) - 1); high = 10 ** Math.ceil(Math.log10(high)); }
  if (high === low) { high = log ? low * 10 : low + Math.max(Math.abs(low) * 0.1, 1e-9); }
  const last = Math.max(1, ...all.map(p => p[0]));
  const x = t => left + (W - left - right) * t / last;
  const f = log ? Math.log10 : v => v;
  const y = v => H - bottom - (H - top - bottom) * (f(log ? Math.max(v, low) : v) - f(low)) / (f(high) - f(low));
  const ticks = log ? decades(low, high) : [low, (low + high) / 2, high];
  const grid = ticks.flatMap(v => [s("line", { x1: left, x2: W - right, y1: y(v), y2: y(v), class: "grid" }),
    s("text", { x: left - 6, y: y(v) + 4, class: "end small" }, !log ? read(v, 3) : v === low && zeros ? "0" : power(Math.round(Math.log10(v))))]);
  const paths = series.map(each => s("path", { d: line(each.points, x, y), class: `curve ${each.class}` }));
  const dots = last <= 1 ? series.flatMap(each => each.points.filter(p => p[1] !== null && Number.isFinite(p[1]))
    .map(p => s("circle", { cx: x(p[0]), cy: y(p[1]), r: 3.5, class: `dot ${each.class}` }))) : [];
  return h("figure", { class: "chart" }, h("figcaption", null, title),
    s("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${title}: ${series.map(e => e.name).join(", ")}` },
      grid, s("text", { x: left, y: H - 12, class: "small" }, "0"),
      s("text", { x: W - right, y: H - 12, class: "end small" }, count(last)),
      s("text", { x: (left + W) / 2, y: H - 12, class: "middle small" }, "iteration"), paths, dots),
    h("ul", { class: "keys" }, series.map(each => h("li", null, s("svg", { width: 26, height: 10, "aria-hidden": "true" },
      s("path", { d: "M1 5H25", class: `curve ${each.class}` })), each.name))));
}

function decades(low, high) {
  const [a, b] = [Math.round(Math.log10(low)), Math.round(Math.log10(high))];
  const step = Math.max(1, Math.ceil((b - a) / 5)), ticks = [];
  for (let k = a; k <= b; k += step) ticks.push(10 ** k);
  return ticks;
}
