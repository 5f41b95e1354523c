// The matrix: filters, order, arrow keys; and which cell is open.
"use strict";
const ROOM = 64; // pixels of a cell that a number fits into
const NAMES = INDEX.implementations.map(name => {
  const cut = name.lastIndexOf("/");
  return { framework: cut < 0 ? name : name.slice(0, cut), variant: cut < 0 ? name : name.slice(cut + 1) };
});
const FRAMEWORKS = [...new Set(NAMES.map(name => name.framework))];
const GRID = new Map(); // "problem implementation dtype" -> row
INDEX.rows.forEach(([p, i, d], row) => GRID.set(`${p} ${i} ${d}`, row));
const shown = { frameworks: new Set(FRAMEWORKS), verdicts: new Set(INDEX.verdicts.keys()), text: "", order: "run", by: -1 };
const $ = id => document.getElementById(id);

function visible(row) {
  return row !== undefined && shown.verdicts.has(INDEX.rows[row][3]);
}

// The size of an error for sorting: what has no number but failed is the worst.
function weight(row) {
  if (row === undefined) return -2;
  const [, , , verdict, ratio] = INDEX.rows[row], name = INDEX.verdicts[verdict][0];
  return name === "failed" ? Infinity : ratio === null ? -1 : name === "disagrees" ? 1e300 : number(ratio);
}

function ordered(columns) {
  const rows = INDEX.problems.map((_, p) => p).filter(p => INDEX.problems[p].toLowerCase().includes(shown.text) &&
    columns.some(i => INDEX.dtypes.some((_, d) => visible(GRID.get(`${p} ${i} ${d}`)))));
  const over = shown.by >= 0 && columns.includes(shown.by) ? [shown.by] : columns;
  const worst = p => Math.max(...over.flatMap(i => INDEX.dtypes.map((_, d) => weight(GRID.get(`${p} ${i} ${d}`)))));
  if (shown.order === "name") rows.sort((a, b) => INDEX.problems[a] < INDEX.problems[b] ? -1 : 1);
  if (shown.order === "worst") {
    const weights = new Map(rows.map(p => [p, worst(p)]));
    rows.sort((a, b) => weights.get(a) === weights.get(b) ? a - b : weights.get(a) < weights.get(b) ? 1 : -1);
  }
  return rows;
}

function half(p, i, d, roomy) {
  const row = GRID.get(`${p} ${i} ${d}`);
  if (row === undefined) return h("span", { class: "half" });
  const fact = facts(row), ratio = fact.ratio === null ? "" : `, largest error ${read(fact.ratio)} of the bound`;
  const words = `${fact.implementation} on ${fact.problem}, ${fact.dtype}: ${fact.verdict}${ratio}`;
  const off = visible(row) ? "" : " off";
  return h("button", { type: "button", class: `half l${level(fact.ratio)} v-${fact.verdict.replace(" ", "-")}${off}`,
    tabindex: -1, "data-row": row, "aria-label": words, title: words }, fact.symbol,
  roomy && h("span", { class: "figure" }, read(fact.ratio, number(fact.ratio) < 0.01 ? 1 : 2)));
}

function draw() {
  const columns = NAMES.map((_, i) => i).filter(i => shown.frameworks.has(NAMES[i].framework) &&
    INDEX.problems.some((_, p) => INDEX.dtypes.some((_, d) => visible(GRID.get(`${p} ${i} ${d}`)))));
  const narrow = innerWidth <= 640, room = Math.min(1200, innerWidth - 28) - (narrow ? 130 : 240);
  const rows = ordered(columns), roomy = room / Math.max(1, columns.length) >= ROOM * INDEX.dtypes.length + 6;
  const groups = FRAMEWORKS.map(name => [name, columns.filter(i => NAMES[i].framework === name).length]).filter(g => g[1]);
  const starts = new Set(columns.filter((i, k) => k && NAMES[i].framework !== NAMES[columns[k - 1]].framework));
  const table = h("table", { class: `matrix${roomy ? " roomy" : ""}`, role: "grid", "aria-labelledby": "matrix-title",
    "aria-describedby": "matrix-help" },
  h("thead", null,
    h("tr", null, h("td", { class: "corner" }, INDEX.dtypes.length === 2 ? `left ${INDEX.dtypes[0]}, right ${INDEX.dtypes[1]}` : INDEX.dtypes.join(", ")),
      groups.map(([name, span]) => h("th", { scope: "colgroup", colspan: span, class: "group" }, name))),
    h("tr", null, h("th", { scope: "col", class: "problem" }, "problem"), columns.map(i => h("th", { scope: "col",
      class: `variant${starts.has(i) ? " start" : ""}`,
      "aria-sort": shown.order === "worst" && shown.by === i ? "descending" : false },
    h("button", { type: "button", tabindex: -1, "data-sort": i, title: `Order by ${INDEX.implementations[i]}` },
      NAMES[i].variant))))),
  h("tbody", null, rows.map(p => h("tr", null,
    h("th", { scope: "row", class: "problem", title: INDEX.problems[p] }, INDEX.problems[p]),
    columns.map(i => h("td", { class: starts.has(i) ? "start" : "" },
      INDEX.dtypes.map((_, d) => half(p, i, d, roomy))))))));
  $("scroll").replaceChildren(rows.length ? table : h("p", { class: "note" }, "Nothing is left: all of it is filtered out."));
  const active = table.querySelector("button.half:not(.off)");
  if (active) active.tabIndex = 0;
  const left = rows.reduce((sum, p) => sum + columns.reduce((n, i) => n + INDEX.dtypes.filter((_, d) =>
    visible(GRID.get(`${p} ${i} ${d}`))).length, 0), 0);
  $("status").textContent = `${count(left)} of ${count(INDEX.rows.length)} comparisons`;
}

