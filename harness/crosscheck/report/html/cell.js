// All that is known of one comparison, made when it is asked for.
"use strict";
const INDEX = JSON.parse(document.getElementById("index").textContent);
let details = null; // a page of thousands of rows is not read twice

function detailOf(row) {
  details = details || JSON.parse(document.getElementById("details").textContent);
  return details[row];
}

function facts(row) {
  const [problem, implementation, dtype, verdict, ratio, tensor] = INDEX.rows[row];
  return { row, p: problem, i: implementation, d: dtype, v: verdict, ratio, tensor,
    problem: INDEX.problems[problem], implementation: INDEX.implementations[implementation],
    dtype: INDEX.dtypes[dtype], verdict: INDEX.verdicts[verdict][0], symbol: INDEX.verdicts[verdict][1],
    means: INDEX.verdicts[verdict][2] };
}

function command(fact, detail) {
  const explain = !["agrees", "not run"].includes(fact.verdict) && !detail.again;
  const problem = INDEX.options.data ? "" : ` --problem ${INDEX.commands[fact.p]}`;
  const options = INDEX.options.words ? ` ${INDEX.options.words}` : "";
  return `crosscheck ${explain ? "explain" : "compare"} --impl ${INDEX.names[fact.i]}${problem}` +
    ` --dtype ${fact.dtype}${options}`;
}

function openCell(row) {
  const dialog = document.getElementById("cell"), body = document.getElementById("cell-body");
  const fact = facts(row), detail = detailOf(row);
  const background = INDEX.backgrounds[`${fact.problem} ${fact.dtype}`];
  body.replaceChildren(head(fact), ...[
    summary(fact, detail), where(fact, detail, background), heat(detail), why(detail), tensors(detail),
    training(detail, background), reproduce(fact, detail)].filter(Boolean));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  const marked = body.querySelector(".chip.first rect, .chip.differs rect");
  if (marked) {  // where the network is wider than the page, what is marked stands in the middle of it
    const around = marked.closest(".scroll"), { x, width } = marked;
    around.scrollLeft = x.baseVal.value + (width.baseVal.value - around.clientWidth) / 2;
  }
  const hash = `#${[fact.implementation, fact.problem, fact.dtype].map(encodeURIComponent).join("|")}`;
  history.replaceState(null, "", hash);
}

function head(fact) {
  const others = INDEX.rows.map((r, k) => k).filter(k => INDEX.rows[k][0] === fact.p && INDEX.rows[k][1] === fact.i);
  return h("div", { class: "cell-head" },
    h("h2", { id: "cell-title", tabindex: -1 }, fact.implementation, h("span", { class: "muted" }, " on "), fact.problem),
    h("div", { class: "switch", role: "group", "aria-label": "Precision" }, others.map(k => h("button", {
      type: "button", "data-row": k, "aria-pressed": String(k === fact.row) },
    `${facts(k).symbol} ${facts(k).dtype}`))),
    h("button", { type: "button", id: "close", "aria-label": "Close" }, "✕"));
}

function block(title, ...children) {
  return h("section", { class: "block" }, h("h3", null, title), children);
}

function summary(fact, detail) {
  const first = detail.first;
  return h("section", { class: `block first v-${fact.verdict.replace(" ", "-")}` },
    h("p", { class: "what" }, h("span", { class: "badge" }, h("span", { "aria-hidden": "true" }, fact.symbol),
      ` ${fact.verdict}`), " ", h("span", null, `${detail.means || fact.means}.`)),
    detail.twin && h("p", { class: "note" }, "The verdict is that of its float64 twin, and so are the words below."),
    first && h("dl", { class: "numbers" }, [["entry", `${first.entry} at iteration ${first.at}`], ["got", first.got],
      ["oracle", first.oracle], ["bound", first.bound], ["off by", first.off]]
      .map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value)))),
    !first && detail.cause && h("p", null, detail.cause));
}

