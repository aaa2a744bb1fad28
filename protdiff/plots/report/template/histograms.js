// Small histograms of every column: the rows that are shown, beside real chains of the same lengths.
"use strict";

const WIDE = 150,
  HIGH = 46;

function binned(values, { low, high, bins }) {
  const counts = new Array(bins).fill(0),
    known = values.filter((value) => typeof value === "number");
  for (const value of known)
    counts[Math.max(0, Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins)))] +=
      1 / known.length;
  return counts;
}

function makeHistograms(node, report, onColumn) {
  const cards = [];
  for (const column of report.columns) {
    if (column.text || column.low === undefined) continue;
    const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img" });
    picture.setAttribute("aria-label", `${column.name}: ${column.words}`);
    const card = element(
      "button",
      {
        type: "button",
        className: "card",
        title: `${column.words}\nClick: sort by it`,
        onclick: () => onColumn(column.name),
      },
      element("span", { className: "title" }, column.name),
      picture,
      element(
        "span",
        { className: "ends" },
        element("span", {}, shown(column.low)),
        element("span", {}, shown(column.high)),
      ),
    );
    card.dataset.column = column.name;
    cards.push({ column, picture, card });
    node.append(card);
  }

  function draw(rows, row) {
    for (const { column, picture } of cards) {
      const mine = binned(
          rows.map((k) => column.values[k]),
          column,
        ),
        real = column.real;
      const top = Math.max(...mine, ...(real ?? []), 1e-9),
        step = WIDE / column.bins;
      const height = (share) => (share / top) * (HIGH - 4);
      const parts = [];
      const bars = (shares) =>
        shares.map((share, k) => `M${k * step} ${HIGH}v${-height(share)}h${step}v${height(share)}z`).join("");
      if (real) parts.push(svg("path", { d: bars(real), class: "real" }));
      let line = `M0 ${HIGH}`;
      mine.forEach((share) => (line += `V${HIGH - height(share)}h${step}`));
      parts.push(svg("path", { d: line + `V${HIGH}`, class: "mine" }));
      const value = row === null ? null : column.values[row];
      if (typeof value === "number") {
        const x = Math.max(1, Math.min(WIDE - 1, ((value - column.low) / (column.high - column.low)) * WIDE));
        parts.push(svg("line", { x1: x, x2: x, y1: 0, y2: HIGH, class: "here" }));
      }
      picture.replaceChildren(...parts);
    }
  }
  return { draw, count: cards.length };
}