function check(name, checked, label, changed) {
  const box = h("input", { type: "checkbox", checked, name });
  box.addEventListener("change", () => { changed(box.checked); draw(); });
  return h("label", null, box, " ", label);
}

function filters() {
  const set = (of, key) => on => on ? of.add(key) : of.delete(key);
  $("f-framework").append(...FRAMEWORKS.map(name => check(`framework ${name}`, true, name, set(shown.frameworks, name))));
  const counts = INDEX.rows.reduce((sum, row) => { sum[row[3]] = (sum[row[3]] || 0) + 1; return sum; }, {});
  $("f-verdict").append(...INDEX.verdicts.map(([name, symbol], k) => counts[k] &&
    check(`verdict ${name}`, true, `${symbol} ${name} ${count(counts[k])}`, set(shown.verdicts, k))).filter(Boolean));
  $("f-problem").addEventListener("input", event => { shown.text = event.target.value.toLowerCase().trim(); draw(); });
  $("f-order").addEventListener("change", event => { shown.order = event.target.value; shown.by = -1; draw(); });
  $("filters").addEventListener("submit", event => event.preventDefault());
}

// Arrow keys go from cell to cell, over gaps; one cell of the grid is in the tab order.
function move(event) {
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -1e6], End: [0, 1e6] };
  const step = steps[event.key], from = event.target.closest("button.half");
  if (!step || !from) return;
  const lines = [...from.closest("tbody").rows].map(tr => [...tr.querySelectorAll(".half")]);
  let i = lines.findIndex(line => line.includes(from)), j = lines[i].indexOf(from), to = null;
  if (Math.abs(step[1]) > 1) {
    const line = lines[i].filter(each => each.matches("button"));
    to = step[1] < 0 ? line[0] : line[line.length - 1];
  }
  while (!to && lines[i + step[0]] && lines[i + step[0]][j + step[1]]) {
    [i, j] = [i + step[0], j + step[1]];
    if (lines[i][j].matches("button")) to = lines[i][j];
  }
  event.preventDefault();
  if (!to) return;
  from.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

function fromHash() {
  let parts;
  try { parts = location.hash.slice(1).split("|").map(decodeURIComponent); } catch { return; }
  if (parts.length !== 3) return;
  const place = [INDEX.problems.indexOf(parts[1]), INDEX.implementations.indexOf(parts[0]), INDEX.dtypes.indexOf(parts[2])];
  const row = GRID.get(place.join(" "));
  if (row !== undefined) openCell(row);
}

filters();
draw();
$("legend").append(h("span", { class: "muted" }, "largest error ÷ bound:"), scaleLegend());
$("scroll").addEventListener("keydown", move);
addEventListener("resize", draw);
document.addEventListener("click", event => {
  const target = event.target.closest("[data-row], [data-sort], #close, #more");
  if (event.target === $("cell") || (target && target.id === "close")) return void $("cell").close();
  if (!target) return;
  if (target.id === "more") {
    document.querySelectorAll(".finding[hidden]").forEach(each => { each.hidden = false; });
    target.remove();
  } else if (target.dataset.sort) {
    [shown.order, shown.by] = ["worst", Number(target.dataset.sort)];
    $("f-order").value = "worst";
    draw();
  } else {
    openCell(Number(target.dataset.row));
  }
});
$("cell").addEventListener("close", () => history.replaceState(null, "", location.pathname + location.search));
window.addEventListener("hashchange", fromHash);
fromHash();