function where(fact, detail, background) {
  if (!background || !detail.tensors.length) return detail.where && block("Where", h("p", null, detail.where));
  const marks = fact.verdict === "convention" ? { convention: "right" } : {}, levels = {};
  for (const [name, ratio, , , , undefined_] of detail.tensors) {
    const value = number(ratio);
    marks[name] = value > 1 ? "wrong" : value === null && undefined_ ? "none" : "right";
    levels[name] = level(ratio);
  }
  const first = detail.first ? detail.first.tensor : detail.heat && detail.heat.unit === "bound" && detail.heat.tensor;
  const step = Object.keys(marks).some(name => name.startsWith("fit: "));
  return block(detail.where ? "Where" : "The network", detail.where && h("p", null, detail.where), network(background, marks, first || null, levels),
    h("p", { class: "muted" }, `${background.n.join("-")}, ${count(background.m)} examples, learning rate ` +
      `${read(background.alpha)}, ${count(background.iterations)} iterations` +
      (step ? "; W′, b′ and J′ are those after the certified steps of fit" : "")));
}

function heat(detail) {
  return detail.heat && block(`Errors over ${plainly(detail.heat.tensor)}, at iteration ${detail.heat.at}`,
    h("p", { class: "lead" }, `${detail.heat.words[0].toUpperCase()}${detail.heat.words.slice(1)}.`), heatMap(detail.heat));
}

function why(detail) {
  const reason = detail.why;
  if (detail.few) return block("Unexplained; errors as of fewer bits", h("p", null, `${detail.few}.`));
  if (!reason) return null;
  const also = reason.also.length ? ` The same here: ${reason.also.join(", ")}.` : "";
  const title = reason.exactly ? "Why: a known mistake gives exactly these numbers" : "Unexplained; nearest to";
  return block(title, h("p", { class: "lead" }, `${reason.words}.${also}`),
    reason.lines.map(([right, wrong]) => h("pre", { class: "diff", tabindex: 0, role: "region", "aria-label": "The lines that differ" },
      wrong.map(text => [h("del", null, h("span", { "aria-hidden": "true" }, "- "), text), "\n"]).flat(),
      right.map(text => [h("ins", null, h("span", { "aria-hidden": "true" }, "+ "), text), "\n"]).flat())));
}

const LEAST = -6, MOST = 18; // decades: what lies beyond stands at the edge, above with a mark

