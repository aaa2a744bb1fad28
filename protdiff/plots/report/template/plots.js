// Plots of the structure in view: Ramachandran, contacts, values along the chain, and the sequence.
"use strict";

const PALE = "#e4e7ec",
  INK = "#1d2430",
  BLUE = "#2b6cb0",
  ORANGE = "#c4520a";
const FONT = { family: "system-ui, sans-serif", size: 11, color: "#475467" };

function plotLayout(xaxis, yaxis, more = {}) {
  const axis = {
    zeroline: false,
    showgrid: false,
    linecolor: "#98a2b3",
    ticks: "outside",
    ticklen: 3,
    tickcolor: "#98a2b3",
    fixedrange: true,
  };
  return {
    margin: { l: 40, r: 16, t: 8, b: 34 },
    font: FONT,
    showlegend: false,
    hovermode: "closest",
    paper_bgcolor: "white",
    plot_bgcolor: "white",
    xaxis: { ...axis, ...xaxis },
    yaxis: { ...axis, ...yaxis },
    ...more,
  };
}

// The regions of real chains as an image: favoured darker than allowed.
function regionsImage(text) {
  const bins = Math.sqrt(text.length),
    canvas = element("canvas", { width: bins, height: bins });
  const context = canvas.getContext("2d"),
    image = context.createImageData(bins, bins);
  const shades = { 0: 255, 1: 243, 2: 228 };
  for (let row = 0; row < bins; row++)
    for (let column = 0; column < bins; column++) {
      // phi by rows of the text, psi by columns
      const shade = shades[text[column * bins + (bins - 1 - row)]];
      image.data.set(
        [shade, shade + (shade < 255), Math.min(255, shade + 3), 255],
        4 * (row * bins + column),
      );
    }
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

function hovers(node, onResidue) {
  node.on("plotly_hover", ({ points: [point] }) => {
    if (point.customdata !== undefined) onResidue(point.customdata);
  });
}

async function drawRamachandran(node, structure, image, onResidue) {
  node.closest("figure").hidden = !structure.torsions;
  if (!structure.torsions) return;
  const inside = [],
    outside = [];
  for (let k = 0; k < structure.length; k++)
    if (Number.isFinite(structure.torsions[2 * k])) (structure.regions[k] === "0" ? outside : inside).push(k);
  const points = (rows, marker) => ({
    type: "scatter",
    mode: "markers",
    hoverinfo: "none",
    customdata: rows,
    marker,
    x: rows.map((k) => structure.torsions[2 * k]),
    y: rows.map((k) => structure.torsions[2 * k + 1]),
  });
  const ring = {
    type: "scatter",
    mode: "markers",
    x: [],
    y: [],
    hoverinfo: "skip",
    marker: { size: 12, symbol: "circle-open", color: INK, line: { width: 2 } },
  };
  const range = [-180, 180],
    ticks = { range, tickvals: [-180, -90, 0, 90, 180] };
  const layout = plotLayout(
    { range, tickvals: [-180, 0, 180], tickangle: 0, title: { text: "φ, °", standoff: 2 } },
    { ...ticks, title: { text: "ψ, °", standoff: 0 } },
    {
      images: [
        {
          source: image,
          xref: "x",
          yref: "y",
          x: -180,
          y: 180,
          sizex: 360,
          sizey: 360,
          sizing: "stretch",
          layer: "below",
        },
      ],
    },
  );
  const first = !node.data;
  await Plotly.react(
    node,
    [
      points(inside, { size: 5, color: BLUE, opacity: 0.75 }),
      points(outside, { size: 7, color: ORANGE, symbol: "x" }),
      ring,
    ],
    layout,
    QUIET,
  );
  if (first) hovers(node, onResidue);
}

// Distance to the other structure along the chain, or B-factors where there is none.
async function drawProfile(node, title, structure, onResidue) {
  const values = structure.distance ?? structure.b_factors;
  node.closest("figure").hidden = !values;
  if (!values) return;
  title.textContent = structure.distance ? `Distance to the ${structure.other.is}, Å` : "B-factor";
  const places = [...values].map((_, k) => k);
  const line = {
    type: "scatter",
    mode: "lines",
    x: places,
    y: [...values],
    customdata: places,
    hoverinfo: "none",
    line: { width: 1.3, color: BLUE },
    connectgaps: false,
  };
  const ring = {
    type: "scatter",
    mode: "markers",
    x: [],
    y: [],
    hoverinfo: "skip",
    marker: { size: 9, color: INK, symbol: "circle-open", line: { width: 2 } },
  };
  const count = structure.length,
    step = Math.max(1, Math.ceil(count / 4));
  const tickvals = places.filter((k) => k % step === 0);
  const layout = plotLayout(
    {
      range: [-0.5, count - 0.5],
      tickvals,
      ticktext: tickvals.map((k) => structure.labels[k]),
      title: { text: "residue", standoff: 2 },
    },
    { rangemode: "tozero", nticks: 5 },
    { hovermode: "x" },
  );
  const first = !node.data;
  await Plotly.react(node, [line, ring], layout, QUIET);
  if (first) hovers(node, onResidue);
}

function drawContacts(node, structure, onResidue) {
  const count = structure.length,
    { ca, chains } = structure;
  const canvas = element("canvas", { width: count, height: count });
  const context = canvas.getContext("2d"),
    image = context.createImageData(count, count);
  const wide = Math.ceil(count / 180);
  const pixels = new Uint32Array(image.data.buffer).fill(0xffffffff);
  const shades = [
    [64, 0xff30241d],
    [100, 0xffc8b8a8],
    [144, 0xffece4dd],
  ]; // squares of 8, 10 and 12 Å; ABGR
  for (let a = 0; a < count; a++) {
    const near = chains[Math.max(0, a - wide)] !== chains[a]; // lines between chains
    for (let b = 0; near && b < count; b++) pixels[a * count + b] = pixels[b * count + a] = 0xffd0c8c0;
    for (let b = a; b < count; b++) {
      const x = ca[3 * a] - ca[3 * b],
        y = ca[3 * a + 1] - ca[3 * b + 1],
        z = ca[3 * a + 2] - ca[3 * b + 2];
      const shade = shades.find(([limit]) => x * x + y * y + z * z < limit);
      if (shade) pixels[a * count + b] = pixels[b * count + a] = shade[1];
    }
  }
  context.putImageData(image, 0, 0);
  const lines = ["across", "down"].map((className) => element("i", { className, hidden: true }));
  const box = element("div", { className: count > 300 ? "map fine" : "map" }, canvas, ...lines);
  box.onmousemove = ({ offsetX }) =>
    onResidue(Math.max(0, Math.min(count - 1, Math.floor((offsetX / box.clientWidth) * count))));
  node.replaceChildren(box);
}

function drawStrip(node, structure, onResidue) {
  const spans = [];
  let run = null;
  node.replaceChildren();
  for (let k = 0; k < structure.length; k++) {
    if (!k || structure.chains[k] !== structure.chains[k - 1]) {
      run = element("p", {}, element("b", {}, structure.chains[k] || "–"));
      node.append(run);
    }
    const span = element("span", { title: structure.labels[k] }, structure.sequence[k]);
    span.dataset.k = k;
    if (structure.motif?.[k] === "1") span.className = "kept";
    spans.push(span);
    run.append(span);
    if (run.children.length % 11 === 0) run.append(element("wbr"));
  }
  node.onmouseover = node.onclick = ({ target }) => target.dataset.k && onResidue(Number(target.dataset.k));
  return spans;
}

function markPlots(structure, k) {
  const count = structure.length,
    ramachandran = document.getElementById("ramachandran"),
    profile = document.getElementById("profile");
  const one = (value) => [k === null || !Number.isFinite(value) ? [] : [value]];
  if (structure.torsions && ramachandran.data)
    Plotly.restyle(
      ramachandran,
      { x: one(structure.torsions[2 * k]), y: one(structure.torsions[2 * k + 1]) },
      [2],
    );
  const values = structure.distance ?? structure.b_factors;
  if (values && profile.data)
    Plotly.restyle(profile, { x: one(Number.isFinite(values[k]) ? k : NaN), y: one(values[k]) }, [1]);
  const [across, down] = document.querySelectorAll("#contacts i");
  across.hidden = down.hidden = k === null;
  across.style.top = down.style.left = `${(100 * (k + 0.5)) / count}%`;
}