// One logarithmic axis for all three units: at 1 an error is as large as the bound, the noise, or one ulp.
function tensors(detail) {
  const lines = detail.tensors;
  if (!lines.length) return null;
  const values = lines.flatMap(l => l.slice(1, 4)).map(number).filter(v => v > 0 && Number.isFinite(v));
  const low = Math.max(LEAST, Math.floor(Math.log10(Math.min(1e-3, ...values))));
  const high = Math.min(MOST, Math.max(1, Math.ceil(Math.log10(Math.max(10, ...values)))));
  const beyond = lines.some(l => l.slice(1, 4).some(v => number(v) > 10 ** high));
  const W = 300, x = v => 4 + (W - 8) * (Math.min(high, Math.max(low, Math.log10(v))) - low) / (high - low);
  const picture = ([name, ...units]) => {
    const [ratio, noise, ulps] = units.slice(0, 3).map(number);
    return s("svg", { viewBox: `0 0 ${W} 22`, width: W, height: 22, "aria-hidden": "true", class: "strip" },
      s("line", { x1: x(1), x2: x(1), y1: 0, y2: 22, class: "one" }),
      ratio > 0 && s("rect", { x: 4, y: 6, width: Math.max(1.5, x(ratio) - 4), height: 10, rx: 2, class: ratio > 1 ? `l${level(ratio)}` : "under" }),
      Math.max(ratio, noise, ulps) > 10 ** high && s("path", { d: `M${W - 12} 3l9 8l-9 8z`, class: "beyond" }),
      noise > 0 && s("path", { d: `M${x(noise)} 4l5 7l-5 7l-5 -7z`, class: "noise" }),
      ulps > 0 && s("line", { x1: x(ulps), x2: x(ulps), y1: 2, y2: 20, class: "ulp" }));
  };
  const [from, to] = [power(low), power(high)];
  return block("Every tensor", h("p", { class: "keys-line" },
    h("span", { class: "key bar-key" }, "error ÷ bound: at most 1 can be rounding"),
    h("span", { class: "key noise-key" }, "◆ ÷ usual noise: above 6 is suspect"),
    h("span", { class: "key ulp-key" }, "┃ in ulps of the largest entry"),
    beyond && h("span", { class: "key" }, `▶ beyond ${to}`)),
  h("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": "Every tensor" },
    h("table", { class: "plain tensors" },
      h("thead", null, h("tr", null, h("th", { scope: "col" }, "tensor"),
        h("th", { scope: "col" }, h("span", { class: "axis" }, h("span", null, from), h("span", {
          class: "axis-one", style: `left:${100 * x(1) / W}%` }, "1"), h("span", null, to))),
        ["÷ bound", "÷ noise", "ulps", "iteration"].map(name => h("th", { scope: "col" }, name)))),
      h("tbody", null, lines.map(l => h("tr", { class: number(l[1]) > 1 ? "outside" : "" },
        h("th", { scope: "row" }, (number(l[1]) > 1 ? "✕ " : ""), plainly(l[0])), h("td", null, picture(l)),
        h("td", null, l[1] === null ? "no bound" : read(l[1])), h("td", null, read(l[2])), h("td", null, read(l[3])),
        h("td", null, l[4] === null ? "" : count(l[4]))))))));
}

function training(detail, background) {
  const [certified, iterations] = detail.steps || [0, 0], parts = [];
  if (iterations) {
    parts.push(h("p", null, `${count(certified)} of ${count(iterations)} steps of fit were certified: each one held ` +
      "against the oracle's step from the same parameters."));
  }
  if (detail.labels && detail.labels[0] !== null) {
    const percent = value => `${(100 * value).toFixed(1)} %`, [train, oracle, test, oracleTest, near] = detail.labels;
    parts.push(h("p", null, `Accuracy ${percent(train)} (oracle ${percent(oracle)})` + (test === null ? "" :
      `, on the test set ${percent(test)} (oracle ${percent(oracleTest)})`) + (near ? `; ${near} labels lie within ` +
      "the bound of the threshold" : "") + "."));
  }
  if (background && detail.apart && detail.apart.length) {
    const at = background.at, points = list => list.map((v, k) => [at[k], number(v)]);
    const own = detail.costs || background.oracle;
    parts.push(h("div", { class: "charts" }, chart("Cost J", [
      { name: "oracle", class: "oracle", points: points(background.oracle) },
      { name: detail.costs ? "this run" : "this run, on the oracle's line", class: "run", points: points(own) }], false),
    chart("Distance of J from the oracle's own run", [
      { name: "one ulp in the initial weights", class: "ulps", points: points(background.ulp) },
      { name: "this run", class: "run", points: points(detail.apart) }], true)));
  }
  return parts.length ? block("Training", parts) : null;
}

function reproduce(fact, detail) {
  const text = command(fact, detail), button = h("button", { type: "button" }, "Copy");
  button.addEventListener("click", () => {
    const failed = () => { button.textContent = "Select it, and copy"; };
    if (!navigator.clipboard) return failed();
    return navigator.clipboard.writeText(text).then(() => { button.textContent = "Copied"; }, failed);
  });
  return block("Reproduce", h("div", { class: "command" }, h("code", null, text), button),
    detail.cause && h("details", null, h("summary", null, "The cause in one line, as in agreement.csv"),
      h("p", { class: "mono" }, detail.cause)));
}
